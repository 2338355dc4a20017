"""What a list of sections declares, as tables of Markdown: first the numbers, then a table for each section."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from localcloud.behaviours import Behaviour, Section
from localcloud.service_models import model_of

_ROW = "| {name} | {state} | {trust} | {source} | {test} |"
_COLUMNS = "| operation or behaviour | it is | trust | source | test |\n|---|---|---|---|---|"
_WORDS = ("documented", "observed", "assumed", "differs", "refused")


def tables(sections: Sequence[Section]) -> str:
    """The tables, in the order of *sections*. Links lead to tests from a page one folder below the root."""
    return _numbers(sections) + "".join(_section(one) for one in sections)


def state_of(behaviour: Behaviour) -> str:
    """Whether it is emulated, refused, or differs from the vendor's."""
    return "refused" if behaviour.is_refused else "emulated" if behaviour.trust else "differs"


def operations_in(service: str, behaviours: Iterable[Behaviour]) -> dict[str, bool]:
    """Every operation of *service* that *behaviours* name, and whether it is refused. A name that begins with an
    operation is about operations; in a sentence that begins otherwise, they are only mentioned."""
    found: dict[str, bool] = {}
    for one in behaviours:
        words = re.findall(r"\w+", one.name)
        if words and words[0] in operations_of(service):
            found |= {word: one.is_refused for word in words if word in operations_of(service)}
    return found


@lru_cache(maxsize=8)
def operations_of(service: str) -> frozenset[str]:
    """The operations of *service* in botocore's model."""
    names: Any = model_of(service).operation_names  # a property that pyright cannot see through
    return frozenset(names)


def cell(text: str) -> str:
    """*text* as one cell of a table."""
    return text.replace("|", r"\|")


def source_link(source: str) -> str:
    """Where it is known from, short: a link to a page, or the words themselves."""
    if not re.fullmatch(r"https?://\S+", source):
        return cell(source)
    name = source.partition("#")[0].rstrip("/").rpartition("/")[2] or source
    return f"[{name.removesuffix('.html')}]({source})"


def _numbers(sections: Sequence[Section]) -> str:
    lines = [f"| service | {' | '.join(_WORDS)} |", "|---|" + "---:|" * len(_WORDS)]
    total: Counter[str] = Counter()
    for section in sections:
        counted = Counter(one.trust if state_of(one) == "emulated" else state_of(one) for one in section.behaviours)
        total += counted
        lines.append(f"| [{section.title}](#{_anchor(section.title)}) | {_counts(counted)} |")
    lines.append(f"| **rows in all** | {_counts(total)} |")
    return "\n".join(lines) + "\n"


def _counts(counted: Counter[str]) -> str:
    return " | ".join(str(counted[word] or "") for word in _WORDS)


def _anchor(title: str) -> str:
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def _section(section: Section) -> str:
    rows = "\n".join(_row(one) for one in section.behaviours)
    return f"\n## {section.title}\n\n`{section.place}`\n\n{_COLUMNS}\n{rows}\n" + _never_named(section)


def _row(one: Behaviour) -> str:
    return _ROW.format(
        name=cell(one.name),
        state=state_of(one),
        trust=one.trust,
        source=source_link(one.source),
        test=_test_link(one.test),
    )


def _test_link(test: str) -> str:
    path, _, name = test.partition("::")
    return f"[{name}](../{path})" if test else ""


def _never_named(section: Section) -> str:
    """The operations of the model that no row is about: all of them are refused."""
    if not section.service:
        return ""
    named = operations_in(section.service, section.behaviours)
    others = sorted(operations_of(section.service) - set(named))
    answered = sum(not is_refused for is_refused in named.values())
    return (
        f"\n{answered} of the {len(operations_of(section.service))} operations of botocore's model are answered. "
        f"Refused by name, beside those of the table: {', '.join(others)}.\n"
    )
