"""Whether a database with MS-CDC has its capture job."""

from __future__ import annotations

from fleet.checks.check import Check, Judged
from fleet.checks.source_look import SourceLook, not_looked
from fleet.failures import Failure


def judge(look: SourceLook) -> Judged | None:
    """For a SQL Server database that does deltas and has MS-CDC on."""
    if look.engine != "sqlserver" or look.log is None:
        return None
    if isinstance(look.log, Failure):
        return not_looked(look.log)
    if look.log.settings.get("is_cdc_enabled") != "1":
        return None
    if isinstance(look.facts, Failure):
        return not_looked(look.facts)
    if look.facts.capture_jobs is None:
        return Judged("unknown", "the login may not see the jobs of MS-CDC, or there is none (msdb.dbo.cdc_jobs)")
    capture = [one for one in look.facts.capture_jobs if one.kind == "capture"]
    if not capture:
        return Judged("failed", "MS-CDC is on, and the database has no capture job")
    if not all(one.is_continuous for one in capture):
        return Judged("remark", "the capture job runs once, and not on and on")
    return Judged("passed", f"the capture job reads the log each {capture[0].polling_seconds:,} s")


CHECK = Check(
    "SRC-CAPTURE-JOB",
    "With MS-CDC the log is cut after the capture job has read it; without the job it grows until the disk is full.",
    "EXEC sys.sp_cdc_add_job 'capture', or turn MS-CDC off and use MS-Replication.",
    "https://learn.microsoft.com/en-us/sql/relational-databases/system-tables/dbo-cdc-jobs-transact-sql",
    judge,
)
