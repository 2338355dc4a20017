"""docs/check.md as the checks say it. Run it to rewrite the page: `python tests/docs/check_page.py`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fleet.checks.account.all_checks import ACCOUNT_CHECKS, DATABASE_CHECKS
from fleet.checks.check import Check
from fleet.checks.source.all_checks import SOURCE_CHECKS

PAGE = Path(__file__).parents[2] / "docs" / "check.md"

_HEAD = """\
# What `fleet check` looks at

`fleet check DATABASE...`, `--tag TAG` or `--all` (all that are onboarded) asks the live source of each database
whether a run would copy all of it, before a run finds out. Written by `make docs` from `fleet/checks/`: change the
check, not this page.

- It asks through AskSource, from where a run asks, or from this machine with `--from-here`. One connection after the
  other to one database: the census of its catalogue, what the server says of itself, and its log where it does deltas.
  Each statement has a time-out. A source that does not answer, or refuses the login, is asked once.
- Of one server at most `databases_at_once` databases are asked at once, each start but the first after a short pause;
  of all servers 16. What a run reads from the server at that time is not counted along.
- No row of a table is read, but with `--count-losses`: then each table is read once, for at most
  `limits.count_table_seconds`.
- Verdicts: `passed`; `remark`, runs go on and somebody should know; `failed`, a run would fail or lose something;
  `unknown`, nobody could look, and the words say why. A check that does not apply says nothing. A database is `failed`
  where a check failed, `unknown` where none could look.
- Of AWS it asks what each database needs there: secret, key, role, endpoints, tasks, the last tests of connections, the
  newest assessment, certificates. With `--all`, and as `fleet check account` without a source, also what the whole
  fleet needs of AWS and Snowflake. DMS's lists are read once for all databases, 100 entries a request. Only
  `--test-connections` changes something: DMS tests connections that were not good. docs/deploy.md 7 has the rights.
- Exit codes: 0 all passed, 1 a database or the account did not, 2 wrong usage, input or environment.
- `--json` gives `databases` (each with `database`, `verdict` and `checks`), `account` (a list of checks) and `totals`
  (`databases` and `checks`, a count by verdict). A check has `of`, `code`, `verdict`, `found`, `reason`, `remedy` and
  `source`. Of one database alone there is a `detail`: the account of its relations, columns and arrivals, as
  `fleet show` gives it. More keys may come; none of these goes or changes its meaning.
- Codes stay for ever.
"""


def page() -> str:
    """The page, a row a check, by code."""
    parts = (("The source", SOURCE_CHECKS), ("A database in AWS", DATABASE_CHECKS), ("The account", ACCOUNT_CHECKS))
    return _HEAD + "".join(f"\n## {heading}\n\n{_table(checks)}" for heading, checks in parts)


def _table(checks: Iterable[Check[Any]]) -> str:
    rows = [
        f"| `{one.code}` | {one.reason} | {one.remedy} | {_link(one.source)} |"
        for one in sorted(checks, key=lambda one: one.code)
    ]
    return "\n".join(["| code | why it matters | what to do | source |", "|---|---|---|---|", *rows]) + "\n"


def _link(source: str) -> str:
    if source.startswith("docs/"):
        return f"[{source}]({source.removeprefix('docs/')})"
    return f"[{source.partition('//')[2].partition('/')[0]}]({source})"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
