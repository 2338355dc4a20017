"""
State "AwaitConnection" of database-run.asl.json: sees to it that the connection was tested by us after the change.

Takes   AttemptRequest
Returns Response: `connected`; `wait` while a test runs; `refused` with the failure noted
Raises  ClaimLostError
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from fleet.errors import ClaimLostError, FleetError
from fleet.failures import Failure, classify_test
from fleet.waits import Wait
from lambdas.clients.dms import Connection, Task
from lambdas.entrypoint import Model, entrypoint
from lambdas.opened import AttemptRequest, Opened, gone, open_attempt
from lambdas.waiting import keep_waiting
from lambdas.wiring import Clients

Request = AttemptRequest
Side = Literal["source", "target"]
Verdict = Failure | Literal["wait", "sent"] | None
SIDES: tuple[Side, ...] = ("target", "source")


class Response(Model):
    """Whether both endpoints are connected to the instance."""

    verdict: Literal["connected", "wait", "refused"]
    wait_seconds: int = 0


RAISES: tuple[type[FleetError], ...] = (ClaimLostError,)


def run(request: Request, clients: Clients) -> Response:
    """Look once at both tests, which may run at once; send what has not been sent. What fails first is the target."""
    opened = open_attempt(request.attempt, clients)
    task = clients.dms.find_task(opened.task_id)
    if task is None:
        return _refuse(opened, gone("task", opened.task_id), clients)
    found = clients.dms.connections(task.instance_arn, task.target_arn, task.source_arn)
    tests: dict[Side, Verdict] = {side: _test(opened, task, side, found, clients) for side in SIDES}
    under_way: list[Side] = [side for side in SIDES if tests[side] in {"sent", "wait"}]
    too_long = None
    if under_way:
        side = under_way[0]
        missing = f"the test of the {side} endpoint did not end"
        wait = Wait("TestTooLong", missing, "test_deadline_seconds", classify_test(side, ""))
        sent = {f"{side}_test_sent": True for side in under_way if tests[side] == "sent"}
        left = keep_waiting(opened, wait, clients, **sent)
        if isinstance(left, int):
            return Response(verdict="wait", wait_seconds=left)
        too_long = left
    for result in (*tests.values(), too_long):
        if isinstance(result, Failure):
            return _refuse(opened, result, clients)
    return Response(verdict="connected")


def _test(opened: Opened, task: Task, side: Side, found: Mapping[str, Connection], clients: Clients) -> Verdict:
    """None if the endpoint is proved to connect: the target only by a test that we sent ourselves.

    A stored result of the source's suffices where it is good; DMS itself asks no more of a start.
    """
    endpoint_arn = task.target_arn if side == "target" else task.source_arn
    connection = found[endpoint_arn]
    if connection.status in {"testing", "deleting"}:
        return "wait"
    sent = opened.record.get(f"{side}_test_sent")
    if connection.status == "successful" and (sent or side == "source"):
        return None
    if sent:
        return Failure(
            classify_test(side, connection.failure),
            "ConnectionTestFailed",
            f"the test of the {side} endpoint {endpoint_arn} is {connection.status!r}: "
            f"{connection.failure or 'DMS gives no reason'}",
        )
    is_refused = clients.dms.test_connection(task.instance_arn, endpoint_arn)  # as while a test that is not ours runs
    return "wait" if is_refused else "sent"


def _refuse(opened: Opened, failure: Failure, clients: Clients) -> Response:
    clients.ledger.note_failure(opened.attempt, failure)
    return Response(verdict="refused")


handler = entrypoint("AwaitConnection", Request, run)
