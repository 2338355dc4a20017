"""The order of changes: positions, their texts, and the order that the source's log and Snowflake have."""

from __future__ import annotations

import io
from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carriers import ORIGIN, as_parquet, parquet_changes
from changes.origin import dropped_origin, landed_origin, stream_of_file
from changes.parquet_files import read_parquet
from changes.record import Position
from changes.unreadable import BrokenFileError
from fleet.databases import Engine
from fleet.deltas.change_sql import position_order
from fleet.deltas.position_text import sortable_position
from fleet.tables.catalogue import Table, TableName

_WORDS = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=6)
_POSITIONS = st.builds(Position, st.integers(0, 10**12 - 1), _WORDS, _WORDS, st.integers(0, 10**19 - 1))
_PLACES: dict[Engine, st.SearchStrategy[tuple[tuple[int, ...], str]]] = {
    "postgresql": st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)).map(
        lambda one: (one, f"{one[0]:X}/{one[1]:X}")
    ),
    "mysql": st.tuples(st.integers(0, 999_999), st.integers(4, 2**32), st.integers(0, 9)).map(
        lambda one: (one[:2], f"mysql-bin.{one[0]:06}:{one[1]}:{one[2]}")
    ),
    "sqlserver": st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.integers(0, 2**16 - 1)).map(
        lambda one: (one, f"{one[0]:08x}:{one[1]:08x}:{one[2]:04x}")
    ),
}


@pytest.fixture(scope="module")
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


@given(st.lists(_POSITIONS, min_size=2, max_size=2))
def test_texts_of_positions_sort_byte_by_byte_as_positions_do(pair: list[Position]) -> None:
    first, second = sorted(pair)
    assert (first.text.encode() < second.text.encode()) == (first < second)


@pytest.mark.parametrize("wrong", [Position(1, "a b", "", 0), Position(1, "", "a\n", 0), Position(10**12, "", "", 0)])
def test_a_position_that_would_sort_in_another_way_has_no_text(wrong: Position) -> None:
    with pytest.raises(ValueError, match="Position"):
        _ = wrong.text


@pytest.mark.parametrize("engine", _PLACES)
@settings(max_examples=30)
@given(data=st.data())
def test_places_sort_as_the_log_does_and_as_the_warehouse_sorts_them(
    warehouse: duckdb.DuckDBPyConnection, engine: Engine, data: st.DataObject
) -> None:
    places = data.draw(st.lists(_PLACES[engine], min_size=2, max_size=8))
    by_log = [written for _, written in sorted(places)]
    assert sorted(by_log, key=lambda one: sortable_position(engine, one)) == by_log
    query = f'SELECT {position_order(engine, "P")} FROM (SELECT unnest(?) AS "P")'
    assert [row[0] for row in warehouse.execute(query, [by_log]).fetchall()] == [
        sortable_position(engine, one) for one in by_log
    ]


@pytest.mark.parametrize("written", ["00000002/7C007178.3.00000002/7C007178", "16", "", "1/2/3"])
def test_an_odd_place_is_sorted_as_the_warehouse_sorts_it(warehouse: duckdb.DuckDBPyConnection, written: str) -> None:
    for engine in _PLACES:
        query = f'SELECT {position_order(engine, "P")} FROM (SELECT ? AS "P")'
        assert warehouse.execute(query, [written]).fetchone() == (sortable_position(engine, written),)


def test_changes_of_a_delta_are_in_the_order_of_the_log_and_behind_all_earlier_attempts() -> None:
    # One transaction has one time and may have one place; a later one may have an earlier sequence after a restart.
    places = [("mysql-bin.000009:700:1", "2"), ("mysql-bin.000009:700:1", "3"), ("mysql-bin.000010:4:1", "1")]
    rows = [
        {"Op": "U", "_fleet_at": "2026-12-01 10:00:00", "id": 1, "_fleet_position": place, "_fleet_sequence": sequence}
        for place, sequence in places
    ]
    read = [one.position for one in parquet_changes(as_parquet(rows))]
    assert read == sorted(read)
    assert len({*read}) == 3
    key = "shop/full/night-2/000008/s/t/LOAD00000001.parquet"
    tables = {ORIGIN.name: ORIGIN.table} if ORIGIN.table else {}
    later = list(read_parquet(io.BytesIO(as_parquet([{"Op": "I", "id": 1}])), landed_origin(key, "mysql", tables)))
    assert max(read).text < later[0].position.text


def test_rows_of_two_files_of_a_load_have_positions_of_their_own() -> None:
    keys = [f"shop/full/night-2/000008/s/t/{file}.parquet" for file in ("LOAD00000001", "SEGMENT2_LOAD00000001")]
    body = as_parquet([{"Op": "I", "id": 1}, {"Op": "I", "id": 2}])
    read = [one for key in keys for one in read_parquet(io.BytesIO(body), landed_origin(key, "mysql", {}))]
    assert len({one.position.text for one in read}) == 4


def test_files_that_dms_drops_without_our_folders_are_ordered_by_their_names_loads_first() -> None:
    names = ["LOAD00000002.csv", "2026/11/30/20261130-235959999.csv.gz", "2026/12/01/20261201-000000001.csv.gz"]
    origins = [dropped_origin(f"drop/crm/users/{name}", "crm", "mysql", {}) for name in names]
    assert {one.name for one in origins} == {TableName("crm", "users")}
    assert [one.is_load for one in origins] == [True, False, False]
    places = [one.place for one in origins]
    assert places == sorted(places)
    assert stream_of_file("2026/12/01/10/a b", "crm", "mysql", {}).place.isascii()


def test_the_key_of_a_file_says_database_attempt_and_table_even_if_a_name_holds_a_slash() -> None:
    odd = Table("a", "b/c", False, (), ("id",))
    tables = {odd.name: odd, TableName("a", "b"): Table("a", "b", False, ())}
    origin = landed_origin("shop/delta/night-1/000012/a/b/c/20261201-101500123.parquet", "mysql", tables)
    assert (origin.database, origin.attempt, origin.is_load, origin.table) == ("shop", 12, False, odd)


@pytest.mark.parametrize("key", ["shop/delta/night-1/000012/_manifest.json", "LOAD1.parquet", "shop/x/n/000012/a/b/c"])
def test_a_key_that_is_none_of_rows_is_refused_by_name(key: str) -> None:
    with pytest.raises(BrokenFileError, match=r"wanted <database>/<full\|delta>"):
        landed_origin(key, "mysql", {})


def test_a_dropped_file_without_a_table_is_refused() -> None:
    with pytest.raises(BrokenFileError, match="names no table"):
        dropped_origin("users/LOAD1.csv", "crm", "mysql", {})
