"""The binary log as what a capture goes on from: its files, other databases in it, and what it must be like."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pymysql
import pytest

from localcloud.dms.engines.binlog.changes import BinlogChanges, BinlogReader
from localcloud.dms.engines.binlog.stream import LogPlace
from localcloud.dms.engines.changes import CaptureRefusedError, ChangeRun, Committed, LogLostError
from localcloud.dms.engines.reader import SourceUnreachableError
from localcloud.servers.mariadb import EmbeddedMariadb
from localcloud.tests.dms.changes.dms_binlogs import BinlogCaptures, binlog_captures

SCHEMA = ("CREATE TABLE items (id integer PRIMARY KEY, name varchar(20))",)


# What a test may change of the server, and does not always change back.
BACK = (
    "SET GLOBAL binlog_checksum = CRC32",
    "GRANT REPLICATION SLAVE ON *.* TO dms_reader@localhost",
    "DROP DATABASE IF EXISTS other",
    "RESET MASTER",
)


@pytest.fixture(scope="module")
def own(mariadb: EmbeddedMariadb) -> Iterator[EmbeddedMariadb]:
    """A server whose log nobody else reads or writes. *mariadb*: without one, these tests are left out."""
    with tempfile.TemporaryDirectory(prefix="fleet-") as folder, EmbeddedMariadb.start(Path(folder)) as server:
        yield server


@pytest.fixture
def captures(own: EmbeddedMariadb) -> Iterator[BinlogCaptures]:
    own.execute(None, *BACK)
    with binlog_captures(own, "dms_binlog_log", SCHEMA) as captures:
        yield captures


def test_the_accounts_passwords_are_not_in_the_log(own: EmbeddedMariadb) -> None:
    """First of all, while the log is as the server's start has left it."""
    with own.connect() as connection, connection.cursor(pymysql.cursors.Cursor) as cursor:
        cursor.execute("SHOW BINLOG EVENTS")
        shown = str(cursor.fetchall())
    assert "mysql-bin.000001" in shown
    assert "IDENTIFIED" not in shown


def _log(captures: BinlogCaptures, position: int | None = None) -> BinlogChanges:
    reader, login = BinlogReader(), captures.login()
    begin = reader.prepare(login, "", ()) if position is None else position
    return reader.open(login, "", begin, lambda schema, _: schema == captures.database)


def _first_file(server: EmbeddedMariadb) -> str:
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SHOW BINARY LOGS")
        return (cursor.fetchone() or ("",))[0]


def test_a_capture_reads_on_from_file_to_file_and_resumes_in_an_older_one(captures: BinlogCaptures) -> None:
    task = captures.task()
    captures.begin(task, seconds=60)
    captures.execute("INSERT INTO items VALUES (1, 'one')", "FLUSH BINARY LOGS", "INSERT INTO items VALUES (2, 'two')")
    captures.execute("FLUSH BINARY LOGS")
    assert captures.end(task)["Status"] == "stopped"
    assert [row["id"] for row in captures.rows("items")] == [1, 2]
    captures.execute("INSERT INTO items VALUES (3, 'three')", "FLUSH BINARY LOGS", "FLUSH BINARY LOGS")
    captures.execute("INSERT INTO items VALUES (4, 'four')")
    ended = captures.run(task, "resume-processing")
    assert [row["id"] for row in captures.rows("items")] == [1, 2, 3, 4]
    assert "#mysql-bin.000005:" in ended["RecoveryCheckpoint"]


@pytest.mark.parametrize("cut", ["PURGE BINARY LOGS TO 'mysql-bin.000002'", "RESET MASTER"])
def test_a_resume_fails_in_words_where_the_file_that_it_needs_is_gone(captures: BinlogCaptures, cut: str) -> None:
    task = captures.task()
    captures.begin(task, seconds=60)
    captures.execute("INSERT INTO items VALUES (1, 'one'), (2, 'two')")
    assert captures.end(task)["Status"] == "stopped"
    captures.execute("FLUSH BINARY LOGS")
    for _ in range(1_000):  # the server keeps the file while its engine or a reader needs it
        captures.execute(cut)
        if cut == "RESET MASTER" or _first_file(captures.mariadb) != "mysql-bin.000001":
            break
        captures.execute("FLUSH BINARY LOGS")  # a reader that is gone is noticed when there is something to send
    failed = captures.run(task, "resume-processing")
    assert failed["Status"] == "failed"
    assert "binary log mysql-bin.000001 is not there any more" in failed["LastFailureMessage"]


def test_a_log_that_begins_anew_while_it_is_captured_is_lost(captures: BinlogCaptures) -> None:
    with closing(_log(captures)) as log:
        captures.execute("RESET MASTER")
        with pytest.raises(LogLostError, match=r"mysql-bin\.000001"):
            log.end()


def test_changes_of_other_databases_are_not_captured_and_not_decoded(captures: BinlogCaptures) -> None:
    captures.mariadb.create_database("other")
    captures.mariadb.execute("other", "CREATE TABLE items (id int PRIMARY KEY, words varchar(9) COMPRESSED)")
    task = captures.task()
    captures.begin(task, seconds=60)
    captures.execute("INSERT INTO other.items VALUES (1, 'x')", "INSERT INTO items VALUES (1, 'one')")
    captures.execute("TRUNCATE other.items", "UPDATE items, other.items AS o SET items.name = 'new'")
    captures.mariadb.execute("other", "INSERT INTO dms_binlog_log.items VALUES (2, 'two')")
    assert captures.end(task)["Status"] == "stopped"
    assert [(row["Op"], row["id"], row["name"]) for row in captures.rows("items")] == [("I", 1, "one"), ("I", 2, "two")]
    assert list(captures.statistics(task)) == ["items"]


def test_what_is_read_ends_with_a_transaction_and_goes_on_behind_it(captures: BinlogCaptures) -> None:
    with closing(_log(captures)) as log:
        begin = log.end()
        captures.execute(*(f"INSERT INTO items VALUES ({number}, 'x')" for number in range(10)))
        end = log.end()
        events = list(log.read(begin, end, 3))
        assert sum(len(event.rows) for event in events if isinstance(event, ChangeRun)) == 4
        place = [event.position for event in events if isinstance(event, Committed)][-1]
        assert begin < place < end
        rest = list(log.read(place, end, 1_000))
        assert [row[-6] for event in rest if isinstance(event, ChangeRun) for row in event.rows] == list(range(4, 10))
        assert rest[-1] == Committed(end)
        captures.execute("INSERT INTO items VALUES (11, 'x')")
        assert list(log.read(end, end, 1_000)) == [Committed(end)]


def test_changes_of_a_long_transaction_come_in_runs_and_each_has_a_place_of_its_own(captures: BinlogCaptures) -> None:
    with closing(_log(captures)) as log:
        begin = log.end()
        captures.execute(
            "INSERT INTO items SELECT seq, 'x' FROM seq_1_to_50000", "UPDATE items SET name = 'y' WHERE id < 9"
        )
        runs = [event for event in log.read(begin, log.end(), 1_000_000) if isinstance(event, ChangeRun)]
        positions = [int.from_bytes(row[:8], "big") for run in runs for row in run.rows]
        assert len(positions) == 50_008
        assert positions == sorted(set(positions))
        assert max(len(run.rows) for run in runs) < 5_000


def test_a_position_is_shown_as_aws_shows_checkpoints(captures: BinlogCaptures) -> None:
    with closing(_log(captures)) as log:
        shown = log.show(LogPlace(157832, 1975).position())
    assert shown == "mysql-bin.157832:1975:-1:1975:0:mysql-bin.157832:1975"


@pytest.mark.parametrize(
    ("setting", "value", "before", "words"),
    [
        ("binlog_format", "MIXED", "ROW", "binlog_format of the source is MIXED: it must be ROW"),
        ("binlog_row_image", "MINIMAL", "FULL", "binlog_row_image of the source is MINIMAL: it must be FULL"),
        ("binlog_row_metadata", "NO_LOG", "FULL", "binlog_row_metadata of the source is NO_LOG: it must be FULL"),
    ],
)
def test_a_source_whose_log_does_not_say_enough_is_refused_in_words(
    captures: BinlogCaptures, setting: str, value: str, before: str, words: str
) -> None:
    captures.execute(f"SET GLOBAL {setting} = '{value}'")
    with pytest.raises(CaptureRefusedError, match=words):
        BinlogReader().prepare(captures.login(), "", ())
    captures.execute(f"SET GLOBAL {setting} = '{before}'")


def test_a_table_whose_columns_the_log_does_not_name_is_suspended(captures: BinlogCaptures) -> None:
    task = captures.task()
    captures.begin(task, seconds=60)
    captures.execute("SET GLOBAL binlog_row_metadata = 'MINIMAL'", "CREATE TABLE bare (id integer)")
    captures.execute("INSERT INTO bare VALUES (1)", "SET GLOBAL binlog_row_metadata = 'FULL'")
    assert captures.end(task)["Status"] == "stopped"
    assert captures.statistics(task)["bare"]["TableState"] == "Table error"
    assert "binlog_row_metadata must be FULL" in captures.log(task, 1)[0]


def test_a_login_without_the_right_to_replicate_is_refused_in_the_servers_words(captures: BinlogCaptures) -> None:
    captures.execute("REVOKE REPLICATION SLAVE ON *.* FROM dms_reader@localhost")
    with closing(_log(captures)) as log:
        begin = log.end()
        captures.execute("INSERT INTO items VALUES (1, 'one')")
        with pytest.raises(SourceUnreachableError, match="REPLICATION SLAVE"):
            list(log.read(begin, log.end(), 9))


def test_a_log_without_checksums_is_read(captures: BinlogCaptures) -> None:
    captures.execute("INSERT INTO items VALUES (1, 'one')")
    task = captures.task()
    captures.begin(task, seconds=60)
    captures.execute("INSERT INTO items VALUES (2, 'two')", "SET GLOBAL binlog_checksum = 'NONE'")
    captures.execute("INSERT INTO items VALUES (3, 'three')")
    assert captures.end(task)["Status"] == "stopped"
    assert [row["id"] for row in captures.rows("items")] == [2, 3]


def test_two_captures_read_the_log_of_one_server_at_once(captures: BinlogCaptures) -> None:
    with closing(_log(captures)) as one, closing(_log(captures)) as other:
        begin = one.end()
        captures.execute(*(f"INSERT INTO items VALUES ({number}, REPEAT('x', 20))" for number in range(2_000)))
        end = one.end()
        first = one.read(begin, end, 10_000)
        events = [next(first)]
        assert sum(isinstance(event, ChangeRun) for event in other.read(begin, end, 10_000)) == 2_000
        events += first
        assert sum(isinstance(event, ChangeRun) for event in events) == 2_000


def test_changes_without_all_columns_are_passed_over_with_a_warning(captures: BinlogCaptures) -> None:
    task = captures.task()
    captures.begin(task, seconds=60)
    captures.execute(
        "INSERT INTO items VALUES (1, 'one')",
        "SET SESSION binlog_row_image = 'MINIMAL'",
        "UPDATE items SET name = 'two'",
        "SET SESSION binlog_row_image = 'FULL'",
        "UPDATE items SET name = 'three'",
    )
    assert captures.end(task)["Status"] == "stopped"
    assert [(row["Op"], row["name"]) for row in captures.rows("items")] == [("I", "one"), ("U", "three")]
    assert "binlog_row_image is not FULL" in captures.log(task, 1)[0]


def test_a_table_with_times_of_an_older_form_is_suspended(captures: BinlogCaptures) -> None:
    task = captures.task()
    captures.begin(task, seconds=60)
    captures.execute("SET GLOBAL mysql56_temporal_format = OFF", "CREATE TABLE older (id integer, at datetime)")
    captures.execute("SET GLOBAL mysql56_temporal_format = ON", "INSERT INTO older VALUES (1, '2024-01-01')")
    captures.execute("INSERT INTO items VALUES (1, 'one')")
    assert captures.end(task)["Status"] == "stopped"
    assert "older: a column is of type number 12, which is not emulated" in captures.log(task, 1)[0]
    assert [row["id"] for row in captures.rows("items")] == [1]
