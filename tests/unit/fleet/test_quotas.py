"""Every number that a vendor imposes says where it is, and was looked up within a year."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from fleet import quotas
from fleet.quotas import Quota

ALL = {name: value for name, value in vars(quotas).items() if isinstance(value, Quota)}


@pytest.mark.parametrize("name", ALL)
def test_a_quota_has_a_source_a_number_and_words_for_it(name: str) -> None:
    quota = ALL[name]
    assert quota.source.startswith("https://")
    assert quota.value > 0
    assert quota.what
    assert not quota.what.endswith(".")


@pytest.mark.parametrize("name", ALL)
def test_a_quota_was_checked_within_a_year(name: str) -> None:
    today = datetime.now(UTC).date()  # noqa: TID251  the one test that is meant to fail by itself, a year on
    checked_on = date.fromisoformat(ALL[name].checked_on)
    assert today - timedelta(days=365) < checked_on <= today + timedelta(days=1), "read the source again"
