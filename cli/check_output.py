"""What `fleet check` says: a line for each database, what is to be mended, then sums."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from fleet.checks.check import Checked, Verdict
from fleet.names import ACCOUNT_WORD

_ORDER: tuple[Verdict, ...] = ("failed", "unknown", "remark", "passed")
_SHOWN = 5
"""Databases that are named for each check; --json has all."""
_FIRST = frozenset({"AWS-ACCOUNT", "SNOW-SIGN-IN"})
"""Checks that say whether AWS or Snowflake could be asked at all."""


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
    is_blind = words == {"unknown"} or any(one.code in _FIRST and one.verdict == "unknown" for one in checks)
    return "failed" if "failed" in words else "unknown" if is_blind else "passed"


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
    """Verdicts first; then each check that did not pass, the worst first, with what to do; sums last."""
    width = max((len(one.database) for one in databases), default=0)
    for one in databases:
        yield f"{one.database:{width}}  {one.verdict:7}  {_count(one.checks)}"
    if account:
        yield f"{ACCOUNT_WORD:{width}}  {judge(account):7}  {_count(account)}"
    for verdict in _ORDER[:-1]:
        by_code: dict[str, list[Checked]] = {}
        for one in _all(databases, account):
            if one.verdict == verdict:
                by_code.setdefault(one.code, []).append(one)
        yield from _say_unknown(by_code) if verdict == "unknown" else _say(verdict, by_code)
    yield ""
    if len(databases) > 1:
        verdicts = Counter(one.verdict for one in databases)
        counted = ", ".join(f"{count:,} {word}" for word, count in sorted(verdicts.items()))
        yield f"{len(databases):,} databases: {counted}"
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


def _say(verdict: Verdict, by_code: Mapping[str, Sequence[Checked]]) -> Iterator[str]:
    for code, ones in by_code.items():
        yield ""
        yield f"{verdict:<8} {code}"
        yield from _say_some([f"{one.of}: {one.found}" for one in ones])
        yield f"         {ones[0].reason}"
        yield f"         What to do: {ones[0].remedy}"


def _say_unknown(by_code: Mapping[str, Sequence[Checked]]) -> Iterator[str]:
    """Checks that could not look for one and the same reason share a paragraph: to mend that reason mends them all."""
    by_why: dict[tuple[str, ...], list[str]] = {}
    for code, ones in by_code.items():
        whys = dict.fromkeys(one.found for one in ones)
        said = whys if len(whys) == 1 else dict.fromkeys(f"{one.of}: {one.found}" for one in ones)
        by_why.setdefault(tuple(said), []).append(code)
    for whys, codes in by_why.items():
        yield ""
        yield f"{'unknown':<8} {', '.join(codes)}"
        yield from _say_some(whys)


def _say_some(texts: Sequence[str]) -> Iterator[str]:
    """The first few of *texts*, and how many more there are."""
    for text in texts[:_SHOWN]:
        yield f"         {text}"
    if len(texts) > _SHOWN:
        yield f"         and {len(texts) - _SHOWN:,} more (--json has all)"
