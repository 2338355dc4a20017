"""How long each Lambda function may run."""

from __future__ import annotations

from fleet.asking import ASK_SOURCE_SECONDS
from orchestration.definitions import load
from orchestration.functions import FLEET_RUN

# A cold start has ten seconds of its own before the function's time-out begins, and Step Functions counts them.
# Source: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-ib
_ENDS_BEFORE_ITS_STATE_SECONDS = 10 + 5
# No state waits for these; 900 is the longest that Lambda takes, and what ClaimDatabase reckons a dying one may act.
_OTHER_SECONDS = {"AskSource": ASK_SOURCE_SECONDS, "Recorder": 300, "Sweep": 600}


def timeout_seconds(name: str) -> int:
    """How long *name* may run: it ends before its state gives it up, so that no two calls act at once, and the state
    fails by Sandbox.Timedout and not by States.Timeout, which would leave open whether the function still runs.

    >>> timeout_seconds("SealFolder"), timeout_seconds("Recorder")
    (585, 300)
    """
    if name in _OTHER_SECONDS:
        return _OTHER_SECONDS[name]
    machine = "fleet-run" if name in FLEET_RUN else "database-run"
    return load(machine)["States"][name]["TimeoutSeconds"] - _ENDS_BEFORE_ITS_STATE_SECONDS
