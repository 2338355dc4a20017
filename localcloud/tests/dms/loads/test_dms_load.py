"""A full load: which tables, how many at once, under which keys, and how it ends when something goes wrong."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from localcloud.tests.dms.dms_cloud import BUCKET, Cloud, Clouds, FakeReader, allow, document, refused, rules


@pytest.fixture
def reader() -> FakeReader:
    return FakeReader({"orders": 10, "lines": 20, "empty": 0, "v_open": 5})


def ranges(table: str, *names: str) -> dict[str, Any]:
    load = {"type": "ranges", "columns": ["id"], "boundaries": [["10"], ["20"]]}
    return {
        "rule-type": "table-settings",
        "object-locator": {"schema-name": "public", "table-name": table},
        "parallel-load": {**load, "segment-names": list(names)} if names else load,
    }


def select(table: str, action: str = "include", **more: Any) -> dict[str, Any]:
    locator = {"schema-name": "public", "table-name": table}
    return {"rule-type": "selection", "rule-action": action, "object-locator": locator, **more}


def test_a_load_ends_stopped_with_its_reason_and_every_table_counted(cloud: Cloud) -> None:
    task = cloud.create_task()
    ended = cloud.run(task)
    assert (ended["Status"], ended["StopReason"]) == ("stopped", "Stop Reason FULL_LOAD_ONLY_FINISHED")
    assert "LastFailureMessage" not in ended
    stats = ended["ReplicationTaskStats"]
    assert (stats["TablesLoaded"], stats["TablesErrored"], stats["FullLoadProgressPercent"]) == (4, 0, 100)
    assert stats["StartDate"] == stats["FreshStartDate"] < stats["FullLoadStartDate"] <= stats["StopDate"]
    assert cloud.tables(task) == {
        "orders": ("Table completed", 10),
        "lines": ("Table completed", 20),
        "empty": ("Table completed", 0),
        "v_open": ("Table completed", 5),
    }


def test_an_empty_table_leaves_no_object(cloud: Cloud) -> None:
    cloud.run(cloud.create_task())
    assert cloud.keys() == [f"public/{name}/LOAD00000001.parquet" for name in ("lines", "orders", "v_open")]


def test_views_are_loaded_only_when_the_locator_asks_for_them(cloud: Cloud) -> None:
    task = cloud.create_task(rules("%", "table"))
    cloud.run(task)
    assert "v_open" not in cloud.tables(task)


def test_files_are_counted_in_hexadecimal(cloud: Cloud, reader: FakeReader) -> None:
    reader.files = 17
    cloud.run(cloud.create_task(rules("orders")))
    assert cloud.keys()[9:] == [
        f"public/orders/LOAD000000{n}.parquet" for n in ("0A", "0B", "0C", "0D", "0E", "0F", "10", "11")
    ]


def test_segments_have_numbered_keys_and_their_rows_add_up(cloud: Cloud) -> None:
    task = cloud.create_task(rules("orders", "all", ranges("orders")))
    cloud.run(task)
    assert cloud.keys() == [f"public/orders/SEGMENT{n}_LOAD00000001.parquet" for n in (1, 2, 3)]
    assert cloud.tables(task) == {"orders": ("Table completed", 30)}


def test_named_segments_have_folders_of_their_own(cloud: Cloud) -> None:
    cloud.run(cloud.create_task(rules("orders", "all", ranges("orders", "low", "middle", "high"))))
    assert cloud.keys() == [f"public/orders/{name}/LOAD00000001.parquet" for name in ("high", "low", "middle")]


def test_as_many_tables_are_loaded_at_once_as_the_task_may_and_not_one_more(clouds: Clouds) -> None:
    reader = FakeReader({f"t{number}": 1 for number in range(9)})
    meet = threading.Barrier(3, timeout=30)
    reader.when_writing = lambda _: meet.wait() and None
    with clouds.open(reader) as cloud:
        cloud.run(cloud.create_task(FullLoadSettings={"MaxFullLoadSubTasks": 3}))
    assert reader.most_at_once == 3


def test_a_higher_load_order_is_loaded_earlier(cloud: Cloud, reader: FakeReader) -> None:
    mappings = rules("%", "all", select("orders", **{"load-order": 2}), select("lines", **{"load-order": 1}))
    cloud.run(cloud.create_task(mappings, FullLoadSettings={"MaxFullLoadSubTasks": 1}))
    assert [name for name, _ in reader.written] == ["orders", "lines", "empty", "v_open"]


def test_a_table_that_cannot_be_read_errors_and_the_others_are_loaded(cloud: Cloud, reader: FakeReader) -> None:
    reader.rows["lines"] = "permission denied"
    task = cloud.create_task()
    ended = cloud.run(task)
    assert (ended["Status"], ended["StopReason"]) == ("stopped", "Stop Reason FULL_LOAD_ONLY_FINISHED")
    assert ended["ReplicationTaskStats"]["TablesErrored"] == 1
    assert cloud.tables(task)["lines"] == ("Table error", 0)
    assert cloud.tables(task)["orders"] == ("Table completed", 10)


def test_the_other_segments_of_an_errored_table_are_not_begun(cloud: Cloud, reader: FakeReader) -> None:
    reader.rows["orders"] = "permission denied"
    mappings = rules("orders", "all", ranges("orders"), select("lines"))
    task = cloud.create_task(mappings, FullLoadSettings={"MaxFullLoadSubTasks": 1})
    assert cloud.run(task)["ReplicationTaskStats"]["TablesErrored"] == 1
    assert [name for name, _ in reader.written].count("orders") == 1


def test_a_table_error_stops_the_task_when_its_policy_says_so(cloud: Cloud, reader: FakeReader) -> None:
    reader.rows["lines"] = "permission denied"
    ended = cloud.run(cloud.create_task(ErrorBehavior={"TableErrorPolicy": "STOP_TASK"}))
    assert ended["Status"] == "failed"
    assert "permission denied" in ended["LastFailureMessage"]


def test_as_many_errored_tables_as_the_escalation_count_stop_the_task(cloud: Cloud, reader: FakeReader) -> None:
    reader.rows |= {"lines": "gone", "orders": "gone"}
    ended = cloud.run(cloud.create_task(ErrorBehavior={"TableErrorEscalationCount": 2}))
    assert ended["Status"] == "failed"


@pytest.mark.parametrize(
    ("lost", "words"),
    [
        ("server closed the connection unexpectedly", "server closed the connection unexpectedly"),
        ("", "the source does not answer"),  # some drivers raise an error without a word
    ],
)
def test_a_source_that_is_lost_fails_the_task_in_words_a_machine_can_read(
    cloud: Cloud, reader: FakeReader, lost: str, words: str
) -> None:
    def vanish(_: str) -> None:
        reader.lost = lost
        reader.rows = dict.fromkeys(reader.rows, "broken pipe")

    reader.when_writing = vanish
    task = cloud.create_task(FullLoadSettings={"MaxFullLoadSubTasks": 1})
    ended = cloud.run(task)
    assert (ended["Status"], ended["StopReason"]) == ("failed", "Stop Reason FATAL_ERROR")
    assert ended["LastFailureMessage"] == f"Last Error {words} Stop Reason FATAL_ERROR Error Level FATAL"
    assert sorted(state for state, _ in cloud.tables(task).values()) == ["Before load"] * 3 + ["Table error"]


def test_a_source_that_is_gone_before_the_load_fails_the_task(cloud: Cloud, reader: FakeReader) -> None:
    task = cloud.create_task()
    cloud.test(cloud.source, cloud.target)

    def start() -> None:
        cloud.start(task)
        reader.lost = "no such host"

    cloud.at_once(start)
    cloud.until(lambda: cloud.task(task)["Status"], "failed")
    assert cloud.task(task)["LastFailureMessage"].endswith("no such host Stop Reason FATAL_ERROR Error Level FATAL")
    reader.lost = None
    assert cloud.run(task, "reload-target")["Status"] == "stopped"


@pytest.mark.parametrize(("fails", "status"), [(True, "failed"), (False, "stopped")])
def test_a_mapping_that_matches_nothing_fails_only_if_the_task_says_so(cloud: Cloud, fails: bool, status: str) -> None:
    task = cloud.create_task(rules("nothing"), ErrorBehavior={"FailOnNoTablesCaptured": fails})
    assert cloud.run(task)["Status"] == status
    assert cloud.tables(task) == {}


def test_a_table_that_is_named_exactly_and_not_there_is_listed_as_missing(cloud: Cloud) -> None:
    task = cloud.create_task(rules("orders", "all", select("gone", "explicit")))
    cloud.run(task)
    assert cloud.tables(task)["gone"] == ("Table does not exist", 0)


def test_stopping_finishes_the_table_under_way_and_begins_no_other(cloud: Cloud, reader: FakeReader) -> None:
    task = cloud.create_task(FullLoadSettings={"MaxFullLoadSubTasks": 1})

    def stop(_: str) -> None:
        cloud.dms.stop_replication_task(ReplicationTaskArn=task)
        assert cloud.task(task)["Status"] == "stopping"
        reader.when_writing = lambda _: None

    reader.when_writing = stop
    ended = cloud.run(task)
    assert (ended["Status"], ended["StopReason"]) == ("stopped", "Stop Reason NORMAL")
    assert cloud.tables(task) == {
        "empty": ("Table completed", 0),
        "lines": ("Before load", 0),
        "orders": ("Before load", 0),
        "v_open": ("Before load", 0),
    }
    cloud.run(task, "resume-processing")
    assert [name for name, _ in reader.written] == ["empty", "lines", "orders", "v_open"]
    assert {state for state, _ in cloud.tables(task).values()} == {"Table completed"}


def test_a_table_cut_off_in_its_middle_is_cancelled(cloud: Cloud, reader: FakeReader) -> None:
    mappings = rules("orders", "all", ranges("orders"))
    task = cloud.create_task(mappings, FullLoadSettings={"MaxFullLoadSubTasks": 1})
    reader.when_writing = lambda _: cloud.dms.stop_replication_task(ReplicationTaskArn=task)
    cloud.run(task)
    assert cloud.tables(task) == {"orders": ("Table cancelled", 10)}


def test_resuming_loads_only_what_is_not_completed_and_reloading_everything(cloud: Cloud, reader: FakeReader) -> None:
    reader.rows["lines"] = "locked"
    task = cloud.create_task()
    cloud.run(task)
    reader.rows["lines"] = 21
    reader.written.clear()
    cloud.run(task, "resume-processing")
    assert [name for name, _ in reader.written] == ["lines"]
    assert cloud.tables(task)["lines"] == ("Table completed", 21)
    fresh = cloud.task(task)["ReplicationTaskStats"]["FreshStartDate"]
    reader.written.clear()
    cloud.run(task, "reload-target")
    assert len(reader.written) == 4
    assert cloud.task(task)["ReplicationTaskStats"]["FreshStartDate"] > fresh


def test_an_object_that_the_role_may_not_write_is_not_written(cloud: Cloud, reader: FakeReader) -> None:
    task = cloud.create_task()
    cloud.test(cloud.source, cloud.target)
    # Allowed when tested, narrowed before the load: the role is asked for every object.
    cloud.aws.client("iam").put_role_policy(
        RoleName="objects",
        PolicyName="own",
        PolicyDocument=document(allow("s3:PutObject", f"arn:aws:s3:::{BUCKET}/*/orders/*")),
    )
    cloud.start(task)
    cloud.until(lambda: cloud.task(task)["Status"], "stopped")
    assert cloud.keys() == ["public/orders/LOAD00000001.parquet"]
    assert cloud.tables(task)["lines"][0] == "Table error"


def test_clearing_a_used_folder_is_refused_rather_than_passed_over(cloud: Cloud) -> None:
    task = cloud.create_task(FullLoadSettings={"TargetTablePrepMode": "DROP_AND_CREATE"})
    cloud.run(task)
    with refused("NotEmulated", "TargetTablePrepMode"):
        cloud.start(task, "reload-target")


def test_a_setting_that_a_load_would_pass_over_refuses_the_start(cloud: Cloud) -> None:
    task = cloud.create_task(ValidationSettings={"EnableValidation": True})
    cloud.test(cloud.source, cloud.target)
    with refused("NotEmulated", "EnableValidation"):
        cloud.start(task)
