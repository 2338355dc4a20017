"""A row of a table of the source, with what DMS and our mappings added to it, as a change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NoReturn

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
_LETTERS: Mapping[object, Operation] = {"I": "insert", "U": "update", "D": "delete"}
_WITH_BEFORE = ("update", "delete")


@dataclass(frozen=True)
class RowNames:
    """The columns of a file, by what they are; each with its place in a row. *key*: as far as it is known."""

    source: tuple[str, ...]
    source_places: tuple[int, ...]
    before: tuple[str, ...]
    before_places: tuple[int, ...]
    added: Mapping[str, int]
    key: tuple[str, ...]


def sort_names(names: Sequence[str], origin: Origin) -> RowNames:
    """The columns of a file in the order of *names*.

    >>> from fleet.tables.catalogue import TableName
    >>> origin = Origin("k", "shop", "mysql", TableName("s", "t"))
    >>> sort_names(["Op", "id", "_fleet_before_id"], origin).key
    ('id',)
    """
    before = {at: name.removeprefix(BEFORE_PREFIX) for at, name in enumerate(names) if name.startswith(BEFORE_PREFIX)}
    added = {name: at for at, name in enumerate(names) if name in ADDED_COLUMNS}
    source = {at: name for at, name in enumerate(names) if at not in before and name not in added}
    # DMS adds the columns of a key as it was for the primary key alone, in an order that no page gives.
    key = origin.table.key if origin.table is not None else tuple(before.values())
    return RowNames(tuple(source.values()), tuple(source), tuple(before.values()), tuple(before), added, key)


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
    *record*: the row at a place, as it is parked. *has_unfit*: a value may be an `UnfitError`."""
    nothing: Sequence[object] = [None] * len(numbers)
    letters, moments, databases, places, sequences = (
        columns[names.added[name]] if name in names.added else nothing for name in ADDED_COLUMNS
    )
    has_database = DATABASE_COLUMN in names.added
    rows = _rows(columns, names.source_places, len(numbers))
    before_rows = _rows(columns, names.before_places, len(numbers))
    of_all = zip(numbers, rows, before_rows, letters, moments, databases, places, sequences, strict=True)
    for at, (number, values, before, letter, moment, database, place, sequence) in enumerate(of_all):
        try:
            if has_unfit:
                _refuse_unfit((*values, *before, letter, moment, database, place, sequence))
            if has_database and database != origin.database:
                _refuse_foreign(database, origin)
            operation = "load" if origin.is_load else _operation(letter)
            yield make_change(
                origin,
                names.key,
                operation,
                dict(zip(names.source, values, strict=True)),
                dict(zip(names.before, before, strict=True)) if operation in _WITH_BEFORE else {},
                position(origin, place, sequence, number),
                moment,
            )
        except UnfitError as error:
            park(PoisonRecordError(origin.source, number, error.column, error.why, record(at)))


def _rows(columns: Sequence[Sequence[object]], places: Sequence[int], count: int) -> Iterable[tuple[object, ...]]:
    return zip(*(columns[at] for at in places), strict=True) if places else [()] * count


def _refuse_unfit(values: Sequence[object]) -> None:
    for value in values:
        if isinstance(value, UnfitError):
            raise value


def _refuse_foreign(database: object, origin: Origin) -> NoReturn:
    raise UnfitError(f"it is of database {database!r}, in a file of {origin.database!r}", DATABASE_COLUMN)


def _operation(letter: object) -> Operation:
    found = _LETTERS.get(letter)
    if found is None:
        shown = "nothing" if letter is None else outline(letter)
        raise UnfitError(f"its operation is {shown}, wanted I, U or D", OPERATION_COLUMN)
    return found


def position(origin: Origin, place: object, sequence: object, number: int) -> Position:
    """The position of a row. *place*, *sequence*: as DMS wrote them; None where it did not."""
    found = _sortable(origin.engine, place) if isinstance(place, str) and place else origin.place
    if isinstance(sequence, str) and sequence:
        return Position(origin.attempt, found, sequence, 0)
    return Position(origin.attempt, found, "", number)


_sortable = lru_cache(maxsize=1024)(sortable_position)  # all changes of a transaction share a place on some engines


def make_change(
    origin: Origin,
    key: Sequence[str],
    operation: Operation,
    row: dict[str, object],
    before: dict[str, object],
    at: Position,
    moment: object,
) -> Change:
    """The change of *row*, which has the columns of the source alone. *key*: the names of the key's columns. *before*:
    what the carrier gives of the row as it was. *moment*: when it was committed, as text.

    Raises:
        UnfitError: It has no value of a column of its key, or *moment* is no time.
    """
    gone: dict[str, object] = {}
    if operation == "delete":
        row, gone = gone, _row_before(origin, key, row, before)
    elif operation == "update":
        # A column of a key is null nowhere at a source: DMS had none to give.
        gone = {name: value for name, value in before.items() if value is not None or name not in key}
    image = gone if operation == "delete" else row
    values = tuple([image.get(name) for name in key])
    if None in values:
        raise UnfitError("its key has no value, so that nobody knows of which row it is", key[values.index(None)])
    try:
        committed_at = commit_time(moment) if isinstance(moment, str) else None
    except ValueError:
        raise UnfitError(f"it has {outline(moment)} as the time of its commit", TIMESTAMP_COLUMN) from None
    return Change(origin.source, origin.database, *origin.name, values, operation, gone, row, at, committed_at)


def _row_before(
    origin: Origin, key: Sequence[str], row: Mapping[str, object], before: Mapping[str, object]
) -> dict[str, object]:
    """What is known of a row that is gone. PostgreSQL gives its key, and DMS nulls for the rest (docs/facts/dms.md
    4.5): these are left out, since a null that was one cannot be known from them."""
    given = {name: value for name, value in before.items() if value is not None}
    if origin.engine == "postgresql":
        return {name: value for name, value in row.items() if value is not None or name in key} | given
    return {**row, **given}
