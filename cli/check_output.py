"""What `fleet check` says: a line for each database, what is to be mended, then sums."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from fleet.checks.check import Checked, Verdict
from fleet.spelling import list_some

_ORDER: tuple[Verdict, ...] = ("failed", "unknown", "remark", "passed")
_SHOWN_OF_MANY: tuple[Verdict, ...] = ("failed",)
_SHOWN_OF_ONE: tuple[Verdict, ...] = ("failed", "unknown", "remark")


@dataclass(frozen=True)
class CheckedDatabase:
    """All verdicts about one database."""

    database: str
    checks: tuple[Checked, ...]

    @property
    def verdict(self) -> Literal["passed", "failed", "unknown"]:
        """`failed` where a check failed, `unknown` where none could look, else `passed`."""
        return judge(self.checks)


def judge(checks: Sequence[Checked]) -> Literal["passed", "failed", "unknown"]:
    """The word for all of *checks* together."""
    words = {one.verdict for one in checks}
    return "failed" if "failed" in words else "unknown" if words == {"unknown"} else "passed"


def as_document(databases: Sequence[CheckedDatabase], account: Sequence[Checked]) -> dict[str, object]:
    """The same for a program: each verdict with its reason, remedy and source, all verdicts of a database together."""
    return {
        "databases": [
            {"database": one.database, "verdict": one.verdict, "checks": [asdict(check) for check in one.checks]}
            for one in databases
        ],
        "account": [asdict(check) for check in account],
        "totals": {
            "databases": dict(Counter(one.verdict for one in databases)),
            "checks": dict(Counter(check.verdict for check in _all(databases, account))),
        },
    }


def is_fine(databases: Sequence[CheckedDatabase], account: Sequence[Checked]) -> bool:
    """Whether nothing failed, and somebody looked at each."""
    return all(one.verdict == "passed" for one in databases) and (not account or judge(account) == "passed")


def lines(databases: Sequence[CheckedDatabase], account: Sequence[Checked]) -> Iterator[str]:
    """Verdicts first, what is to be mended, sums last. Of one database each remark is said, of many how often."""
    width = max((len(one.database) for one in databases), default=0)
    for one in databases:
        yield f"{one.database:{width}}  {one.verdict:7}  {_count(one.checks)}"
    if account:
        yield f"{'account':{width}}  {judge(account):7}  {_count(account)}"
    shown = _SHOWN_OF_ONE if len(databases) == 1 else _SHOWN_OF_MANY
    for of in [*(one.checks for one in databases), account]:
        yield from _say(of, shown)
    if len(databases) > 1:
        yield from _say_often(databases)
        verdicts = Counter(one.verdict for one in databases)
        counted = ", ".join(f"{count:,} {word}" for word, count in sorted(verdicts.items()))
        yield ""
        yield f"{len(databases):,} databases: {counted}"
    else:
        yield ""
    yield f"Checks: {_count(_all(databases, account))}"


def _all(databases: Sequence[CheckedDatabase], account: Sequence[Checked]) -> list[Checked]:
    return [check for one in databases for check in one.checks] + list(account)


def _count(checks: Sequence[Checked]) -> str:
    counts = Counter(one.verdict for one in checks)
    return ", ".join(
        f"{counts[word]:,} {word}{'s' if word == 'remark' and counts[word] > 1 else ''}"
        for word in _ORDER
        if counts[word]
    )


def _say(checks: Sequence[Checked], shown: Sequence[Verdict]) -> Iterator[str]:
    """Each with its remedy. Checks that could not look for one and the same reason share a paragraph."""
    blind: dict[str, list[str]] = {}
    for verdict in shown:
        for one in checks:
            if one.verdict != verdict:
                continue
            if verdict == "unknown":
                blind.setdefault(one.found, []).append(one.code)
                continue
            yield ""
            yield f"{one.of}: {one.code} {verdict}: {one.found}"
            yield f"  {one.reason}"
            yield f"  Remedy: {one.remedy}"
    for found, codes in blind.items():
        yield ""
        yield f"{checks[0].of}: {list_some(codes, 'checks')} unknown: {found}"


def _say_often(databases: Sequence[CheckedDatabase]) -> Iterator[str]:
    """How many databases each remark is of, and each check that could not look."""
    for verdict, words in (("remark", "Remarks"), ("unknown", "Could not look")):
        counts = Counter(check.code for one in databases for check in one.checks if check.verdict == verdict)
        if counts:
            yield ""
            yield f"{words}: " + ", ".join(f"{code} {count:,}" for code, count in counts.most_common())
            yield "  `fleet check DATABASE` says each with its remedy."
