"""What a database does not say itself, its family says for it, and after that the fleet.

Of a single value the nearest word counts. Lists add up, so that what a family leaves out stays left out in a database
that leaves out more; of two items for one table or column the nearer counts, and `tables` field by field.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fleet.databases import Database, TableRules
from onboarding.fields import Entry
from onboarding.findings import FilePlace, Way

OWN = ("id", "name_at_source", "family", "onboarded", "quarantined", "notes")
"""Fields that a database says for itself alone."""

_IDENTITIES: Mapping[str, Callable[[Any], object]] = {
    "tags": lambda text: text,
    "exclude": lambda text: text,
    "exclude_columns": lambda text: text,
    "parallel_loads": lambda one: (one.schema, one.table),
    "renames": lambda one: (one.schema, one.table, one.column),
    "tables": lambda one: (one.schema, one.table),
}
"""Lists that add up, and by what two of their items are for one thing."""


def inherit(entry: Entry[Database], above: Sequence[Entry[Database]]) -> None:
    """Give *entry* what it does not say. *above*: what it inherits from, the nearest first."""
    note_empty_lists(entry, above)
    layers = (entry, *above)
    for name in {name for layer in above for name in layer.fields}:
        if name in _IDENTITIES:
            if (name,) not in entry.places or name in entry.fields:
                _add_up(entry, name, [layer for layer in reversed(layers) if name in layer.fields])
        elif (name,) not in entry.places:
            nearest = next(layer for layer in above if name in layer.fields)
            entry.fields[name] = nearest.fields[name]
            entry.places |= {way: place for way, place in nearest.places.items() if way[0] == name}


def note_empty_lists(entry: Entry[Database], above: Sequence[Entry[Database]]) -> None:
    """Lists that are written empty as if that took back what *above* says."""
    for name in _IDENTITIES:
        if entry.fields.get(name) == () and any(layer.fields.get(name) for layer in above):
            text = f": `{name}` is empty, and takes nothing back of what is inherited: these lists add up."
            entry.note((name,), f"{text} Remove it, or move what is not for all to those that it is for.")


def _add_up(entry: Entry[Database], name: str, layers: Sequence[Entry[Database]]) -> None:
    """Make the list *name* of *entry* of those of *layers*, the nearest last."""
    identity = _IDENTITIES[name]
    items: dict[object, tuple[Any, dict[Way, FilePlace]]] = {}
    for layer in layers:
        of_items = _places_of_items(layer, name)
        of_layer: set[object] = set()
        for number, item in enumerate(layer.fields[name]):
            places = of_items.get(number, {})
            key = identity(item)
            if key in of_layer:  # twice in one place is a mistake, which is found later
                key = (key, number)
            of_layer.add(key)
            if key in items and isinstance(item, TableRules):
                before, places_before = items[key]
                item, places = _join_rules(before, item), places_before | places
            items[key] = item, places
    own = entry.places.get((name,)) or layers[-1].places[(name,)]
    entry.places = {way: place for way, place in entry.places.items() if way[0] != name}
    entry.places[(name,)] = own
    entry.fields[name] = tuple(item for item, _ in items.values())
    for number, (_, places) in enumerate(items.values()):
        entry.places |= {(name, number, *way): place for way, place in places.items()}


def _join_rules(farther: TableRules, nearer: TableRules) -> TableRules:
    """The rules of one table: what *nearer* says, else what *farther* does; lists but `key` add up."""
    values: dict[str, Any] = {}
    for one in dataclasses.fields(TableRules):
        far, near = getattr(farther, one.name), getattr(nearer, one.name)
        if one.name == "key":
            values[one.name] = near or far
        elif isinstance(near, tuple):
            values[one.name] = tuple(dict.fromkeys((*far, *near)))
        else:
            values[one.name] = far if near is None else near
    return TableRules(**values)


def _places_of_items(entry: Entry[Any], name: str) -> dict[str | int, dict[Way, FilePlace]]:
    """The places of what is in the items of list *name*, by the item's number; the ways begin in the item."""
    found: dict[str | int, dict[Way, FilePlace]] = {}
    for way, place in entry.places.items():
        if way[0] == name and len(way) > 1:
            found.setdefault(way[1], {})[way[2:]] = place
    return found
