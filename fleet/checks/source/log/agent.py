"""Whether SQL Server's agent runs, which captures changes and backs the log up."""

from __future__ import annotations

from fleet.checks.check import Check, Judged
from fleet.checks.source_look import SourceLook, not_looked
from fleet.failures import Failure


def judge(look: SourceLook) -> Judged | None:
    """For a database that does deltas."""
    if look.engine != "sqlserver" or not look.database.deltas:
        return None
    if isinstance(look.facts, Failure):
        return not_looked(look.facts)
    agent = look.facts.agent
    if agent is None:
        return Judged("unknown", "the login may not see whether the agent runs (VIEW SERVER STATE)")
    return Judged("passed" if agent == "Running" else "failed", f"the agent's status is {agent!r}")


CHECK = Check(
    "SRC-AGENT",
    "The agent runs the log reader of MS-Replication and the capture job of MS-CDC: without it changes are not marked "
    "in the log.",
    "Start the service SQL Server Agent, and let it start by itself.",
    "https://learn.microsoft.com/en-us/sql/relational-databases/system-dynamic-management-views/"
    "sys-dm-server-services-transact-sql",
    judge,
)
