"""When a server is not to be read: windows of the week in which no load of its databases begins, nor would go on.

A load that runs is not broken off. Windows are on the clocks of their time zone: where a clock is set, a window is as
long as the clocks say, and an hour that they show twice is in it both times.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from typing import Literal, get_args
from zoneinfo import ZoneInfo

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = get_args(Day)

PREPARING_SECONDS = 300
"""What goes by between the claim of a database and its load, usually far less: its endpoints are changed and tested."""
_WEEK = timedelta(days=7)
# A week of winter and one of summer, as clocks change between them.
_SEASONS = (datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 7, 6, tzinfo=UTC))
_IN_BLACKOUT = "its server is in a blackout: "


@dataclass(frozen=True)
class Blackout:
    """A window from *starts* to *ends*, as HH:MM on the clocks of *time_zone*, on each of *days*, or on every day.

    One that does not end later than it starts ends on the day after; *days* are those on which it starts.
    """

    starts: str
    ends: str
    days: tuple[Day, ...] = ()
    time_zone: str = "UTC"

    @property
    def words(self) -> str:
        """How it is called.

        >>> Blackout("07:00", "18:30", ("mon", "fri"), "Europe/Berlin").words
        '07:00 to 18:30 Europe/Berlin on mon, fri'
        """
        return f"{self.starts} to {self.ends} {self.time_zone}" + (f" on {', '.join(self.days)}" if self.days else "")


@dataclass(frozen=True)
class ReadStart:
    """When a database may start to be read. *fits*: whether it would then be done before the next window.

    *blackout*: the window that it waits for the end of; None where it need not wait.
    """

    at: datetime
    fits: bool
    blackout: Blackout | None = None


@dataclass(frozen=True)
class _Span:
    """Windows without a pause between them, in UTC. *first*: the one that begins it."""

    starts_at: datetime
    ends_at: datetime
    first: Blackout


def next_start(blackouts: Sequence[Blackout], now: datetime, seconds: float) -> ReadStart:
    """When a database may start at the earliest that is read for *seconds*: not in a window, and so that it is done
    before the next one. Where no pause between windows is long enough, right after the end of a window.

    >>> office = Blackout("07:00", "18:30", ("mon", "tue", "wed", "thu", "fri"), "Europe/Berlin")
    >>> monday = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
    >>> next_start([office], monday, 3600).at.isoformat()
    '2026-11-30T17:30:00+00:00'
    >>> next_start([office], monday.replace(hour=5, minute=30), 3600).at.isoformat()
    '2026-11-30T17:30:00+00:00'
    >>> next_start([office], monday, 40 * 3600).at.isoformat()
    '2026-12-04T17:30:00+00:00'
    >>> next_start([office], monday, 90 * 3600)
    ReadStart(at=datetime.datetime(2026, 11, 30, 17, 30, tzinfo=datetime.timezone.utc), fits=False, blackout=\
Blackout(starts='07:00', ends='18:30', days=('mon', 'tue', 'wed', 'thu', 'fri'), time_zone='Europe/Berlin'))
    """
    spans = _spans(blackouts, now, now + 2 * _WEEK)
    if not spans:
        return ReadStart(now, fits=True)
    pauses = [(span.ends_at, following.starts_at) for span, following in pairwise(spans)]
    if spans[0].starts_at > now:
        pauses.insert(0, (now, spans[0].starts_at))
    held_by = spans[0].first
    fitting = (at for at, until in pauses if at <= now + _WEEK and (until - at).total_seconds() >= seconds)
    if (at := next(fitting, None)) is not None:
        return ReadStart(at, fits=True, blackout=None if at == now else held_by)
    return ReadStart(spans[0].ends_at, fits=False, blackout=held_by)


def start_of_waiting(blackouts: Sequence[Blackout], since: datetime, now: datetime, seconds: float) -> ReadStart:
    """The same for a database that waits *since* then. One that fits into no pause starts after the window that it has
    waited for, and does not wait for another.

    >>> noon = Blackout("12:00", "13:00")
    >>> since = datetime(2026, 11, 30, 11, 0, tzinfo=UTC)
    >>> late = since + timedelta(hours=2, seconds=20)
    >>> [start_of_waiting([noon], since, now, 90_000).at == now for now in (since, late)]
    [False, True]
    """
    first = next_start(blackouts, since, seconds)
    if first.at > now:
        return first
    return next_start(blackouts, now, seconds if first.fits else 0)


def leave_time(blackouts: Sequence[Blackout]) -> bool:
    """Whether *blackouts* leave any time in a week.

    >>> night, day = Blackout("18:00", "06:00"), Blackout("06:00", "18:00")
    >>> leave_time([night]), leave_time([night, day]), leave_time([Blackout("00:00", "00:00")])
    (True, False, False)
    """
    return not any(
        span.starts_at <= monday and span.ends_at >= monday + _WEEK
        for monday in _SEASONS
        for span in _spans(blackouts, monday, monday + _WEEK)
    )


def say_blackout(server: str, start: ReadStart, waited_seconds: float, limit_seconds: int) -> str:
    """Why a database that waited for the end of a window of *server* is not read."""
    return (
        f"{say_in_blackout(server, start)}; waited {waited_seconds:.0f} s of {limit_seconds} s (server_wait_seconds)."
    )


def say_in_blackout(server: str, start: ReadStart) -> str:
    """Which window of *server* a database waits for the end of, and when it may start."""
    window = start.blackout.words if start.blackout else "a window"
    return f"{_IN_BLACKOUT}{server!r} is not read from {window}, and the next start is at {start.at:%Y-%m-%d %H:%M} UTC"


def is_blackout(words: str) -> bool:
    """Whether *words*, why an attempt was not made, are those of `say_blackout`.

    >>> is_blackout(say_blackout("s", ReadStart(datetime(2026, 1, 1), True, Blackout("07:00", "08:00")), 5, 60))
    True
    >>> is_blackout("claimed: attempt 1 holds it")
    False
    """
    return words.startswith(_IN_BLACKOUT)


def _spans(blackouts: Sequence[Blackout], after: datetime, until: datetime) -> list[_Span]:
    """What of the windows goes on after *after* and begins by *until*, in order, joined where there is no pause."""
    windows = sorted(
        (window for one in blackouts for window in _windows(one, after, until)), key=lambda one: one.starts_at
    )
    spans: list[_Span] = []
    for window in windows:
        if spans and window.starts_at <= spans[-1].ends_at:
            last = spans[-1]
            spans[-1] = _Span(last.starts_at, max(last.ends_at, window.ends_at), last.first)
        else:
            spans.append(window)
    return [one for one in spans if one.ends_at > after and one.starts_at <= until]


def _windows(blackout: Blackout, after: datetime, until: datetime) -> Iterator[_Span]:
    zone, starts, ends = (
        _zone(blackout.time_zone),
        time.fromisoformat(blackout.starts),
        time.fromisoformat(blackout.ends),
    )
    lasts = timedelta(days=0 if ends > starts else 1)
    day = after.astimezone(zone).date() - timedelta(days=2)
    while day <= until.astimezone(zone).date():
        if not blackout.days or DAYS[day.weekday()] in blackout.days:
            yield _Span(min(_at(day, starts, zone)), max(_at(day + lasts, ends, zone)), blackout)
        day += timedelta(days=1)


def _at(day: date, clock: time, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """When the clocks show that, in UTC: twice where they are set back, around the gap where they are set forward."""
    first, second = (datetime.combine(day, clock, zone).replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    return first, second


@cache
def _zone(name: str) -> ZoneInfo:
    """The zones are those of the package tzdata where the system has none, as Lambda's may.
    Source: https://github.com/amazonlinux/amazon-linux-2023/issues/615 (read 2026-12-01)."""
    return ZoneInfo(name)
