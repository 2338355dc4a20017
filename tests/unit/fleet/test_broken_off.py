"""An execution that recorded nothing still fails by something: its class, from whatever is known of its end."""

from __future__ import annotations

import json

import pytest

from fleet.broken_off import explain_end

ENDS = [
    ("ABORTED", "", "", "StartTask", "cancelled"),
    ("ABORTED", "RunEnded", "night-1 ended without it; Snowflake was asked", "SealFolder", "cancelled"),
    (
        "FAILED",
        "ThrottledError",
        "AWS asks us to slow down: StartReplicationTask: ThrottlingException",
        "",
        "throttled",
    ),
    ("FAILED", "ThrottledError", "Snowflake answered 429 to POST /api/v2/statements", "SealFolder", "throttled"),
    ("FAILED", "Lambda.TooManyRequestsException", "Rate Exceeded.", "", "throttled"),
    ("FAILED", "TransientError", "Snowflake answered 503 to POST /api/v2/statements", "SealFolder", "warehouse"),
    ("FAILED", "SqlApiError", "Snowflake answered 401 to POST /api/v2/statements", "SealFolder", "warehouse"),
    ("FAILED", "TransientError", "AWS failed: GetItem: InternalServerError", "SealFolder", "unknown"),
    ("FAILED", "QuotaExceededError", "DMS takes at most 2,097,152 bytes", "", "quota"),
    ("FAILED", "ApiRefusedError", "AWS refused TestConnection: ResourceQuotaExceededFault: no", "", "quota"),
    ("FAILED", "ApiRefusedError", "AWS refused PutItem: AccessDeniedException: no", "", "unknown"),
    ("FAILED", "ClaimLostError", "attempt 1 at nyc may not act: the newest is 2", "ClaimDatabase", "cancelled"),
    ("FAILED", "Lambda.Unknown", "The cause could not be determined", "StartTask", "unknown"),
    ("FAILED", "States.Timeout", "", "SealFolder", "warehouse"),
    ("FAILED", "States.Timeout", "", "StartTask", "unknown"),
    ("TIMED_OUT", "", "", "SealFolder", "warehouse"),
    ("TIMED_OUT", "", "", "PollLoads", "unknown"),
    ("TIMED_OUT", "", "", "", "unknown"),
]


@pytest.mark.parametrize(("status", "error", "words", "passed", "wanted"), ENDS)
def test_the_end_of_an_execution_that_recorded_nothing_has_the_class_of_its_cause(
    status: str, error: str, words: str, passed: str, wanted: str
) -> None:
    wrapped = json.dumps({"errorMessage": words, "errorType": error, "stackTrace": ["Snowflake"]})
    for cause in (words, wrapped):
        assert explain_end("e", status, error, cause, passed).failure_class == wanted


def test_an_execution_that_ran_out_of_time_is_told_from_one_that_broke() -> None:
    assert explain_end("e", "TIMED_OUT", "", "", "").name == "ExecutionTooLong"
    assert explain_end("e", "FAILED", "Lambda.Unknown", "", "").name == "ExecutionBrokenOff"


def test_the_words_are_the_functions_own_without_the_stack() -> None:
    cause = json.dumps({"errorMessage": "no such file", "errorType": "OSError", "stackTrace": ["File a, line 1"]})
    text = explain_end("e", "FAILED", "OSError", cause, "StartTask").text
    assert text == "execution e ended FAILED and recorded nothing after StartTask: OSError no such file."


def test_a_cause_of_any_length_makes_a_text_that_can_be_read() -> None:
    assert len(explain_end("e", "FAILED", "OSError", "x" * 100_000, "").text) < 600
