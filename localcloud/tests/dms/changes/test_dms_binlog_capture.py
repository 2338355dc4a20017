"""Changes of a real MariaDB, captured by a task of type `cdc` into Parquet files, from its first start on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from localcloud.dms.changes.captured import CaptureHooks
from localcloud.servers.mariadb import EmbeddedMariadb
from localcloud.tests.dms.changes.dms_binlogs import BinlogCaptures, binlog_captures
from localcloud.tests.dms.changes.dms_captures import Killer

SCHEMA = ("CREATE TABLE items (id integer PRIMARY KEY, name varchar(20), price decimal(10, 2))",)


@pytest.fixture
def killer() -> Killer:
    return Killer()


@pytest.fixture
def captures(mariadb: EmbeddedMariadb, killer: Killer) -> Iterator[BinlogCaptures]:
    with binlog_captures(mariadb, "dms_binlog", SCHEMA, CaptureHooks(around_put=killer)) as captures:
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


@pytest.mark.parametrize(("when", "ids"), [("before", [1]), ("after", [1, 1])])
def test_a_capture_that_dies_writes_again_what_was_not_confirmed(
    captures: BinlogCaptures, killer: Killer, when: str, ids: list[int]
) -> None:
    task = captures.task()
    captures.begin(task, seconds=60)
    captures.execute("INSERT INTO items VALUES (1, 'one', 1.5)")
    killer.when = when
    assert captures.end(task)["Status"] == "failed"
    killer.when = ""
    assert captures.run(task, "resume-processing")["Status"] == "stopped"
    assert [row["id"] for row in captures.rows("items")] == ids
    assert len(captures.keys("items")) == len(ids)


def test_a_transaction_that_is_open_at_the_start_or_at_the_stop_is_captured_whole(captures: BinlogCaptures) -> None:
    task = captures.task()
    with captures.mariadb.connect(captures.database) as connection, connection.cursor() as cursor:
        for statement in ("BEGIN", "INSERT INTO items VALUES (1, 'one', 1)"):
            cursor.execute(statement)
        captures.begin(task, seconds=60)
        cursor.execute("INSERT INTO items VALUES (2, 'two', 1)")
        cursor.execute("COMMIT")
        for statement in ("BEGIN", "INSERT INTO items VALUES (3, 'three', 1)"):
            cursor.execute(statement)
        assert captures.end(task)["Status"] == "stopped"
        assert [row["id"] for row in captures.rows("items")] == [1, 2]
        cursor.execute("COMMIT")
    assert captures.run(task, "resume-processing")["Status"] == "stopped"
    assert [row["id"] for row in captures.rows("items")] == [1, 2, 3]
