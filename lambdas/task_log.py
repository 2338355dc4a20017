"""Why tables errored, as the task's log says it, brought into the manifest before it is written."""

from __future__ import annotations

from fleet.dms.task_log import PATTERNS, add_reasons, errored_tables, find_reasons
from fleet.manifests import Manifest
from fleet.names import task_log_group, task_log_stream
from lambdas.attempt_context import Opened
from lambdas.clients.task_logs import NO_LOG
from lambdas.wiring import Clients

_UNNAMED = "no error line in it names them"


def explain_errored_tables(manifest: Manifest, opened: Opened, clients: Clients) -> Manifest:
    """*manifest* with DMS's own words on each table that errored. Nothing is read where none did."""
    names = errored_tables(manifest)
    started_at = opened.record.started_at
    if not names or started_at is None:
        return manifest
    group = task_log_group(opened.settings.prefix, opened.database.instance)
    read = clients.task_logs.read(group, task_log_stream(opened.record.task_arn), started_at, PATTERNS)
    reasons = find_reasons(read.lines, names)
    why = read.why_not or (_UNNAMED if read.lines else f"it holds no error; {NO_LOG}")
    silent = [str(name) for name in names if name not in reasons]
    gaps = [f"the task's log does not say why {len(silent)} tables errored, first {silent[0]}: {why}"] if silent else []
    return add_reasons(manifest, reasons, opened.server.engine, gaps)
