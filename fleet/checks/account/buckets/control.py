"""The bucket of registry, plans and reports is there, in the fleet's Region."""

from __future__ import annotations

from fleet.checks.account.buckets.both import judge_place, names
from fleet.checks.account_facts import AccountFacts
from fleet.checks.check import Check, Judged


def _judge(facts: AccountFacts) -> Judged:
    return judge_place(facts, names(facts)[1], facts.control)


CHECK = Check(
    "AWS-CONTROL-BUCKET",
    "Without the registry, plans and reports in it no run begins.",
    "`fleet deploy` makes it.",
    "docs/design.md",
    _judge,
)
