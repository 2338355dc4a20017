"""
State "PollTask" of database-run.asl.json: looks at the started task once.

Takes   AttemptRequest
Returns Response: `moving`, or `over` once the task is at rest or is not to be waited for any longer
Raises  ClaimLostError
"""

from __future__ import annotations

import math
from typing import Literal

from fleet.dms.tasks import TaskReport, watch
from fleet.errors import ClaimLostError, FleetError
from fleet.failures import Failure
from fleet.waits import next_look_seconds, seconds_since
from lambdas.attempt_context import AttemptRequest, Opened, find_stop_request, gone, open_attempt
from lambdas.dms_turns import charge, pace_of, waiting_when_throttled
from lambdas.entrypoint import Model, entrypoint
from lambdas.lane_looks import look_at_tasks
from lambdas.sealing_changes import is_delta_over
from lambdas.wiring import Clients

Request = AttemptRequest
START_SEEN_WITHIN_SECONDS = 120


class Response(Model):
    """Whether the task still moves."""

    verdict: Literal["moving", "over"]
    wait_seconds: int


RAISES: tuple[type[FleetError], ...] = (ClaimLostError,)


def run(request: Request, clients: Clients) -> Response:
    """One look; what DMS says is noted only where it changed, which is what the stuck rule measures."""
    opened = open_attempt(request.attempt, clients)
    if failure := find_stop_request(opened, clients):
        return _over(opened, failure, clients)
    running_seconds = seconds_since(opened.record.started_at, clients.now())
    pause = _pause(opened, running_seconds)
    look = look_at_tasks(opened, clients, after=opened.record.changed_at, oldest_seconds=pause)
    if isinstance(look, int):
        return Response(verdict="moving", wait_seconds=look)
    task = look.things.get(opened.task_id)
    if task is None:
        return _over(opened, gone("task", opened.task_id), clients)
    report = task.report
    if report.is_at_rest or report.status == "stopping":
        is_ours = report.started > (opened.record.started_before or 0)
        if is_ours:
            return _over(opened, None, clients)
        if running_seconds <= max(START_SEEN_WITHIN_SECONDS, 2 * opened.plan.poll_seconds):  # DMS does not show it yet
            return Response(verdict="moving", wait_seconds=opened.plan.poll_seconds)
        text = f"task {opened.task_id!r} is {report.status!r} and shows no start of ours after {running_seconds:.0f} s."
        return _over(opened, Failure("unknown", "StartNotSeen", text), clients)
    if opened.ends_at_mark and is_delta_over(opened, running_seconds, clients):
        return _over(opened, None, clients)
    if report.progress != opened.record.progress:
        clients.ledger.note(opened.attempt, progress=report.progress, progress_at=clients.now())
        quiet_seconds = 0.0
    else:
        quiet_seconds = seconds_since(opened.record.progress_at, clients.now())
    return _judge(opened, report, running_seconds, quiet_seconds, clients)


def _pause(opened: Opened, running_seconds: float) -> int:
    """Seconds to the next look, and how old one may be: a look is as good as one that waited for it."""
    deadline = opened.settings.limits.task_deadline_seconds
    if opened.record.stop_at and running_seconds < (left := opened.settings.limits.delta_seconds):
        return max(opened.plan.poll_seconds, math.ceil(left - running_seconds))  # it stops by itself, and not before
    return next_look_seconds(opened.plan.poll_seconds, running_seconds, deadline + 1)


def _judge(
    opened: Opened, report: TaskReport, running_seconds: float, quiet_seconds: float, clients: Clients
) -> Response:
    limits = opened.settings.limits
    pause = _pause(opened, running_seconds)
    if opened.record.stop_at:  # no table moves where nothing changes; after its time the task has none to be quiet
        quiet_seconds = min(quiet_seconds, running_seconds - limits.delta_seconds)
    watched = watch(report, running_seconds=running_seconds, quiet_seconds=quiet_seconds, limits=limits)
    if watched == "too long":
        text = f"the task ran {running_seconds:.0f} s of {limits.task_deadline_seconds} s (task_deadline_seconds)."
        return _over(opened, Failure("unknown", "TaskTooLong", text), clients)
    if watched == "stuck" and _rows_move(opened, report, clients):
        return Response(verdict="moving", wait_seconds=pause)
    if watched == "stuck":
        text = (
            f"nothing moved for {quiet_seconds:.0f} s of {limits.stuck_seconds} s (stuck_seconds): {report.progress}."
        )
        return _over(opened, Failure("unknown", "TaskStuck", text), clients)
    return Response(verdict="moving", wait_seconds=pause)


def _rows_move(opened: Opened, report: TaskReport, clients: Clients) -> bool:
    """Whether rows came since this was last asked. One large table moves rows for hours, and no table's state."""
    charge(1, pace_of(opened), clients)
    rows = sum(int(one.get("FullLoadRows", 0)) for one in clients.dms.table_statistics(report.arn))
    if rows == opened.record.rows_seen:
        return False
    clients.ledger.note(opened.attempt, rows_seen=rows, progress_at=clients.now())
    return True


def _over(opened: Opened, failure: Failure | None, clients: Clients) -> Response:
    if not opened.record.over_at:
        clients.ledger.note(opened.attempt, over_at=clients.now())
    if failure:
        clients.ledger.note_failure(opened.attempt, failure)
    return Response(verdict="over", wait_seconds=0)


handler = entrypoint("PollTask", Request, waiting_when_throttled(run, Response, verdict="moving"))
