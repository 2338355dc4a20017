"""`fleet check account`: what AWS and Snowflake lack for the fleet, said to a person or a program."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

import click

from cli.account import Account
from cli.checking.account import account_facts, check_account_facts, check_database_facts
from cli.checking.connection_tests import retest_connections
from cli.terminal import make_console
from fleet.checks.check import Checked, Verdict
from fleet.databases import Registry

_ORDER: tuple[Verdict, ...] = ("failed", "unknown", "remark", "passed")
_SHOWN = 5
_FIRST = frozenset({"AWS-ACCOUNT", "SNOW-SIGN-IN"})
"""The checks that say whether AWS or Snowflake could be asked at all."""


def check_account(account: Account, registry: Registry, *, tests: bool, as_json: bool) -> int:
    """Look at *account* and at each onboarded database in it; the exit code, 1 where something failed, or where AWS or
    Snowflake could not be asked at all. *tests*: whether connections that are not known to be good are tested anew."""
    console = make_console(stderr=True)

    def hear(what: str) -> None:
        console.print(f"Asking for {what} ...")

    onboarded = [one for one in registry.databases if one.onboarded]
    facts = account_facts(account.clients, registry, onboarded, hear)
    if tests:
        hear("tests of connections")
        facts = retest_connections(account.clients.dms, facts, account.wait)
    checked = (*check_account_facts(facts), *(one for each in onboarded for one in check_database_facts(facts, each)))
    if as_json:
        counts = Counter(one.verdict for one in checked)
        click.echo(json.dumps({"checks": [asdict(one) for one in checked], "totals": counts}, ensure_ascii=False))
    else:
        click.echo("\n".join(_lines(checked)))
    return int(any(one.verdict == "failed" or (one.verdict == "unknown" and one.code in _FIRST) for one in checked))


def _lines(checked: Sequence[Checked]) -> Iterator[str]:
    """Each verdict but `passed`, the worst first, with reason and remedy once a check; then sums."""
    for verdict in _ORDER[:-1]:
        by_code: dict[str, list[Checked]] = {}
        for one in checked:
            if one.verdict == verdict:
                by_code.setdefault(one.code, []).append(one)
        if verdict == "unknown":
            yield from _say_unknown(by_code)
            continue
        for code, ones in by_code.items():
            yield f"{verdict:<8} {code}"
            yield from _say_some([f"{one.of}: {one.found}" for one in ones])
            yield f"         {ones[0].reason}"
            yield f"         What to do: {ones[0].remedy}"
    counts = Counter(one.verdict for one in checked)
    databases = len({one.of for one in checked}) - 1
    sums = ", ".join(f"{counts[verdict]:,} {verdict}" for verdict in reversed(_ORDER) if counts[verdict])
    yield f"The account and {databases:,} databases: {len(checked):,} checks, {sums}."


def _say_unknown(by_code: Mapping[str, Sequence[Checked]]) -> Iterator[str]:
    """Checks that could not look for one and the same reason share a paragraph: to mend that reason mends them all."""
    by_why: dict[tuple[str, ...], list[str]] = {}
    for code, ones in by_code.items():
        by_why.setdefault(tuple(dict.fromkeys(one.found for one in ones)), []).append(code)
    for whys, codes in by_why.items():
        yield f"{'unknown':<8} {', '.join(codes)}"
        yield from _say_some(whys)


def _say_some(texts: Sequence[str]) -> Iterator[str]:
    """The first few of *texts*, and how many more there are."""
    for text in texts[:_SHOWN]:
        yield f"         {text}"
    if len(texts) > _SHOWN:
        yield f"         and {len(texts) - _SHOWN:,} more (--json has all)"
