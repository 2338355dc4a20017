"""How Lambda and Step Functions report a function that ended without an answer of its own: one table of names.

Sources, read 2026-11-29. Of Sandbox.Timedout, Lambda.Unknown and States.TaskFailed ("Unhandled errors in Lambda
runtimes were historically reported only as Lambda.Unknown. In newer runtimes, timeouts are reported as
Sandbox.Timedout"):
https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html#bp-lambda-serviceexception
Of States.*: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
Of Runtime.*: https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html

Observed: Sandbox.Timedout, retried for hours where a retrier named it with eight attempts, in
https://github.com/aws-solutions-library-samples/accelerated-intelligent-document-processing-on-aws/issues/917
and States.TaskFailed under its own name ("Step Functions cannot determine whether Lambda successfully received the
call") in https://github.com/HumanCellAtlas/data-store/pull/1687
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Death:
    """One way to end without an answer. *failure*: the failure's name; *words*: what happened, after "its function";
    *advice*: the next step. *may_pass*: whether another call may go well; else it would end in the same way."""

    failure: str
    words: str
    advice: str
    may_pass: bool


_TIMED_OUT = Death(
    "FunctionTimedOut",
    "ran out of time",
    "Its log says what it waited for. Mend that, or raise the state's TimeoutSeconds and deploy.",
    may_pass=True,
)
_OUT_OF_MEMORY = Death(
    "FunctionOutOfMemory",
    "ran out of memory",
    "Raise stack.functions.memory_megabytes in registry/settings.yaml and deploy.",
    may_pass=True,
)
_EXITED = Death(
    "FunctionExited",
    "ended its process without an answer",
    "Its log says why.",
    may_pass=True,
)
_UNKNOWN = Death(
    "FunctionDied",
    "died, and Lambda does not say of what",
    "Its log says more.",
    may_pass=True,
)
_NOT_HEARD_OF = Death(
    "FunctionNotHeardOf",
    "gave no answer within the state's TimeoutSeconds, and may have run on",
    "Look at its log and at Lambda's throttles and cold starts.",
    may_pass=True,
)
_UNDETERMINED = Death(
    "FunctionCallLost",
    "was called, and Step Functions cannot say whether it ran",
    "Its log says whether it ran.",
    may_pass=True,
)
_NOT_LOADED = Death(
    "FunctionNotLoaded",
    "could not be loaded",
    "No retry helps: the package lacks something. Build it again for the function's Python and deploy.",
    may_pass=False,
)
_NO_ANSWER = Death(
    "FunctionAnswerRefused",
    "gave an answer that Lambda refuses",
    "No retry helps: the handler must be mended.",
    may_pass=False,
)

DEATHS: Mapping[str, Death] = {
    "Sandbox.Timedout": _TIMED_OUT,
    "Runtime.OutOfMemory": _OUT_OF_MEMORY,
    "Runtime.ExitError": _EXITED,
    "Lambda.Unknown": _UNKNOWN,
    "States.Timeout": _NOT_HEARD_OF,
    "States.TaskFailed": _UNDETERMINED,
    "Runtime.ImportModuleError": _NOT_LOADED,
    "Runtime.HandlerNotFound": _NOT_LOADED,
    "Runtime.UserCodeSyntaxError": _NOT_LOADED,
    "Runtime.MalformedHandlerName": _NOT_LOADED,
    "Runtime.MarshalError": _NO_ANSWER,
    "Function.ResponseSizeTooLarge": _NO_ANSWER,
}
"""By the name that a retrier would match."""

RETRIED = tuple(name for name, death in DEATHS.items() if death.may_pass)
FINAL = tuple(name for name, death in DEATHS.items() if not death.may_pass)

_SECONDS = re.compile(r"Task timed out after ([\d.]+) seconds")


def find_death(error: str, words: str) -> Death | None:
    """How a function died that Step Functions reports as *error* with *words*; None if it raised an error itself.

    Older runtimes report every death as Lambda.Unknown, and memory that is spent as a process that was killed.

    >>> find_death("Lambda.Unknown", "Task timed out after 3.00 seconds").failure
    'FunctionTimedOut'
    >>> find_death("Runtime.ExitError", "Error: Runtime exited with error: signal: killed").failure
    'FunctionOutOfMemory'
    >>> find_death("ThrottledError", "") is None
    True
    """
    if error not in DEATHS:
        return None
    if error in ("Lambda.Unknown", "Runtime.ExitError"):
        if _SECONDS.search(words):
            return _TIMED_OUT
        if "signal: killed" in words:
            return _OUT_OF_MEMORY
    return DEATHS[error]


def say_death(death: Death, words: str) -> str:
    """What happened, with the seconds where Lambda's *words* tell them.

    >>> say_death(DEATHS["Sandbox.Timedout"], "2026-11-29 Task timed out after 285.00 seconds")
    'ran out of its 285 s'
    """
    seconds = _SECONDS.search(words)
    return f"ran out of its {float(seconds[1]):.0f} s" if seconds and death is _TIMED_OUT else death.words
