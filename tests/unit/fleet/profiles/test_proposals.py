"""What a profile proposes for the registry, and what it leaves alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cases import SETTINGS
from fleet.databases import Database, ParallelLoad, Registry, Server, Settings
from fleet.profiles.profile import DatabaseProfile, LongestValue, TableProfile
from fleet.profiles.proposals import Proposed, propose
from fleet.profiles.spread import KeySpread, KeyStep, RangeKind
from fleet.tables.catalogue import RelationKind

SHOP = Database("shop", "one", "Shop", "one", ("public",))
EVEN = tuple(KeyStep(str(number), 1.0) for number in range(1, 65))
LOAD = ParallelLoad("public", "big", "id", ("16", "32", "48"))


def table(
    name: str = "big",
    rows: int = 20_000_000,
    steps: tuple[KeyStep, ...] = EVEN,
    kind: RelationKind = "table",
    of: RangeKind = "number",
) -> TableProfile:
    spread = KeySpread("id", of, steps[0].upper, steps[-1].upper, steps) if steps else None
    return TableProfile("public", name, kind, (), ("id",), rows, spread=spread)


def proposed(
    *tables: TableProfile, database: Database = SHOP, server: Server | None = None, settings: Settings = SETTINGS
) -> Proposed:
    others = [table(f"t{number}", rows=10) for number in range(8)]
    registry = Registry(settings, (server or Server("one", "postgresql", "secret"),), (database,))
    return propose(registry, database, DatabaseProfile("shop", "postgresql", "", (*tables, *others)))


def test_a_large_table_is_cut_into_ranges_that_are_even() -> None:
    (proposal,) = proposed(table()).proposals
    assert (proposal.key, proposal.value) == ("parallel_loads", LOAD)
    assert proposal.reason == (
        "public.big has 20,000,000 rows. 4 ranges of id: the largest holds 25%, by its statistics."
    )


def test_a_table_has_no_more_ranges_than_the_database_loads_tables_at_once() -> None:
    narrow = replace(SHOP, tables_at_once=2)
    (proposal,) = proposed(table(rows=900_000_000), database=narrow).proposals
    assert isinstance(proposal.value, ParallelLoad)
    assert proposal.value.boundaries == ("32",)
    assert "as many as tables_at_once 2" in proposal.reason


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (table(rows=9_999_999), None),
        (table(steps=()), "its key begins with no number and no time."),
        (table(kind="partitioned table"), "it is a partitioned table."),
        (
            table(steps=(KeyStep("1", 1.0), KeyStep("2", 90.0), KeyStep("3", 1.0))),
            "one range of id would hold 98% of them.",
        ),
    ],
    ids=["small", "text key", "partitioned", "one value"],
)
def test_a_table_that_is_left_whole_says_why(one: TableProfile, why: str | None) -> None:
    found = proposed(one)
    assert found.proposals == ()
    assert found.left == ((f"public.big has 20,000,000 rows and is left whole: {why}",) if why else ())


def test_ranges_that_are_even_enough_stay_and_others_are_cut_anew() -> None:
    there = replace(SHOP, parallel_loads=(replace(LOAD, boundaries=("14", "30", "47")),))
    assert proposed(table(), database=there) == Proposed()
    stale = replace(SHOP, parallel_loads=(replace(LOAD, boundaries=("1", "2", "3")),))
    (proposal,) = proposed(table(), database=stale).proposals
    assert proposal.value == LOAD
    assert proposal.reason.endswith("The ranges that are there leave 95% to one.")


@pytest.mark.parametrize(
    ("kilobytes", "limit", "says"),
    [
        (33, 64, "625 MB of memory"),
        (5000, 8192, "78 GB of memory"),
        (200_000, 102_400, "Values above 102,400 KB, DMS's most, are cut all the same."),
    ],
)
def test_a_limit_that_cuts_values_is_raised_to_the_longest_and_says_its_memory(
    kilobytes: int, limit: int, says: str
) -> None:
    long = replace(table("docs", rows=10), longest=(LongestValue("body", kilobytes),))
    (proposal,) = proposed(long).proposals
    assert (proposal.key, proposal.value) == ("lob_max_kilobytes", limit)
    assert says in proposal.reason
    assert proposed(replace(long, longest=(LongestValue("body", 32),))).proposals == ()


def test_a_commit_rate_is_lowered_where_long_values_take_more_memory_than_the_instance_has() -> None:
    replication = replace(SETTINGS.stack.replication, instance_class="dms.t3.medium")
    small = replace(SETTINGS, stack=replace(SETTINGS.stack, replication=replication))
    long = replace(table("docs", rows=10), longest=(LongestValue("body", 512),), long_columns=1)
    limit, rate = proposed(long, settings=small).proposals
    assert (limit.key, limit.value) == ("lob_max_kilobytes", 512)
    assert (rate.key, rate.value) == ("commit_rate", 6000)
    assert "dms.t3.medium has 3 GB for them" in rate.reason


def test_fewer_tables_at_once_are_proposed_only_where_the_server_gains_by_it() -> None:
    registry = Registry(SETTINGS, (Server("one", "postgresql", "secret", connections_at_once=60),), (SHOP,))
    few = DatabaseProfile("shop", "postgresql", "", (table("a", rows=5), table("b", rows=5)))
    (proposal,) = propose(registry, SHOP, few).proposals
    assert (proposal.key, proposal.value) == ("tables_at_once", 2)
    assert "would bear 4 such databases at once in place of 2" in proposal.reason
    roomy = replace(registry, servers=(replace(registry.servers[0], connections_at_once=1000),))
    assert propose(roomy, SHOP, few).proposals == ()
