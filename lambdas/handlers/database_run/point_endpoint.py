"""
State "PointEndpoint" of database-run.asl.json: points the database's S3 endpoint at the attempt's new folder, and reads
it back.

Takes   AttemptRequest
Returns Response: `pointed`; `wait` while DMS changes the endpoint; `refused` with the failure noted
Raises  ClaimLostError
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from fleet.dms.endpoints import find_difference, judge_target, s3_settings
from fleet.errors import ClaimLostError, FleetError
from fleet.failures import Failure
from fleet.folders import judge_prefix
from fleet.sentences import as_clause
from fleet.waits import Wait
from lambdas.attempt_context import AttemptRequest, Opened, gone, open_attempt, refuse
from lambdas.clients.dms import Endpoint
from lambdas.dms_turns import charge, pace_of, take_turn, waiting_when_throttled
from lambdas.entrypoint import Model, entrypoint
from lambdas.landing import look_into_folder
from lambdas.moving import judge_at_rest
from lambdas.waiting import keep_waiting
from lambdas.wiring import Clients

Request = AttemptRequest


class Response(Model):
    """Whether the endpoint is as wanted."""

    verdict: Literal["pointed", "wait", "refused"]
    wait_seconds: int = 0


RAISES: tuple[type[FleetError], ...] = (ClaimLostError,)


def run(request: Request, clients: Clients) -> Response:
    """Check, modify, compare with what DMS gives back; entered again it modifies only what differs."""
    opened = open_attempt(request.attempt, clients)
    prefix = opened.attempt.folder.prefix
    if failure := judge_prefix(opened.database.id, prefix):
        return refuse(opened, failure, clients, Response)
    if isinstance(found := look_into_folder(opened, clients), Failure):
        return refuse(opened, found, clients, Response)
    if left := take_turn("PointEndpoint", opened, clients):
        return Response(verdict="wait", wait_seconds=left)
    if failure := judge_at_rest(clients.dms.find_tasks(opened.task_ids)):
        return refuse(opened, failure, clients, Response)
    wanted = s3_settings(opened.settings, opened.attempt.folder)
    endpoint = _find(opened, clients) if opened.record.pointed_at else None
    if endpoint is None or (endpoint.status != "modifying" and find_difference(wanted, endpoint.s3)):
        endpoint = _modify(opened, wanted, clients)
        if isinstance(endpoint, Failure):
            return refuse(opened, endpoint, clients, Response)
    if endpoint.status == "modifying":
        missing = f"DMS did not end its modification of endpoint {opened.target_endpoint_id!r}"
        left = keep_waiting(opened, Wait("EndpointModifiesTooLong", missing, "modify_deadline_seconds"), clients)
        if isinstance(left, Failure):
            return refuse(opened, left, clients, Response)
        return Response(verdict="wait", wait_seconds=left)
    if failure := judge_target(opened.database.id, wanted, endpoint.s3):
        return refuse(opened, failure, clients, Response)
    return Response(verdict="pointed")


def _find(opened: Opened, clients: Clients) -> Endpoint | None:
    charge(1, pace_of(opened), clients)
    return clients.dms.find_endpoints(opened.target_endpoint_id).get(opened.target_endpoint_id)


def _modify(opened: Opened, wanted: Mapping[str, Any], clients: Clients) -> Endpoint | Failure:
    """The endpoint as DMS gives it back. One that is being modified refuses, and is waited for."""
    # A test that ran before this change proves nothing: AwaitConnection must send one after it.
    clients.ledger.note(opened.attempt, target_test_sent=None, pointed_at=clients.now())
    modified = clients.dms.modify_s3_endpoint(opened.record.target_arn, wanted)
    if modified is None:
        return gone("endpoint", opened.target_endpoint_id)
    if isinstance(modified, str):
        found = _find(opened, clients)
        if found is not None and found.status == "modifying":
            return found
        return Failure("unknown", "EndpointNotModified", f"DMS did not modify the endpoint: {as_clause(modified)}")
    return modified


handler = entrypoint("PointEndpoint", Request, waiting_when_throttled(run, Response))
