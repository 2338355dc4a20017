"""Whether the log outlasts the time between two deltas."""

from __future__ import annotations

from fleet.checks.check import Check, Judged
from fleet.checks.source_look import SourceLook, not_looked
from fleet.deltas.logs import SourceLog, expires_after_seconds, find_risks
from fleet.dms.source_versions import read_version
from fleet.failures import Failure


def judge(look: SourceLook) -> Judged | None:
    """Shorter than between two deltas of the schedules fails each delta; shorter than a delta is overdue may."""
    if look.log is None:
        return None
    if isinstance(look.log, Failure):
        return not_looked(look.log)
    overdue = look.registry.settings.limits.delta_overdue_hours
    kept = _kept_hours(look, look.log)
    planned = look.hours_between_deltas or 0
    between = f"up to {planned:g} hours pass between two deltas of the schedules"
    if kept is None:
        wanted = between if planned else f"`delta_overdue_hours` is {overdue}"
        return Judged("unknown", f"the source does not say for how long it keeps its log; {wanted}")
    if kept < planned:
        return Judged("failed", f"the log is kept for {kept:g} hours, and {between}")
    risks = [*(one for one in find_risks(look.log, 0)), *([_NO_SCHEDULE] if look.hours_between_deltas == 0 else [])]
    if kept < overdue:
        risks.append(f"the log is kept for {kept:g} hours, and `delta_overdue_hours` is {overdue}")
    if risks:
        return Judged("remark", "; ".join(risks))
    return Judged("passed", "the log is kept until it was read" if kept == _UNTIL_READ else f"kept for {kept:g} hours")


_UNTIL_READ = float("inf")
_READS_BACKUPS_OF_RDS = (3, 5, 3)
"""DMS from this version on; before, the log of a database on RDS is there until the capture job has read it. Source:
https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.SQLServer.CDC.html."""
_NO_SCHEDULE = "no schedule of mode `delta` names the database"


def _kept_hours(look: SourceLook, log: SourceLog) -> float | None:
    """For how long the log is kept, without end where it waits for its reader; None where nobody says."""
    facts = None if isinstance(look.facts, Failure) else look.facts
    is_on_rds = look.server.hosting in {"rds", "aurora"} or (facts is not None and facts.is_on_rds)
    if look.engine == "postgresql":
        return _UNTIL_READ  # a slot keeps it; how far max_slot_wal_keep_size lets it, is a risk
    if look.engine in {"mysql", "mariadb"}:
        if is_on_rds:
            return facts.kept_hours if facts else None
        return expires_after_seconds(log) / 3600 or _UNTIL_READ
    if log.settings.get("is_cdc_enabled") != "1" or facts is None or facts.capture_jobs is None:
        return None  # which backups of the log are still there, no catalogue says
    polls = [one.polling_seconds for one in facts.capture_jobs if one.kind == "capture"]
    dms = read_version(look.registry.settings.stack.replication.engine_version)
    return max(polls) / 3600 if polls and is_on_rds and dms < _READS_BACKUPS_OF_RDS else None


CHECK = Check(
    "SRC-LOG-RETENTION",
    "A delta reads what was written since the last one. Where that is deleted, the deltas begin anew with a full load.",
    "Keep the log longer than `limits.delta_overdue_hours` (binlog_expire_logs_seconds; on RDS `binlog retention "
    "hours`; of SQL Server the backups of the log), or run deltas more often.",
    "docs/facts/dms.md",
    judge,
)
