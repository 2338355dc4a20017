"""
State "AwaitConnection" of database-run.asl.json: sees to it that the connection was tested by us after the change.

Takes   AttemptRequest
Returns Response: `connected`; `wait` while a test runs; `refused` with the failure noted
Raises  ClaimLostError
"""

from __future__ import annotations

from typing import Literal

from fleet.attempt_record import AttemptChange
from fleet.connections import SIDES, Side, is_test_due, judge_test
from fleet.errors import ClaimLostError, FleetError
from fleet.failures import Failure, classify_test
from fleet.waits import Wait
from lambdas.attempt_context import AttemptRequest, open_attempt, refuse
from lambdas.dms_turns import take_turn, waiting_when_throttled
from lambdas.entrypoint import Model, entrypoint
from lambdas.lane_looks import look_at_connections
from lambdas.waiting import keep_waiting
from lambdas.wiring import Clients

Request = AttemptRequest


class Response(Model):
    """Whether both endpoints are connected to the instance."""

    verdict: Literal["connected", "wait", "refused"]
    wait_seconds: int = 0


RAISES: tuple[type[FleetError], ...] = (ClaimLostError,)


def run(request: Request, clients: Clients) -> Response:
    """Look at both tests, which may run at once; send what has not been sent. What fails first is the target."""
    opened = open_attempt(request.attempt, clients)
    record = opened.record
    changes = (record.pointed_at, record.target_test_sent, record.source_test_sent)
    look = look_at_connections(opened, clients, after=max(at for at in changes if at is not None))
    if isinstance(look, int):
        return Response(verdict="wait", wait_seconds=look)
    arns = {"target": record.target_arn, "source": record.source_arn}
    sent_at = {"target": record.target_test_sent, "source": record.source_test_sent}
    wanted = [side for side in SIDES if is_test_due(side, look.things.get(arns[side]), sent_at[side])]
    if wanted and (left := take_turn("AwaitConnection", opened, clients)):
        return Response(verdict="wait", wait_seconds=left)
    sent = AttemptChange()
    for side in wanted:
        # Refused, as while a test that is not ours runs, it is sent at a later look.
        if not clients.dms.test_connection(record.instance_arn, arns[side]):
            now = clients.now()
            sent |= {"target_test_sent": now} if side == "target" else {"source_test_sent": now}
    tests = {
        side: "wait" if side in wanted else judge_test(side, arns[side], look.things.get(arns[side])) for side in SIDES
    }
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
            return refuse(opened, result, clients, Response)
    return Response(verdict="connected")


handler = entrypoint("AwaitConnection", Request, waiting_when_throttled(run, Response))
