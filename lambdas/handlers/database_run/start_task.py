"""
State "StartTask" of database-run.asl.json: checks everything once more, then starts the one task.

Takes   AttemptRequest
Returns Response: `started`; `retest` where a connection test is missing; `wait` while a state passes that DMS refuses a
        start in, or while the server has no place for a database that lost its own; `refused` with the failure noted
Raises  ClaimLostError
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Literal

from fleet.dms.endpoints import judge_source, judge_target, s3_settings
from fleet.dms.tasks import TaskReport, is_settling, judge_start_refusal, start_type, stop_position
from fleet.errors import ClaimLostError, FleetError
from fleet.failures import Failure
from fleet.sentences import as_clause
from fleet.tables.catalogue import Table
from fleet.waits import Wait
from lambdas.attempt_context import (
    AttemptRequest,
    Opened,
    find_stop_request,
    gone,
    open_attempt,
    read_tables,
    refuse,
)
from lambdas.chain_context import check_chain, wanted_texts
from lambdas.clients.dms import Endpoint, Task
from lambdas.dms_turns import charge, pace_of, take_turn, waiting_when_throttled
from lambdas.entrypoint import Model, entrypoint
from lambdas.landing import look_into_folder
from lambdas.moving import judge_at_rest
from lambdas.server_places import keep_place
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
    if left := take_turn("StartTask", opened, clients):
        return Response(verdict="wait", wait_seconds=left)
    tasks = clients.dms.find_tasks(opened.task_ids, with_texts=True)
    if opened.task_id not in tasks:
        return refuse(opened, gone("task", opened.task_id), clients, Response)
    task = tasks[opened.task_id]
    report = task.report
    before = opened.record.started_before
    if before is not None and report.started > before:
        return Response(verdict="started", wait_seconds=opened.plan.poll_seconds)
    if failure := find_stop_request(opened, clients):
        return refuse(opened, failure, clients, Response)
    left_by_test = look_into_folder(opened, clients)
    if isinstance(left_by_test, Failure):
        return refuse(opened, left_by_test, clients, Response)
    if is_settling(report):
        return _wait(opened, f"task {opened.task_id!r} is {report.status!r}", clients)
    found = clients.dms.find_endpoints(opened.source_endpoint_id, opened.target_endpoint_id)
    if any(endpoint.status == "modifying" for endpoint in found.values()):
        return _wait(opened, "an endpoint is 'modifying'", clients)
    tables = read_tables(opened.attempt, clients)
    if failure := judge_at_rest(tasks) or _judge_endpoints(opened, found) or _judge_task(opened, task, tables, clients):
        return refuse(opened, failure, clients, Response)
    if not opened.record.target_test_sent:  # DMS would start on a success from before the endpoint's change
        return Response(verdict="retest")
    if task.instance_arn != opened.record.instance_arn:  # somebody moved it: its connections are others
        clients.ledger.note(opened.attempt, instance_arn=task.instance_arn)
        return _retest(opened, f"the task was moved to {task.instance_arn}", clients)
    place = keep_place(opened, clients)
    if isinstance(place, Failure):
        return refuse(opened, place, clients, Response)
    if place > 0:
        return Response(verdict="wait", wait_seconds=place)
    stop_at = None
    if opened.attempt.mode == "delta":
        if broken := check_chain(opened, report, clients):
            return refuse(opened, broken, clients, Response)
        if not opened.ends_at_mark:
            stop_at = clients.now() + timedelta(seconds=opened.settings.limits.delta_seconds)
            clients.ledger.note(opened.attempt, stop_at=stop_at)
    clients.ledger.note(
        opened.attempt,
        started_before=report.started,
        started_at=clients.now(),
        left_by_test=tuple(file.key for file in left_by_test),
    )
    bound = stop_position(stop_at) if stop_at else ""
    refused = clients.dms.start_task(report.arn, start_type(report, opened.attempt.mode), bound)
    if not refused or _has_started(opened, report, clients):
        return Response(verdict="started", wait_seconds=opened.plan.poll_seconds)
    clients.ledger.note(opened.attempt, started_before=None, started_at=None)
    follows = judge_start_refusal(refused)
    if follows == "wait":
        return _wait(opened, f"DMS says: {refused}", clients)
    if follows == "retest":
        return _retest(opened, refused, clients)
    return refuse(opened, _start_refused(refused), clients, Response)


def _has_started(opened: Opened, before: TaskReport, clients: Clients) -> bool:
    """Whether a start that was refused is our own: one that was throttled may have been done, and is repeated."""
    charge(1, pace_of(opened), clients)
    task = clients.dms.find_tasks([opened.task_id]).get(opened.task_id)
    return task is not None and not task.report.is_at_rest and task.report.started > before.started


def _start_refused(said: str) -> Failure:
    return Failure("unknown", "StartRefused", f"DMS did not start the task: {as_clause(said)}")


def _retest(opened: Opened, said: str, clients: Clients) -> Response:
    """Have the connections tested anew, a few times at most."""
    retests = opened.record.retests
    if retests >= RETESTS:
        return refuse(opened, _start_refused(said), clients, Response)
    clients.ledger.note(opened.attempt, retests=retests + 1, target_test_sent=None, source_test_sent=None)
    return Response(verdict="retest")


def _wait(opened: Opened, reason: str, clients: Clients) -> Response:
    """Come again later; after `modify_deadline_seconds` the wait ends as a failure."""
    wait = Wait("StartRefused", f"the task could not be started ({as_clause(reason)})", "modify_deadline_seconds")
    left = keep_waiting(opened, wait, clients)
    return (
        refuse(opened, left, clients, Response)
        if isinstance(left, Failure)
        else Response(verdict="wait", wait_seconds=left)
    )


def _judge_task(opened: Opened, task: Task, tables: tuple[Table, ...], clients: Clients) -> Failure | None:
    """What the task moves, and how, is read back with the endpoints."""
    difference = wanted_texts(opened, tables, clients).find_difference(task.texts)
    if not difference:
        return None
    return Failure("unknown", "TaskNotAsWanted", f"task {opened.task_id!r} is not as it was made: {difference}.")


def _judge_endpoints(opened: Opened, found: Mapping[str, Endpoint]) -> Failure | None:
    """Both endpoints are read immediately before the start, because a deployment may have come between."""
    for identifier in (opened.source_endpoint_id, opened.target_endpoint_id):
        if identifier not in found:
            return gone("endpoint", identifier)
    wanted = s3_settings(opened.settings, opened.attempt.folder)
    return judge_source(opened.server, opened.database.id, found[opened.source_endpoint_id].source) or judge_target(
        opened.database.id, wanted, found[opened.target_endpoint_id].s3
    )


handler = entrypoint("StartTask", Request, waiting_when_throttled(run, Response))
