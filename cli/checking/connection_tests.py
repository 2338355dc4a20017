"""New tests of connections, for a person who asks for them: each is a change, and a request to DMS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from botocore.exceptions import BotoCoreError, ClientError

from fleet.checks.account_facts import AccountFacts, ConnectionFacts, DatabaseFacts, Unseen
from fleet.names import instance_id
from lambdas.clients.dms import Dms
from lambdas.clients.refusals import translate

_LOOK_SECONDS = 10
_SHARE = 2
"""Of DMS's requests a second, every second one: a run and others may need the rest."""


def retest_connections(dms: Dms, facts: AccountFacts, wait: Callable[[float], object]) -> AccountFacts:
    """*facts* with what a new test says of each connection that was not successful when it was last looked at.

    *wait*: for so many seconds. Tests end by themselves, after `limits.test_deadline_seconds` at most. What DMS refuses
    to test stays as it was.
    """
    limits, due = facts.registry.settings.limits, _find_due(facts)
    if isinstance(facts.connections, Unseen) or not due:
        return facts
    try:
        for instance, endpoint in due:
            dms.test_connection(instance, endpoint)
            wait(_SHARE / limits.dms_requests_per_second)
        return replace(
            facts, connections={**facts.connections, **_await_ends(dms, due, limits.test_deadline_seconds, wait)}
        )
    except (ClientError, BotoCoreError) as error:
        return replace(facts, connections=Unseen(str(translate(error))))


def _find_due(facts: AccountFacts) -> list[tuple[str, str]]:
    """The ARNs of instance and endpoint of each connection that a test may mend."""
    endpoints, instances, connections = facts.endpoints, facts.instances, facts.connections
    if isinstance(endpoints, Unseen) or isinstance(instances, Unseen) or isinstance(connections, Unseen):
        return []
    prefix = facts.registry.settings.prefix
    pairs = [
        (instances[instance_id(prefix, one.instance)].arn, endpoints[name].arn)
        for one in facts.databases
        for name in DatabaseFacts(facts, one).endpoint_ids
        if name in endpoints and instance_id(prefix, one.instance) in instances
    ]
    return [pair for pair in pairs if pair not in connections or connections[pair].status != "successful"]


def _await_ends(
    dms: Dms, due: list[tuple[str, str]], deadline_seconds: int, wait: Callable[[float], object]
) -> dict[tuple[str, str], ConnectionFacts]:
    found: dict[tuple[str, str], ConnectionFacts] = {}
    for _ in range(max(1, deadline_seconds // _LOOK_SECONDS)):
        wait(_LOOK_SECONDS)
        found = {
            (instance, endpoint): ConnectionFacts(one.status, one.failure)
            for instance in sorted({instance for instance, _ in due})
            for endpoint, one in dms.connections_of(instance).items()
        }
        if not any(found[pair].status == "testing" for pair in due if pair in found):
            break
    return {pair: found[pair] for pair in due if pair in found}
