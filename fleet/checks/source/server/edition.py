"""Whether DMS reads the edition of a SQL Server, in full and by deltas."""

from __future__ import annotations

from fleet.checks.check import Check, Judged
from fleet.checks.source_look import SourceLook, not_looked
from fleet.dms.source_versions import read_version
from fleet.failures import Failure

_BY_DELTAS = ("Enterprise", "Developer", "Standard", "Azure SQL Managed Instance")
_IN_FULL = (*_BY_DELTAS, "Web", "Workgroup", "Azure SQL Database")
_STANDARD_SINCE = (13,)
"""SQL Server 2016 as it numbers itself."""


def judge(look: SourceLook) -> Judged | None:
    """Only SQL Server has editions of which DMS leaves some out."""
    if look.engine != "sqlserver":
        return None
    if isinstance(look.facts, Failure):
        return not_looked(look.facts)
    edition = look.facts.edition
    if edition.startswith("Express"):
        return Judged("failed", f"{edition}, which DMS does not read from")
    if not look.database.deltas:
        known = edition.startswith(_IN_FULL)
        return Judged("passed", edition) if known else Judged("remark", f"{edition}, which AWS's page does not name")
    is_old = edition.startswith("Standard") and read_version(look.facts.version) < _STANDARD_SINCE
    if is_old or not edition.startswith(_BY_DELTAS):
        return Judged("failed", f"{edition}, which DMS reads in full alone, and the database does deltas")
    return Judged("passed", edition)


CHECK = Check(
    "SRC-EDITION",
    "DMS reads from no Express edition, and changes from Enterprise, Developer and, since 2016, Standard alone.",
    "Say `deltas: false` of the database, or move it to an edition that DMS reads.",
    "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Introduction.Sources.html",
    judge,
)
