"""How a profile is put together of what a source has time for, and what it says where the source does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from cases import SETTINGS
from cli.profiling import ProfileAsker, take_profile
from fleet.counts import Count
from fleet.databases import Database, Registry, Server
from fleet.failures import Failure
from fleet.profiles.profile import DatabaseProfile, LongestValue, ProfileAnswer, ProfileQuestion
from fleet.profiles.spread import KeySpread
from fleet.tables.catalogue import Census, Table, TableName
from fleet.tables.columns import Column
from fleet.tables.losses import CountedLosses, TableLosses

SHOP = Database("shop", "one", "Shop", "one", ("public",))
FLEET = Registry(SETTINGS, (Server("one", "postgresql", "secret"),), (SHOP,))
COLUMNS = (Column("id", "integer", is_nullable=False), Column("note", "text"), Column("photo", "bytea"))
TABLES = tuple(Table("public", name, False, COLUMNS, ("id",), rows_estimated=5) for name in "abc")
NOW = datetime(2026, 12, 1, tzinfo=UTC)
GONE = Failure("connection", "SourceNotAnswering", "it went away")


def profile_one(asked: Sequence[ProfileQuestion]) -> list[ProfileAnswer]:
    one = asked[0]
    return [ProfileAnswer(one.schema, one.table, 8192, None, KeySpread(one.column, one.kind, "1", "9", why="slow"))]


def measure_one(asked: Sequence[TableLosses]) -> list[CountedLosses]:
    return [CountedLosses(asked[0].schema, asked[0].table, (0, 0), longest=(100_000, 5_000))]


def count_one(asked: Sequence[TableName]) -> list[Count]:
    return [Count(asked[0].schema, asked[0].table, 7)]


EACH = ProfileAsker(lambda: Census(("public",), TABLES), profile_one, measure_one, count_one)


def take(asker: ProfileAsker, *, is_counted: bool = True) -> DatabaseProfile:
    found = take_profile(FLEET, SHOP, asker, NOW, is_counted=is_counted)
    assert isinstance(found, DatabaseProfile)
    return found


def test_what_one_call_has_no_time_for_the_next_one_is_asked() -> None:
    found = take(EACH)
    assert [(one.table, one.rows, one.is_counted, one.size_bytes) for one in found.tables] == [
        (name, 7, True, 8192) for name in "abc"
    ]
    # DMS keeps 512 characters of a text, or 1,024 bytes of an image, with 1 KB.
    assert found.tables[2].longest == (LongestValue("note", 196), LongestValue("photo", 5))
    assert found.tables[0].gaps == ("how its rows lie along id is not known: slow",)
    assert found.taken_at == "2026-12-01T00:00:00+00:00"


def test_rows_are_those_of_the_statistics_where_nobody_wants_them_counted() -> None:
    assert [(one.rows, one.is_counted) for one in take(EACH, is_counted=False).tables] == [(5, False)] * 3


def test_a_source_that_goes_away_meanwhile_leaves_gaps_and_without_sizes_there_is_no_profile() -> None:
    found = take(replace(EACH, losses=lambda _: GONE, counts=lambda _: GONE))
    assert found.tables[1].gaps[1:] == (
        "its longest values are not known: it went away",
        "its rows are not counted: it went away",
    )
    for asker in (replace(EACH, census=lambda: GONE), replace(EACH, profile=lambda _: GONE)):
        assert take_profile(FLEET, SHOP, asker, NOW, is_counted=False) == GONE


def test_a_table_that_is_too_large_to_be_counted_is_not_read_for_its_longest_values_either() -> None:
    large = replace(TABLES[1], rows_estimated=100_000_001)
    found = take(replace(EACH, census=lambda: Census(("public",), (TABLES[0], large))))
    assert [(one.rows, one.longest == ()) for one in found.tables] == [(7, False), (100_000_001, True)]
    assert found.tables[1].gaps[1].startswith("its rows are not read: by its statistics it has about 100,000,001, more")


def test_a_call_that_has_time_for_nothing_ends_the_asking() -> None:
    found = take_profile(FLEET, SHOP, replace(EACH, profile=lambda _: []), NOW, is_counted=False)
    assert isinstance(found, Failure)
    assert found.text == "one call had no time for public.a"
