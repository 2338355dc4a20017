"""Quarantine: a person holds a database back until a day, in the registry. Reasons: docs/decisions/0033."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime

from fleet.databases import Database, Quarantine
from fleet.failures import Failure


def is_day(text: str) -> bool:
    """Whether *text* is a day of the calendar as ISO writes it.

    >>> is_day("2026-12-24"), is_day("2026-02-30"), is_day("20261224")
    (True, False, False)
    """
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def find_quarantine(database: Database, at: datetime) -> Quarantine | None:
    """The quarantine of *database* that is in force *at* that time; the day of its end is the first without it.

    >>> from dataclasses import replace
    >>> shop = Database("shop", "s", "Shop", "one", ("s",), quarantined=Quarantine("it moves", "Ada", "2026-12-24"))
    >>> find_quarantine(shop, datetime(2026, 12, 23, 23, 59, tzinfo=UTC)) == shop.quarantined
    True
    >>> find_quarantine(shop, datetime(2026, 12, 24, tzinfo=UTC)) is None
    True
    """
    found = database.quarantined
    return found if found is not None and at.astimezone(UTC).date() < date.fromisoformat(found.until) else None


def describe_quarantine(database: str, quarantine: Quarantine) -> Failure:
    """What the outcome of a *database* in quarantine says: the reason, who gave it, and when it ends.

    >>> print(describe_quarantine("shop", Quarantine("Its vendor moves it.", "Ada", "2026-12-24")).text)
    shop is held back until 2026-12-24 (UTC), by Ada: Its vendor moves it.
    """
    reason = quarantine.reason.strip()
    end = "" if reason.endswith((".", "!", "?")) else "."
    text = f"{database} is held back until {quarantine.until} (UTC), by {quarantine.by}: {reason}{end}"
    return Failure("quarantined", "Quarantined", text)


def remark_on_quarantines(databases: Iterable[Database], at: datetime) -> tuple[str, ...]:
    """The quarantines of *databases* that are over *at* that time, in words: nothing follows from them any more.

    >>> shop = Database("shop", "s", "Shop", "one", ("s",), quarantined=Quarantine("it moves", "Ada", "2026-12-24"))
    >>> remark_on_quarantines([shop], datetime(2026, 12, 24, tzinfo=UTC))
    ('shop: `quarantined` ended on 2026-12-24, and the database is in runs again. Remove it.',)
    """
    return tuple(
        f"{one.id}: `quarantined` ended on {one.quarantined.until}, and the database is in runs again. Remove it."
        for one in databases
        if one.quarantined is not None and find_quarantine(one, at) is None
    )
