"""
State "PointEndpoint" of database-run.asl.json: points the database's S3 endpoint at the attempt's new folder, and reads
it back.

Takes   AttemptRequest
Returns Response: `pointed`; `wait` while DMS changes the endpoint; `refused` with the failure noted
Raises  ClaimLostError
"""

from __future__ import annotations

from typing import Literal

from fleet.dms.endpoints import find_difference, refuse_endpoint, s3_settings
from fleet.errors import ClaimLostError, FleetError
from fleet.failures import Failure
from fleet.folders import LandedFile, may_be_left_by_test, refuse_foreign_folder
from fleet.waits import Wait
from lambdas.entrypoint import Model, entrypoint
from lambdas.opened import AttemptRequest, Opened, gone, open_attempt
from lambdas.waiting import keep_waiting
from lambdas.wiring import Clients

Request = AttemptRequest
MOST_MODIFIES = 3
"""After so many, what DMS gives back is not what it was given: another would not help."""


class Response(Model):
    """Whether the endpoint is as wanted."""

    verdict: Literal["pointed", "wait", "refused"]
    wait_seconds: int = 0


RAISES: tuple[type[FleetError], ...] = (ClaimLostError,)


def run(request: Request, clients: Clients) -> Response:
    """Check, modify if it differs, read back; entered again it finds nothing to modify."""
    opened = open_attempt(request.attempt, clients)
    prefix = opened.attempt.folder.prefix
    if failure := refuse_foreign_folder(opened.database.id, prefix):
        return _refuse(opened, failure, clients)
    if isinstance(found := look_into_folder(opened, clients), Failure):
        return _refuse(opened, found, clients)
    if failure := refuse_moving_tasks(opened, clients):
        return _refuse(opened, failure, clients)
    endpoint = clients.dms.find_endpoint(opened.target_endpoint_id)
    if endpoint is None:
        return _refuse(opened, gone("endpoint", opened.target_endpoint_id), clients)
    wanted = s3_settings(opened.settings, opened.attempt.folder)
    modifies, noted = int(opened.record.get("endpoint_modifies", 0)), {}
    if endpoint.status != "modifying" and find_difference(wanted, endpoint.s3) and modifies < MOST_MODIFIES:
        # A test that ran before this change proves nothing: AwaitConnection must send one after it.
        clients.ledger.note(opened.attempt, target_test_sent=None, pointed_at=clients.now().isoformat())
        if refused := clients.dms.modify_s3_endpoint(endpoint.arn, wanted):
            failure = Failure("unknown", "EndpointNotModified", f"DMS did not modify the endpoint: {refused}")
            return _refuse(opened, failure, clients)
        noted = {"endpoint_modifies": modifies + 1}
        endpoint = clients.dms.find_endpoint(opened.target_endpoint_id)
        if endpoint is None:
            return _refuse(opened, gone("endpoint", opened.target_endpoint_id), clients)
    if endpoint.status == "modifying":
        missing = f"DMS did not end its modification of endpoint {opened.target_endpoint_id!r}"
        wait = Wait("EndpointModifiesTooLong", missing, "modify_deadline_seconds")
        left = keep_waiting(opened, wait, clients, **noted)
        if isinstance(left, Failure):
            return _refuse(opened, left, clients)
        return Response(verdict="wait", wait_seconds=left)
    if failure := refuse_endpoint(opened.database.id, wanted, endpoint.s3):
        return _refuse(opened, failure, clients)
    return Response(verdict="pointed")


def look_into_folder(opened: Opened, clients: Clients) -> list[LandedFile] | Failure:
    """What DMS's tests of the endpoint may have left in the attempt's folder; a failure, if it holds anything else.

    Two writers in one folder mix their rows. Before the endpoint was pointed at the folder nothing may be there at all.
    """
    folder = opened.attempt.folder
    left: list[LandedFile] = []
    for found in clients.objects.list(opened.settings.landing_bucket, folder.prefix + "/"):
        if not opened.record.get("pointed_at") or not may_be_left_by_test(folder, found.file):
            return Failure(
                "landing_mismatch",
                "FolderNotEmpty",
                f"folder {folder.prefix!r} already holds {found.file.key!r}, written "
                f"{found.written_at:%Y-%m-%d %H:%M:%S} UTC; wanted it empty before the task starts. Nothing was "
                f"started. Find who wrote it.",
            )
        left.append(found.file)
    return left


def refuse_moving_tasks(opened: Opened, clients: Clients) -> Failure | None:
    """A failure, if a task of the database is not at rest."""
    for identifier, report in clients.dms.find_moving(opened.task_ids).items():
        return Failure(
            "unknown",
            "TaskNotAtRest",
            f"task {identifier!r} is {report.status!r}, wanted it at rest before the endpoint is changed or a task "
            f"starts. Someone started it outside of this run.",
        )
    return None


def _refuse(opened: Opened, failure: Failure, clients: Clients) -> Response:
    clients.ledger.note_failure(opened.attempt, failure)
    return Response(verdict="refused")


handler = entrypoint("PointEndpoint", Request, run)
