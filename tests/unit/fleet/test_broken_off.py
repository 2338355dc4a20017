"""An execution that recorded nothing gets its class of failure from what is known of its end."""

from __future__ import annotations

import json

import pytest

from fleet.execution_ends import End, explain_end
from fleet.failures import CLASSES
from fleet.function_deaths import DEATHS, FINAL, RETRIED

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
    ("FAILED", "Lambda.Unknown", "The cause could not be determined", "StartTask", "function_died"),
    ("FAILED", "Sandbox.Timedout", "Task timed out after 45.00 seconds", "StartTask", "function_died"),
    ("FAILED", "Runtime.ImportModuleError", "No module named 'pyarrow'", "", "function_died"),
    ("FAILED", "States.Timeout", "", "SealFolder", "warehouse"),
    ("FAILED", "States.Timeout", "", "StartTask", "function_died"),
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
        assert explain_end(End("e", status, error, cause, passed=passed)).failure_class == wanted


@pytest.mark.parametrize("state", ["SubmitLoads", "WaitForLoads", "PollLoads"])
def test_who_ran_out_of_time_while_snowflake_loaded_waited_for_the_warehouse(state: str) -> None:
    assert explain_end(End("e", "TIMED_OUT", state=state, passed="SealFolder")).failure_class == "warehouse"
    timed_out = End("e", "FAILED", "Sandbox.Timedout", "Task timed out after 105.00 seconds", state, "SealFolder")
    assert explain_end(timed_out).failure_class == "warehouse"


def test_who_ran_out_of_time_elsewhere_did_not_wait_for_the_warehouse() -> None:
    reconciled = End("e", "FAILED", "Sandbox.Timedout", "Task timed out after 45.00 seconds", "Reconcile", "SealFolder")
    assert explain_end(reconciled).failure_class == "function_died"


def test_an_execution_that_ran_out_of_time_has_another_failure_than_one_that_broke() -> None:
    assert explain_end(End("e", "TIMED_OUT")).name == "ExecutionTooLong"
    assert explain_end(End("e", "FAILED", "OSError")).name == "ExecutionBrokenOff"


def test_the_words_are_the_functions_own_without_the_stack() -> None:
    cause = json.dumps({"errorMessage": "no such file", "errorType": "OSError", "stackTrace": ["File a, line 1"]})
    text = explain_end(End("e", "FAILED", "OSError", cause, passed="StartTask")).text
    assert text == "execution e ended FAILED and recorded nothing after StartTask: OSError no such file."
    text = explain_end(End("e", "FAILED", "OSError", cause, "PollTask", "StartTask")).text
    assert text == "execution e ended FAILED in PollTask and recorded nothing after StartTask: OSError no such file."


@pytest.mark.parametrize("error", RETRIED)
def test_a_function_that_died_each_time_is_said_with_its_state_what_happened_and_the_next_step(error: str) -> None:
    failure = explain_end(End("e", "FAILED", error, "words", "PrepareTask"))
    assert failure.name == DEATHS[error].failure
    assert failure.text.startswith("execution e ended FAILED in PrepareTask: its function ")
    assert ", each time that it was tried. " in failure.text
    assert failure.text.endswith(f"{DEATHS[error].advice} ({error})")
    assert CLASSES[failure.failure_class].owner == "fleet team"


@pytest.mark.parametrize("error", FINAL)
def test_a_function_that_no_retry_helps_is_said_with_lambdas_words_and_as_tried_once(error: str) -> None:
    text = explain_end(End("e", "FAILED", error, "No module named 'pyarrow'", "PrepareTask")).text
    assert "each time" not in text
    assert "No module named 'pyarrow'. No retry helps" in text


def test_the_seconds_of_a_time_out_and_spent_memory_are_read_from_lambdas_words() -> None:
    cause = json.dumps({"errorMessage": "RequestId: 1 Error: Task timed out after 285.00 seconds"})
    assert "ran out of its 285 s" in explain_end(End("e", "FAILED", "Sandbox.Timedout", cause, "SealFolder")).text
    killed = End("e", "FAILED", "Runtime.ExitError", "Runtime exited with error: signal: killed", "SealFolder")
    assert explain_end(killed).name == explain_end(End("e", "FAILED", "Runtime.OutOfMemory")).name


def test_a_cause_of_any_length_makes_a_text_that_can_be_read() -> None:
    assert len(explain_end(End("e", "FAILED", "OSError", "x" * 100_000)).text) < 600
    assert len(explain_end(End("e", "FAILED", "Runtime.ImportModuleError", "x" * 100_000)).text) < 800
