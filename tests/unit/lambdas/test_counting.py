"""The source's counts, in pieces and with tables that are slow: what becomes a gap, and when it is given up."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from cases import Case
from fleet.asking import COUNTING_SECONDS
from fleet.failures import Failure
from lambdas.sources.counting import count_tables, within
from lambdas.sources.words import describe

TABLES = [("s", "a"), ("s", "b"), ("s", "c")]


class Watch:
    """A clock on which each count takes its time."""

    def __init__(self) -> None:
        self.at = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def count(self, seconds: float) -> int:
        self.at += timedelta(seconds=seconds)
        return 1


def test_no_count_begins_that_could_outlast_the_call() -> None:
    watch = Watch()
    half = COUNTING_SECONDS / 2
    counts = count_tables(TABLES, lambda *_: watch.count(half), lambda _: "", within(half, watch.now))
    assert [count.table for count in counts] == ["a", "b"]


def test_a_table_that_cannot_be_counted_leaves_the_others() -> None:
    def count(_: str, table: str) -> int:
        if table == "b":
            raise LookupError("no such table")
        return 1

    counts = count_tables(TABLES, count, str, lambda: True)
    assert [(one.rows, one.why) for one in counts] == [(1, ""), (None, "no such table"), (1, "")]


def test_a_connection_that_is_lost_takes_the_counts_with_it() -> None:
    def count(_: str, table: str) -> int:
        raise ConnectionResetError(table)

    with pytest.raises(ConnectionResetError):
        count_tables(TABLES, count, lambda _: "", lambda: True)


def test_a_slow_count_is_a_gap_that_names_table_and_time_and_the_database_is_ok(case: Case) -> None:
    case.cloud.faults.add(case.id, "slow-count:public.orders")
    case.go_through("ReleaseDatabase")
    assert case.outcome["outcome"] == "ok"
    assert "rows at the source were not counted (no answer within 60 s): public.orders" in case.outcome["gaps"]
    assert (case.tables["orders"]["rows_at_source"], case.tables["customers"]["rows_at_source"]) == (None, 2)
    assert len(case.warehouse_rows("orders")) == 5


def test_counts_that_come_in_pieces_are_kept_with_the_attempt_and_are_whole_in_the_end(case: Case) -> None:
    case.cloud.faults.add(case.id, "slow-counts")
    case.go_before("SealFolder")
    pieces: list[int] = []
    while case.call("SealFolder")["verdict"] == "wait":
        if case.record.get("counting_since"):
            kept = json.loads(case.read_control(f"runs/{case.run}/{case.id}/000001/counts.json"))
            pieces.append(len(kept))
        case.time.pass_seconds(10)
    assert pieces == [1, 2, 3]
    case.go_through_from("SubmitLoads")
    assert case.outcome["outcome"] == "ok"
    assert {name: table["rows_at_source"] for name, table in case.tables.items()} == {
        "orders": 5,
        "customers": 2,
        "nothing": 0,
        "totals": 1,
    }


def test_what_is_left_at_the_deadline_is_a_gap_and_the_database_is_ok(case: Case) -> None:
    case.cloud.faults.add(case.id, "slow-counts")
    case.go_before("SealFolder")
    while not case.record.get("counting_since"):
        case.call("SealFolder")
        case.time.pass_seconds(10)
    case.time.pass_seconds(case.settings.limits.count_deadline_seconds)
    assert case.settle("SealFolder")["verdict"] == "hand off"
    case.go_through_from("SubmitLoads")
    assert case.outcome["outcome"] == "ok"
    gap = next(gap for gap in case.outcome["gaps"] if "count_deadline_seconds" in gap)
    assert gap.endswith(": public.orders, public.totals")


def test_a_source_that_is_lost_between_two_pieces_is_lost(case: Case) -> None:
    case.cloud.faults.add(case.id, "slow-counts")
    case.go_before("SealFolder")
    while not case.record.get("counting_since"):
        case.call("SealFolder")
        case.time.pass_seconds(10)
    case.close_source()
    assert case.settle("SealFolder")["verdict"] == "nothing"
    assert case.failure is not None
    assert (case.failure["failure_class"], case.failure["name"]) == ("connection", "SourceLost")


def test_a_run_that_is_to_end_is_not_counted_to_the_end(case: Case) -> None:
    case.cloud.faults.add(case.id, "slow-counts")
    case.go_before("SealFolder")
    case.cloud.clients.ledger.request_stop(case.run, "somebody wants it to end")
    assert case.settle("SealFolder")["verdict"] == "hand off"
    gap = next(gap for gap in case.manifest()["gaps"] if "ended early" in gap)
    assert "somebody wants it to end" in gap


def test_an_error_has_the_first_words_of_those_that_it_came_from() -> None:
    bare, telling = TimeoutError(), ConnectionRefusedError(111, "Connection refused")
    bare.__cause__ = telling
    assert describe(bare, "connection") == Failure(
        "connection", "SourceNotAnswering", "the source did not answer: Connection refused"
    )
