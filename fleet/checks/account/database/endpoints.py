"""Both endpoints of the database are there and active, and the source's is as the registry says."""

from __future__ import annotations

from fleet.checks.account_facts import DatabaseFacts, Unseen, not_seen
from fleet.checks.check import Check, Judged


def _judge(facts: DatabaseFacts) -> Judged:
    endpoints = facts.account.endpoints
    if isinstance(endpoints, Unseen):
        return not_seen(endpoints)
    if missing := [name for name in facts.endpoint_ids if name not in endpoints]:
        return facts.judge_missing(f"endpoint {', '.join(missing)}")
    if wrong := [
        f"{name} is {endpoints[name].status}" for name in facts.endpoint_ids if _is_bad(endpoints[name].status)
    ]:
        return Judged("failed", f"{', '.join(wrong)}, wanted active")
    source, server = endpoints[facts.endpoint_ids[0]], facts.server
    if source.ssl_mode != server.ssl_mode:
        found = f"{facts.endpoint_ids[0]} has ssl_mode {source.ssl_mode}, the registry says {server.ssl_mode}"
        return Judged("failed", found)
    return Judged("passed", f"{' and '.join(facts.endpoint_ids)} are active")


def _is_bad(status: str) -> bool:
    return status not in {"active", "modifying", "testing"}


CHECK = Check(
    "AWS-ENDPOINTS",
    "DMS reads through one and writes through the other: without both no task starts.",
    "`fleet deploy` makes them, and brings them to what the registry says.",
    "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Endpoints.html",
    _judge,
)
