"""Why an execution that left no outcome ended: its status, its error and its words, read as a failure with a class."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from fleet.failures import Failure, FailureClass
from fleet.function_deaths import Death, find_death, say_death
from fleet.sentences import as_clause, end_sentence

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
_WAIT_FOR_SNOWFLAKE = frozenset({"SubmitLoads", "WaitForLoads", "PollLoads"})
_OUT_OF_TIME = frozenset({"FunctionTimedOut", "FunctionNotHeardOf"})
_MOST_CHARACTERS = 500


@dataclass(frozen=True)
class End:
    """How an execution ended, as Step Functions describes it: *error* and *cause* are empty where it does not.

    *state*: where it ended, empty if that is not known. *passed*: the last state in the attempt's record.
    """

    name: str
    status: str
    error: str = ""
    cause: str = ""
    state: str = ""
    passed: str = ""

    @property
    def words(self) -> str:
        """What the function said."""
        return read_cause(self.cause)


def read_cause(cause: str) -> str:
    """What the function said whose failure *cause* is: Lambda wraps it into JSON, with a stack trace that helps nobody.

    >>> read_cause('{"errorMessage": "AWS asks us to wait", "stackTrace": []}'), read_cause("stopped by hand")
    ('AWS asks us to wait', 'stopped by hand')
    """
    try:
        content = json.loads(cause)
    except ValueError:
        return cause
    return str(content["errorMessage"]) if isinstance(content, dict) and "errorMessage" in content else cause


def explain_end(end: End) -> Failure:
    """The failure of an execution that ended and recorded nothing.

    >>> explain_end(End("e", "FAILED", "ThrottledError", '{"errorMessage": "AWS asks us to wait"}')).failure_class
    'throttled'
    >>> explain_end(End("e", "FAILED", "TransientError", "Snowflake answered 503", "PollLoads")).failure_class
    'warehouse'
    >>> explain_end(End("e", "TIMED_OUT", passed="StartTask")).text
    'execution e ended TIMED_OUT and recorded nothing after StartTask.'
    >>> explain_end(End("e", "FAILED", "Sandbox.Timedout", "Task timed out after 285.00 seconds", "SealFolder")).text
    "execution e ended FAILED in SealFolder: its function ran out of its 285 s, each time that it was tried. Its log \
says what it waited for. Mend that, or raise the state's TimeoutSeconds and deploy. (Sandbox.Timedout)"
    """
    death = find_death(end.error, end.words) if end.status == "FAILED" else None
    if death is not None:
        return Failure(_classify(end, death), death.failure, _say(end, death))
    where = f" in {end.state} and recorded nothing" if end.state else " and recorded nothing"
    after = f" after {end.passed}" if end.passed else ""
    why = " ".join(filter(None, (end.error, end.words)))[:_MOST_CHARACTERS]
    text = f"execution {end.name} ended {end.status}{where}{after}{': ' + why if why else ''}"
    kind = "ExecutionTooLong" if end.status == "TIMED_OUT" else "ExecutionBrokenOff"
    return Failure(_classify(end, None), kind, end_sentence(text))


def _say(end: End, death: Death) -> str:
    where = f" in {end.state}" if end.state else f" after {end.passed}" if end.passed else ""
    times = ", each time that it was tried" if death.may_pass else ""
    cause = "" if death.may_pass else f": {as_clause(end.words[:_MOST_CHARACTERS])}"
    what = f"its function {say_death(death, end.words)}{times}{cause}."
    return f"execution {end.name} ended {end.status}{where}: {what} {death.advice} ({end.error})"


def _classify(end: End, death: Death | None) -> FailureClass:
    if end.status == "ABORTED":
        return "cancelled"
    if end.error in _ERRORS:
        return _ERRORS[end.error]
    is_out_of_time = end.status == "TIMED_OUT" or (death is not None and death.failure in _OUT_OF_TIME)
    if is_out_of_time and _waited_for_snowflake(end):
        return "warehouse"
    if death is not None:
        return "function_died"
    why = f"{end.error} {end.words}"[:_MOST_CHARACTERS]
    for pattern, failure_class in _WORDS:
        if re.search(pattern, why):
            return failure_class
    return "unknown"


def _waited_for_snowflake(end: End) -> bool:
    """Between the seal and the loads' end, Snowflake is all that there is to wait for."""
    return end.state in _WAIT_FOR_SNOWFLAKE if end.state else end.passed == "SealFolder"
