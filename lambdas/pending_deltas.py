"""Deltas that landed something and were never sealed: their execution broke off. DMS has moved on past what is there,
so it is sealed before the task starts again."""

from __future__ import annotations

from fleet.attempt_record import AttemptRecord
from fleet.deltas.chain import Chain
from fleet.dms.tasks import TaskReport
from fleet.manifests import Manifest
from lambdas.attempt_context import Opened, look_at_attempt
from lambdas.clients.records import adapter
from lambdas.landing import read_manifest
from lambdas.sealing_changes import note_changes, seal_changes
from lambdas.wiring import Clients


def seal_pending(opened: Opened, chain: Chain | None, report: TaskReport, clients: Clients) -> None:
    """Seal the folders of earlier deltas that were started and not sealed. The task is at rest, as *report* says."""
    for record in _find_pending(opened, chain, report.arn, clients):
        earlier = look_at_attempt(record.attempt, clients)
        manifest = read_manifest(earlier, clients)
        if manifest is None:
            manifest = seal_changes(earlier, report, clients)
            body = adapter(Manifest).dump_json(manifest)
            bucket = earlier.settings.landing_bucket
            if not clients.objects.write_new(bucket, record.attempt.folder.manifest_key, body):
                manifest = read_manifest(earlier, clients)
        if manifest is not None and manifest.delta is not None:
            note_changes(earlier, manifest, clients)


def _find_pending(opened: Opened, chain: Chain | None, task_arn: str, clients: Clients) -> list[AttemptRecord]:
    """Those of the task of that ARN: what another one wrote, which is gone, belongs to no chain that goes on."""
    if chain is None or chain.broken:
        records = list(reversed(clients.ledger.attempts_before(opened.attempt)))
    else:
        records = clients.ledger.attempts_between(opened.database.id, chain.newest + 1, opened.attempt.number - 1)
    return [
        one
        for one in records
        if one.attempt.mode == "delta" and one.started_at and not one.sealed_at and one.task_arn == task_arn
    ]
