"""Changes of a real MariaDB, captured by a task of type `cdc` into Parquet files, from its first start on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from localcloud.servers.mariadb import EmbeddedMariadb
from localcloud.tests.dms.changes.dms_binlogs import BinlogCaptures, binlog_captures

SCHEMA = ("CREATE TABLE items (id integer PRIMARY KEY, name varchar(20), price decimal(10, 2))",)


@pytest.fixture
def captures(mariadb: EmbeddedMariadb) -> Iterator[BinlogCaptures]:
    with binlog_captures(mariadb, "dms_binlog", SCHEMA) as captures:
        yield captures


def test_a_capture_of_a_binary_log_writes_what_was_changed_and_goes_on_from_there(captures: BinlogCaptures) -> None:
    task = captures.task()
    captures.begin(task, seconds=60)
    captures.execute("INSERT INTO items VALUES (1, 'one', 1.5), (2, 'two', NULL)")
    captures.execute("UPDATE items SET price = 2 WHERE id = 2", "DELETE FROM items WHERE id = 1")
    ended = captures.end(task)
    assert (ended["Status"], ended["StopReason"]) == ("stopped", "Stop Reason STOPPED_AT_SERVER_TIME")
    assert ended["RecoveryCheckpoint"].startswith("checkpoint:V1#")
    rows = captures.rows("items")
    assert [(row["Op"], row["id"], row["name"]) for row in rows] == [
        ("I", 1, "one"),
        ("I", 2, "two"),
        ("U", 2, "two"),
        ("D", 1, "one"),
    ]
    assert [row["_seq"] for row in rows] == sorted({row["_seq"] for row in rows})
    assert len({row["_pos"] for row in rows}) == len(rows)
    captures.execute("INSERT INTO items VALUES (3, 'three', 3)")
    again = captures.run(task, "resume-processing")
    assert again["RecoveryCheckpoint"] != ended["RecoveryCheckpoint"]
    assert [row["id"] for row in captures.rows("items")][4:] == [3]
    assert captures.statistics(task)["items"]["AppliedInserts"] == 3
