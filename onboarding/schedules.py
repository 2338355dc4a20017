"""When EventBridge Scheduler starts a night, and when DMS may maintain an instance, as minutes of a week in UTC.

Source: https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html (documented).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from fleet.stack_settings import NightSchedule

WEEK_MINUTES = 7 * 24 * 60
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_RATE = re.compile(r"rate\(([1-9]\d*) (minute|hour|day)s?\)")
_UNITS = {"minute": 1, "hour": 60, "day": 1440}
_WINDOW = re.compile(r"([a-z]{3}):([01]\d|2[0-3]):([0-5]\d)-([a-z]{3}):([01]\d|2[0-3]):([0-5]\d)")
# A week of winter and one of summer, as clocks change between them.
_SEASONS = (datetime(2026, 1, 4, tzinfo=None), datetime(2026, 7, 5, tzinfo=None))  # noqa: DTZ001  Sundays, in no zone


@dataclass(frozen=True)
class _Field:
    """One field of a cron expression. *others*: what may stand there besides numbers, ranges and steps."""

    name: str
    lowest: int
    highest: int
    words: Sequence[str] = ()
    others: str = "(?!)"


_FIELDS = (
    _Field("minutes", 0, 59),
    _Field("hours", 0, 23),
    _Field("day of month", 1, 31, others=r"L|LW|([1-9]|[12]\d|3[01])W"),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of week", 1, 7, _DAYS, others=r"L|([1-7]|[A-Z]{3})L|([1-7]|[A-Z]{3})#[1-5]"),
    _Field("year", 1970, 2199),
)


def fault_of(expression: str) -> str:
    """What is wrong with *expression*, a schedule that recurs; nothing if Scheduler takes it.

    >>> fault_of("cron(0 22 ? * MON-FRI *)"), fault_of("rate(15 minutes)")
    ('', '')
    >>> fault_of("cron(0 25 * * ? *)")
    "'25' is no hours (0 to 23)"
    >>> fault_of("cron(0 22 * * * *)")
    'exactly one of day of month and day of week is to be ?'
    """
    if _RATE.fullmatch(expression):
        return ""
    if not (expression.startswith("cron(") and expression.endswith(")")):
        return "it is neither cron(...) nor rate(<number> minutes|hours|days)"
    parts = expression[5:-1].split()
    if len(parts) != len(_FIELDS):
        return f"it has {len(parts)} fields of {len(_FIELDS)}: {', '.join(field.name for field in _FIELDS)}"
    if (parts[2] == "?") == (parts[4] == "?"):
        return "exactly one of day of month and day of week is to be ?"
    for field, part in zip(_FIELDS, parts, strict=True):
        for one in () if part == "?" and field.others != "(?!)" else part.split(","):
            if not re.fullmatch(field.others, one) and _numbers(field, one) is None:
                return f"{one!r} is no {field.name} ({field.lowest} to {field.highest})"
    return ""


def _numbers(field: _Field, text: str) -> range | None:
    """The values that one part of a field names; None where it is malformed."""
    span, _, step = text.partition("/")
    if (step and not re.fullmatch(r"[1-9]\d*", step)) or text.endswith("/"):
        return None
    if span == "*":
        first, last = field.lowest, field.highest
    else:
        ends = [_number(field, end) for end in span.split("-")]
        if len(ends) > 2 or None in ends:
            return None
        first = ends[0] or 0
        last = (ends[1] or 0) if len(ends) == 2 else field.highest if step else first
    return range(first, last + 1, int(step or 1)) if first <= last else None


def _number(field: _Field, text: str) -> int | None:
    if text in field.words:
        return field.words.index(text) + field.lowest
    number = int(text) if re.fullmatch(r"\d{1,4}", text) else -1
    return number if field.lowest <= number <= field.highest else None


def weekly_starts(expression: str, time_zone: str) -> frozenset[int]:
    """The minutes after Sunday 00:00 UTC at which *expression* may come due, in summer and in winter.

    A day that is not named by the week's is any day. A rate has no time of the day: it gives none.

    >>> sorted(weekly_starts("cron(30 1 ? * SUN *)", "Europe/Berlin"))
    [30, 10050]
    """
    if not expression.startswith("cron("):
        return frozenset()
    minutes, hours, _, _, days, _ = expression[5:-1].split()
    offsets = {ZoneInfo(time_zone).utcoffset(season) for season in _SEASONS}
    shifts = {round(offset.total_seconds() / 60) for offset in offsets if offset is not None}
    return frozenset(
        (day * 1440 + hour * 60 + minute - shift) % WEEK_MINUTES
        for day in _days(days)
        for hour in _all(_FIELDS[1], hours)
        for minute in _all(_FIELDS[0], minutes)
        for shift in shifts
    )


def season_starts(expression: str, time_zone: str) -> Iterator[datetime]:
    """When *expression* comes due in a week of winter and in one of summer, in UTC; nothing of a rate.

    >>> [f"{at:%m-%d %H:%M}" for at in season_starts("cron(30 1 ? * MON *)", "Europe/Berlin")]
    ['01-05 00:30', '07-05 23:30']
    """
    for sunday in _SEASONS:
        for minute in sorted(weekly_starts(expression, "UTC")):
            yield (sunday + timedelta(minutes=minute)).replace(tzinfo=ZoneInfo(time_zone)).astimezone(UTC)


def hours_between_deltas(nights: Iterable[NightSchedule], tags: Collection[str]) -> float:
    """How long a database with *tags* is without a delta between two starts of *nights*, at most; 0 where none is of
    mode `delta` and names it.

    >>> nights = [NightSchedule("a", "delta", "rate(4 hours)"), NightSchedule("b", "full", "cron(0 22 * * ? *)")]
    >>> hours_between_deltas(nights, ()), hours_between_deltas(nights[1:], ())
    (4.0, 0.0)
    """
    mine = (one for one in nights if one.mode == "delta" and (not one.tags or {*one.tags} & {*tags}))
    return longest_gap_minutes(one.expression for one in mine) / 60


def longest_gap_minutes(expressions: Iterable[str]) -> int:
    """The longest time between two starts of all *expressions* together, which Scheduler takes; 0 without any.

    A schedule of some days of a month is taken for one of each day.

    >>> longest_gap_minutes(["cron(0 6 ? * MON-FRI *)"]) // 60, longest_gap_minutes(["rate(15 minutes)"])
    (72, 15)
    >>> longest_gap_minutes(["cron(0 6 * * ? *)", "cron(0 18 * * ? *)"]) // 60, longest_gap_minutes([])
    (12, 0)
    """
    given = list(expressions)
    rates = [int(found[1]) * _UNITS[found[2]] for one in given if (found := _RATE.fullmatch(one))]
    starts = sorted({minute for one in given for minute in weekly_starts(one, "UTC")})
    later = starts[1:] + starts[:1]
    gaps = [(to - start) % WEEK_MINUTES or WEEK_MINUTES for start, to in zip(starts, later, strict=True)]
    longest = [max(gaps)] if gaps else []
    return min(rates + longest) if rates + longest else 0


def _all(field: _Field, text: str) -> Iterator[int]:
    for part in text.split(","):
        yield from _numbers(field, part) or ()


def _days(text: str) -> Iterator[int]:
    """Days of the week, Sunday first, as 0 to 6."""
    for part in text.split(","):
        named = _numbers(_FIELDS[4], re.sub(r"(?<=.)L$|#\d$", "", part))
        yield from range(7) if part in {"?", "L"} or named is None else (day - 1 for day in named)


def read_window(text: str) -> range | None:
    """DMS's maintenance window as minutes after Sunday 00:00 UTC, beyond a week's where it crosses into the next.

    Source: BC:CreateReplicationInstance.PreferredMaintenanceWindow (30 minutes at least).

    >>> read_window("sat:23:30-sun:00:30"), read_window("sun:12:00-sun:12:10")
    (range(10050, 10110), None)
    """
    match = _WINDOW.fullmatch(text)
    days = [day.lower() for day in _DAYS]
    if match is None or match[1] not in days or match[4] not in days:
        return None
    first = days.index(match[1]) * 1440 + int(match[2]) * 60 + int(match[3])
    last = days.index(match[4]) * 1440 + int(match[5]) * 60 + int(match[6])
    length = (last - first) % WEEK_MINUTES
    return range(first, first + length) if length >= 30 else None


def meets(window: range, starts: frozenset[int], night_minutes: int) -> bool:
    """Whether a night of *night_minutes* that begins at one of *starts* still goes on in *window*.

    >>> meets(range(60, 90), frozenset({10_020}), 360), meets(range(60, 90), frozenset({90}), 360)
    (True, False)
    """
    return any((window.start - start) % WEEK_MINUTES < night_minutes or start in window for start in starts) or any(
        start + WEEK_MINUTES in window for start in starts
    )
