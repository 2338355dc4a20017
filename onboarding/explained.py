"""Every value that holds for a database, and where it comes from: its own line, its server, the fleet, or nobody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from fleet.databases import Database, Registry, Server, TableRules, TaskProfile
from onboarding.fields import Entry
from onboarding.flags import flag_name
from onboarding.reader import DATABASES_FILE, SERVERS_FILE, SETTINGS_FILE, Entries, read_entries

_OF_THE_FLEET: Mapping[str, tuple[str, ...]] = {
    "losses": ("losses",),
    "drift": ("drift",),
    "lob_max_kilobytes": ("profile", "lob_max_kilobytes"),
}
"""Fields of a database that are as the fleet's where they are left out, and where the settings have them."""
_OF_A_DATABASE = ("losses", "drift", "row_tolerance", "without_deltas", "deletes")
"""Fields of a table that are as the database's where they are left out."""


@dataclass(frozen=True)
class Effective:
    """One value that holds. *of*: `database`, `server`, `profile`, or the table that it is for; *source*: file and
    line, the variable, or `default`.
    """

    of: str
    field: str
    value: Any
    source: str


@dataclass(frozen=True)
class _Place:
    """An entry, and the file that it is in."""

    entry: Entry[Any]
    file: Path

    def source(self, *way: str | int) -> str:
        return f"{self.file}:{self.entry.lines[way]}" if way in self.entry.lines else "default"


def explain(folder: Path, environment: Mapping[str, str], database_id: str) -> tuple[Effective, ...]:
    """What holds for that database by the registry in *folder*, with *environment*'s flags in force.

    Raises:
        RegistryError: Something in the registry is to be mended, or it has no such database.
        QuotaExceededError: The onboarded databases are more than DMS's quotas hold.
    """
    entries = read_entries(folder, environment)
    registry = entries.build()
    database = registry.database(database_id)
    own = _Place(_named(entries.databases, database.id), folder / DATABASES_FILE)
    server = _Place(_named(entries.servers, database.server), folder / SERVERS_FILE)
    fleet = _Place(entries.settings, folder / SETTINGS_FILE)
    found = [_of_database(name, database, registry, own, fleet, entries) for name in _names(Database)]
    found += [
        Effective("server", name, getattr(registry.server_of(database), name), server.source(name))
        for name in _names(Server)
    ]
    profile = registry.settings.profile
    found += [
        Effective("profile", name, getattr(profile, name), fleet.source("profile", name))
        for name in _names(TaskProfile)
        if name not in _OF_THE_FLEET
    ]
    return (*found, *_of_tables(database, own, found))


def _of_database(
    name: str, database: Database, registry: Registry, own: _Place, fleet: _Place, entries: Entries
) -> Effective:
    value, source = getattr(database, name), own.source(name)
    if name == "onboarded" and database.id in entries.flags:
        source = f"environment: {flag_name(database.id)}"
    elif name in _OF_THE_FLEET and value is None:
        way = _OF_THE_FLEET[name]
        value, source = registry.settings, fleet.source(*way)
        for step in way:
            value = getattr(value, step)
    return Effective("database", name, value, source)


def _of_tables(database: Database, own: _Place, found: list[Effective]) -> Iterator[Effective]:
    """What holds for the tables that the registry names: all others are as the database."""
    of_database = {one.field: one for one in found if one.of == "database"}
    for place, rules in enumerate(database.tables):
        name = f"{rules.schema}.{rules.table}"
        for field in (one for one in _names(TableRules) if one not in {"schema", "table"}):
            value, source = getattr(rules, field), own.source("tables", place, field)
            if value is None and field in _OF_A_DATABASE:
                value, source = of_database[field].value, of_database[field].source
            yield Effective(name, field, value, source)


def _named(entries: tuple[Entry[Any], ...], name: str) -> Entry[Any]:
    return next(entry for entry in entries if entry.fields["id"] == name)


def _names(of: type[Any]) -> list[str]:
    return [one.name for one in fields(of) if one.name != "tables"]
