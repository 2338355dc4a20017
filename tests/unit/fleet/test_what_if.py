"""A fleet as it might be: what may be asked, and what becomes of the databases."""

from __future__ import annotations

from collections import Counter

import pytest

from fleet.databases import Database
from fleet.errors import MalformedInputError
from fleet.measures import Measured
from fleet.what_if import WhatIf, change, read_what_if

FLEET = [Database(f"d-{number:02}", f"s{number % 3}", "S", "one" if number < 20 else "two", ()) for number in range(30)]


@pytest.mark.parametrize(
    ("word", "refusal"),
    [
        ("databses=+1", "knows no 'databses'. Did you mean `databases`"),
        ("colour=1", "knows no 'colour'. Known: `databases`, `instances`, `window`"),
        ("databases", "has 'databases'. Wanted as in databases=.60"),
        ("databases=60", "Wanted as in databases=.60"),
        ("databases=+0", "Wanted"),
        ("databases=+10001", "at most 10,000"),
        ("instances=0", "Wanted as in instances=6"),
        ("instances=-1", "Wanted"),
        ("window=5", "Wanted as in window=5h or window=4h30m"),
        ("window=0h", "Wanted"),
        ("window=", "Wanted"),
        ("instances=2,instances=3", "has 'instances' twice"),
        ("", "knows no ''"),
    ],
)
def test_a_change_that_nobody_can_mean_is_refused_with_what_may_be_said(word: str, refusal: str) -> None:
    with pytest.raises(MalformedInputError, match=refusal):
        read_what_if([word])


def test_several_changes_hold_at_once_by_comma_or_by_option() -> None:
    expected = WhatIf(databases=5, instances=7, window_seconds=90 * 60)
    assert read_what_if(["databases=+5,instances=7", "window=1h30m"]) == expected
    assert read_what_if(["window=90m", "instances=7", "databases=+5"]) == expected


def test_without_a_change_the_fleet_is_as_it_was() -> None:
    assert change(WhatIf(), FLEET, {}) == (tuple(FLEET), {})


def test_new_databases_are_like_those_that_are_there_and_fill_the_emptiest_instance_first() -> None:
    measures = {"d-01": Measured(60, 2)}
    changed, seen = change(WhatIf(databases=14), FLEET, measures)
    new = changed[len(FLEET) :]
    assert len({one.id for one in changed}) == 44
    assert Counter(one.instance for one in changed) == {"one": 22, "two": 22}
    assert [one.server for one in new[:3]] == [one.server for one in FLEET[:3]]
    assert seen == {**measures, new[1].id: measures["d-01"]}


def test_databases_are_dealt_out_over_the_instances_asked_for_by_what_there_is_to_do() -> None:
    measures = {one.id: Measured(60.0 * (number + 1), 2) for number, one in enumerate(FLEET)}
    for count in (1, 2, 5):
        changed, _ = change(WhatIf(instances=count), FLEET, measures)
        seconds = Counter[str]()
        for one in changed:
            seconds[one.instance] += int(measures[one.id].seconds)
        assert [one.id for one in changed] == [one.id for one in FLEET]
        assert len(seconds) == count
        assert max(seconds.values()) <= 1.2 * min(seconds.values())


def test_no_instance_is_dealt_more_than_its_endpoints_hold_while_another_has_room() -> None:
    fleet = [
        Database(f"d-{number:03}", "s", "S", "one", (), expected_seconds=9_999 if number else 1)
        for number in range(100)
    ]
    changed, _ = change(WhatIf(instances=2), fleet, {"d-001": Measured(9e9, 1)})
    assert Counter(one.instance for one in changed) == {"one": 50, "new-001": 50}
