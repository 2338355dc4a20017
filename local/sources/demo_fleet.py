"""The demo's registry: the sample's own, or one of any size, written as YAML for a person to read."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import yaml

from local.sources.sample_fleet import BuiltDatabase
from onboarding.reader import DATABASES_FILE, SERVERS_FILE, SETTINGS_FILE

SERVER = "embedded"
DATABASES_PER_INSTANCE = 48  # docs/design.md 3: leaves room below 100 endpoints


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
