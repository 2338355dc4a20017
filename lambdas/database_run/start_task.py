"""
State "StartTask" of database-run.asl.json: checks everything once more, then starts the one task.

Takes   AttemptRequest
Returns Response: `started`; `retest` where a connection test is missing; `wait` while a state passes that DMS refuses a
        start in; `refused` with the failure noted
Raises  ClaimLostError
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from fleet.dms.endpoints import refuse_endpoint, refuse_source, s3_settings
from fleet.dms.tasks import is_settling, judge_start_refusal, start_type
from fleet.errors import ClaimLostError, FleetError
from fleet.failures import Failure
from fleet.waits import Wait
from lambdas.database_run.point_endpoint import look_into_folder, refuse_moving_tasks
from lambdas.entrypoint import Model, entrypoint
from lambdas.opened import AttemptRequest, Opened, gone, open_attempt, refuse_stopped_run
from lambdas.waiting import keep_waiting
from lambdas.wiring import Clients

Request = AttemptRequest
RETESTS = 3


class Response(Model):
    """Whether the task was started."""

    verdict: Literal["started", "retest", "wait", "refused"]
    wait_seconds: int = 0


RAISES: tuple[type[FleetError], ...] = (ClaimLostError,)


def run(request: Request, clients: Clients) -> Response:
    """Start the task once: entered again, a later start date than the one noted means that it was started by us."""
    opened = open_attempt(request.attempt, clients)
    report = clients.dms.find_report(opened.task_id)
    if report is None:
        return _refuse(opened, gone("task", opened.task_id), clients)
    before = opened.record.get("started_before")
    if before is not None and Decimal(str(report.started)) > before:
        return Response(verdict="started", wait_seconds=opened.plan.poll_seconds)
    if failure := refuse_stopped_run(opened, clients):
        return _refuse(opened, failure, clients)
    left_by_test = look_into_folder(opened, clients)
    if isinstance(left_by_test, Failure):
        return _refuse(opened, left_by_test, clients)
    if is_settling(report):
        return _wait(opened, f"task {opened.task_id!r} is {report.status!r}", clients)
    if failure := refuse_moving_tasks(opened, clients) or _refuse_endpoint(opened, clients):
        return _refuse(opened, failure, clients)
    if not opened.record.get("target_test_sent"):  # DMS would start on a success from before the endpoint's change
        return Response(verdict="retest")
    clients.ledger.note(
        opened.attempt,
        started_before=Decimal(str(report.started)),
        started_at=clients.now().isoformat(),
        left_by_test=[file.key for file in left_by_test] or None,
    )
    refused = clients.dms.start_task(report.arn, start_type(report))
    if not refused:
        return Response(verdict="started", wait_seconds=opened.plan.poll_seconds)
    clients.ledger.note(opened.attempt, started_before=None, started_at=None)
    follows = judge_start_refusal(refused)
    if follows == "wait":
        return _wait(opened, f"DMS says: {refused}", clients)
    retests = int(opened.record.get("retests", 0))
    if follows == "retest" and retests < RETESTS:
        clients.ledger.note(opened.attempt, retests=retests + 1, target_test_sent=None, source_test_sent=None)
        return Response(verdict="retest")
    return _refuse(opened, Failure("unknown", "StartRefused", f"DMS did not start the task: {refused}"), clients)


def _wait(opened: Opened, reason: str, clients: Clients) -> Response:
    """Come again later; after `modify_deadline_seconds` the wait ends as a failure."""
    wait = Wait("StartRefused", f"the task could not be started ({reason})", "modify_deadline_seconds")
    left = keep_waiting(opened, wait, clients)
    return _refuse(opened, left, clients) if isinstance(left, Failure) else Response(verdict="wait", wait_seconds=left)


def _refuse_endpoint(opened: Opened, clients: Clients) -> Failure | None:
    """Both endpoints are read immediately before the start, because a deployment may have come between."""
    found = clients.dms.find_endpoints(opened.source_endpoint_id, opened.target_endpoint_id)
    for identifier in (opened.source_endpoint_id, opened.target_endpoint_id):
        if identifier not in found:
            return gone("endpoint", identifier)
    wanted = s3_settings(opened.settings, opened.attempt.folder)
    return refuse_source(
        opened.server, opened.database.id, found[opened.source_endpoint_id].ssl_mode
    ) or refuse_endpoint(opened.database.id, wanted, found[opened.target_endpoint_id].s3)


def _refuse(opened: Opened, failure: Failure, clients: Clients) -> Response:
    clients.ledger.note_failure(opened.attempt, failure)
    return Response(verdict="refused")


handler = entrypoint("StartTask", Request, run)
