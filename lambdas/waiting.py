"""Waits of an attempt, kept in its record, so that the bound holds across calls of a handler."""

from __future__ import annotations

from fleet.failures import Failure
from fleet.waits import Wait, judge_wait
from lambdas.attempt_context import Opened
from lambdas.wiring import Clients


def keep_waiting(opened: Opened, wait: Wait, clients: Clients, **fields: object) -> int | Failure:
    """Seconds until the next look, or the failure once *wait* has lasted too long.

    The first look at *wait* begins it, and so does every look with *fields*: these are noted with it, and say that
    something was sent or changed that the wait is for.
    """
    now = clients.now()
    if opened.record.get("wait_for") != wait.name or fields:
        clients.ledger.note(opened.attempt, wait_for=wait.name, wait_since=now.isoformat(), **fields)
        waited = 0.0
    else:
        waited = opened.seconds_since("wait_since", now)
    return judge_wait(wait, waited, opened.plan.poll_seconds, opened.settings.limits)
