"""The life of a task that captures changes: how it starts, stops, resumes, dies and goes, and what it keeps."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from localcloud.dms.changes.captured import CaptureHooks
from localcloud.dms.engines.postgresql_slots import position_of
from localcloud.servers.postgres import EmbeddedPostgres
from localcloud.tests.dms.changes.dms_captures import Captures, Killer, captures_of
from localcloud.tests.dms.dms_cloud import allow, make_role, refused

SCHEMA = "CREATE TABLE items (id integer PRIMARY KEY, name text); CREATE TABLE other (id integer PRIMARY KEY)"


@pytest.fixture
def killer() -> Killer:
    return Killer()


@pytest.fixture
def captures(postgres: EmbeddedPostgres, killer: Killer) -> Iterator[Captures]:
    with captures_of(postgres, "dms_capture_runs", SCHEMA, CaptureHooks(around_put=killer)) as captures:
        yield captures


def ids(captures: Captures) -> list[int]:
    return [row["id"] for row in captures.rows("items")]


def insert(number: int) -> str:
    return f"INSERT INTO items VALUES ({number}, 'x')"


def test_what_was_changed_before_the_first_start_is_not_captured_and_what_was_while_it_rested_is(
    captures: Captures,
) -> None:
    captures.execute(insert(1))
    task = captures.task()
    assert captures.slots() == []
    captures.begin(task, seconds=30)
    captures.execute(insert(2))
    captures.end(task)
    captures.execute(insert(3))
    captures.run(task, "resume-processing")
    assert ids(captures) == [2, 3]


def test_a_stop_writes_what_there_is_and_is_normal(captures: Captures) -> None:
    task = captures.task()
    captures.begin(task)
    captures.execute(insert(1))
    captures.cloud.dms.stop_replication_task(ReplicationTaskArn=task)
    ended = captures.end(task)
    assert (ended["Status"], ended["StopReason"]) == ("stopped", "Stop Reason NORMAL")
    assert ids(captures) == [1]


def test_the_stop_position_is_shown_as_it_was_given_and_ends_the_run_at_its_time(captures: Captures) -> None:
    task = captures.task()
    started = captures.cloud.clock.now()
    shown = captures.run(task, seconds=600)
    stopped = shown["ReplicationTaskStats"]["StopDate"]
    assert shown["CdcStopPosition"] == f"server_time:{started + timedelta(seconds=600):%Y-%m-%dT%H:%M:%S}"
    assert timedelta(seconds=598) < stopped - started < timedelta(seconds=602)


def test_a_stop_position_that_is_over_lets_the_capture_read_once(captures: Captures) -> None:
    task = captures.task()
    captures.run(task)
    captures.execute(insert(1))
    ended = captures.run(task, "resume-processing", seconds=-3_600)
    assert (ended["StopReason"], ids(captures)) == ("Stop Reason STOPPED_AT_SERVER_TIME", [1])


def test_the_checkpoint_changes_with_each_batch_and_stays_where_nothing_was_changed(captures: Captures) -> None:
    task = captures.task()
    assert "RecoveryCheckpoint" not in captures.cloud.task(task)
    shown = [captures.run(task)["RecoveryCheckpoint"]]
    for number in (1, 2):
        captures.execute(insert(number))
        shown.append(captures.run(task, "resume-processing")["RecoveryCheckpoint"])
    assert len(set(shown)) == 3
    assert all(one.startswith("checkpoint:V1#") for one in shown)


def test_start_replication_works_once_and_resume_not_before(captures: Captures) -> None:
    task = captures.task()
    with refused("InvalidParameterCombinationException", "not valid"):
        captures.cloud.start(task, "resume-processing")
    captures.run(task)
    with refused("InvalidParameterCombinationException", "valid only"):
        captures.cloud.start(task, "start-replication")


@pytest.mark.parametrize(
    "more",
    [
        {"CdcStartPosition": "checkpoint:V1#1"},
        {"CdcStartTime": 1_790_000_000},
        {"CdcStopPosition": "commit_time:2026-11-30T14:00:00"},
        {"CdcStopPosition": "tomorrow"},
    ],
)
def test_other_positions_are_refused_by_name(captures: Captures, more: dict[str, Any]) -> None:
    task = captures.task()
    with refused("NotEmulated", next(iter(more))):
        captures.cloud.dms.start_replication_task(
            ReplicationTaskArn=task, StartReplicationTaskType="start-replication", **more
        )


@pytest.mark.parametrize(("when", "again"), [("before", [1]), ("after", [1, 1])])
def test_a_capture_that_died_writes_the_same_changes_again_under_another_name(
    captures: Captures, killer: Killer, when: str, again: list[int]
) -> None:
    task = captures.task()
    captures.begin(task, seconds=30)
    captures.execute(insert(1))
    killer.when = when
    died = captures.end(task)
    assert died["Status"] == "failed"
    assert "Stop Reason FATAL_ERROR" in died["LastFailureMessage"]
    assert ids(captures) == again[1:]
    killer.when = ""
    assert captures.run(task, "resume-processing")["Status"] == "stopped"
    assert ids(captures) == again
    rows = captures.rows("items")
    assert len({row["_pos"] for row in rows}) == 1
    assert len({row["_seq"] for row in rows}) == len(rows)


def test_a_slot_that_is_gone_fails_the_task_by_its_name(captures: Captures) -> None:
    task = captures.task()
    captures.run(task)
    ((slot, _),) = captures.slots()
    captures.execute(f"SELECT pg_drop_replication_slot('{slot}')")
    ended = captures.run(task, "resume-processing")
    assert ended["Status"] == "failed"
    assert f'replication slot "{slot}" does not exist' in ended["LastFailureMessage"]


def test_a_slot_is_confirmed_once_its_changes_are_in_files_and_dropped_with_the_task(
    captures: Captures, killer: Killer
) -> None:
    task = captures.task()
    captures.begin(task, seconds=30)
    captures.execute(insert(1))
    killer.when = "after"
    captures.end(task)
    changed_at = position_of(captures.rows("items")[0]["_pos"])
    assert position_of(captures.slots()[0][1]) <= changed_at
    killer.when = ""
    captures.run(task, "resume-processing")
    assert position_of(captures.slots()[0][1]) > changed_at
    captures.cloud.dms.delete_replication_task(ReplicationTaskArn=task)
    captures.cloud.until(captures.slots, [])


def test_two_tasks_of_one_database_capture_on_their_own(captures: Captures) -> None:
    one, two = captures.task(table="items"), captures.task(table="other", name="other")
    captures.run(one)
    captures.run(two)
    captures.execute(insert(1), "INSERT INTO other VALUES (2)")
    captures.run(one, "resume-processing")
    assert (len(captures.keys("items")), len(captures.keys("other"))) == (1, 0)
    captures.run(two, "resume-processing")
    assert (len(captures.keys("items")), len(captures.keys("other"))) == (1, 1)


def test_statistics_go_on_over_a_resume(captures: Captures) -> None:
    task = captures.task()
    captures.run(task)
    for number in (1, 2):
        captures.execute(insert(number), f"UPDATE items SET name = 'y' WHERE id = {number}", "DELETE FROM items")
        captures.run(task, "resume-processing")
    counts = captures.statistics(task)["items"]
    assert [counts[name] for name in ("Inserts", "Updates", "Deletes", "Ddls")] == [2, 2, 2, 0]
    assert [counts[f"Applied{name}"] for name in ("Inserts", "Updates", "Deletes", "Ddls")] == [2, 2, 2, 0]


def test_a_source_that_does_not_let_its_log_be_read_fails_the_start_in_its_words(captures: Captures) -> None:
    task = captures.task()
    captures.execute("REVOKE ALL ON FUNCTION dms_publish(oid[]) FROM dms_reader")
    captures.begin(task, seconds=30)
    ended = captures.end(task)
    assert ended["Status"] == "failed"
    assert "CREATE PUBLICATION" in ended["LastFailureMessage"]
    captures.execute("GRANT ALL ON FUNCTION dms_publish(oid[]) TO dms_reader")
    assert captures.run(task, "resume-processing")["Status"] == "stopped"


def test_a_task_that_captures_nothing_fails_where_it_is_to(captures: Captures) -> None:
    task = captures.task(table="absent", ErrorBehavior={"FailOnNoTablesCaptured": True})
    assert "No tables were found" in captures.run(task)["LastFailureMessage"]


def test_a_cloud_that_is_closed_in_the_middle_of_a_capture_leaves_nothing_open(postgres: EmbeddedPostgres) -> None:
    with captures_of(postgres, "dms_capture_closed", SCHEMA) as captures:
        captures.begin(captures.task())
    gc.collect()  # the driver warns of one that is, which is an error


def test_a_start_waits_for_the_transactions_that_are_open_and_time_goes_on_meanwhile(captures: Captures) -> None:
    task = captures.task()
    with captures.connect() as connection:
        connection.execute("INSERT INTO items VALUES (1, 'before')")
        captures.cloud.start(task)
        captures.cloud.clock.sleep(60)
        assert captures.cloud.task(task)["Status"] == "starting"
        assert captures.slots() == []
        connection.commit()
    captures.cloud.until(lambda: captures.cloud.task(task)["Status"], "running")
    captures.execute(insert(2))
    captures.cloud.dms.stop_replication_task(ReplicationTaskArn=task)
    captures.end(task)
    assert ids(captures) == [2]


def test_a_transaction_that_is_open_at_a_stop_is_captured_whole_by_the_next_run(captures: Captures) -> None:
    task = captures.task()
    captures.begin(task, seconds=30)
    with captures.connect() as connection:
        connection.execute("INSERT INTO items VALUES (1, 'open')")
        captures.execute(insert(2))
        captures.end(task)
        assert ids(captures) == [2]
        connection.execute("INSERT INTO items VALUES (3, 'open')")
        connection.commit()
    captures.run(task, "resume-processing")
    assert ids(captures) == [2, 1, 3]
    positions = [row["_pos"] for row in captures.rows("items")]
    assert positions[1] < positions[0] < positions[2]


def test_what_others_write_on_the_server_is_let_go_of(captures: Captures, postgres: EmbeddedPostgres) -> None:
    postgres.create_database("dms_capture_busy")
    task = captures.task()
    captures.run(task)
    for _ in range(2):
        with postgres.connect("dms_capture_busy", autocommit=True) as connection:
            connection.execute("CREATE TABLE t AS SELECT repeat('x', 100) FROM generate_series(1, 200000)")
            connection.execute("DROP TABLE t")
        captures.run(task, "resume-processing")
    captures.run(task, "resume-processing")
    behind = "SELECT pg_current_wal_lsn() - restart_lsn FROM pg_replication_slots WHERE database = 'dms_capture_runs'"
    with postgres.connect() as connection:
        (kept,) = connection.execute(behind).fetchone() or (None,)
    assert kept is not None
    assert kept < 40_000_000
    postgres.drop_database("dms_capture_busy")


def test_a_suspended_table_is_explained_in_the_log_of_the_run_that_suspended_it(captures: Captures) -> None:
    captures.execute("CREATE TABLE bad (id integer PRIMARY KEY, value numeric(10, 2))")
    make_role(
        captures.cloud.aws,
        "dms-cloudwatch-logs-role",
        "dms.amazonaws.com",
        allow(("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"), "*"),
    )
    task = captures.task(Logging={"EnableLogging": True})
    captures.run(task)
    captures.begin(task, "resume-processing", seconds=30)
    captures.execute("INSERT INTO bad VALUES (1, 'NaN')")
    captures.end(task)
    logs = captures.cloud.aws.client("logs")
    names = json.loads(captures.cloud.task(task)["ReplicationTaskSettings"])["Logging"]

    def lines() -> list[str]:
        try:
            found = logs.get_log_events(
                logGroupName=names["CloudWatchLogGroup"], logStreamName=names["CloudWatchLogStream"]
            )
        except logs.exceptions.ResourceNotFoundException:
            return []
        return [one["message"] for one in found["events"]]

    captures.cloud.until(lambda: sum("'public'.'bad'" in line for line in lines()), 1)
    assert "does not fit" in lines()[-1]


def test_a_resume_without_a_stop_position_has_that_of_the_task(captures: Captures) -> None:
    task = captures.task()
    before = captures.run(task)["CdcStopPosition"]
    captures.execute(insert(1))
    captures.begin(task, "resume-processing")
    again = captures.end(task)
    assert (again["StopReason"], again["CdcStopPosition"]) == ("Stop Reason STOPPED_AT_SERVER_TIME", before)
    assert ids(captures) == [1]


@pytest.mark.parametrize("settings", [{"DatePartitionEnabled": True}, {"CdcPath": "changes"}])
def test_date_partitions_and_transaction_files_are_refused_by_name(
    postgres: EmbeddedPostgres, settings: dict[str, Any]
) -> None:
    with captures_of(postgres, "dms_capture_parts", SCHEMA, **settings) as captures:
        task = captures.task()
        with refused("NotEmulated", next(iter(settings))):
            captures.cloud.start(task)
