"""From the task's end to the seal: what may be handed off, and what is held back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cases import TOLERANT, Case, Cases

CASE_COUNT = 48
ALL = {"orders", "customers", "nothing", "totals"}


def failures(case: Case) -> dict[str, str]:
    """The name of each table's failure in the whole outcome, for those that have one."""
    return {name: table["failure"]["name"] for name, table in case.tables.items() if table["failure"]}


def assert_nothing_handed_off(case: Case, failure_class: str, name: str, words: str) -> None:
    """SealFolder's end and the outcome, when a whole load is held back; the last good night's rows stay."""
    outcome = case.finish(after="StopTask")
    assert (outcome["outcome"], outcome["failure_class"], outcome["failure_name"]) == ("failed", failure_class, name)
    assert words in outcome["failure_text"]
    assert case.ask_warehouse(f"SELECT DISTINCT ATTEMPT FROM OPS.APPLIED WHERE DATABASE_ID = '{case.id}'") in (
        [],
        [[case.attempt["number"] - 1]],
    )


def second_night_up_to_the_seal(case: Case) -> list[list[Any]]:
    """A good night, then one up to its seal; the rows that Snowflake has from the first one."""
    case.go_through("ReleaseDatabase")
    rows = case.warehouse_rows("customers")
    assert len(rows) == 2
    case.next_night(f"second-{case.id}")
    case.go_before("SealFolder")
    return rows


# A good night


def test_a_good_night_agrees_in_all_four_counts_of_every_table(case: Case) -> None:
    case.go_through("Conclude")
    counts = {
        name: [table[f"rows_{where}"] for where in ("at_source", "by_dms", "in_parquet", "in_warehouse")]
        for name, table in case.tables.items()
    }
    assert counts == {"orders": [5] * 4, "customers": [2] * 4, "nothing": [0] * 4, "totals": [1] * 4}
    assert (case.outcome["outcome"], case.outcome["row_count"], case.outcome["table_count"]) == ("ok", 8, 4)


def test_a_table_without_rows_is_empty_by_the_statistics_and_is_published_empty(case: Case) -> None:
    case.go_through("ReleaseDatabase")
    (nothing,) = [table for table in case.manifest()["tables"] if table["table"] == "nothing"]
    assert (nothing["state"], nothing["rows"], nothing["files"]) == ("empty", 0, [])
    assert case.warehouse_rows("nothing") == []
    assert failures(case) == {}


def test_a_table_that_is_emptied_at_the_source_is_emptied_in_the_warehouse(case: Case) -> None:
    case.go_through("ReleaseDatabase")
    case.ask_source("DELETE FROM customers")
    case.next_night(f"second-{case.id}")
    case.go_through("ReleaseDatabase")
    assert (case.outcome["outcome"], case.warehouse_rows("customers")) == ("ok", [])


def test_the_manifest_names_every_file_with_its_etag_and_is_the_last_object_of_its_folder(case: Case) -> None:
    case.go_through("ReleaseDatabase")
    manifest = case.manifest()
    named = {file["key"]: f'"{file["etag"]}"' for table in manifest["tables"] for file in table["files"]}
    landed = case.objects(f"{case.folder}/")
    assert landed.keys() - named.keys() == {f"{case.folder}/_manifest.json"}
    assert named.items() <= landed.items()
    assert (manifest["format"], manifest["complete"], manifest["failure"]) == (1, True, None)
    assert manifest["attempt"]["number"] == 1


# What a whole load is held back for


def test_an_object_that_no_selected_table_wrote_holds_everything_back(case: Case) -> None:
    rows = second_night_up_to_the_seal(case)
    case.put(f"{case.folder}/public/strangers/LOAD00000001.parquet")
    assert case.settle("SealFolder")["verdict"] == "nothing"
    assert_nothing_handed_off(case, "landing_mismatch", "StrayObjects", "public/strangers/LOAD00000001.parquet")
    assert case.warehouse_rows("customers") == rows


def test_a_file_among_a_tables_own_that_dms_would_not_write_holds_everything_back(case: Case) -> None:
    case.go_before("SealFolder")
    case.put(f"{case.folder}/public/orders/orders.parquet")
    assert case.settle("SealFolder")["verdict"] == "nothing"
    assert_nothing_handed_off(case, "landing_mismatch", "StrayObjects", "orders/orders.parquet")


def test_an_object_that_comes_late_to_a_sealed_folder_fails_the_next_night_and_only_that(case: Case) -> None:
    case.go_through("ReleaseDatabase")
    late = f"{case.folder}/public/orders/LOAD00000009.parquet"
    case.put(late)
    case.next_night(f"second-{case.id}")
    assert case.go_through("SealFolder")["verdict"] == "nothing"
    assert_nothing_handed_off(case, "landing_mismatch", "LateObject", late)
    assert [item.get("late_noted") for item in case.items(f"DB#{case.id}")[:2]] == [True, None]
    case.next_night(f"third-{case.id}")
    case.go_through("ReleaseDatabase")
    assert (case.attempt["number"], case.outcome["outcome"]) == (3, "ok")


def test_a_source_that_is_lost_after_the_load_holds_everything_back(case: Case) -> None:
    rows = second_night_up_to_the_seal(case)
    case.close_source()
    assert case.settle("SealFolder")["verdict"] == "nothing"
    assert_nothing_handed_off(case, "connection", "SourceLost", "not currently accepting connections")
    assert case.warehouse_rows("customers") == rows


def test_a_source_that_counts_everything_is_not_tested_as_well_and_one_that_does_not_is(case: Case) -> None:
    case.go_through("SealFolder")
    assert "seal_test_sent" not in case.record
    case.go_through_from("SubmitLoads")
    case.next_night(f"second-{case.id}")
    case.go_before("SealFolder")
    case.ask_source("DROP TABLE nothing")
    case.settle("SealFolder")
    assert case.record["seal_test_sent"]


def test_a_table_that_the_source_does_not_count_is_a_gap_in_its_words_and_is_loaded(case: Case) -> None:
    case.go_before("SealFolder")
    case.ask_source("DROP TABLE nothing")
    assert case.go_through_from("SealFolder")["outcome"] == "ok"
    gap = 'rows at the source were not counted (relation "public.nothing" does not exist): public.nothing'
    assert gap in case.outcome["gaps"]
    assert {name: table["rows_at_source"] for name, table in case.tables.items()} == {
        "orders": 5,
        "customers": 2,
        "nothing": None,
        "totals": 1,
    }


def test_a_source_lost_in_the_middle_of_the_load_is_a_failed_task_of_class_connection(case: Case) -> None:
    case.go_before("StartTask")
    with case.locked("orders"):
        case.call("StartTask")
        case.time.pass_seconds(20)
        case.wait_until_blocked()
        case.close_source()
    case.settle("PollTask")
    case.settle("StopTask")
    assert case.task["Status"] == "failed"
    assert case.settle("SealFolder")["verdict"] == "nothing"
    assert_nothing_handed_off(case, "connection", "SourceLost", "")


def test_a_task_that_somebody_stopped_hands_nothing_off(case: Case) -> None:
    case.go_before("StartTask")
    with case.locked("orders"):
        case.call("StartTask")
        case.time.pass_seconds(20)
        case.wait_until_blocked()
        case.dms.stop_replication_task(ReplicationTaskArn=case.task["ReplicationTaskArn"])
    case.settle("PollTask")
    case.settle("StopTask")
    assert case.settle("SealFolder")["verdict"] == "nothing"
    assert_nothing_handed_off(case, "cancelled", "TaskStoppedEarly", "NORMAL")


def test_a_task_that_is_gone_after_its_start_is_named(case: Case) -> None:
    case.go_through("StartTask")
    case.time.pass_seconds(60)
    case.dms.delete_replication_task(ReplicationTaskArn=case.task["ReplicationTaskArn"])
    case.time.pass_seconds(60)
    assert case.settle("PollTask")["verdict"] == "over"
    assert case.settle("SealFolder")["verdict"] == "nothing"
    assert_nothing_handed_off(case, "not_deployed", "ResourceGone", f"fleet-{case.id}-full")


# What single tables are held back for


def test_a_table_that_errors_leaves_the_others_published_and_the_outcome_partial(case: Case) -> None:
    case.ask_source("UPDATE orders SET amount = 'NaN' WHERE id = 1")
    case.go_through("ReleaseDatabase")
    assert failures(case) == {"orders": "TableNotLoaded", "totals": "TableNotLoaded"}
    assert (case.outcome["outcome"], case.outcome["not_ok_count"]) == ("partial", 2)
    assert case.outcome["failure_class"] == "table_error"
    assert len(case.warehouse_rows("customers")) == 2
    assert not case.manifest()["complete"]


def test_a_table_that_errors_keeps_the_last_good_nights_rows(case: Case) -> None:
    case.go_through("ReleaseDatabase")
    rows = case.warehouse_rows("orders")
    case.ask_source("UPDATE orders SET amount = 'NaN' WHERE id = 1")
    case.next_night(f"second-{case.id}")
    case.go_through("ReleaseDatabase")
    assert case.outcome["outcome"] == "partial"
    assert case.warehouse_rows("orders") == rows


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("", "DELETE FROM customers", None),  # what DMS read lies between the counts
        ("", "INSERT INTO customers VALUES (3, 'Cy')", None),
        (
            "DELETE FROM customers WHERE id = 2",
            "INSERT INTO customers VALUES (2, 'Bo')",
            "2 rows at the source, 1 by DMS",
        ),
        (
            "INSERT INTO customers SELECT n, 'new' FROM generate_series(3, 9) n",
            "DELETE FROM customers WHERE id > 3",
            "2 rows at the source before the load and 3 after it, 9 by DMS",
        ),
    ],
)
def test_what_dms_read_lies_between_the_counts_before_and_after_or_the_table_is_held_back(
    case: Case, before: str, after: str, words: str | None
) -> None:
    case.go_through("PrepareTask")
    case.ask_source(before or "SELECT 1")
    case.go_through_from_to("PointEndpoint", "PollTask")
    case.ask_source(after)
    outcome = case.go_through_from("StopTask")
    if words is None:
        assert (outcome["outcome"], failures(case)) == ("ok", {})
        return
    assert (outcome["outcome"], failures(case)) == ("partial", {"customers": "RowsDifferFromSource"})
    assert words in case.tables["customers"]["failure"]["text"]
    assert len(case.warehouse_rows("orders")) == 5


@pytest.mark.parametrize(("name", "added", "outcome"), [(TOLERANT[0], 1, "ok"), (TOLERANT[1], 2, "partial")])
def test_a_difference_is_let_pass_up_to_the_stated_tolerance(cases: Cases, name: str, added: int, outcome: str) -> None:
    case = cases.take(name)
    case.go_through("PrepareTask")
    case.ask_source("DELETE FROM customers")
    case.ask_source(f"INSERT INTO customers SELECT n, 'new' FROM generate_series(1, {2 + added}) n")
    case.go_through_from_to("PointEndpoint", "PollTask")
    case.ask_source("DELETE FROM customers WHERE id > 2")
    assert case.go_through_from("StopTask")["outcome"] == outcome


# Sealed already


def test_a_manifest_that_another_call_wrote_meanwhile_is_adopted(case: Case) -> None:
    case.go_before("SealFolder")
    with case.locked("orders"):  # the count waits for the lock, so the call is held between its first look and its PUT
        sealing = case.cloud.clock.work(case.call, "SealFolder")
        case.wait_until_blocked()
        body = json.dumps(manifest_of(case, note="written meanwhile")).encode()
        case.put(f"{case.folder}/_manifest.json", body)
    assert sealing.result(timeout=60)["verdict"] == "hand off"
    assert case.manifest()["gaps"] == ["written meanwhile"]
    assert case.record["sealed_at"] == case.manifest()["sealed_at"]
    assert case.go_through_from("SubmitLoads")["gaps"] == ("written meanwhile",)


def test_a_seal_broken_off_before_it_was_noted_is_noted_by_the_next_call(case: Case) -> None:
    case.go_through("SealFolder")
    noted = {name: case.record[name] for name in ("sealed_at", "folder")}
    case.cloud.clients.ledger.note(case.typed_attempt, sealed_at=None, folder=None)
    case.call("SealFolder")
    assert {name: case.record.get(name) for name in noted} == noted


@pytest.mark.parametrize("body", [b"{}", b"not JSON"])
def test_a_manifest_that_we_did_not_write_hands_nothing_off(case: Case, body: bytes) -> None:
    case.go_before("SealFolder")
    case.put(f"{case.folder}/_manifest.json", body)
    assert case.settle("SealFolder")["verdict"] == "nothing"
    assert_nothing_handed_off(case, "landing_mismatch", "ForeignManifest", f"{case.folder}/_manifest.json")


def test_a_manifest_of_another_attempt_hands_nothing_off(case: Case) -> None:
    case.go_before("SealFolder")
    foreign = manifest_of(case, note="another's")
    foreign["attempt"]["number"] = 7
    case.put(f"{case.folder}/_manifest.json", json.dumps(foreign).encode())
    assert case.settle("SealFolder")["verdict"] == "nothing"
    assert_nothing_handed_off(case, "landing_mismatch", "ForeignManifest", f"{case.folder}/_manifest.json")


def manifest_of(case: Case, *, note: str) -> dict[str, Any]:
    """The manifest that SealFolder would write for the attempt, with *note* among its gaps."""
    tables = [
        {
            "schema": table["SchemaName"],
            "table": table["TableName"],
            "is_view": table["TableName"] == "totals",
            "state": "loaded" if table["FullLoadRows"] else "empty",
            "rows": table["FullLoadRows"],
            "rows_at_source": None,
            "files": [
                {"key": key, "size_bytes": 1, "etag": etag.strip('"')}
                for key, etag in case.objects(f"{case.folder}/public/{table['TableName']}/").items()
            ],
            "failure": None,
        }
        for table in case.dms.describe_table_statistics(ReplicationTaskArn=case.task["ReplicationTaskArn"])[
            "TableStatistics"
        ]
    ]
    return {
        "format": 1,
        "attempt": dict(case.attempt),
        "bucket": case.bucket,
        "sealed_at": "2026-11-21T00:00:00+00:00",
        "complete": True,
        "tables": tables,
        "failure": None,
        "gaps": [note],
    }
