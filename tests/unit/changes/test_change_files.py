"""Files: what their rows become, records that are parked, and files that are cut or damaged."""

from __future__ import annotations

import gzip
import io
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carriers import ORIGIN, TABLE, as_csv, as_lines, as_parquet, csv_changes, images, line_changes, parquet_changes
from changes.csv_files import read_csv
from changes.parquet_files import read_parquet
from changes.record import Change
from changes.unreadable import BrokenFileError, PoisonRecordError
from fleet.tables.catalogue import Table
from fleet.tables.columns import Column

LONG = "12345678901234567890123456789012345"
ROW: dict[str, Any] = {
    "Op": "I",
    "_fleet_at": "2026-12-01 10:00:00.000000",
    "id": 1,
    "name": "one",
    "_fleet_database": "shop",
    "_fleet_position": "mysql-bin.000001:4:1",
    "_fleet_sequence": LONG,
    "_fleet_before_id": None,
}
READERS = {
    "parquet": lambda rows, origin=ORIGIN, **more: parquet_changes(as_parquet(rows), origin, **more),
    "csv": lambda rows, origin=ORIGIN, **more: csv_changes(as_csv(rows), origin, **more),
}
both = pytest.mark.parametrize("read", READERS.values(), ids=READERS)


@both
def test_what_was_added_to_a_row_is_no_part_of_it(read: Any) -> None:
    rows = [ROW, {**ROW, "Op": "U", "id": 2, "_fleet_before_id": 1}, {**ROW, "Op": "D", "id": 2}]
    changes = read(rows)
    assert images(changes) == [
        ("insert", (1,), {}, {"id": 1, "name": "one"}),
        ("update", (2,), {"id": 1}, {"id": 2, "name": "one"}),
        ("delete", (2,), {"id": 2, "name": "one"}, {}),
    ]
    assert [(one.source, one.database, one.schema, one.table) for one in changes] == [
        (ORIGIN.source, "shop", "s", "t")
    ] * 3
    assert {one.position.attempt for one in changes} == {7}


@both
def test_a_null_is_there_and_an_absent_column_is_not(read: Any) -> None:
    (change,) = read([{"Op": "I", "id": 1, "name": None}])
    assert change.after == {"id": 1, "name": None}
    assert "price" not in change.after


@both
def test_rows_of_a_full_load_are_loads_whatever_their_operation_says(read: Any) -> None:
    rows = [{**ROW, "Op": letter, "id": at} for at, letter in enumerate(["I", "U", "D", None])]
    changes = read(rows, replace(ORIGIN, is_load=True))
    assert {one.operation for one in changes} == {"load"}
    assert [one.after["id"] for one in changes] == [0, 1, 2, 3]


@both
def test_a_deletion_of_postgresql_gives_what_it_knows_and_no_nulls_for_the_rest(read: Any) -> None:
    table = Table("s", "t", False, (Column("id", "bigint"), Column("name", "text")), ("id",))
    (change,) = read([{**ROW, "Op": "D", "name": None}], replace(ORIGIN, engine="postgresql", table=table))
    assert (change.key, change.before) == ((1,), {"id": 1})
    (change,) = read([{**ROW, "Op": "D", "name": None}])
    assert change.before == {"id": 1, "name": None}


@both
def test_a_key_has_its_columns_in_the_order_of_the_catalogue(read: Any) -> None:
    table = replace(TABLE, key=("name", "id"))
    assert read([ROW], replace(ORIGIN, table=table))[0].key == ("one", 1)
    assert read([ROW], replace(ORIGIN, table=replace(TABLE, key=())))[0].key == ()


@pytest.mark.parametrize(
    ("change", "column", "words"),
    [
        ({"Op": "X"}, "Op", "its operation is 'a', wanted I, U or D"),
        ({"Op": None}, "Op", "its operation is nothing"),
        ({"id": None}, "id", "its key has no 'id'"),
        ({"_fleet_database": "crm"}, "_fleet_database", "it is of database 'crm', in a file of 'shop'"),
        ({"_fleet_at": "soon"}, "_fleet_at", "'aaaa' as the time of its commit"),
    ],
)
@both
def test_a_record_that_is_no_change_is_parked_and_the_others_are_read(
    read: Any, change: dict[str, Any], column: str, words: str
) -> None:
    parked: list[PoisonRecordError] = []
    rows = [{**ROW, "id": 1}, {**ROW, "id": 2, "name": "hunter2", **change}, {**ROW, "id": 3}]
    assert [one.key for one in read(rows, park=parked.append)] == [(1,), (3,)]
    (error,) = parked
    assert (error.source, error.number, error.column) == (ORIGIN.source, 2, column)
    assert words in error.why
    assert str(error).startswith(f"{ORIGIN.source}, record 2: ")
    assert "hunter2" not in str(error)
    assert json.loads(error.record)["name"] == "hunter2"
    with pytest.raises(PoisonRecordError):
        read(rows)


def test_a_value_of_another_type_is_parked_with_its_row() -> None:
    parked: list[PoisonRecordError] = []
    body = as_csv([ROW, {**ROW, "id": "two"}, {**ROW, "id": 3}])
    assert [one.key for one in csv_changes(body, park=parked.append)] == [(1,), (3,)]
    assert [(one.number, one.column) for one in parked] == [(2, "id")]
    assert "column 'id' has 'aaa', wanted bigint (INT64)" in parked[0].why
    parked.clear()
    body = as_parquet([{**ROW, "price": "1.5"}, {**ROW, "price": "1.5.5"}], price=pa.string())
    assert [one.after["price"] for one in parquet_changes(body, park=parked.append)] == [Decimal("1.500000")]
    assert [(one.number, one.column) for one in parked] == [(2, "price")]


def test_a_decimal_has_the_digits_that_the_catalogue_says() -> None:
    body = as_parquet([{"Op": "I", "id": 1, "price": Decimal("1.5")}], price=pa.decimal128(10, 2))
    assert str(parquet_changes(body)[0].after["price"]) == "1.500000"


def test_a_row_of_another_length_is_parked_and_numbers_go_on_behind_it() -> None:
    lines = [f"I,{at},x\n" if at not in {3, 7, 10} else f"I,{at}\n" for at in range(1, 11)]
    lines[7] = "I,eight,x\n"
    parked: list[PoisonRecordError] = []
    found = csv_changes("".join(lines).encode(), names=["Op", "id", "name"], park=parked.append)
    assert [one.key for one in found] == [(1,), (2,), (4,), (5,), (6,), (9,)]
    assert [one.position.ordinal for one in found] == [1, 2, 4, 5, 6, 9]
    assert [(one.number, one.record) for one in parked if "fields" in one.why] == [(3, "I,3"), (7, "I,7"), (10, "I,10")]
    assert [one.number for one in parked if one.column == "id"] == [8]


def test_bytes_that_are_no_utf_8_cost_one_record() -> None:
    parked: list[PoisonRecordError] = []
    body = b"Op,id,name\nI,1,\xff\xfe\nI,2,b\nI,\xff\nI,,\n"
    assert [one.key for one in csv_changes(body, park=parked.append)] == [(2,)]
    assert [(one.number, one.why) for one in sorted(parked, key=lambda one: one.number)] == [
        (1, "column 'name' has 2 bytes that are no UTF-8"),
        (3, "it has 2 fields, wanted 3"),
        (4, "column 'id' has '', wanted bigint (INT64)"),
    ]
    records = {one.number: one.record for one in parked}
    assert (json.loads(records[1])["name"], records[3]) == ("\\xff\\xfe", "I,\\xff")
    parked.clear()
    texts = pa.array([b"\xff", b"b"], pa.binary()).view(pa.string())
    sink = io.BytesIO()
    table = pa.table({"Op": ["I", "I"], "id": [1, 2], "name": texts})
    pq.write_table(table, sink)
    assert [one.key for one in parquet_changes(sink.getvalue(), park=parked.append)] == [(2,)]
    assert (parked[0].column, json.loads(parked[0].record)["name"]) == ("name", "ff")


def test_a_time_that_python_has_not_costs_one_record() -> None:
    parked: list[PoisonRecordError] = []
    times = pa.array([2**62, 0], pa.int64()).cast(pa.timestamp("us"))
    sink = io.BytesIO()
    pq.write_table(pa.table({"Op": ["I", "I"], "id": [1, 2], "at": times}), sink)
    (change,) = parquet_changes(sink.getvalue(), park=parked.append)
    assert change.after["at"] == datetime(1970, 1, 1)  # noqa: DTZ001  as Parquet's
    assert (parked[0].number, parked[0].column) == (1, "at")


def test_without_a_catalogue_values_are_as_the_file_says_and_the_key_is_what_dms_adds() -> None:
    origin = replace(ORIGIN, table=None)
    assert parquet_changes(as_parquet([ROW]), origin)[0].after == {"id": 1, "name": "one"}
    (change,) = csv_changes(as_csv([ROW]), origin)
    assert (change.key, change.after) == (("1",), {"id": "1", "name": "one"})


@pytest.mark.parametrize("part", [0.0, 0.3, 0.9, 0.999])
def test_a_file_of_parquet_that_is_cut_is_broken(part: float) -> None:
    body = as_parquet([ROW] * 50)
    with pytest.raises(BrokenFileError, match=r"20261201-101500123.parquet: it cannot be read as Parquet"):
        parquet_changes(body[: int(len(body) * part)])


def test_a_file_of_parquet_that_is_damaged_within_is_broken() -> None:
    body = bytearray(as_parquet([{**ROW, "id": at, "name": str(at) * 9} for at in range(500)]))
    body[40:400] = bytes(360)
    with pytest.raises(BrokenFileError, match="cannot be read as Parquet"):
        parquet_changes(bytes(body))


@pytest.mark.parametrize(
    ("cut", "words"),
    [
        (lambda _: b"", "it is empty"),
        (lambda body: body[:-3], "ends within a row"),
        (lambda body: body + b'I,2,"half\n', "ends within a row"),
        (lambda body: gzip.compress(body)[:-9], "cannot be read as gzip"),
        (lambda body: gzip.compress(body)[:20] + b"\xff" * 20, "cannot be read as gzip"),
        (lambda body: body + b'I,2,"' + b"x" * 20_000_000 + b'"\n', "rows of more than 8 MB"),
        (lambda body: b"\xff\n" + body, "no names of columns"),
        (lambda body: b"Op\rid\n" + body, "no names of columns"),
        (lambda body: b"\n" + body, "no names of columns"),
    ],
)
def test_a_csv_file_that_is_cut_is_broken(cut: Any, words: str) -> None:
    body = as_csv([{"Op": "I", "id": 1, "name": "one"}] * 3)
    with pytest.raises(BrokenFileError, match=words):
        csv_changes(cut(body))


@pytest.mark.parametrize(
    ("body", "read"),
    [
        (as_parquet([{**ROW, "id": at} for at in range(9)]), parquet_changes),
        (as_csv([{**ROW, "id": at} for at in range(9)]), csv_changes),
        (as_lines([{**ROW, "id": at} for at in range(9)]), line_changes),
    ],
    ids=["parquet", "csv", "lines"],
)
@settings(max_examples=60)
@given(data=st.data())
def test_damage_costs_records_or_breaks_the_file_and_nothing_else(body: bytes, read: Any, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(body)))
    put = data.draw(st.binary(max_size=3) | st.sampled_from([b'"', b"\n", b"\r", b"{", b"}", b","]))
    damaged = body[:at] + put + body[at + data.draw(st.integers(0, 9)) :]
    parked: list[PoisonRecordError] = []
    with suppress(BrokenFileError):
        read(damaged, park=parked.append)
    assert all(isinstance(error.record, str) for error in parked)


def most_allocated(changes: Iterator[Change], every: int) -> tuple[int, int]:
    """How many changes there are, and how many bytes Arrow has at most while they are read."""
    before, most, count = pa.total_allocated_bytes(), 0, 0
    for count, _ in enumerate(changes, 1):
        if count % every == 0:
            most = max(most, pa.total_allocated_bytes() - before)
    return count, most


def test_of_a_large_file_of_csv_little_is_held_and_no_row_is_torn_by_a_line_break() -> None:
    rows = as_csv([{"Op": "I", "id": 1, "name": "x\n" * 500}] * 1000, has_header=False)
    body = io.BytesIO(rows * 64)
    count, most = most_allocated(read_csv(body, ORIGIN, ["Op", "id", "name"]), 1000)
    assert count == 64_000
    assert 0 < most < 40_000_000 < body.tell()


def test_of_long_values_in_parquet_little_is_held() -> None:
    rows = [{"Op": "I", "id": at, "name": os.urandom(500_000).hex()} for at in range(64)]
    sink = io.BytesIO()
    # As many values as are written at once are in one page, which is read as a whole.
    pq.write_table(pa.Table.from_pylist(rows), sink, compression="none", use_dictionary=False, write_batch_size=1)
    count, most = most_allocated(read_parquet(sink, ORIGIN), 1)
    assert count == 64
    assert 0 < most < 40_000_000


def test_a_consumer_that_stops_stops_the_reading() -> None:
    changes = read_parquet(io.BytesIO(as_parquet([ROW, ROW])), ORIGIN)
    assert next(changes).key == (1,)
    changes.close()
