"""Writes proposals of a profile to the registry, with the change shown first. What would not be read is not written."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click
import yaml

from cli.registry_text import read_text, write_shown
from fleet.databases import ParallelLoad
from fleet.errors import MalformedInputError
from fleet.profiles.proposals import Proposal
from onboarding.entry_edit import EntryChange, Value, edit
from onboarding.reader import DATABASES_FILE, find_wrong, list_files

_LOADS = "parallel_loads"


def accept_proposals(registry: Path, proposals: Sequence[Proposal], *, yes: bool, as_json: bool) -> int:
    """Write *proposals* to the files of *registry*; the exit code.

    Raises:
        MalformedInputError: The registry would not be read any more, or nobody can be asked. Nothing is written.
    """
    changed: dict[Path, tuple[str, str]] = {}
    for path in list_files(registry, DATABASES_FILE):
        before = read_text(path)
        after = edit(before, _changes(before, proposals))
        if after != before:
            changed[path] = before, after
    if changed:
        _require_readable(registry, changed)
        write_shown(changed, yes=yes, as_json=as_json)
    if as_json:
        click.echo(json.dumps({"accepted": [asdict(one) for one in proposals]}))
    elif changed:
        click.echo(f"Accepted: {len(proposals)}. Next: fleet deploy --registry {registry}")
    else:
        click.echo("Nothing is proposed.")
    return 0


def _changes(text: str, proposals: Sequence[Proposal]) -> list[EntryChange]:
    """What is to be changed in *text* for *proposals*."""
    held = {entry["id"]: entry for entry in yaml.safe_load(text) or ()}
    changes: list[EntryChange] = []
    for database in dict.fromkeys(one.database for one in proposals):
        if database not in held:
            continue
        own = [one for one in proposals if one.database == database]
        changes += [EntryChange(database, (one.key,), one.value) for one in own if isinstance(one.value, int)]
        loads = [one.value for one in own if isinstance(one.value, ParallelLoad)]
        changes += _changes_of_loads(database, loads, held[database].get(_LOADS))
    return changes


def _changes_of_loads(
    database: str, loads: Sequence[ParallelLoad], there: Sequence[dict[str, object]] | None
) -> list[EntryChange]:
    """*there*: the ranges that the entry itself has. Those of a table that it has get new values in their place."""
    if not loads:
        return []
    if not there:
        return [EntryChange(database, (_LOADS,), [_as_value(load) for load in loads])]
    places = {(one.get("schema"), one.get("table")): place for place, one in enumerate(there)}
    changes: list[EntryChange] = []
    count = len(there)
    for load in loads:
        place = places.get((load.schema, load.table))
        if place is None:
            changes.append(EntryChange(database, (_LOADS, count), _as_value(load)))
            count += 1
        else:
            changes.append(EntryChange(database, (_LOADS, place, "boundaries"), list(load.boundaries)))
            if there[place].get("column") != load.column:
                changes.append(EntryChange(database, (_LOADS, place, "column"), load.column))
    return changes


def _as_value(load: ParallelLoad) -> dict[str, Value]:
    return {"schema": load.schema, "table": load.table, "column": load.column, "boundaries": list(load.boundaries)}


def _require_readable(registry: Path, changed: dict[Path, tuple[str, str]]) -> None:
    """
    Raises:
        MalformedInputError: The registry with *changed* in it is not read without findings.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / registry.resolve().name
        shutil.copytree(registry, copy)
        for path, (_, after) in changed.items():
            (copy / path.relative_to(registry)).write_text(after, encoding="utf-8", newline="")
        findings = [str(one).replace(str(copy), str(registry)) for one in find_wrong(copy, os.environ)]
    if findings:
        raise MalformedInputError(
            "the registry would not be read with the proposals, and nothing was written.\n  " + "\n  ".join(findings),
            remedy="Mend that, or write what you want of them by hand.",
        )
