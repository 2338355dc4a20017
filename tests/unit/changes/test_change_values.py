"""A row is the same whatever carried it, and what cannot be a value of its column says so."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carriers import TABLE, as_csv, as_lines, as_parquet, csv_changes, images, line_changes, parquet_changes
from changes.unreadable import UnfitError
from changes.values import typed
from fleet.databases import Engine
from fleet.tables.columns import Column

_TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
_ROWS = st.fixed_dictionaries(
    {
        "Op": st.sampled_from("IUD"),
        "_fleet_at": st.just("2026-12-01 10:00:00.000001"),
        "id": st.integers(-(2**63), 2**63 - 1),
        "price": st.none() | st.decimals(-(10**32) + 1, 10**32 - 1, places=6),
        "name": st.none() | st.sampled_from(["NULL", "", '"', "a,b\n", "\r\n", "null"]) | _TEXTS,
        "due": st.none() | st.dates(),
        "at": st.none() | st.datetimes(),
        "weight": st.none() | st.floats(allow_nan=False, allow_infinity=False),
        "body": st.none() | st.binary(max_size=8),
        "flag": st.none() | st.booleans(),
        "_fleet_before_id": st.none() | st.integers(-(2**63), 2**63 - 1),
    }
)


@settings(max_examples=40, deadline=None)
@given(st.lists(_ROWS, min_size=1, max_size=4))
def test_the_same_rows_are_the_same_changes_whatever_carried_them(rows: list[Mapping[str, Any]]) -> None:
    from_parquet = parquet_changes(as_parquet(rows))
    assert csv_changes(as_csv(rows)) == from_parquet
    assert csv_changes(gzip.compress(as_csv(rows, has_header=False)), names=list(rows[0])) == from_parquet
    assert images(line_changes(gzip.compress(as_lines(rows)))) == images(from_parquet)
    names = [column.name for column in TABLE.columns]
    for row, change in zip(rows, from_parquet, strict=True):
        wanted = {name: row[name] for name in names}
        assert dict(change.after if row["Op"] != "D" else {**change.before, "id": row["id"]}) == wanted
        assert change.committed_at == datetime(2026, 12, 1, 10, 0, 0, 1, UTC)


@pytest.mark.parametrize(
    ("engine", "column", "raw", "wanted"),
    [
        ("mysql", Column("c", "bigint unsigned"), "18446744073709551615", 2**64 - 1),
        ("mysql", Column("c", "bigint"), Decimal("42.0"), 42),
        ("mysql", Column("c", "bigint"), 9007199254740993, 9007199254740993),
        ("sqlserver", Column("c", "tinyint"), "255", 255),
        ("sqlserver", Column("c", "bit"), "true", True),
        ("sqlserver", Column("c", "bit"), 0, False),
        ("sqlserver", Column("c", "real"), "0.1", struct.unpack("f", struct.pack("f", 0.1))[0]),
        ("postgresql", Column("c", "boolean"), True, "true"),
        ("postgresql", Column("c", "double precision"), "-Infinity", float("-inf")),
        ("postgresql", Column("c", "double precision"), Decimal("1.5"), 1.5),
        ("postgresql", Column("c", "numeric"), "0.5", Decimal("0.500000")),
        ("postgresql", Column("c", "numeric", None, 2, 2), ".99", Decimal("0.99")),
        ("postgresql", Column("c", "numeric", None, 60, 2), "1" * 50, "1" * 50),
        ("postgresql", Column("c", "jsonb"), '{"a": 1.10}', '{"a": 1.10}'),
        ("postgresql", Column("c", "bytea"), "0xCAFE", b"\xca\xfe"),
        ("postgresql", Column("c", "date"), "2026-12-01T00:00:00Z", date(2026, 12, 1)),
        ("postgresql", Column("c", "time without time zone"), "23:59:59.123", time(23, 59, 59, 123_000)),
        (
            "postgresql",
            Column("c", "timestamp with time zone"),
            "2026-12-01T11:30:00+02:00",
            datetime(2026, 12, 1, 9, 30),  # noqa: DTZ001  as Parquet's
        ),
        ("postgresql", Column("c", "integer"), None, None),
        ("postgresql", Column("c", "pg_lsn"), "16/B3", "16/B3"),
    ],
)
def test_a_value_is_as_the_catalogue_says(engine: Engine, column: Column, raw: object, wanted: object) -> None:
    found = typed(engine, column, raw)
    assert found == wanted
    assert type(found) is type(wanted)


@pytest.mark.parametrize(
    ("column", "raw", "words"),
    [
        (Column("c", "tinyint"), "128", "more than 8 bits"),
        (Column("c", "int unsigned"), "-1", "more than 32 bits"),
        (Column("c", "int"), "", "''"),
        (Column("c", "int"), Decimal("1.5"), "not a whole number"),
        (Column("c", "bigint"), Decimal("9.007199254740992E15"), "set useLargeIntegerValue"),
        (Column("c", "decimal", None, 10, 2), "1.005", "more than 2 digits after the point"),
        (Column("c", "decimal", None, 10, 2), "123456789", "more than 8 digits before the point"),
        (Column("c", "decimal", None, 10, 2), "NaN", "not a finite number"),
        (Column("c", "decimal", None, 10, 2), True, "not a number"),
        (Column("c", "date"), "2026-12-01 10:00:00", "a day with a time"),
        (Column("c", "datetime"), "0000-00-00 00:00:00", "'9999-99-99 99:99:99'"),
        (Column("c", "datetime"), 5, "not a point in time"),
        (Column("c", "double"), "1,5", "'9,9'"),
        (Column("c", "bit", 1), 2, "neither true nor false"),
        (Column("c", "blob"), "hunter2", "'aaaaaa9'"),
        (Column("c", "blob"), 5, "not in hexadecimal"),
        (Column("c", "text"), {"a": "secret"}, "not a text"),
    ],
)
def test_what_is_no_value_of_its_column_says_why_and_never_what(column: Column, raw: object, words: str) -> None:
    with pytest.raises(UnfitError) as raised:
        typed("mysql", column, raw)
    assert words in raised.value.why
    assert column.type_name in raised.value.why
    assert not any(secret in raised.value.why for secret in ("hunter2", "123456789", "secret"))


def test_a_time_of_day_with_an_offset_is_no_value_of_its_column() -> None:
    column = Column("c", "time without time zone")
    with pytest.raises(UnfitError, match="not a time of day"):
        typed("postgresql", column, time(1, tzinfo=timezone(timedelta(hours=1))))
