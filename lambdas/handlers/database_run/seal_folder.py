"""
State "SealFolder" of database-run.asl.json: counts, judges each table, and writes the manifest.

Takes   AttemptRequest
Returns Response: `hand off` where a table may be loaded; `nothing` where none may; `wait` while the source is tested or
        counted
Raises  ClaimLostError
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal

from fleet.attempt_record import AttemptChange
from fleet.connections import judge_test_after_load
from fleet.counts import Counted
from fleet.dms.tasks import judge_full_load_end, read_table_state
from fleet.errors import ClaimLostError, FleetError
from fleet.failures import Failure
from fleet.folders import Folder, sort_files
from fleet.late_objects import ends_watch, find_unsealed, is_watched
from fleet.manifests import (
    Manifest,
    describe_left_by_test,
    describe_unplanned,
    judge_strays,
    judge_table,
    part_left_by_test,
    seal,
)
from fleet.tables.account import NOTHING_ACCOUNTED
from fleet.tables.catalogue import Table, TableName
from fleet.tables.losses import ColumnLoss, describe_uncounted
from fleet.waits import Wait
from lambdas.attempt_context import AttemptRequest, Opened, gone, open_attempt, read_account, read_tables, refuse
from lambdas.clients.dms import Task
from lambdas.clients.records import adapter
from lambdas.column_losses import Reported, find_losses
from lambdas.counting import count_at_source, read_counts_before
from lambdas.dms_turns import charge, pace_of, take_turn, waiting_when_throttled
from lambdas.entrypoint import Model, entrypoint
from lambdas.footers import find_left_out
from lambdas.landing import read_manifest, read_manifest_of
from lambdas.lane_looks import look_at_connections, look_at_tasks
from lambdas.sealing_changes import note_changes, seal_changes
from lambdas.task_log import explain_errored_tables
from lambdas.waiting import keep_waiting
from lambdas.wiring import Clients

Request = AttemptRequest


class Response(Model):
    """Whether something may be handed off."""

    verdict: Literal["hand off", "nothing", "wait"]
    wait_seconds: int = 0


RAISES: tuple[type[FleetError], ...] = (ClaimLostError,)


def run(request: Request, clients: Clients) -> Response:
    """Seal once: a manifest of this attempt's that is there already is the answer, whichever call wrote it."""
    opened = open_attempt(request.attempt, clients)
    if opened.record.started_before is None:  # the task was never started: there is nothing to seal
        return Response(verdict="nothing")
    if manifest := read_manifest(opened, clients):
        return _note(opened, manifest, clients)
    look = look_at_tasks(opened, clients, after=opened.record.changed_at)
    if isinstance(look, int):
        return Response(verdict="wait", wait_seconds=look)
    task = look.things.get(opened.task_id)
    if task is None:
        return refuse(opened, gone("task", opened.task_id), clients, Response, verdict="nothing")
    if not opened.record.sealing_since:
        if left := take_turn("SealFolder", opened, clients):
            return Response(verdict="wait", wait_seconds=left)
        clients.ledger.note(opened.attempt, sealing_since=clients.now())
    if opened.attempt.mode == "delta":
        return _write(opened, seal_changes(opened, task.report, clients), clients)
    tables = read_tables(opened.attempt, clients)
    answer = _ask_source(opened, tables, clients)
    if isinstance(answer, int):
        return Response(verdict="wait", wait_seconds=answer)
    counted, lost = answer
    statistics = clients.dms.table_statistics(task.report.arn)
    reported = {TableName(one["SchemaName"], one["TableName"]): read_table_state(one) for one in statistics}
    losses = {} if lost or counted.failure else find_losses(opened, tables, reported, clients)
    if losses is None:
        return Response(verdict="wait", wait_seconds=opened.plan.poll_seconds)
    return _write(opened, _judge(opened, task, tables, reported, lost, counted, losses, clients), clients)


def _write(opened: Opened, manifest: Manifest, clients: Clients) -> Response:
    """Put the *manifest* into the folder, unless another call was first, whose manifest counts then."""
    folder = opened.attempt.folder
    body = adapter(Manifest).dump_json(manifest)
    if not clients.objects.write_new(opened.settings.landing_bucket, folder.manifest_key, body):
        adopted = read_manifest(opened, clients)
        if adopted is None:
            return refuse(opened, _foreign_manifest(folder), clients, Response, verdict="nothing")
        manifest = adopted
    return _note(opened, manifest, clients)


def _note(opened: Opened, manifest: Manifest, clients: Clients) -> Response:
    """What the manifest says goes to the ledger at every call: the first may have ended before it came to that."""
    if manifest.failure:
        clients.ledger.note_failure(opened.attempt, manifest.failure)
        for number in manifest.late_attempts:
            clients.ledger.note(replace(opened.attempt, number=number), late_noted=True)
    if manifest.delta is not None:
        note_changes(opened, manifest, clients)
        is_prime = manifest.delta.chain == opened.attempt.number
        return Response(verdict="nothing" if is_prime or manifest.failure else "hand off")
    clients.ledger.note(
        opened.attempt, sealed_at=datetime.fromisoformat(manifest.sealed_at), folder=opened.attempt.folder.prefix
    )
    return Response(verdict="hand off" if manifest.handed_off else "nothing")


def _foreign_manifest(folder: Folder) -> Failure:
    return Failure(
        "landing_mismatch",
        "ForeignManifest",
        f"{folder.manifest_key!r} is there and is not this attempt's manifest. Nothing is handed off. "
        f"Find who wrote it.",
    )


def _ask_source(opened: Opened, tables: tuple[Table, ...], clients: Clients) -> tuple[Counted, Failure | None] | int:
    """The source's counts, and why it is lost, if it is; or in how many seconds to ask again.

    A source that drops away can end a full load early and in peace: it must still answer, now. Who counts all its
    tables has answered; otherwise DMS tests the connection.
    """
    was_asked = opened.record.source_answered
    lost = None if was_asked else _test_source(opened, clients)
    if isinstance(lost, int):
        return lost
    counted = Counted() if lost else count_at_source(opened, tables, clients)
    if counted is None:
        return opened.plan.poll_seconds
    if was_asked and counted.gaps:
        lost = _test_source(opened, clients)
        if isinstance(lost, int):
            return lost
    return counted, lost


def _test_source(opened: Opened, clients: Clients) -> Failure | int | None:
    """Why the source is lost, or in how many seconds to look again at its test, or None: it answers."""
    missing = "the source was not seen to answer after the load, because the test of its endpoint did not end"
    wait = Wait("SealTestTooLong", missing, "test_deadline_seconds", "connection")
    source_arn = opened.record.source_arn
    sent_at = opened.record.seal_test_sent
    if sent_at is None:
        charge(1, pace_of(opened), clients)
        refused = clients.dms.test_connection(opened.record.instance_arn, source_arn)  # as while another test runs
        sent = AttemptChange() if refused else AttemptChange(seal_test_sent=clients.now())
        return keep_waiting(opened, wait, clients, **sent)
    look = look_at_connections(opened, clients, after=sent_at)
    if isinstance(look, int):
        return look
    proved = judge_test_after_load(look.things.get(source_arn))
    return keep_waiting(opened, wait, clients) if proved == "wait" else proved


def _judge(
    opened: Opened,
    task: Task,
    tables: tuple[Table, ...],
    reported: Reported,
    lost: Failure | None,
    counted: Counted,
    losses: Mapping[TableName, Sequence[ColumnLoss]],
    clients: Clients,
) -> Manifest:
    folder, database = opened.attempt.folder, opened.database
    listed = clients.objects.list(opened.settings.landing_bucket, folder.prefix + "/")
    files, others = sort_files(folder, [table.name for table in tables], [one.file for one in listed])
    left_by_test, strays = part_left_by_test(folder, others, opened.record.left_by_test)
    # A lost source is why a task failed, and not the other way round.
    failure = opened.record.failure or lost or counted.failure or judge_full_load_end(task.report)
    late = {} if failure or strays else _late_objects(opened, clients)
    before = read_counts_before(opened.attempt, clients)
    left_out = find_left_out(database, opened.settings.landing_bucket, tables, files, clients)
    sealed = [
        judge_table(
            table,
            reported.get(table.name),
            files.get(table.name, ()),
            (counted.rows or {}).get(table.name),
            tolerance=database.tolerance_of(table.name),
            before=before.get(table.name),
            losses=losses.get(table.name, ()),
            policy=database.losses_of(table.name),
            refused=counted.refused.get(table.name, ""),
            left_out=left_out.get(table.name),
        )
        for table in tables
    ]
    manifest = seal(
        opened.attempt,
        sealed,
        bucket=opened.settings.landing_bucket,
        sealed_at=clients.now().isoformat(),
        failure=failure or judge_strays(strays, [key for keys in late.values() for key in keys]),
        account=read_account(opened.attempt, clients) or NOTHING_ACCOUNTED,
        late_attempts=tuple(late),
        gaps=[
            *opened.record.gaps,
            *counted.gaps,
            *describe_uncounted(losses),
            *filter(None, [describe_left_by_test(left_by_test), describe_unplanned(tables, reported)]),
        ],
        left_by_test=left_by_test,
        is_trial=bool(opened.record.trial),
    )
    return explain_errored_tables(manifest, opened, clients)


def _late_objects(opened: Opened, clients: Clients) -> dict[int, list[str]]:
    """Objects that came to an earlier folder after its seal, by attempt.

    Only folders whose rows may still be in the warehouse: back to the last whole load that was handed off.
    """
    late: dict[int, list[str]] = {}
    for record in clients.ledger.attempts_before(opened.attempt):
        attempt = record.attempt
        manifest = read_manifest_of(attempt, opened, clients) if record.sealed_at else None
        if is_watched(record, manifest):
            found = clients.objects.list(opened.settings.landing_bucket, attempt.folder.prefix + "/")
            if keys := find_unsealed(record, manifest, [one.file.key for one in found]):
                late[attempt.number] = keys
        if ends_watch(record, manifest):
            break
    return late


handler = entrypoint("SealFolder", Request, waiting_when_throttled(run, Response))
