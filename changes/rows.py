"""Rows of a table of the source, with what DMS and our mappings added to them, as changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import repeat

from changes.origin import Origin
from changes.record import Change, Operation, Position
from changes.unreadable import Park, PoisonRecordError, UnfitError, outline
from changes.values import commit_time, converter, unfit
from fleet.databases import Engine
from fleet.deltas.position_text import sortable_position
from fleet.dms.endpoints import OPERATION_COLUMN, TIMESTAMP_COLUMN
from fleet.dms.mappings import BEFORE_PREFIX, DATABASE_COLUMN, POSITION_COLUMN, SEQUENCE_COLUMN
from fleet.tables.columns import Column

ADDED_COLUMNS = (OPERATION_COLUMN, TIMESTAMP_COLUMN, DATABASE_COLUMN, POSITION_COLUMN, SEQUENCE_COLUMN)
"""What a row has beside the source's columns; and `_fleet_before_<key>`."""
_OF_LETTER: Mapping[object, Operation] = {"I": "insert", "U": "update", "D": "delete"}
_WITH_BEFORE = ("update", "delete")
Found = dict[str, object]
_Errors = dict[int, UnfitError]
"""Why the row at a place among those at hand is no change."""


@dataclass(frozen=True)
class RowNames:
    """The columns of a file, by what they are, each with its place in a row. *key*: as far as it is known."""

    source: Mapping[str, int]
    before: Mapping[str, int]
    added: Mapping[str, int]
    key: tuple[str, ...]


def sort_names(names: Sequence[str], origin: Origin) -> RowNames:
    """The columns of a file in the order of *names*.

    >>> from fleet.tables.catalogue import TableName
    >>> origin = Origin("k", "shop", "mysql", TableName("s", "t"))
    >>> sort_names(["Op", "id", "_fleet_before_id"], origin).key
    ('id',)
    """
    before = {name.removeprefix(BEFORE_PREFIX): at for at, name in enumerate(names) if name.startswith(BEFORE_PREFIX)}
    added = {name: at for at, name in enumerate(names) if name in ADDED_COLUMNS}
    source = {name: at for at, name in enumerate(names) if at not in before.values() and name not in added}
    # DMS adds the columns of a key as it was for the primary key alone, in an order that no page gives.
    key = origin.table.key if origin.table is not None else tuple(before)
    return RowNames(source, before, added, key)


def column_of(origin: Origin, name: str) -> Column | None:
    """The catalogue's column of that name, or None where no catalogue is at hand, or it does not have it."""
    columns = origin.table.columns if origin.table is not None else ()
    return next((column for column in columns if column.name == name), None)


def convert_values(engine: Engine, column: Column, values: Sequence[object]) -> tuple[list[object], bool]:
    """*values* as the catalogue's *column* says; an `UnfitError` in the place of each that cannot be; whether there
    is any."""
    convert = converter(engine, column)
    if convert is None:
        return list(values), False
    try:
        return [None if raw is None else convert(raw) for raw in values], False
    except (ValueError, ArithmeticError):
        return [None if raw is None else _converted(engine, column, convert, raw) for raw in values], True


def _converted(engine: Engine, column: Column, convert: Callable[[object], object], raw: object) -> object:
    try:
        return convert(raw)
    except (ValueError, ArithmeticError) as error:
        return unfit(engine, column, raw, error)


def changes_of_rows(
    origin: Origin,
    names: RowNames,
    columns: Sequence[Sequence[object]],
    numbers: Sequence[int],
    record: Callable[[int], str],
    park: Park,
    *,
    has_unfit: bool,
) -> Iterator[Change]:
    """The changes of rows that are at hand by *columns*, typed. *numbers*: of the rows in their file, from 1.
    *record*: the row at a place, as it is parked. *has_unfit*: a value may be an `UnfitError`.

    All is done column by column: what Python does once a row is most of the time that a file takes.
    """
    letters, moments, databases, places, sequences = (
        columns[names.added[name]] if name in names.added else [None] * len(numbers) for name in ADDED_COLUMNS
    )
    operations: Sequence[Operation | None] = [_OF_LETTER.get(letter) for letter in letters]
    if origin.is_load:
        operations = ["load" for _ in numbers]
    # Rows are as long as their names, by `_rows`; to ask again takes a third of the time.
    images = [dict(zip(names.source, row, strict=False)) for row in _rows(columns, names.source, len(numbers))]
    befores = _befores(origin, names, columns, operations, images)
    keys = _keys(names.key, operations, befores, images)
    times = _commit_times(moments)
    errors: _Errors = {}
    if None in operations:
        errors |= {at: _unknown(letters[at]) for at, operation in enumerate(operations) if operation is None}
    if any(None in key for key in keys):
        errors |= {at: _keyless(names.key, key) for at, key in enumerate(keys) if None in key}
    if DATABASE_COLUMN in names.added and {*databases} != {origin.database}:
        errors |= {at: _foreign(one, origin) for at, one in enumerate(databases) if one != origin.database}
    if any(isinstance(time, UnfitError) for time in times.values()):
        errors |= {at: time for at, one in enumerate(moments) if isinstance(time := times[one], UnfitError)}
    if has_unfit:
        for values in columns:
            errors |= {at: value for at, value in enumerate(values) if isinstance(value, UnfitError)}
    found = map(
        Change,
        repeat(origin.source),
        repeat(origin.database),
        repeat(origin.name.schema),
        repeat(origin.name.table),
        keys,
        operations,
        befores,
        [{} if operation == "delete" else image for operation, image in zip(operations, images, strict=True)],
        _positions(origin, places, sequences, numbers),
        [times[one] for one in moments],
    )
    if not errors:
        yield from found
        return
    for at, change in enumerate(found):
        if (error := errors.get(at)) is None:
            yield change
        else:
            park(PoisonRecordError(origin.source, numbers[at], error.column, error.why, record(at)))


def _rows(columns: Sequence[Sequence[object]], names: Mapping[str, int], count: int) -> Iterable[tuple[object, ...]]:
    return zip(*(columns[at] for at in names.values()), strict=True) if names else [()] * count


def _befores(
    origin: Origin,
    names: RowNames,
    columns: Sequence[Sequence[object]],
    operations: Sequence[Operation | None],
    images: Sequence[Found],
) -> list[Found]:
    if "update" not in operations and "delete" not in operations:
        return [{} for _ in operations]
    rows = _rows(columns, names.before, len(operations))
    return [
        _before_image(origin, names.key, operation, dict(zip(names.before, row, strict=True)), image)
        if operation in _WITH_BEFORE
        else {}
        for operation, row, image in zip(operations, rows, images, strict=True)
    ]


def _before_image(origin: Origin, key: Sequence[str], operation: object, before: Found, image: Found) -> Found:
    """What is known of a row before an update or a delete. *before*: as far as the carrier says so. *image*: its row.

    A column of a key is null nowhere at a source: DMS had none to give. Of a row that is gone, PostgreSQL gives the
    key, and DMS nulls for the rest (docs/facts/dms.md 4.5). These are left out, since a null that was one looks alike.
    """
    given = before
    if None in before.values():
        given = {name: value for name, value in before.items() if value is not None or name not in key}
    if operation == "update":
        return given
    if origin.engine == "postgresql":
        return {name: value for name, value in image.items() if value is not None or name in key} | given
    return image | given


def _keys(
    key: Sequence[str],
    operations: Sequence[Operation | None],
    befores: Sequence[Found],
    images: Sequence[Found],
) -> Sequence[tuple[object, ...]]:
    if not key:
        return [()] * len(operations)
    of_key = [
        before if one == "delete" else image for one, before, image in zip(operations, befores, images, strict=True)
    ]
    return list(zip(*([row.get(name) for row in of_key] for name in key), strict=True))


def _commit_times(moments: Sequence[object]) -> dict[object, datetime | UnfitError | None]:
    """When each of *moments* is; an `UnfitError` where it is no time."""
    return {moment: _commit_time(moment) for moment in {*moments}}


def _commit_time(moment: object) -> datetime | UnfitError | None:
    if not isinstance(moment, str):
        return None
    try:
        return commit_time(moment)
    except ValueError:
        return UnfitError(f"it has {outline(moment)} as the time of its commit", TIMESTAMP_COLUMN)


def _positions(
    origin: Origin, places: Sequence[object], sequences: Sequence[object], numbers: Sequence[int]
) -> Iterator[Position]:
    """Of each row: *places*, *sequences*: as DMS wrote them; None where it did not."""
    sortable = [sortable_position(origin.engine, one) if isinstance(one, str) else origin.place for one in places]
    ordinals = [0 if sequence else number for sequence, number in zip(sequences, numbers, strict=True)]
    return map(Position, repeat(origin.attempt), sortable, [one or "" for one in sequences], ordinals)  # type: ignore[list-item]


def _unknown(letter: object) -> UnfitError:
    shown = "nothing" if letter is None else outline(letter)
    return UnfitError(f"its operation is {shown}, wanted I, U or D", OPERATION_COLUMN)


def _foreign(database: object, origin: Origin) -> UnfitError:
    return UnfitError(f"it is of database {database!r}, in a file of {origin.database!r}", DATABASE_COLUMN)


def _keyless(key: Sequence[str], values: Sequence[object]) -> UnfitError:
    """What to raise for a record that lacks a column of its *key*."""
    name = key[values.index(None)]
    return UnfitError(f"its key has no {name!r}, so that nobody knows of which row it is", name)


def make_change(
    origin: Origin, operation: Operation, image: Found, before: Found, at: Position, moment: object
) -> Change:
    """The change of one row. *image*: its columns of the source. *before*: what the carrier gives of the row as it was.
    *moment*: when it was committed, as text, or None.

    Raises:
        UnfitError: It has no value of a column of its key, or *moment* is no time.
    """
    names = origin.table.key if origin.table is not None else ()
    gone = _before_image(origin, names, operation, before, image) if operation in _WITH_BEFORE else {}
    (key,) = _keys(names, [operation], [gone], [image])
    if None in key:
        raise _keyless(names, key)
    committed_at = _commit_time(moment)
    if isinstance(committed_at, UnfitError):
        raise committed_at
    after = {} if operation == "delete" else image
    return Change(origin.source, origin.database, *origin.name, key, operation, gone, after, at, committed_at)
