"""Rows written as each carrier has them, by code that shares nothing with the readers: what they read is compared."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from changes.csv_files import read_csv
from changes.envelopes import read_envelopes
from changes.origin import Origin, Stream
from changes.parquet_files import read_parquet
from changes.record import Change
from changes.unreadable import Park, refuse
from fleet.tables.catalogue import Table
from fleet.tables.columns import Column

SOURCE = "shop/delta/night-1/000007/s/t/20261201-101500123.parquet"
TABLE = Table(
    "s",
    "t",
    False,
    (
        Column("id", "bigint"),
        Column("price", "decimal", None, 38, 6),
        Column("name", "varchar", 40),
        Column("due", "date"),
        Column("at", "datetime"),
        Column("weight", "double"),
        Column("body", "blob"),
        Column("flag", "bit", 1),
    ),
    ("id",),
)
ORIGIN = Origin(SOURCE, "shop", "mysql", TABLE.name, TABLE, 7, place="1/20261201-101500123.parquet")
STREAM = Stream("shop.topic/0", "shop", "mysql", {TABLE.name: TABLE})
Rows = Sequence[Mapping[str, Any]]
_ARROW = {
    "id": pa.int64(),
    "price": pa.decimal128(38, 6),
    "name": pa.string(),
    "due": pa.date32(),
    "at": pa.timestamp("us"),
    "clock": pa.time32("ms"),
    "weight": pa.float64(),
    "body": pa.binary(),
    "flag": pa.bool_(),
    "_fleet_before_id": pa.int64(),
}
_WORDS = {"I": "insert", "U": "update", "D": "delete"}


def as_parquet(rows: Rows, **types: pa.DataType) -> bytes:
    """Rows that all have the same columns."""
    schema = pa.schema([(name, types.get(name, _ARROW.get(name, pa.string()))) for name in rows[0]])
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([dict(row) for row in rows], schema), sink, compression="gzip")
    return sink.getvalue()


def as_csv(rows: Rows, *, has_header: bool = True) -> bytes:
    """As DMS writes them, but that a text NULL is in quotes."""
    lines = [",".join(rows[0])] if has_header else []
    lines += [",".join(_csv_field(row[name]) for name in rows[0]) for row in rows]
    return "".join(f"{line}\n" for line in lines).encode()


def _csv_field(value: object) -> str:
    if value is None:
        return "NULL"
    text = value.hex().upper() if isinstance(value, bytes) else str(value)
    if isinstance(value, bool):
        text = text.lower()
    if isinstance(value, Decimal):
        text = format(value, "f")
    if text == "NULL" or any(sign in text for sign in '",\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text


def as_envelope(row: Mapping[str, Any], **metadata: Any) -> dict[str, Any]:
    """As with IncludeNullAndEmpty. Decimals are texts here: Python writes no exact one."""
    data = {name: value for name, value in row.items() if name != "Op" and not name.startswith("_fleet_before_")}
    before = {name.removeprefix("_fleet_before_"): row[name] for name in row if name.startswith("_fleet_before_")}
    said = {"record-type": "data", "operation": _WORDS[row["Op"]], "schema-name": "s", "table-name": "t", **metadata}
    return {"data": data, "metadata": said, "before-image": before}


def as_lines(rows: Rows) -> bytes:
    return b"".join(json.dumps(as_envelope(row), default=_json_value).encode() + b"\n" for row in rows)


def _json_value(value: object) -> str:
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    return value.isoformat() + "Z" if isinstance(value, datetime) else str(value)


def parquet_changes(body: bytes, origin: Origin = ORIGIN, park: Park = refuse) -> list[Change]:
    return list(read_parquet(io.BytesIO(body), origin, park))


def csv_changes(
    body: bytes, origin: Origin = ORIGIN, names: Sequence[str] | None = None, park: Park = refuse
) -> list[Change]:
    return list(read_csv(io.BytesIO(body), origin, names, park))


def line_changes(body: bytes, stream: Stream = STREAM, park: Park = refuse) -> list[Change]:
    return list(read_envelopes(io.BytesIO(body), stream, park=park))


def images(changes: Sequence[Change]) -> list[tuple[object, ...]]:
    """What a change says of its row, whatever carried it."""
    return [(one.operation, one.key, dict(one.before), dict(one.after)) for one in changes]
