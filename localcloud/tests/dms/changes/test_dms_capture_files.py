"""When the files of a capture are written, how they are named, and what it costs where little or much is changed."""

from __future__ import annotations

import re
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest

from localcloud.dms.changes import capture as capture_module
from localcloud.dms.engines.postgresql_changes import PostgresqlChanges
from localcloud.dms.engines.postgresql_slots import position_of
from localcloud.servers.postgres import EmbeddedPostgres
from localcloud.tests.dms.changes.dms_captures import Captures, captures_of

SCHEMA = """
CREATE TABLE items (id integer PRIMARY KEY, name text);
CREATE TABLE other (id integer PRIMARY KEY, name text);
"""
MEGABYTE = "repeat(md5(n::text), 32)"  # a thousand rows of it


@pytest.fixture
def captures(postgres: EmbeddedPostgres) -> Iterator[Captures]:
    with captures_of(postgres, "dms_capture_files", SCHEMA, CdcMaxBatchInterval=60, CdcMinFileSize=1_000) as captures:
        yield captures


def insert(table: str, first: int, count: int, value: str = "'x'") -> str:
    return f"INSERT INTO {table} SELECT n, {value} FROM generate_series({first}, {first + count - 1}) AS n"


def test_a_table_is_written_once_its_first_change_is_as_old_as_the_interval(captures: Captures) -> None:
    task = captures.task()
    captures.begin(task, seconds=600)
    captures.execute(insert("items", 1, 1))
    captures.wait(30)
    assert captures.keys() == []
    assert captures.statistics(task)["items"]["Inserts"] == 1
    assert captures.statistics(task)["items"]["AppliedInserts"] == 0
    captures.execute(insert("other", 1, 1))
    captures.wait(40)
    assert (len(captures.keys("items")), len(captures.keys("other"))) == (1, 0)
    captures.wait(40)
    assert len(captures.keys("other")) == 1
    captures.execute(insert("items", 2, 1))
    captures.end(task)
    assert len(captures.keys("items")) == 2


def test_a_table_is_written_once_its_changes_are_as_long_as_the_least_size(captures: Captures) -> None:
    task = captures.task()
    captures.begin(task, seconds=600)
    captures.execute(insert("items", 1, 3_000, MEGABYTE), insert("other", 1, 10))
    captures.wait(10)
    assert (len(captures.keys("items")) >= 1, captures.keys("other")) == (True, [])
    captures.end(task)
    assert sorted(row["id"] for row in captures.rows("items")) == list(range(1, 3_001))


def test_files_are_named_after_times_that_never_come_twice(captures: Captures) -> None:
    task = captures.task()
    for number in range(3):
        captures.begin(task, "resume-processing" if number else "start-replication", seconds=30)
        captures.execute(insert("items", number * 10_000, 3_000, MEGABYTE))
        captures.end(task)
    keys = captures.keys("items")
    assert len(keys) == len(set(keys)) >= 3
    assert all(re.fullmatch(r"public/items/\d{8}-\d{9}\.parquet", key) for key in keys)
    assert len(captures.rows("items")) == 9_000


def test_a_batch_of_one_table_is_not_confirmed_before_that_of_another_from_an_earlier_time(captures: Captures) -> None:
    task = captures.task()
    captures.begin(task, seconds=600)
    captures.execute(insert("other", 1, 1))
    captures.execute(insert("items", 1, 3_000, MEGABYTE))
    captures.wait(10)
    assert len(captures.keys("items")) >= 1
    first = captures.slots()[0][1]
    captures.wait(70)
    changed_at = position_of(captures.rows("other")[0]["_pos"])
    assert position_of(first) <= changed_at < position_of(captures.slots()[0][1])
    captures.end(task)


def test_an_idle_capture_asks_its_source_one_small_question_every_few_seconds(
    captures: Captures, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    for name in ("end", "read", "confirm", "tables"):
        known = getattr(PostgresqlChanges, name)

        def counted(self: Any, *given: Any, known: Any = known, name: str = name) -> Any:
            asked.append(name)
            return known(self, *given)

        monkeypatch.setattr(PostgresqlChanges, name, counted)
    task = captures.task()
    captures.run(task, seconds=3_600)
    assert asked.count("end") <= 3_600 / capture_module.LOOK_SECONDS + 2
    assert asked.count("read") <= 5  # what the server itself writes into its log


def test_a_transaction_larger_than_what_is_held_comes_in_several_files_whole_and_in_order(
    captures: Captures, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capture_module, "MOST_BYTES", 2_000_000)
    task = captures.task()
    captures.begin(task, seconds=30)
    captures.execute(insert("items", 1, 20_000, MEGABYTE))
    tracemalloc.start()
    try:
        captures.end(task)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(captures.keys("items")) > 3
    assert [row["id"] for row in captures.rows("items")] == list(range(1, 20_001))
    assert most < 60_000_000  # the rows are 20 MB in the log


def test_many_small_transactions_over_many_tables_arrive_whole_and_in_order(captures: Captures) -> None:
    task = captures.task()
    captures.begin(task, seconds=30)
    captures.execute(*(insert(table, number * 10, 3) for number in range(100) for table in ("items", "other")))
    captures.end(task)
    wanted = [number * 10 + place for number in range(100) for place in range(3)]
    for table in ("items", "other"):
        rows = captures.rows(table)
        assert [row["id"] for row in rows] == wanted
        assert [row["_seq"] for row in rows] == sorted(row["_seq"] for row in rows)


def test_a_log_that_is_longer_than_a_piece_is_read_piece_by_piece(
    captures: Captures, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capture_module, "PIECE_CHANGES", 50)
    task = captures.task()
    captures.begin(task, seconds=30)
    captures.execute(*(insert("items", number * 10, 7) for number in range(60)))
    captures.end(task)
    assert [row["id"] for row in captures.rows("items")] == [n * 10 + place for n in range(60) for place in range(7)]


def test_changes_can_be_written_as_csv(postgres: EmbeddedPostgres) -> None:
    with captures_of(postgres, "dms_capture_csv", SCHEMA, DataFormat="csv") as captures:
        task = captures.task()
        captures.begin(task, seconds=30)
        captures.execute("INSERT INTO items VALUES (1, 'a,b')", "DELETE FROM items")
        captures.end(task)
        (key,) = captures.keys("items")
        lines = captures.body(key).decode().splitlines()
        assert [line.split(",")[0] for line in lines] == ["I", "D"]
        assert '"a,b"' in lines[0]
