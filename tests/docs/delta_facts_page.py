"""docs/facts/deltas.md as docs/facts/deltas.yaml has it. To rewrite it: `python tests/docs/delta_facts_page.py`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

FACTS = Path(__file__).parents[2] / "docs" / "facts"
PAGE = FACTS / "deltas.md"
State = Literal["held", "being built", "not built", "not ours"]

_HEAD = """\
# Deltas: what may be lost, and what holds it

Written by `make docs` from `docs/facts/deltas.yaml`: change that file, not this page. Each row is a way in which rows
were lost or doubled, or a rule against it: what the product does, the tests that hold it, and the mutants of
`proofs/delta_rules.py` that remove it, by each of which one of the tests turns red (`make prove-delta` tries some).
"""


@dataclass(frozen=True)
class Rule:
    """One row. *tests*, *mutants*: by name; *why*: what has none, or is not held."""

    id: str
    what: str
    does: str
    state: State
    source: str = ""
    tests: tuple[str, ...] = ()
    mutants: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True)
class Table:
    """Rules under a title."""

    title: str
    intro: str
    rules: tuple[Rule, ...]


def read_tables() -> tuple[Table, ...]:
    """The tables of the data file, in its order."""
    read = yaml.safe_load((FACTS / "deltas.yaml").read_text(encoding="utf-8"))
    return tuple(Table(one["title"], one["intro"], tuple(map(_rule, one["rules"]))) for one in read)


def _rule(read: dict[str, Any]) -> Rule:
    """Raises TypeError for a member that no rule has, and ValueError for a state that is none."""
    rule = Rule(**{name: tuple(value) if isinstance(value, list) else value for name, value in read.items()})
    if rule.state not in get_args(State):
        raise ValueError(f"{rule.id} is {rule.state!r}, wanted one of {', '.join(get_args(State))}")
    return rule


def page() -> str:
    """The page: a table each, a row a rule."""
    return _HEAD + "".join(map(_section, read_tables()))


def _section(table: Table) -> str:
    rows = "".join(map(_row, table.rules))
    head = "| | what | the product | held by | mutants |\n|---|---|---|---|---|\n"
    return f"\n## {table.title}\n\n{table.intro}\n\n{head}{rows}"


def _row(rule: Rule) -> str:
    what = rule.what + (f" Met by: {rule.source}." if rule.source else "")
    does = " ".join(filter(None, [rule.does, rule.why and f"*{rule.why}*"]))
    tests = "<br>".join(f"`{test}`" for test in rule.tests) or rule.state
    return f"| {rule.id} | {what} | {does} | {tests} | {'<br>'.join(rule.mutants)} |\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
