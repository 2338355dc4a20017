"""Which tables are fresher after a delta, and the text that says so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlglot
from sqlglot import exp

from cases import SETTINGS
from fleet.attempts import Attempt
from fleet.deltas.batches import DeltaFolder
from fleet.deltas.chain import TableState
from fleet.freshness import Reading, read_delta, reading_statements
from fleet.manifests import DeltaSeal, seal
from fleet.quotas import SNOWFLAKE_STATEMENT_BYTES
from fleet.tables.catalogue import TableName

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
NAME = TableName("public", "orders")
ATTEMPT = Attempt("night-1", "nyc-flights", "delta", 7, "arn")


def folder(number: int, *, is_closed: bool = True, is_known: bool = True) -> DeltaFolder:
    """That of an attempt whose mark was set so many minutes after noon."""
    attempt = replace(ATTEMPT, number=number)
    delta = DeltaSeal(3, f"checkpoint:{number}", is_closed)
    manifest = seal(attempt, [], bucket="b", sealed_at="", failure=None, delta=delta)
    return DeltaFolder(attempt, is_closed, manifest, NOON + timedelta(minutes=number) if is_known else None)


def read(folders: Sequence[DeltaFolder], applied: int, **after: object) -> tuple[Reading, ...]:
    """What is read of a table that was applied up to attempt 4."""
    before = TableState("public", "orders", 3, 4, 4, "f")
    return read_delta(folders, {NAME: before}, [replace(before, applied=applied, **after)], {NAME: 5})  # type: ignore[arg-type]


def test_a_table_is_as_fresh_as_the_newest_mark_that_it_has() -> None:
    assert read([folder(5), folder(6)], 6) == (Reading(NAME, NOON + timedelta(minutes=6), "checkpoint:6", 5),)


@pytest.mark.parametrize(
    ("newest", "minutes", "position"),
    [
        (folder(6, is_closed=False), 5, "checkpoint:5"),
        (folder(6, is_known=False), 5, "checkpoint:6"),  # it read further, and nobody knows up to what moment
    ],
)
def test_a_folder_that_is_open_or_has_no_mark_makes_nothing_fresher(
    newest: DeltaFolder, minutes: int, position: str
) -> None:
    (reading,) = read([folder(5), newest], 5)
    assert (reading.fresh_as_of, reading.position) == (NOON + timedelta(minutes=minutes), position)
    assert read([newest], 6) == ()


def test_a_table_that_is_where_it_was_or_needs_a_full_load_is_not_read() -> None:
    assert read([folder(5)], 4) == ()
    assert read([folder(5)], 5, needs_full="it was emptied") == ()


def test_the_statements_of_readings_are_as_reviewed(golden: Callable[[str, str], None]) -> None:
    odd = TableName("Größe", 'it\'s "odd"\\')
    readings = [Reading(NAME, NOON, "checkpoint:V1#7", 12), Reading(odd, NOON + timedelta(microseconds=5))]
    made = reading_statements(SETTINGS.snowflake, ATTEMPT, readings)
    golden("readings.sql", "".join(f"{statement};\n" for statement in made))


def test_no_statement_is_longer_than_snowflake_takes_and_each_reading_is_in_one() -> None:
    names = [TableName("ö" * 120 + "'" * 10, "\\" * 100 + str(number)) for number in range(1_000)]
    made = list(reading_statements(SETTINGS.snowflake, ATTEMPT, [Reading(name, NOON, "c" * 200, 1) for name in names]))
    assert 1 < len(made) < 5
    assert all(len(one.encode()) <= SNOWFLAKE_STATEMENT_BYTES.value for one in made)
    rows = [row for one in made for row in sqlglot.parse_one(one, read="snowflake").find_all(exp.Tuple)]
    assert len(rows) == len(names)
    assert list(reading_statements(SETTINGS.snowflake, ATTEMPT, [])) == []
