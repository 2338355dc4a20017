"""`fleet check account` against a local cloud: where everything is there, and broken in many ways at once."""

from __future__ import annotations

from cases import Cases
from cli.checking.account import account_facts, check_facts

CASE_COUNT = 2


def test_x(cases: Cases) -> None:
    registry = cases.cloud.registry
    facts = account_facts(cases.cloud.clients, registry, registry.databases)
    for one in check_facts(facts):
        print(one.of, one.code, one.verdict, one.found)
    assert 0
