"""Whether the source writes all to its log that deltas need."""

from __future__ import annotations

from fleet.checks.check import Check, Judged
from fleet.checks.source.log.recovery_model import SETTING
from fleet.checks.source_look import SourceLook, not_looked, say
from fleet.deltas.logs import find_unwanted
from fleet.failures import Failure


def judge(look: SourceLook) -> Judged | None:
    """For a database that does deltas; the recovery model is a check of its own."""
    if look.log is None:
        return None
    if isinstance(look.log, Failure):
        return not_looked(look.log)
    unwanted = find_unwanted(look.engine, look.log, look.database.schemas)
    return say("as deltas need them", [one for one in unwanted if not one.startswith(SETTING)], "settings")


CHECK = Check(
    "SRC-LOG-SETTINGS",
    "Deltas cannot begin from a log that lacks changes.",
    "Mend the setting: `fleet prerequisites DATABASE --deltas` writes the statements. The deltas then begin anew.",
    "docs/facts/dms.md",
    judge,
)
