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
from lambdas.clients.dms import Connection, Task
from lambdas.entrypoint import Model, entrypoint
from lambdas.opened import AttemptRequest, Opened, gone, open_attempt
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
    waiting: list[Side] = [side for side in SIDES if tests[side] == "wait"]
    if waiting and "sent" not in tests.values() and not opened.record.get("test_since"):
        clients.ledger.note(opened.attempt, test_since=clients.now().isoformat())
    waited = opened.seconds_since("test_since", clients.now())
    limit = opened.settings.limits.test_deadline_seconds
    if "sent" in tests.values() or (waiting and waited <= limit):
        return Response(verdict="wait", wait_seconds=opened.plan.poll_seconds)
    for result in tests.values():
        if isinstance(result, Failure):
            return _refuse(opened, result, clients)
    if waiting:
        text = f"the test of the {waiting[0]} endpoint did not end: waited {waited:.0f} s of {limit} s."
        return _refuse(opened, Failure(classify_test(waiting[0], ""), "TestTooLong", text), clients)
    return Response(verdict="connected")


def _test(opened: Opened, task: Task, side: Side, found: Mapping[str, Connection], clients: Clients) -> Verdict:
    """None if the endpoint is proved to connect: the target only by a test that we sent ourselves.

    A stored result of the source's suffices where it is good; DMS itself asks no more of a start.
    """
    endpoint_arn = task.target_arn if side == "target" else task.source_arn
    sent_field = f"{side}_test_sent"
    connection = found[endpoint_arn]
    if connection.status in {"testing", "deleting"}:
        return "wait"
    sent = opened.record.get(sent_field)
    if connection.status == "successful" and (sent or side == "source"):
        return None
    if sent:
        return Failure(
            classify_test(side, connection.failure),
            "ConnectionTestFailed",
            f"the test of the {side} endpoint {endpoint_arn} is {connection.status!r}: "
            f"{connection.failure or 'DMS gives no reason'}",
        )
    if not clients.dms.test_connection(task.instance_arn, endpoint_arn):  # refused: a test that is not ours runs
        # The wait for it begins now: a redriven execution may come here hours after its first look.
        clients.ledger.note(opened.attempt, **{sent_field: True, "test_since": clients.now().isoformat()})
        return "sent"
    return "wait"


def _refuse(opened: Opened, failure: Failure, clients: Clients) -> Response:
    clients.ledger.note_failure(opened.attempt, failure)
    return Response(verdict="refused")


handler = entrypoint("AwaitConnection", Request, run)
