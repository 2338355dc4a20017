"""Numbers, times and outcomes as a person reads them."""

from __future__ import annotations

from datetime import UTC, datetime

from fleet.failures import Budget
from fleet.outcomes import OutcomeName

WORDS: tuple[OutcomeName, ...] = ("failed", "skipped", "partial", "ok", "quarantined")
"""Outcomes, what needs someone first."""

NO_OUTCOME = "no outcome"
"""Said of a database that the plan names and that left no outcome."""

SYMBOLS = {"failed": "✕", "partial": "◐", "ok": "✓", "skipped": "○", "quarantined": "‖", NO_OUTCOME: "?"}

BUDGETS: dict[Budget, str] = {
    "new attempt": "A new attempt may help by itself.",
    "unfinished tables": "Only the unfinished tables need to run again.",
    "full instead": "A delta cannot heal it: the input below asks for a full load.",
    "stop": "Do not rerun before the cause is gone.",
}


def read_time(text: str) -> datetime | None:
    """The time that *text* says, or None: a page of many databases must not fail over one odd time.

    >>> read_time("2026-11-21T01:00:00+00:00"), read_time("")
    (datetime.datetime(2026, 11, 21, 1, 0, tzinfo=datetime.timezone.utc), None)
    """
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def say_seconds(seconds: float | None) -> str:
    """A duration; a dash where there is none.

    >>> [say_seconds(one) for one in (0.4, 42, 123, 7500)]
    ['0 s', '42 s', '2 min 03 s', '2 h 05 min']
    """
    if seconds is None:
        return "–"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def say_bytes(count: int) -> str:
    """A size, in powers of 1,000.

    >>> [say_bytes(one) for one in (0, 999, 31_682_010, 2_500_000_000_000)]
    ['0 B', '999 B', '31.7 MB', '2.5 TB']
    """
    size, units = float(count), ["B", "kB", "MB", "GB", "TB", "PB"]
    while size >= 999.95 and len(units) > 1:
        size /= 1000
        units.pop(0)
    return f"{size:.0f} B" if units[0] == "B" else f"{size:.1f} {units[0]}"


def say_count(count: int, one: str, many: str = "") -> str:
    """A number and its noun.

    >>> say_count(1, "table"), say_count(1200, "table"), say_count(0, "hand-off")
    ('1 table', '1,200 tables', '0 hand-offs')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"
