"""Which databases have one schema: groups by tables, columns, types and keys, and how a small group differs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from fleet.profiles.profile import DatabaseProfile, TableProfile

DIFFERENCES_SHOWN = 6
_SHORT = 12

Shape = Mapping[str, TableProfile]
"""The tables of a database by name; without the schema's where there is one alone, which each database may call
otherwise."""


@dataclass(frozen=True)
class SchemaGroup:
    """Databases of one schema. *name*: A, B, ... by size; empty for one database alone. *differences*: from the largest
    group, in words."""

    name: str
    fingerprint: str
    databases: tuple[str, ...]
    differences: tuple[str, ...] = ()


def fingerprint(profile: DatabaseProfile) -> str:
    """A short name of the tables, columns, types and keys of a database; rows and sizes are not in it.

    >>> fingerprint(DatabaseProfile("shop", "postgresql", "", ()))
    'a478b4566be5'
    """
    lines = [profile.engine]
    for name, table in sorted(_shape(profile).items()):
        columns = (f"{one.name} {one.declared} {one.is_nullable}" for one in table.columns)
        lines.append("\t".join((name, table.kind, *columns, "key", *table.key)))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:_SHORT]


def group_by_schema(profiles: Sequence[DatabaseProfile]) -> tuple[SchemaGroup, ...]:
    """The groups, the largest first. What differs is said against the largest."""
    found: dict[str, list[DatabaseProfile]] = {}
    for profile in profiles:
        found.setdefault(fingerprint(profile), []).append(profile)
    ordered = sorted(found.items(), key=lambda pair: (-len(pair[1]), pair[1][0].database))
    groups: list[SchemaGroup] = []
    for number, (mark, held) in enumerate(ordered):
        name = _letters(number) if len(held) > 1 else ""
        differences = tuple(_differences(ordered[0][1][0], held[0])) if number else ()
        groups.append(SchemaGroup(name, mark, tuple(sorted(one.database for one in held)), differences))
    return tuple(groups)


def say_groups(groups: Sequence[SchemaGroup]) -> str:
    """How many databases are of each schema, in one line.

    >>> a, b = SchemaGroup("A", "", ("a", "b", "c")), SchemaGroup("B", "", ("d", "e"))
    >>> say_groups([a, b, SchemaGroup("", "", ("f",))])
    '3 databases on schema A, 2 on B, 1 unlike'
    >>> say_groups([SchemaGroup("", "", ("f",)), SchemaGroup("", "", ("g",))])
    '2 databases, no two of one schema'
    """
    alone = sum(not group.name for group in groups)
    if alone == len(groups):
        return f"{alone:,} databases, no two of one schema"
    named = [f"{len(group.databases):,} on {group.name}" for group in groups if group.name]
    named[0] = f"{len(groups[0].databases):,} databases on schema {groups[0].name}"
    return ", ".join([*named, *([f"{alone:,} unlike"] if alone else [])])


def _letters(number: int) -> str:
    """
    >>> _letters(0), _letters(25), _letters(26)
    ('A', 'Z', 'AA')
    """
    letter = chr(ord("A") + number % 26)
    return letter if number < 26 else _letters(number // 26 - 1) + letter


def _shape(profile: DatabaseProfile) -> Shape:
    is_one = len({table.schema for table in profile.tables}) == 1
    return {table.table if is_one else str(table.name): table for table in profile.tables}


def _differences(largest: DatabaseProfile, other: DatabaseProfile) -> list[str]:
    found = list(_differ(largest, other))
    left = len(found) - DIFFERENCES_SHOWN
    return [*found[:DIFFERENCES_SHOWN], f"and {left:,} more"] if left > 0 else found


def _differ(largest: DatabaseProfile, other: DatabaseProfile) -> Iterator[str]:
    if largest.engine != other.engine:
        yield f"it is {other.engine}, not {largest.engine}"
        return
    there, here = _shape(largest), _shape(other)
    yield from (f"it lacks table {name}" for name in there if name not in here)
    yield from (f"it has table {name} besides" for name in here if name not in there)
    for name, table in here.items():
        if name in there:
            yield from _differ_in_table(name, there[name], table)


def _differ_in_table(name: str, there: TableProfile, here: TableProfile) -> Iterator[str]:
    old, new = ({column.name: column for column in one.columns} for one in (there, here))
    yield from (f"{name} lacks column {column}" for column in old if column not in new)
    yield from (f"{name} has column {column} besides" for column in new if column not in old)
    for column, one in new.items():
        if column not in old or one == old[column]:
            continue
        if one.declared != old[column].declared:
            yield f"{name}.{column} is {one.declared}, not {old[column].declared}"
        else:
            yield f"{name}.{column} {'may be NULL' if one.is_nullable else 'is never NULL'}"
    if there.kind != here.kind:
        yield f"{name} is a {here.kind}, not a {there.kind}"
    if there.key != here.key:
        yield f"{name} has the key ({', '.join(here.key)}), not ({', '.join(there.key)})"
    elif old.keys() == new.keys() and list(old) != list(new):
        yield f"{name} has its columns in another order"
