"""
State "AwaitConnection" of database-run.asl.json: sees to it that the connection was tested by us after the change.

Takes   AttemptRequest
Returns Response: `connected`; `wait` while a test runs; `refused` with the failure noted
Raises  ClaimLostError
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from fleet.errors import ClaimLostError, FleetError
from fleet.failures import Failure, classify_test
from fleet.waits import Wait
from lambdas.attempt_context import AttemptRequest, Opened, open_attempt
from lambdas.clients.dms import Connection
from lambdas.dms_turns import take_turn, waiting_when_throttled
from lambdas.entrypoint import Model, entrypoint
from lambdas.lane_looks import Look, look_at_connections
from lambdas.waiting import keep_waiting
from lambdas.wiring import Clients

Request = AttemptRequest
Side = Literal["source", "target"]
Verdict = Failure | Literal["wait"] | None
SIDES: tuple[Side, ...] = ("target", "source")


class Response(Model):
    """Whether both endpoints are connected to the instance."""

    verdict: Literal["connected", "wait", "refused"]
    wait_seconds: int = 0


RAISES: tuple[type[FleetError], ...] = (ClaimLostError,)


def run(request: Request, clients: Clients) -> Response:
    """Look at both tests, which may run at once; send what has not been sent. What fails first is the target."""
    opened = open_attempt(request.attempt, clients)
    sent_at = [opened.record[f"{side}_test_sent"] for side in SIDES if opened.record.get(f"{side}_test_sent")]
    look = look_at_connections(
        opened, clients, after=datetime.fromisoformat(max((opened.record["pointed_at"], *sent_at)))
    )
    if isinstance(look, int):
        return Response(verdict="wait", wait_seconds=look)
    wanted = [side for side in SIDES if _is_to_send(opened, side, look)]
    if wanted and (left := take_turn("AwaitConnection", opened, clients)):
        return Response(verdict="wait", wait_seconds=left)
    sent = {}
    for side in wanted:
        # Refused, as while a test that is not ours runs, it is sent at a later look.
        if not clients.dms.test_connection(opened.record["instance_arn"], opened.record[f"{side}_arn"]):
            sent[f"{side}_test_sent"] = clients.now().isoformat()
    tests = {side: "wait" if side in wanted else _judge(opened, side, look) for side in SIDES}
    under_way: list[Side] = [side for side in SIDES if tests[side] == "wait"]
    too_long = None
    if under_way:
        side = under_way[0]
        missing = f"the test of the {side} endpoint did not end"
        wait = Wait("TestTooLong", missing, "test_deadline_seconds", classify_test(side, ""))
        left = keep_waiting(opened, wait, clients, **sent)
        if isinstance(left, int):
            return Response(verdict="wait", wait_seconds=left)
        too_long = left
    for result in (*tests.values(), too_long):
        if isinstance(result, Failure):
            return _refuse(opened, result, clients)
    return Response(verdict="connected")


def _is_to_send(opened: Opened, side: Side, look: Look[Connection]) -> bool:
    """Whether *side* wants a test of ours and none runs: the target always, as its endpoint was changed; the source
    where its last was not good, as DMS itself asks no more of a start."""
    connection = look.things.get(opened.record[f"{side}_arn"])
    if opened.record.get(f"{side}_test_sent") or (connection and connection.is_passing):
        return False
    return side == "target" or connection is None or connection.status != "successful"


def _judge(opened: Opened, side: Side, look: Look[Connection]) -> Verdict:
    """None if the endpoint is proved to connect."""
    endpoint_arn = opened.record[f"{side}_arn"]
    connection = look.things.get(endpoint_arn)
    if connection is None or connection.is_passing:
        return "wait"
    if connection.status == "successful":
        return None
    return Failure(
        classify_test(side, connection.failure),
        "ConnectionTestFailed",
        f"the test of the {side} endpoint {endpoint_arn} is {connection.status!r}: "
        f"{connection.failure or 'DMS gives no reason'}",
    )


def _refuse(opened: Opened, failure: Failure, clients: Clients) -> Response:
    clients.ledger.note_failure(opened.attempt, failure)
    return Response(verdict="refused")


handler = entrypoint("AwaitConnection", Request, waiting_when_throttled(run, Response))
