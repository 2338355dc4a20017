"""What the last test of an endpoint's connection said. A check starts none: each is a change, and two requests."""

from __future__ import annotations

from fleet.checks.account_facts import ConnectionFacts, DatabaseFacts, Unseen, not_seen
from fleet.checks.check import Judged
from fleet.names import instance_id


def judge_connection(facts: DatabaseFacts, endpoint_id: str) -> Judged | None:
    """Of the endpoint of that id, from the database's instance; None where one of them is not there."""
    endpoints, instances, connections = facts.account.endpoints, facts.account.instances, facts.account.connections
    if isinstance(connections, Unseen):
        return not_seen(connections)
    if isinstance(endpoints, Unseen) or isinstance(instances, Unseen):
        return Judged("unknown", "nobody could look for the endpoint and its instance")
    endpoint = endpoints.get(endpoint_id)
    instance = instances.get(instance_id(facts.prefix, facts.database.instance))
    if endpoint is None or instance is None:
        return None
    match connections.get((instance.arn, endpoint.arn)):
        case None:
            return Judged("remark", f"{endpoint_id} was never tested from {facts.database.instance!r}")
        case ConnectionFacts("successful"):
            return Judged("passed", f"the last test of {endpoint_id} was successful")
        case ConnectionFacts("failed", why):
            return Judged("failed", f"the last test of {endpoint_id} failed: {why}")
        case found:
            return Judged("unknown", f"{endpoint_id} is {found.status}: look again")
