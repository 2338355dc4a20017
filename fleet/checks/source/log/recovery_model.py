"""Whether a SQL Server keeps its log until it is backed up."""

from __future__ import annotations

from fleet.checks.check import Check, Judged
from fleet.checks.source_look import SourceLook, not_looked
from fleet.deltas.logs import find_unwanted
from fleet.failures import Failure

SETTING = "recovery_model"


def judge(look: SourceLook) -> Judged | None:
    """For a database that does deltas."""
    if look.engine != "sqlserver" or look.log is None:
        return None
    if isinstance(look.log, Failure):
        return not_looked(look.log)
    wrong = [one for one in find_unwanted(look.engine, look.log, ()) if one.startswith(SETTING)]
    return Judged("failed", wrong[0]) if wrong else Judged("passed", look.log.settings.get(SETTING, "as wanted"))


CHECK = Check(
    "SRC-RECOVERY-MODEL",
    "With the recovery model SIMPLE the log is cut at each checkpoint, and changes are lost for DMS.",
    "ALTER DATABASE ... SET RECOVERY FULL, then a full backup: `fleet prerequisites DATABASE --deltas`.",
    "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.SQLServer.html",
    judge,
)
