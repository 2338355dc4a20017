"""Writes a table's rows as DMS's files: what is the same for every source engine (docs/facts/dms.md 4.5).

DuckDB reads, filters and converts; LOBs are cut and expressions computed batch by batch; PyArrow or the CSV writer
makes the files. Columns come in DMS's order: `Op`, the timestamp, the source's own, the added ones.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from localcloud.dms.engines.driver_words import words_of
from localcloud.dms.engines.reader import Layout, TableUnreadableError, Written
from localcloud.dms.files.csv_files import text_sql, write_csv
from localcloud.dms.files.formats import Csv, Parquet
from localcloud.dms.files.lobs import cut, units
from localcloud.dms.files.parquet import arrow_type, write_parquet
from localcloud.dms.files.quoting import identifier, literal
from localcloud.dms.rules.expressions import HEADERS, Evaluation, Value, constant
from localcloud.dms.rules.transformations import Field, Shape, UnfitRuleError
from localcloud.dms.type_tables.column import DmsType

_BATCH_ROWS = 2_048  # DuckDB's own; a batch of long LOBs must fit into memory
_DUCKDB = {
    "INT1": "TINYINT",
    "INT2": "SMALLINT",
    "INT4": "INTEGER",
    "INT8": "BIGINT",
    "UINT1": "UTINYINT",
    "UINT2": "USMALLINT",
    "UINT4": "UINTEGER",
    "UINT8": "UBIGINT",
    "REAL4": "FLOAT",
    "REAL8": "DOUBLE",
    "BOOLEAN": "BOOLEAN",
    "DATE": "DATE",
    "TIME": "TIME",
    "DATETIME": "TIMESTAMP",
    "BYTES": "BLOB",
    "BLOB": "BLOB",
}
_HEADER_TYPES: dict[str, DmsType] = dict.fromkeys(("AR_H_TIMESTAMP", "AR_H_COMMIT_TIMESTAMP"), DmsType("DATETIME"))


def duckdb_type(kind: DmsType) -> str:
    """The type of DuckDB's that holds *kind*; a reader's relation has these.

    >>> duckdb_type(DmsType("NUMERIC", precision=10, scale=2)), duckdb_type(DmsType("WSTRING", 40))
    ('DECIMAL(10,2)', 'VARCHAR')
    """
    if kind.name == "NUMERIC":
        return f"DECIMAL({kind.precision},{kind.scale})"
    return _DUCKDB.get(kind.name, "VARCHAR")


def write(
    cursor: duckdb.DuckDBPyConnection,
    relation: str,
    carried: Sequence[tuple[str, DmsType]],
    layout: Layout,
    folder: Path,
) -> list[Written]:
    """Write *relation* (a FROM clause of DuckDB's) into files; none when it has no rows. Files that are not small lie
    under *folder* (made here).

    *carried*: name and type of each of its columns, in table order, of the types `duckdb_type` says. Texts longer than
    the limit of a LOB are cut here. Raises TableUnreadableError.
    """
    try:
        rows = _Rows(cursor, layout, carried)
        reader = cursor.execute(f"SELECT {rows.select} FROM {relation}{rows.where}").to_arrow_reader(_BATCH_ROWS)
        batches = (rows.finished(batch) for batch in reader if batch.num_rows)
        if isinstance(layout.format, Parquet):
            files = write_parquet(batches, rows.schema, layout.format, layout.file_bytes, folder)
        else:
            folder.mkdir(parents=True)
            files = write_csv(batches, rows.schema, layout.format, layout.file_bytes, folder)
        found = [Written(content, count) for content, count in files]
    except (UnfitRuleError, duckdb.Error, pa.ArrowException, sqlite3.Error, ValueError) as error:
        raise TableUnreadableError(words_of(error).splitlines()[0]) from error
    for name, count in rows.cuts.items():
        layout.warn(f"{count} values of column {name} were cut to the maximum LOB size of {layout.lob_bytes} bytes")
    if rows.cuts and layout.suspends_at_cut:
        raise TableUnreadableError(
            f"values of {', '.join(rows.cuts)} are longer than the maximum LOB size of {layout.lob_bytes} bytes, "
            "and DataTruncationErrorPolicy is SUSPEND_TABLE"
        )
    return found


def headers(layout: Layout) -> dict[str, tuple[str, DmsType]]:
    """What each header is, as DuckDB's SQL, and its type. Source: AWS DMS user guide, "Replicating source table headers
    using expressions", for changes and for a full load."""
    if layout.of_changes is not None:
        return {name: (identifier(name), _HEADER_TYPES.get(name, DmsType("STRING"))) for name in HEADERS}
    now = f"TIMESTAMP {literal(layout.at.strftime('%Y-%m-%d %H:%M:%S.%f'))}"
    given = {"AR_H_TIMESTAMP": now, "AR_H_COMMIT_TIMESTAMP": now, "AR_H_OPERATION": "'INSERT'"}
    return {name: (given.get(name, "''"), _HEADER_TYPES.get(name, DmsType("STRING"))) for name in HEADERS}


class _Rows:
    """One table on its way: what DuckDB is asked for, and what is made of its batches."""

    def __init__(
        self, cursor: duckdb.DuckDBPyConnection, layout: Layout, carried: Sequence[tuple[str, DmsType]]
    ) -> None:
        self._cursor = cursor
        self._layout = layout
        self._is_csv = isinstance(layout.format, Csv)
        self._types = dict(carried)
        self.fields = layout.shape.fields(carried, layout.key, are_changes=layout.of_changes is not None)
        if not self.fields:
            raise UnfitRuleError(f"the rules leave no column of {layout.shape.schema}.{layout.shape.table}")
        self.cuts: Counter[str] = Counter()
        self._selected: list[str] = []
        self._steps: list[_Step] = []
        leading = [(name, literal(value)) for name, value in layout.leading] + list(layout.of_changes or ())
        self._headers = headers(layout)
        self._steps += [_Plain(self._ask(sql), pa.string()) for _, sql in leading]
        for one in self.fields:
            self._steps.append(self._step(one))
        names = [name for name, _ in leading] + [one.name for one in self.fields]
        self.schema = pa.schema([pa.field(name, step.type) for name, step in zip(names, self._steps, strict=True)])
        self.select = ", ".join(f"{sql} AS c{place}" for place, sql in enumerate(self._selected))
        self.where = where(layout.shape, self._types)

    def finished(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """A batch of DuckDB's, as the files hold it."""
        return pa.RecordBatch.from_arrays([step.of(batch) for step in self._steps], schema=self.schema)

    def _ask(self, sql: str) -> int:
        self._selected.append(sql)
        return len(self._selected) - 1

    def _step(self, one: Field) -> _Step:
        kind = self._written_type(one.kind)
        if one.source is None or one.carried is None:
            return self._added(one, kind)
        sql = _converted(identifier(one.source), one.carried, one.kind)
        place = self._ask(text_sql(sql, one.kind) if self._is_csv else sql)
        if one.kind.is_lob and self._layout.lob_bytes is not None:
            return _Cut(place, kind, units(one.kind, self._layout.lob_bytes), one.source, self.cuts)
        return _Plain(place, kind)

    def _added(self, one: Field, kind: pa.DataType) -> _Step:
        shape, at = self._layout.shape, self._layout.at
        if one.expression is None:
            return _Plain(self._ask("NULL::VARCHAR" if self._is_csv else f"NULL::{duckdb_type(one.kind)}"), kind)
        if one.expression.header:
            sql = _converted(*self._headers[one.expression.header], one.kind)
            return _Plain(self._ask(text_sql(sql, one.kind) if self._is_csv else sql), kind)
        if not one.expression.columns:
            value = constant(one.expression, shape.schema, shape.table, at)
            sql = _converted(*_sql_of(value), one.kind)
            return _Plain(self._ask(text_sql(sql, one.kind) if self._is_csv else sql), kind)
        if unknown := [name for name in one.expression.columns if name not in self._types.keys() | HEADERS]:
            raise UnfitRuleError(f"the expression of {one.name} reads {unknown[0]}, which is no column that is carried")
        places = [
            self._ask(self._headers[name][0] if name in HEADERS else identifier(name))
            for name in one.expression.columns
        ]
        evaluation = Evaluation(one.expression, shape.schema, shape.table, at)
        sql = _converted("text", DmsType("STRING"), one.kind)
        sql = text_sql(sql, one.kind) if self._is_csv else sql
        return _Computed(places, kind, evaluation, self._cursor.cursor(), sql)

    def _written_type(self, kind: DmsType) -> pa.DataType:
        layout = self._layout.format
        if isinstance(layout, Csv):
            return pa.binary() if kind.name in {"BYTES", "BLOB"} else pa.string()
        if kind.name == "UINT4" and layout.encoding == "plain-dictionary":
            raise UnfitRuleError("not emulated here: EncodingType plain-dictionary for a column of type UINT4")
        return arrow_type(kind, has_milliseconds=layout.has_milliseconds)


def where(shape: Shape, types: Mapping[str, DmsType]) -> str:
    """The WHERE clause that *shape*'s filters are, or nothing. *types*: of the relation's columns. Raises
    UnfitRuleError."""
    terms = []
    for one in shape.filters:
        kind = types.get(one.column)
        if kind is None or kind.is_lob:
            what = "which is no column that is carried" if kind is None else f"which is a {kind.name}"
            raise UnfitRuleError(f"{shape.schema}.{shape.table} is filtered by {one.column}, {what}")
        sql_type = duckdb_type(kind)
        terms.append(one.sql(identifier(one.column), lambda text, to=sql_type: f"{literal(text)}::{to}"))
    return f" WHERE {' AND '.join(terms)}" if terms else ""


class _Plain:
    """A column as DuckDB gives it; a time loses what is finer than the file's unit."""

    def __init__(self, place: int, kind: pa.DataType) -> None:
        self.type = kind
        self._place = place

    def of(self, batch: pa.RecordBatch) -> pa.Array:
        return _of_type(batch.column(self._place), self.type)


class _Cut(_Plain):
    """A LOB, cut to its limit."""

    def __init__(self, place: int, kind: pa.DataType, limit: int, name: str, cuts: Counter[str]) -> None:
        super().__init__(place, kind)
        self._limit = limit
        self._name = name
        self._cuts = cuts

    def of(self, batch: pa.RecordBatch) -> pa.Array:
        values, count = cut(super().of(batch), self._limit)
        if count:
            self._cuts[self._name] += count
        return values


class _Computed:
    """A column that an expression fills, row by row."""

    def __init__(
        self,
        places: Sequence[int],
        kind: pa.DataType,
        evaluation: Evaluation,
        cursor: duckdb.DuckDBPyConnection,
        sql: str,
    ) -> None:
        self.type = kind
        self._places = places
        self._evaluation = evaluation
        self._cursor = cursor
        self._sql = sql

    def of(self, batch: pa.RecordBatch) -> pa.Array:
        columns = [map(_as_sqlite, batch.column(place).to_pylist()) for place in self._places]
        values = [_as_text(self._evaluation.of(row)) for row in zip(*columns, strict=True)]
        texts = self._cursor.from_arrow(pa.table({"text": pa.array(values, pa.string())}))
        found = texts.project(f"{self._sql} AS value").to_arrow_table().column("value").combine_chunks()
        return _of_type(found, self.type)


_Step = _Plain | _Computed  # a column of the files, made of a batch of DuckDB's


def _of_type(values: pa.Array, kind: pa.DataType) -> pa.Array:
    return values if values.type == kind else pc.cast(values, kind, safe=not pa.types.is_temporal(kind))


def _converted(sql: str, carried: DmsType, wanted: DmsType) -> str:
    """*sql*, of type *carried*, as SQL of type *wanted*; DuckDB says what cannot be converted."""
    if carried == wanted:
        return sql
    match wanted.name:
        case "STRING" | "WSTRING" | "CLOB" | "NCLOB":
            text = f"hex({sql})" if carried.name in {"BYTES", "BLOB"} else text_sql(sql, carried)
            return f"left({text}, {wanted.length})" if wanted.length else text
        case "BYTES" | "BLOB" if carried.name not in {"BYTES", "BLOB"}:
            return f"encode({text_sql(sql, carried)})"
        case _:
            return f"CAST({sql} AS {duckdb_type(wanted)})"


def _sql_of(value: Value) -> tuple[str, DmsType]:
    """A value of SQLite's as DuckDB's SQL, and its type."""
    if isinstance(value, bytes):
        return f"from_hex('{value.hex()}')", DmsType("BYTES")
    text = _as_text(value)
    return "NULL::VARCHAR" if text is None else literal(text), DmsType("STRING")


def _as_text(value: Value) -> str | None:
    if value is None:
        return None
    return value.hex().upper() if isinstance(value, bytes) else str(value)


def _as_sqlite(value: object) -> Value:
    """A value of the source as SQLite takes it: decimals as numbers, times as text (both assumed)."""
    match value:
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case datetime():
            return value.isoformat(" ")
        case date() | time():
            return value.isoformat()
        case bool():
            return int(value)
        case None | str() | int() | float() | bytes():
            return value
        case _:
            raise ValueError(f"no expression can read a value like {value!r}")
