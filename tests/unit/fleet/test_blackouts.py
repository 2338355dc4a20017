"""Laws of a server's blackouts: nothing starts in one, and nothing that fits goes on into the next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from fleet.blackouts import DAYS, Blackout, leave_time, next_start

BERLIN = ZoneInfo("Europe/Berlin")
CLOCKS = st.times().map(lambda clock: f"{clock:%H:%M}")
WINDOWS = st.lists(
    st.builds(
        Blackout,
        CLOCKS,
        CLOCKS,
        st.lists(st.sampled_from(DAYS), max_size=3, unique=True).map(tuple),
        st.sampled_from(["UTC", "Europe/Berlin", "America/Los_Angeles", "Asia/Kathmandu"]),
    ),
    max_size=3,
)
TIMES = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  bounds are naive


def is_inside(window: Blackout, at: datetime) -> bool:
    """Whether the clocks of the window's zone show that it is on: said without intervals, another way than ours."""
    local = at.astimezone(ZoneInfo(window.time_zone))
    clock, today = f"{local:%H:%M}", DAYS[local.weekday()]
    yesterday = DAYS[local.weekday() - 1]
    days = window.days or DAYS
    if window.starts < window.ends:
        return today in days and window.starts <= clock < window.ends
    return (today in days and clock >= window.starts) or (yesterday in days and clock < window.ends)


@given(WINDOWS.filter(leave_time), TIMES, st.integers(0, 3 * 24 * 3600))
def test_no_start_is_in_a_window_and_one_that_fits_is_done_before_the_next(
    windows: list[Blackout], now: datetime, seconds: int
) -> None:
    start = next_start(windows, now, seconds)
    assert start.at >= now
    assert not any(is_inside(window, start.at) for window in windows)
    if start.fits:
        for part in range(20):
            at = start.at + timedelta(seconds=seconds * part / 20)
            assert not any(is_inside(window, at) for window in windows)


@given(WINDOWS.filter(leave_time), TIMES)
def test_a_server_is_kept_waiting_only_while_a_window_is_on(windows: list[Blackout], now: datetime) -> None:
    start = next_start(windows, now, 0)
    if start.at > now and not _near_a_change(now, start.at):
        for part in range(20):
            at = now + (start.at - now) * part / 20
            assert any(is_inside(window, at) for window in windows)


def _near_a_change(since: datetime, until: datetime) -> bool:
    """Whether a clock is set in that time: an hour that is shown twice is in a window both times, or around it."""
    zones = (ZoneInfo("Europe/Berlin"), ZoneInfo("America/Los_Angeles"))
    days = timedelta(days=2)
    return any(
        (since - days).astimezone(one).utcoffset() != (until + days).astimezone(one).utcoffset() for one in zones
    )


def test_a_window_over_the_night_in_which_clocks_are_set_back_lasts_an_hour_longer() -> None:
    night = Blackout("22:00", "06:00", ("sat",), "Europe/Berlin")
    for day, hours in ((datetime(2026, 10, 24, 23, tzinfo=BERLIN), 8), (datetime(2026, 10, 17, 23, tzinfo=BERLIN), 7)):
        now = day.astimezone(UTC)
        assert next_start([night], now, 0).at - now == timedelta(hours=hours)


def test_an_hour_that_clocks_show_twice_is_in_a_window_both_times() -> None:
    window = Blackout("02:00", "02:30", time_zone="Europe/Berlin")
    first = datetime(2026, 10, 25, 0, 10, tzinfo=UTC)
    assert next_start([window], first, 0).at == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


def test_a_window_in_the_hour_that_clocks_leave_out_never_keeps_a_server_for_longer_than_it_says() -> None:
    window = Blackout("02:10", "02:40", time_zone="Europe/Berlin")
    start = next_start([window], datetime(2026, 3, 29, 0, 30, tzinfo=UTC), 0)
    assert start.at <= datetime(2026, 3, 29, 1, 40, tzinfo=UTC)
