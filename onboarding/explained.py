"""Every value that holds for a database, and where it comes from: its own line, its family, the fleet, or nobody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from fleet.databases import Database, Registry, Server, TableRules, TaskProfile
from fleet.errors import MalformedInputError
from fleet.spelling import did_you_mean
from onboarding.fields import Entry
from onboarding.flags import flag_name
from onboarding.reader import Entries, read_entries

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
class Outlier:
    """A database of a family that says something itself, or adds to what the family says. *source*: file and line."""

    database: str
    field: str
    value: Any
    of_family: Any
    source: str


@dataclass(frozen=True)
class ExplainedFamily:
    """What a family says, which databases are of it, and which of them differ."""

    family: str
    values: tuple[Effective, ...]
    databases: tuple[str, ...]
    outliers: tuple[Outlier, ...]


def explain_family(folder: Path, environment: Mapping[str, str], family: str) -> ExplainedFamily:
    """What *family* says by the registry in *folder*.

    Raises:
        RegistryError: Something in the registry is to be mended.
        MalformedInputError: It has no such family.
        QuotaExceededError: The onboarded databases are more than DMS's quotas hold.
    """
    entries = read_entries(folder, environment)
    entries.build()
    if family not in entries.families:
        raise MalformedInputError(
            f"the registry has no family {family!r}.",
            remedy=did_you_mean(family, entries.families) if entries.families else "families.yaml holds none.",
        )
    said = entries.families[family]
    values = tuple(Effective("family", name, value, _source(said, name)) for name, value in said.fields.items())
    of_it = [entry for entry in entries.databases if entry.fields["family"] == family]
    outliers = (
        Outlier(entry.fields["id"], name, entry.fields[name], value, source)
        for entry in of_it
        for name, value in said.fields.items()
        if entry.fields[name] != value and (source := _said_itself(entry, name))
    )
    return ExplainedFamily(family, values, tuple(sorted(entry.fields["id"] for entry in of_it)), tuple(outliers))


def explain(folder: Path, environment: Mapping[str, str], database_id: str) -> tuple[Effective, ...]:
    """What holds for that database by the registry in *folder*, with *environment*'s flags in force.

    Raises:
        RegistryError: Something in the registry is to be mended, or it has no such database.
        QuotaExceededError: The onboarded databases are more than DMS's quotas hold.
    """
    entries = read_entries(folder, environment)
    registry = entries.build()
    database = registry.database(database_id)
    own, server = _named(entries.databases, database.id), _named(entries.servers, database.server)
    found = [_of_database(name, database, registry, own, entries) for name in _names(Database)]
    found += [
        Effective("server", name, getattr(registry.server_of(database), name), _source(server, name))
        for name in _names(Server)
    ]
    profile = registry.settings.profile
    found += [
        Effective("profile", name, getattr(profile, name), _source(entries.settings, "profile", name))
        for name in _names(TaskProfile)
        if name not in _names(Database)
    ]
    return (*found, *_of_tables(database, own, found))


def _of_database(
    name: str, database: Database, registry: Registry, own: Entry[Database], entries: Entries
) -> Effective:
    value, source = getattr(database, name), _source(own, name)
    if name == "onboarded" and database.id in entries.flags:
        source = f"environment: {flag_name(database.id)}"
    elif value is None and name in _names(TaskProfile):
        value, source = getattr(registry.settings.profile, name), _source(entries.settings, "profile", name)
    return Effective("database", name, value, source)


def _source(entry: Entry[Any], *way: str | int) -> str:
    place = entry.places.get(way)
    return f"{place.file}:{place.line}" if place else "default"


def _said_itself(entry: Entry[Database], name: str) -> str:
    """Where the entry itself says something of field *name*: the first such place; empty where it only inherits."""
    own = [place for way, place in entry.places.items() if way[0] == name and place.label == entry.label]
    return f"{own[0].file}:{own[0].line}" if own else ""


def _of_tables(database: Database, own: Entry[Database], found: list[Effective]) -> Iterator[Effective]:
    """What holds for the tables that the registry names: all others are as the database."""
    of_database = {one.field: one for one in found if one.of == "database"}
    for place, rules in enumerate(database.tables):
        name = f"{rules.schema}.{rules.table}"
        for field in (one for one in _names(TableRules) if one not in {"schema", "table"}):
            value, source = getattr(rules, field), _source(own, "tables", place, field)
            if value is None and field in _OF_A_DATABASE:
                value, source = of_database[field].value, of_database[field].source
            yield Effective(name, field, value, source)


def _named(entries: tuple[Entry[Any], ...], name: str) -> Entry[Any]:
    return next(entry for entry in entries if entry.fields["id"] == name)


def _names(of: type[Any]) -> list[str]:
    return [one.name for one in fields(of) if one.name != "tables"]
