"""Texts of PostgreSQL's log as columns of the values that a full load carries.

A text that the log holds as a full load would (a number, a date, a text) is read by Arrow. All others, and a column in
which Arrow does not understand one (infinity, a year before Christ, NaN), go through the source's SQL, by the very
expressions of a full load.
"""

from __future__ import annotations

from collections.abc import Sequence

import psycopg
import pyarrow as pa
import pyarrow.compute as pc

from localcloud.dms.engines.driver_words import words_of
from localcloud.dms.engines.postgresql_values import value_sql
from localcloud.dms.engines.reader import TableUnreadableError
from localcloud.dms.files.quoting import identifier
from localcloud.dms.type_tables.column import DmsType, SourceColumn

Wanted = tuple[SourceColumn, str, DmsType, pa.Array]
"""A column, its type as a cast writes it, the type that DMS carries it as, and its texts."""

_EXACT = {
    "smallint": pa.int16(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "real": pa.float32(),
    "double precision": pa.float64(),
    "date": pa.date32(),
    "timestamp without time zone": pa.timestamp("us"),
    "timestamp with time zone": pa.timestamp("us"),
    "uuid": pa.string(),
    "text": pa.string(),
    "json": pa.string(),
    "jsonb": pa.string(),
}
_WHOLE = 2**30  # bytes of a LOB: the writer cuts them, as it does those of a full load
# What the source answers in, and what becomes of it: binary answers of the driver's are slower than texts.
_ANSWERED = {
    "DATETIME": ("(extract(epoch FROM {})::numeric(30, 6) * 1000000)::bigint", pa.int64(), pa.timestamp("us")),
    "DATE": ("({} - date '1970-01-01')", pa.int32(), pa.date32()),
    "TIME": ("(extract(epoch FROM {})::numeric(30, 6) * 1000000)::bigint", pa.int64(), pa.time64("us")),
}
_NUMBERS = {"INT2": pa.int16(), "INT4": pa.int32(), "INT8": pa.int64(), "REAL4": pa.float32(), "REAL8": pa.float64()}


def arrays(connection: psycopg.Connection, wanted: Sequence[Wanted]) -> list[pa.Array]:
    """Each column as an array. Raises TableUnreadableError, in the words of the source."""
    found = [_plain(column, kind, texts) for column, _, kind, texts in wanted]
    if left := [place for place, one in enumerate(found) if one is None]:
        asked = _asked(connection, [wanted[place] for place in left])
        for place, one in zip(left, asked, strict=True):
            found[place] = one
    return found  # type: ignore[return-value]  none is left


def _plain(column: SourceColumn, kind: DmsType, texts: pa.Array) -> pa.Array | None:
    """The column without the source's help; None where that cannot be."""
    name = column.type_name
    if name == "bytea":
        return pa.array([text and bytes.fromhex(text[2:]) for text in _texts(texts)], pa.binary())
    if name == "boolean":
        is_true = pc.call_function("equal", [texts, pa.scalar("t")])
        return pc.call_function("if_else", [is_true, pa.scalar("true"), pa.scalar("false")])
    if name == "numeric" and column.precision is not None and kind.name == "NUMERIC":
        to = pa.decimal128(kind.precision or 0, kind.scale or 0)
    elif name == "character varying" and column.length is not None:
        to = pa.string()
    elif (to := _EXACT.get(name)) is None:
        return None
    try:
        if name == "timestamp with time zone":
            texts = pc.call_function("utf8_slice_codeunits", [texts], pc.SliceOptions(0, -3))  # without +00
        return texts if to == pa.string() else pc.cast(texts, to)
    except pa.ArrowInvalid:
        return None


def _asked(connection: psycopg.Connection, wanted: Sequence[Wanted]) -> list[pa.Array]:
    """The columns as the source converts them."""
    sources, targets, kinds = [], [], []
    for place, (column, type_text, kind, _) in enumerate(wanted):
        named = SourceColumn(f"c{place}", column.type_name, column.length, column.precision, column.scale)
        value = value_sql(named, kind, _WHOLE)
        sources.append(f"a{place}::{type_text} AS {identifier(named.name)}")
        frame, answered, final = _ANSWERED.get(kind.name, ("{}", _type(kind), _type(kind)))
        targets.append(frame.format(f"({value})") + ("" if kind.name == "BLOB" else "::text"))
        kinds.append((answered, final))
    names = ", ".join(f"a{place}" for place in range(len(wanted)))
    marks = ", ".join(["%b::text[]"] * len(wanted))
    query = (
        f"SELECT {', '.join(targets)} FROM (SELECT {', '.join(sources)} FROM unnest({marks})"
        f" WITH ORDINALITY AS raw ({names}, place) ORDER BY place) AS texts"
    )
    given = [_texts(texts) for *_, texts in wanted]
    try:
        with connection.cursor(binary=True) as cursor:
            rows = cursor.execute(query, given).fetchall()  # type: ignore[arg-type]  built of quoted names
    except psycopg.Error as error:
        raise TableUnreadableError(words_of(error).splitlines()[0]) from error
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(wanted)
    return [_read(column, *kind) for column, kind in zip(columns, kinds, strict=True)]


def _texts(texts: pa.Array) -> list[str | None]:
    return texts.to_pylist()


def _type(kind: DmsType) -> pa.DataType:
    if kind.name == "NUMERIC":
        return pa.decimal128(kind.precision or 0, kind.scale or 0)
    return pa.binary() if kind.name == "BLOB" else _NUMBERS.get(kind.name, pa.string())


def _read(values: Sequence[str | bytes | None], answered: pa.DataType, final: pa.DataType) -> pa.Array:
    if final == pa.binary():
        return pa.array(values, final)
    texts = pa.array(values, pa.string())
    if answered == pa.string():
        return texts
    return pc.cast(pc.cast(texts, answered), final)
