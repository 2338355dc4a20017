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
    for way, key, *names in _named(entry):
        name = ".".join(names)
        # A loss that is accepted for others does no harm; a key, a range and a new name do.
        counts_for = way if key.endswith(".accept") else ()
        if found := find_leaving_out(entry, "exclude_columns", counts_for, name, ignores_case=True):
            text = f": `{key}` names column {name}, which `exclude_columns` leaves out by {found!r}."
            entry.note(way, f"{text} Remove it from one of the two.")
    for place, rules in enumerate(entry.fields.get("tables", ())):
        if repeated := find_repeated(rules.key):
            entry.note(("tables", place, "key"), f": `tables[{place}].key` names {repeated!r} twice. Keep one.")


def find_leaving_out(entry: Entry[Database], key: str, way: Way, name: str, *, ignores_case: bool = False) -> str:
    """The pattern of *key* that leaves out what is at *way* and has that *name*; empty if none does.

    One that is nearer to the database than what it leaves out is no contradiction: so a database leaves out what its
    family wants of all others.
    """
    own = _distance(entry, way)
    for place, pattern in enumerate(entry.fields.get(key, ())):
        if matches(pattern, name, ignores_case=ignores_case) and _distance(entry, (key, place)) >= own:
            return str(pattern)
    return ""


def _distance(entry: Entry[Database], way: Way) -> int:
    """How far what is at *way* is from the database: its own, its family's, or that of the settings."""
    label = entry.place_at(*way).label
    return 0 if label == entry.label else 1 if label.startswith("family ") else 2


def _named(entry: Entry[Database]) -> Iterator[_Named]:
    for list_name in ("parallel_loads", "renames"):
        for place, one in enumerate(entry.fields.get(list_name, ())):
            way = (list_name, place, "column")
            yield way, f"{list_name}[{place}]", one.schema, one.table, one.column
    for place, rules in enumerate(entry.fields.get("tables", ())):
        for key in ("accept", "key"):
            for at, column in enumerate(getattr(rules, key)):
                yield ("tables", place, key, at), f"tables[{place}].{key}", rules.schema, rules.table, column
