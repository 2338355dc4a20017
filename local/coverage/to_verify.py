"""`docs/to-verify-on-aws.md`: what only a real account can settle, of all that the local cloud declares.

Rewritten by `make docs`, and on its own by `python -m local.coverage.to_verify`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Literal

from local.coverage.account_checks import CHECKS
from local.coverage.declarations import SECTIONS
from localcloud.behaviours import Behaviour
from localcloud.coverage.tables import source_link

PAGE = Path(__file__).parents[2] / "docs" / "to-verify-on-aws.md"

_HEAD = """\
# What only a real account can settle

Written by `make docs` from what each part of the local cloud declares beside its code (`behaviours.yaml`,
`verify`): change that, not this page. A line in bold is what the local cloud does; look whether the account does it
too.

`fleet verify aws` asks by itself where it says so: {machine} questions, {made} of them with `--create --role ARN`,
because they make something for a while. {person} are for a person. Words in capitals stand for your own: `TASK`,
`ENDPOINT`, `INSTANCE`, `ARN` and `M` (a state machine) are ARNs, except where an option wants a name; `BUCKET`, `KEY`,
`FOLDER` and `GROUP` are names. What turns out otherwise is changed in the code first, then in its declaration, whose
trust becomes `observed`.
"""


@dataclass(frozen=True, slots=True)
class Open:
    """One question. *by*: who asks it; *ask*: what a person types or does; *makes*: what a machine makes for it."""

    service: str
    name: str
    source: str
    by: Literal["machine", "person"]
    ask: str
    makes: str
    reason: str = ""


def open_questions() -> list[Open]:
    """Everything that is assumed, and what else a machine can ask, in the order of the declarations."""
    checks = {one.settles: one for one in CHECKS}
    questions = []
    for section in SECTIONS:
        for one in section.behaviours:
            if check := checks.get(one.name):
                questions.append(Open(section.title, one.name, one.source, "machine", one.verify, check.makes))
            elif one.verify:
                questions.append(Open(section.title, one.name, one.source, "person", one.verify, ""))
    return questions


def never_asked() -> list[tuple[str, Behaviour]]:
    """What is assumed and nobody can ask for, with its service."""
    return [(section.title, one) for section in SECTIONS for one in section.behaviours if one.reason]


def page() -> str:
    """The page, a part for each service."""
    questions = open_questions()
    counted = Counter(one.by for one in questions)
    text = _HEAD.format(made=sum(bool(one.makes) for one in questions), **counted)
    number = 0
    for service, those in groupby(questions, key=lambda one: one.service):
        text += f"\n## {service}\n"
        for one in those:
            number += 1
            text += f"\n{number}. **{one.name}**\n{_answers(one)}"
    text += "\n## What cannot be asked for\n\n"
    return text + "".join(f"- {service}: {one.name}. {one.reason}\n" for service, one in never_asked())


def _answers(one: Open) -> str:
    lines = []
    if one.by == "machine":
        lines.append(
            "by machine: `fleet verify aws" + (f" --create --role ARN`, which makes {one.makes}" if one.makes else "`")
        )
    if one.ask:
        # Two backticks: some commands hold one.
        lines.append(f"{'by hand' if one.by == 'machine' else 'by a person'}: `` {one.ask} ``")
    if one.source:
        lines.append(f"see {source_link(one.source)}")
    return "".join(f"   - {line}\n" for line in lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
