"""`fleet check account`: what AWS and Snowflake lack for the fleet, said to a person or a program."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict

import click

from cli.account import Account
from cli.checking.account import account_facts, check_account_facts, check_database_facts
from cli.checking.connection_tests import retest_connections
from cli.terminal import make_console
from fleet.checks.check import Checked, Verdict
from fleet.databases import Registry

_ORDER: tuple[Verdict, ...] = ("failed", "unknown", "remark", "passed")


def check_account(account: Account, registry: Registry, *, tests: bool, as_json: bool) -> int:
    """Look at *account* and at each onboarded database in it; the exit code, 1 where something failed, or where nobody
    could look at anything. *tests*: whether connections that are not known to be good are tested anew."""
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
    verdicts = {one.verdict for one in checked}
    return int("failed" in verdicts or verdicts == {"unknown"})


def _lines(checked: Sequence[Checked]) -> Iterator[str]:
    """Each verdict but `passed`, the worst first, then what was found, in sums. A check that says the same of several
    databases says it once."""
    for verdict in _ORDER[:-1]:
        said: dict[tuple[str, str], list[Checked]] = {}
        for one in checked:
            if one.verdict == verdict:
                said.setdefault((one.code, one.found), []).append(one)
        for (code, found), alike in said.items():
            of = alike[0].of if len(alike) == 1 else f"{alike[0].of} and {len(alike) - 1:,} more"
            yield f"{verdict:<8} {code} ({of}): {found}"
            yield f"         {alike[0].reason}"
            yield f"         What to do: {alike[0].remedy}"
    counts = Counter(one.verdict for one in checked)
    databases = len({one.of for one in checked}) - 1
    sums = ", ".join(f"{counts[verdict]:,} {verdict}" for verdict in reversed(_ORDER) if counts[verdict])
    yield f"The account and {databases:,} databases: {len(checked):,} checks, {sums}."
