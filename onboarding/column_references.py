"""What the entries of one database say about columns that it leaves out, and about declared keys."""

from __future__ import annotations

from collections.abc import Iterator

from fleet.databases import Database
from fleet.tables.patterns import matches
from onboarding.boundaries import find_repeated
from onboarding.fields import Entry
from onboarding.findings import Way

_Named = tuple[Way, str, str, str, str]
"""Where a column is named, the key that does, and its three names."""


def note_columns(entry: Entry[Database]) -> None:
    """Columns that are left out and wanted all the same, and keys that name a column twice."""
    patterns = entry.fields.get("exclude_columns", ())
    for way, key, *names in _named(entry):
        name = ".".join(names)
        found = next((pattern for pattern in patterns if matches(pattern, name, ignores_case=True)), None)
        if found is not None:
            text = f": `{key}` names column {name}, which `exclude_columns` leaves out by {found!r}."
            entry.note(way, f"{text} Remove it from one of the two.")
    for place, rules in enumerate(entry.fields.get("tables", ())):
        if repeated := find_repeated(rules.key):
            entry.note(("tables", place, "key"), f": `tables[{place}].key` names {repeated!r} twice. Keep one.")


def _named(entry: Entry[Database]) -> Iterator[_Named]:
    for list_name in ("parallel_loads", "renames"):
        for place, one in enumerate(entry.fields.get(list_name, ())):
            way = (list_name, place, "column")
            yield way, f"{list_name}[{place}]", one.schema, one.table, one.column
    for place, rules in enumerate(entry.fields.get("tables", ())):
        for key in ("accept", "key"):
            for at, column in enumerate(getattr(rules, key)):
                yield ("tables", place, key, at), f"tables[{place}].{key}", rules.schema, rules.table, column
