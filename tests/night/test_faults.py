"""Every fault of the catalogue, in one night over a database each, with one left whole beside them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from faulty_fleet import TABLES, Fleet, open_fleet
from fleet.failures import CLASSES
from fleet.outcomes import Outcome, is_red
from local.faults.catalogue import KINDS, OK, Verdict
from local.faults.causes import Struck
from localcloud.servers.postgres import EmbeddedPostgres

MORE = {
    "killed-handler": ["killed-handler:StartTask:2"],
    "two-tables": ["errored-table:public.orders", "refused-copy:public.customers"],
    "submit-trouble": [
        "timed-out-after:SubmitStatements:2",
        "throttled-before:SubmitStatements:1",
        "errored-table:public.no_such_table",
    ],
    "down-too-long": ["warehouse-down:3600"],
    "throttled-too-long": ["throttled-before:StartReplicationTask:9999"],
}
"""Databases whose faults are not a kind as it is by default."""

BROKEN = {**{name: [name] for name in KINDS}, **MORE}
TOO_LONG = {
    "down-too-long": Verdict("failed", "warehouse", "ExecutionBrokenOff"),
    "throttled-too-long": Verdict("failed", "throttled", "ExecutionBrokenOff"),
}
WHOLE = ("whole-one", "whole-two")
MENDED = [name for name, kind in KINDS.items() if kind.night != OK or kind.rerun != OK]
"""The other kinds end ok in their first night: another has nothing to mend."""

RERUN = [*MENDED, *TOO_LONG]


@dataclass
class Nights:
    """What two nights made of it: the first broken, the second after the causes are gone and the sources have grown."""

    first: dict[str, Outcome]
    second: dict[str, Outcome]
    struck: dict[str, list[Struck]]
    published_first: dict[str, dict[str, list[list[object]]]]
    published_second: dict[str, dict[str, list[list[object]]]]


@pytest.fixture(scope="module")
def nights(
    postgres: EmbeddedPostgres, case_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Nights]:
    wanted = {**BROKEN, **{name: [] for name in WHOLE}}
    with open_fleet(tmp_path_factory.mktemp("faults"), postgres, case_template, wanted) as fleet:
        first = fleet.run("first", wanted)
        struck = {name: [one for one in fleet.faults.struck() if one.database == name] for name in BROKEN}
        published_first = {name: fleet.published(name) for name in wanted}
        for name in wanted:
            fleet.faults.clear(name)
            _grow(fleet, name)
        second = fleet.run("second", [*RERUN, "whole-two"])
        yield Nights(first, second, struck, published_first, {name: fleet.published(name) for name in wanted})


def _grow(fleet: Fleet, name: str) -> None:
    with fleet.postgres.connect(name, autocommit=True) as connection:
        connection.execute("INSERT INTO orders VALUES (6, 'order 6', 9); UPDATE customers SET name = 'Cy' WHERE id = 1")


def verdict_of(outcome: Outcome) -> Verdict:
    failure = outcome.failure
    return Verdict(outcome.outcome, failure.failure_class, failure.name) if failure else Verdict(outcome.outcome)


@pytest.mark.parametrize("name", KINDS)
def test_a_fault_ends_its_database_as_the_catalogue_says(nights: Nights, name: str) -> None:
    outcome = nights.first[name]
    assert verdict_of(outcome) == KINDS[name].night
    assert outcome.owner == KINDS[name].night.owner
    assert all(one.times for one in nights.struck[name])


NOT_FOR_PEOPLE = ("..", "Traceback", "Error(", "('", "codec", "[Errno")
"""What no text of an outcome holds: two full stops, and words of Python's own."""


@pytest.mark.parametrize("name", BROKEN)
def test_every_text_of_an_outcome_is_for_people(nights: Nights, name: str) -> None:
    outcome = nights.first[name]
    failures = [outcome.failure, *(table.failure for table in outcome.tables)]
    texts = [*(failure.text for failure in failures if failure), *outcome.gaps]
    assert not [text for text in texts if not text or any(words in text for words in NOT_FOR_PEOPLE)]


@pytest.mark.parametrize("name", MENDED)
def test_a_rerun_after_the_cause_is_gone_ends_as_the_catalogue_says(nights: Nights, name: str) -> None:
    assert verdict_of(nights.second[name]) == KINDS[name].rerun


@pytest.mark.parametrize("name", WHOLE)
def test_a_neighbour_of_broken_databases_ends_ok(nights: Nights, name: str) -> None:
    assert verdict_of(nights.first[name]) == OK


def test_a_neighbour_of_reruns_ends_ok(nights: Nights) -> None:
    assert verdict_of(nights.second["whole-two"]) == OK


@pytest.mark.parametrize("name", [*BROKEN, *WHOLE])
def test_a_table_is_published_whole_or_not_at_all(nights: Nights, name: str) -> None:
    whole = nights.published_first["whole-one"]
    ok = {one.table for one in nights.first[name].tables if one.failure is None}
    found = nights.published_first[name]
    # A table whose load Snowflake refused is made beforehand, and stays empty.
    assert {table: rows for table, rows in found.items() if rows or table in ok} == {
        table: rows for table, rows in whole.items() if table in ok
    }


@pytest.mark.parametrize("name", RERUN)
def test_a_published_table_holds_the_last_good_night(nights: Nights, name: str) -> None:
    is_ok = nights.second[name].outcome == "ok"
    expected = nights.published_second["whole-two"] if is_ok else nights.published_first[name]
    assert nights.published_second[name] == expected


def test_only_the_named_tables_are_broken(nights: Nights) -> None:
    bad = {one.table: one.failure.name for one in nights.first["two-tables"].tables if one.failure}
    assert bad == {"orders": "TableNotLoaded", "customers": "LoadRefused"}


def test_trouble_on_the_way_to_snowflake_is_got_over(nights: Nights) -> None:
    assert verdict_of(nights.first["submit-trouble"]) == OK
    assert [one.times for one in nights.struck["submit-trouble"]][:2] == [2, 1]


def test_a_fault_that_never_struck_is_said_to_have_struck_never(nights: Nights) -> None:
    assert nights.struck["submit-trouble"][2] == Struck("submit-trouble", "errored-table:public.no_such_table", 0)


@pytest.mark.parametrize("name", TOO_LONG)
def test_an_execution_that_broke_off_is_classed_publishes_nothing_and_is_mended_by_the_next_night(
    nights: Nights, name: str
) -> None:
    assert verdict_of(nights.first[name]) == TOO_LONG[name]
    assert nights.published_first[name] == {}
    assert verdict_of(nights.second[name]) == OK


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if is_red(kind.night.outcome)])
def test_a_red_database_names_owner_and_remedy(nights: Nights, name: str) -> None:
    outcome = nights.first[name]
    assert outcome.failure is not None
    assert outcome.remedy == CLASSES[outcome.failure.failure_class].remedy


def test_the_whole_fleet_has_every_table(nights: Nights) -> None:
    assert {one.table for one in nights.first["whole-one"].tables} == set(TABLES)
