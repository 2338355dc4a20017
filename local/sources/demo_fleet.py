"""The demo's registry: the sample's own, or one of any size, written as YAML for a person to read."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import yaml

from fleet.databases import Registry
from fleet.errors import MalformedInputError
from local.sources.sample_fleet import SAMPLE, BuiltDatabase
from onboarding.reader import DATABASES_FILE, SERVERS_FILE, SETTINGS_FILE

SERVER, SERVER_SECRET = "embedded", "fleet/server/embedded"
DATABASES_PER_INSTANCE = 48  # docs/design.md 3: leaves room below 100 endpoints


def require_sample(registry: Registry) -> None:
    """Refuse a *registry* with servers or onboarded databases that are not the sample's: what is taken for them here
    would be another database, if one happens to have that name.

    Raises:
        MalformedInputError: It has some.
    """
    servers = [one.id for one in registry.servers if (one.id, one.secret) != (SERVER, SERVER_SECRET)]
    built = {one.name_at_source for one in SAMPLE}
    own = [one.id for one in registry.databases if one.onboarded and one.name_at_source not in built]
    for what, where, names in (("server", SERVERS_FILE, servers), ("database", DATABASES_FILE, own)):
        if names:
            raise MalformedInputError(
                f"{where} has the {what} {names[0]!r}, which is none of the sample fleet's: only that is built here.",
                remedy="`fleet try --registry registry` copies databases of your own.",
            )


def write_registry(built: Sequence[BuiltDatabase], sample: Path, folder: Path, *, deltas: bool = False) -> Path:
    """Write a registry of *built* to *folder*, all onboarded, with settings and servers from *sample*; the folder.

    *deltas*: those that have the fleet's mark do deltas.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in (SETTINGS_FILE, SERVERS_FILE):
        shutil.copyfile(sample / name, folder / name)
    databases = [
        _entry(number, database) | ({"deltas": True} if deltas and database.deltas else {})
        for number, database in enumerate(built)
    ]
    text = yaml.safe_dump(databases, sort_keys=False, allow_unicode=True)
    (folder / DATABASES_FILE).write_text("# Written by `fleet demo --databases/--tables`.\n" + text, encoding="utf-8")
    return folder


def _entry(number: int, database: BuiltDatabase) -> dict[str, object]:
    entry: dict[str, object] = {
        "id": database.id,
        "server": SERVER,
        "name_at_source": database.name_at_source,
        "instance": f"instance-{number // DATABASES_PER_INSTANCE + 1}",
        "onboarded": True,
        "schemas": list(database.schemas),
        "tags": list(database.tags),
    }
    if database.parallel_loads:
        entry["parallel_loads"] = [
            {"schema": one.schema, "table": one.table, "column": one.column, "boundaries": list(one.boundaries)}
            for one in database.parallel_loads
        ]
    if database.rules:
        entry["tables"] = [
            {"schema": one.schema, "table": one.table, "accept": list(one.accept)} for one in database.rules
        ]
    return entry
