"""Why a table errored, in DMS's own words: from the task's log into the table's failure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from cases import Case
from fleet.dms.task_log import PATTERNS
from lambdas.clients.task_logs import BYTES_AT_MOST, PAGES_AT_MOST, LogRead, TaskLogs

NOW = datetime(2026, 11, 30, 2, tzinfo=UTC)
_NAN = "CREATE TABLE bad (id int PRIMARY KEY, price numeric(10, 2)); INSERT INTO bad VALUES (1, 'NaN')"
BAD_TABLES = {
    _NAN: 'invalid input syntax for type numeric: "NaN',
    'CREATE TABLE bad (id int PRIMARY KEY, name text, "Name" text)': "columns name and Name, alike but for their case",
    "CREATE VIEW bad AS SELECT id, 1 / (id - 1) AS n FROM orders": "division by zero",
}


@pytest.mark.parametrize("statement", BAD_TABLES)
def test_the_outcome_says_in_dms_own_words_why_a_table_errored(case: Case, statement: str) -> None:
    case.ask_source(statement)
    case.go_through("RecordOutcome")
    failure = case.tables["bad"]["failure"]
    assert (failure["failure_class"], failure["name"]) == ("table_error", "TableNotLoaded"), failure
    assert failure["text"].startswith("public.bad: DMS reports 'Table error' after 0 rows; the task's log says: ")
    assert BAD_TABLES[statement] in failure["text"]
    assert failure["text"].endswith(".")
    assert not failure["text"].endswith("..")
    assert "Error:" not in failure["text"]
    assert case.outcome["outcome"] == "partial"
    assert not [gap for gap in case.manifest()["gaps"] if "task's log" in gap]


def test_a_log_that_is_not_there_is_a_gap_in_words_and_no_failure(case: Case) -> None:
    case.ask_source(_NAN)
    iam = case.cloud.aws.client("iam")
    iam.delete_role_policy(RoleName="dms-cloudwatch-logs-role", PolicyName="may")
    case.go_through("RecordOutcome")
    assert case.outcome["outcome"] == "partial"
    (gap,) = [gap for gap in case.manifest()["gaps"] if "task's log" in gap]
    assert gap.startswith("the task's log does not say why 1 tables errored, first public.bad: ")
    assert "dms-cloudwatch-logs-role" in gap


class Logs:
    """CloudWatch Logs that answers with *pages*, or raises."""

    def __init__(self, pages: list[list[str]] | Exception) -> None:
        self._pages = pages
        self.asked: list[Mapping[str, Any]] = []

    def filter_log_events(self, **asked: Any) -> dict[str, Any]:
        self.asked.append(asked)
        if isinstance(self._pages, Exception):
            raise self._pages
        place = int(asked.get("nextToken", 0))
        events = [
            {"eventId": f"{place}-{number}", "timestamp": place, "message": text}
            for number, text in enumerate(self._pages[place])
        ]
        more = {"nextToken": str(place + 1)} if place + 1 < len(self._pages) else {}
        return {"events": events, **more}


def read(logs: Logs, seconds_a_call: float = 0) -> LogRead:
    times = iter(NOW + timedelta(seconds=seconds_a_call * number) for number in range(1_000))
    return TaskLogs(logs, lambda: next(times)).read("group", "stream", NOW, PATTERNS)


def refusal(code: str, words: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": words}}, "FilterLogEvents")


def test_an_empty_page_is_not_the_end_of_a_log_and_no_line_is_read_twice() -> None:
    logs = Logs([["one"], [], ["two"]])
    assert read(logs) == LogRead(("one", "two"))
    assert [one["filterPattern"] for one in logs.asked] == [PATTERNS[0]] * 3 + [PATTERNS[1]] * 3
    assert {one["startTime"] for one in logs.asked} == {1_796_004_000_000}


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (refusal("ResourceNotFoundException", "The specified log group does not exist."), "has no stream 'stream'"),
        (refusal("AccessDeniedException", "no"), "SealFolder may not read the log group 'group'"),
        (refusal("ThrottlingException", "Rate exceeded."), "ThrottlingException: Rate exceeded"),
        (EndpointConnectionError(endpoint_url="https://logs.example.com"), "Could not connect to the endpoint URL"),
    ],
)
def test_a_log_that_cannot_be_read_says_why(error: Exception, words: str) -> None:
    found = read(Logs(error))
    assert found.lines == ()
    assert words in found.why_not
    assert not found.why_not.endswith(".")


@pytest.mark.parametrize(
    ("pages", "seconds", "read_at_most"),
    [
        ([["x"]] * 1_000, 0, PAGES_AT_MOST),
        ([["x" * BYTES_AT_MOST]] * 10, 0, 2),
        ([["x"]] * 1_000, 5, 5),
    ],
)
def test_no_more_of_a_log_is_read_than_so_many_pages_bytes_and_seconds(
    pages: list[list[str]], seconds: float, read_at_most: int
) -> None:
    logs = Logs(pages)
    found = read(logs, seconds)
    assert 0 < len(logs.asked) <= read_at_most
    assert "too long" in found.why_not
