"""Whether the server is run by whom the registry says."""

from __future__ import annotations

from fleet.checks.check import Check, Judged
from fleet.checks.source_facts import SourceFacts
from fleet.checks.source_look import SourceLook, not_looked
from fleet.databases import Hosting
from fleet.failures import Failure


def judge(look: SourceLook) -> Judged:
    """Aurora and RDS show themselves alike."""
    if isinstance(look.facts, Failure):
        return not_looked(look.facts)
    said, shown = look.server.hosting, _shown_by(look.facts)
    if said in shown:
        return Judged("passed", said)
    return Judged("remark", f"`hosting: {said}`, and the server shows itself as {' or '.join(shown)}")


def _shown_by(facts: SourceFacts) -> tuple[Hosting, ...]:
    if facts.is_on_rds:
        return ("rds", "aurora")
    return ("azure-mi",) if facts.edition.startswith("Azure SQL Managed Instance") else ("self-managed",)


CHECK = Check(
    "SRC-HOSTING",
    "Who runs a server decides which statements prepare it, and for how long its log is kept.",
    "Correct `hosting` in servers.yaml, then run what `fleet prerequisites DATABASE` prints.",
    "docs/registry.md",
    judge,
)
