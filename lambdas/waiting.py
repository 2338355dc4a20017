"""Waits of an attempt, kept in its record, so that the bound holds across calls of a handler."""

from __future__ import annotations

from typing import Unpack

from fleet.attempt_record import AttemptChange
from fleet.failures import Failure
from fleet.waits import Wait, judge_wait, seconds_since
from lambdas.attempt_context import Opened
from lambdas.wiring import Clients


def keep_waiting(opened: Opened, wait: Wait, clients: Clients, **change: Unpack[AttemptChange]) -> int | Failure:
    """Seconds until the next look, or the failure once *wait* has lasted too long.

    The first look at *wait* begins it, and so does every look with a *change*: it is noted with it, and says that
    something was sent or changed that the wait is for.
    """
    now = clients.now()
    if opened.record.wait_for != wait.name or change:
        begun: AttemptChange = {**change, "wait_for": wait.name, "wait_since": now}
        clients.ledger.note(opened.attempt, **begun)
        waited = 0.0
    else:
        waited = seconds_since(opened.record.wait_since, now)
    return judge_wait(wait, waited, opened.plan.poll_seconds, opened.settings.limits)
