"""Why an execution that left no outcome ended: its status, its error and its words, read as a failure with a class."""

from __future__ import annotations

import json
import re

from fleet.failures import Failure, FailureClass

_ERRORS: dict[str, FailureClass] = {
    "ThrottledError": "throttled",
    "Lambda.TooManyRequestsException": "throttled",
    "QuotaExceededError": "quota",
    "ClaimLostError": "cancelled",  # somebody started another execution, which has the database now
}
_WORDS: tuple[tuple[str, FailureClass], ...] = (
    (r"\bSnowflake\b", "warehouse"),
    (r"QuotaExceeded", "quota"),
)
_MOST_CHARACTERS = 500


def explain_end(name: str, status: str, error: str, cause: str, passed: str) -> Failure:
    """The failure that stands for an execution *name* which ended *status* and recorded nothing.

    *error*, *cause*: as Step Functions describes them, empty where it does not. *passed*: the last state that the
    attempt's record tells of, or nothing.

    >>> explain_end("e", "FAILED", "ThrottledError", '{"errorMessage": "AWS asks us to slow down"}', "").failure_class
    'throttled'
    >>> explain_end("e", "FAILED", "TransientError", "Snowflake answered 503", "SealFolder").failure_class
    'warehouse'
    >>> explain_end("e", "TIMED_OUT", "", "", "StartTask").text
    'execution e ended TIMED_OUT and recorded nothing after StartTask.'
    """
    after = f" after {passed}" if passed else ""
    why = " ".join(filter(None, (error, _words(cause))))[:_MOST_CHARACTERS]
    text = f"execution {name} ended {status} and recorded nothing{after}{': ' + why if why else ''}."
    kind = "ExecutionTooLong" if status == "TIMED_OUT" else "ExecutionBrokenOff"
    return Failure(_classify(status, error, why, passed), kind, text)


def _classify(status: str, error: str, why: str, passed: str) -> FailureClass:
    if status == "ABORTED":
        return "cancelled"
    if error in _ERRORS:
        return _ERRORS[error]
    for pattern, failure_class in _WORDS:
        if re.search(pattern, why):
            return failure_class
    # Between the seal and the loads' end, Snowflake is all that there is to wait for.
    is_time_out = status == "TIMED_OUT" or error == "States.Timeout"
    return "warehouse" if is_time_out and passed == "SealFolder" else "unknown"


def _words(cause: str) -> str:
    """What a function said: Lambda wraps it into JSON, with a stack trace that helps nobody here."""
    try:
        told = json.loads(cause)
    except ValueError:
        return cause
    return str(told["errorMessage"]) if isinstance(told, dict) and "errorMessage" in told else cause
