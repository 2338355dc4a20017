"""How faults are asked for, and refused by name."""

from __future__ import annotations

import re

import pytest

from fleet.errors import MalformedInputError, UnknownDatabaseError
from fleet.failures import CLASSES
from local.faults.catalogue import KINDS, SPREAD, Kind
from local.faults.faults import Faults
from local.faults.requests import read_fault, read_request, require_databases, spread


def test_a_fault_comes_with_its_defaults() -> None:
    assert read_fault("timed-out-after").values == ("StartReplicationTask", "2")
    assert read_fault("errored-table:public.orders").values == ("public.orders",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("lost-sauce", "there is no fault 'lost-sauce'. There are: bad-password, "),
        ("lost-source:3", "has 1 parameters, lost-source takes 0. Write it as lost-source."),
        ("killed-handler", "lacks STATE. Write it as killed-handler:STATE:EFFECT[:DEATH]."),
        ("killed-handler:StartTask", "lacks EFFECT"),
        ("killed-handler:StartTusk:1", "STATE is 'StartTusk', wanted one of PlanRun, CloseRun, ClaimDatabase"),
        ("killed-handler:StartTask:last", "EFFECT is 'last', wanted a whole number"),
        ("throttled-before:StartTask", "OPERATION is 'StartTask', wanted one of DescribeReplicationTasks"),
        ("errored-table:orders", "TABLE is 'orders', wanted a name as schema.table"),
        (
            "dies-each-time:SealFolder:of-age",
            "DEATH is 'of-age', wanted one of timed-out, exited, killed, out-of-memory",
        ),
        ("warehouse-down:-1", "SECONDS is '-1', wanted a whole number of seconds"),
    ],
)
def test_a_wrong_fault_is_refused_with_what_there_is(text: str, words: str) -> None:
    with pytest.raises(MalformedInputError, match=re.escape(words)):
        read_fault(text)
    with pytest.raises(MalformedInputError, match=re.escape(words)):
        Faults({"nyc-flights": [text]})


def test_a_refusal_of_an_unknown_fault_names_every_fault() -> None:
    with pytest.raises(MalformedInputError) as caught:
        read_fault("")
    assert all(kind.usage in str(caught.value) for kind in KINDS.values())


def test_a_request_names_a_database_and_its_fault() -> None:
    database, fault = read_request("nyc-flights=killed-handler:StartTask:2")
    assert (database, fault.name, fault.values) == ("nyc-flights", "killed-handler", ("StartTask", "2", "exited"))


def test_a_request_without_a_fault_is_refused() -> None:
    with pytest.raises(MalformedInputError, match="'nyc-flights' is no DATABASE=FAULT"):
        read_request("nyc-flights")


def test_a_database_that_the_night_does_not_have_is_refused_with_those_it_has() -> None:
    with pytest.raises(UnknownDatabaseError, match=r"no database 'c' to break\. It has a, b\."):
        require_databases(["a", "c"], ["b", "a"])


def test_a_number_of_databases_is_broken_evenly_and_the_same_each_time() -> None:
    names = [f"db-{number:02}" for number in range(30)]
    chosen = spread(names, 25)
    assert chosen == spread(list(reversed(names)), 25)
    assert len({database for database, _ in chosen}) == 25
    assert [fault.name for _, fault in chosen] == [*SPREAD, *SPREAD][:25]


def test_more_databases_than_there_are_cannot_be_broken() -> None:
    with pytest.raises(MalformedInputError, match="3 databases are to be broken, the night has 2"):
        spread(["a", "b"], 3)


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_a_kind_says_all_of_it_or_that_all_is_well(kind: Kind) -> None:
    for verdict in (kind.night, kind.rerun):
        assert (verdict.outcome == "ok") == (verdict.failure_class is None) == (verdict.failure_name is None)
        assert verdict.owner == (CLASSES[verdict.failure_class].owner if verdict.failure_class else "")


def test_a_fault_that_was_only_asked_for_has_not_struck() -> None:
    faults = Faults({"a": ["lost-source", "killed-handler:StartTask:1"], "b": ["task-gone"]})
    assert [(one.database, one.fault, one.times) for one in faults.struck()] == [
        ("a", "lost-source", 0),
        ("a", "killed-handler:StartTask:1", 0),
        ("b", "task-gone", 0),
    ]
