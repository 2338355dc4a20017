"""What happens to tables while they are captured: made, altered, truncated, dropped, suspended, left out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from localcloud.servers.postgres import EmbeddedPostgres
from localcloud.tests.dms.changes.dms_captures import Captures, captures_of

SCHEMA = """
CREATE TABLE items (id integer PRIMARY KEY, name text);
CREATE TABLE other (id integer PRIMARY KEY, name text);
CREATE TABLE parted (id integer, region text, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
CREATE TABLE parted_north PARTITION OF parted FOR VALUES IN ('n');
CREATE TABLE bad (id integer PRIMARY KEY, value numeric(10, 2));
CREATE VIEW seen AS SELECT * FROM items;
CREATE UNLOGGED TABLE unlogged (id integer PRIMARY KEY);
CREATE SCHEMA elsewhere;
CREATE TABLE elsewhere.items (id integer PRIMARY KEY);
"""
DDL = "ChangeProcessingDdlHandlingPolicy"


@pytest.fixture
def captures(postgres: EmbeddedPostgres) -> Iterator[Captures]:
    with captures_of(postgres, "dms_capture_tables", SCHEMA) as captures:
        yield captures


def captured(captures: Captures, *statements: str, **settings: Any) -> str:
    """A task that captured *statements* and stopped."""
    task = captures.task(**settings)
    captures.begin(task, seconds=30)
    captures.execute(*statements)
    assert captures.end(task)["Status"] == "stopped"
    return task


def ids(captures: Captures, table: str) -> list[int]:
    return [row["id"] for row in captures.rows(table)]


def test_the_tables_of_a_capture_are_those_that_its_rules_select_and_no_view(captures: Captures) -> None:
    task = captured(
        captures,
        "INSERT INTO items VALUES (1, 'a')",
        "INSERT INTO other VALUES (2, 'b')",
        "INSERT INTO elsewhere.items VALUES (3)",
        "INSERT INTO unlogged VALUES (4)",
        table="items",
    )
    assert list(captures.statistics(task)) == ["items"]
    assert captures.statistics(task)["items"]["TableState"] == "Table completed"
    assert {key.rpartition("/")[0] for key in captures.keys()} == {"public/items"}  # noqa: SIM118  a method


def test_changes_of_a_partition_are_the_partitions(captures: Captures) -> None:
    captured(captures, "INSERT INTO parted VALUES (1, 'n')")
    assert (ids(captures, "parted_north"), ids(captures, "parted")) == ([1], [])


def test_a_partition_that_no_task_reads_is_published_once_it_is_detached(captures: Captures) -> None:
    captured(captures, "ALTER TABLE parted DETACH PARTITION parted_north", table="items")
    with captures.connect() as connection:
        published = connection.execute("SELECT tablename FROM pg_publication_tables WHERE pubname = 'dms_changes'")
        assert ("parted_north",) in published.fetchall()


def test_a_table_that_is_made_later_is_captured_from_its_first_row_on(captures: Captures) -> None:
    task = captured(
        captures,
        "CREATE TABLE late (id integer PRIMARY KEY, name text)",
        "INSERT INTO late VALUES (1, 'a'), (2, 'b')",
        "DELETE FROM late WHERE id = 1",
        "CREATE TABLE copied AS SELECT * FROM late",
        "UPDATE copied SET name = 'c'",
        "BEGIN; CREATE TABLE at_once (id integer PRIMARY KEY); INSERT INTO at_once VALUES (1); COMMIT",
    )
    assert [(row["Op"], row["id"]) for row in captures.rows("late")] == [("I", 1), ("I", 2), ("D", 1)]
    assert ids(captures, "copied") == [2]
    assert ids(captures, "at_once") == [1]
    assert captures.statistics(task)["late"]["AppliedInserts"] == 2


def test_a_table_that_loses_its_key_gives_inserts_only_from_then_on(captures: Captures) -> None:
    captured(
        captures,
        "ALTER TABLE items DROP CONSTRAINT items_pkey",
        "INSERT INTO items VALUES (1, 'a')",
        "UPDATE items SET name = 'b'",
        "ALTER TABLE items ADD PRIMARY KEY (id)",
        "UPDATE items SET name = 'c'",
    )
    assert [(row["Op"], row["name"]) for row in captures.rows("items")] == [("I", "a"), ("U", "c")]


@pytest.mark.parametrize(("is_followed", "columns"), [(True, [["id", "name"], ["id", "name", "more"]]), (False, None)])
def test_an_added_column_is_in_later_files_where_the_task_follows_that(
    captures: Captures, is_followed: bool, columns: list[list[str]] | None
) -> None:
    task = captured(
        captures,
        "INSERT INTO items VALUES (1, 'a')",
        "ALTER TABLE items ADD COLUMN more integer DEFAULT 7",
        "INSERT INTO items VALUES (2, 'b')",
        **{DDL: {"HandleSourceTableAltered": is_followed}},
    )
    own = [[name for name in file.column_names if name[0] not in "_O"] for file in captures.files("items")]
    assert own == (columns or [["id", "name"]] * len(own))
    assert ids(captures, "items") == [1, 2]
    assert captures.statistics(task)["items"]["Ddls"] == 1
    assert captures.statistics(task)["items"]["AppliedDdls"] == int(is_followed)


@pytest.mark.parametrize("is_followed", [True, False])
def test_a_truncated_table_loses_its_files_where_the_task_follows_that(captures: Captures, is_followed: bool) -> None:
    settings = {DDL: {"HandleSourceTableTruncated": is_followed}}
    task = captured(captures, "INSERT INTO items VALUES (1, 'a')", "INSERT INTO other VALUES (9, 'x')", **settings)
    assert len(captures.keys("items")) == 1
    captures.begin(task, "resume-processing", seconds=30)
    captures.execute("INSERT INTO items VALUES (2, 'b')", "TRUNCATE items", "INSERT INTO items VALUES (3, 'c')")
    captures.end(task)
    assert ids(captures, "items") == ([3] if is_followed else [1, 2, 3])
    assert ids(captures, "other") == [9]
    assert captures.statistics(task)["items"]["Ddls"] == 1


@pytest.mark.parametrize("is_followed", [True, False])
def test_a_dropped_table_loses_its_files_where_the_task_follows_that(captures: Captures, is_followed: bool) -> None:
    settings = {DDL: {"HandleSourceTableDropped": is_followed}}
    task = captured(captures, "INSERT INTO items VALUES (1, 'a')", "INSERT INTO other VALUES (9, 'x')", **settings)
    captures.begin(task, "resume-processing", seconds=30)
    captures.execute("DROP TABLE items CASCADE", "DROP TABLE other")
    captures.execute("CREATE TABLE other (id integer PRIMARY KEY)", "INSERT INTO other VALUES (4)")
    captures.end(task)
    assert ids(captures, "items") == ([] if is_followed else [1])
    assert ids(captures, "other") == ([4] if is_followed else [9, 4])


def test_a_table_that_errs_is_suspended_with_the_reason_and_the_others_go_on(captures: Captures) -> None:
    statements = ("INSERT INTO bad VALUES (1, 'NaN')", "INSERT INTO items VALUES (1, 'a')")
    task = captured(captures, *statements)
    assert captures.statistics(task)["bad"]["TableState"] == "Table error"
    assert ids(captures, "items") == [1]
    captures.begin(task, "resume-processing", seconds=30)
    captures.execute("INSERT INTO bad VALUES (2, 2)", "INSERT INTO items VALUES (2, 'b')")
    captures.end(task)
    assert (ids(captures, "bad"), ids(captures, "items")) == ([], [1, 2])


def test_a_table_that_errs_ends_a_task_that_is_to_stop_of_it(captures: Captures) -> None:
    task = captures.task(ErrorBehavior={"TableErrorPolicy": "STOP_TASK"})
    captures.begin(task, seconds=30)
    captures.execute("INSERT INTO bad VALUES (1, 'NaN')")
    ended = captures.end(task)
    assert (ended["Status"], ended["StopReason"]) == ("failed", "Stop Reason FATAL_ERROR")
    assert "public.bad" in ended["LastFailureMessage"]
    assert "does not fit" in ended["LastFailureMessage"]


def test_a_filter_of_the_rules_is_followed_and_its_rows_are_counted(captures: Captures) -> None:
    task = captures.task(table="items")
    mappings = captures.mappings(task)
    mappings["rules"][0]["filters"] = [
        {
            "filter-type": "source",
            "column-name": "id",
            "filter-conditions": [{"filter-operator": "gte", "value": "2"}],
        }
    ]
    captures.modify(task, mappings)
    captures.begin(task, seconds=30)
    captures.execute("INSERT INTO items VALUES (1, 'a'), (2, 'b'), (3, 'c')")
    captures.end(task)
    assert ids(captures, "items") == [2, 3]
    counts = captures.statistics(task)["items"]
    assert (counts["Inserts"], counts["AppliedInserts"]) == (3, 2)


def test_renamed_tables_and_columns_are_so_in_the_files_of_changes(captures: Captures) -> None:
    locator = {"schema-name": "public", "table-name": "items"}
    rule = {"rule-type": "transformation", "rule-action": "rename"}
    task = captures.task(
        {**rule, "rule-target": "table", "object-locator": locator, "value": "things"},
        {**rule, "rule-target": "column", "object-locator": {**locator, "column-name": "id"}, "value": "number"},
        table="items",
    )
    captures.begin(task, seconds=30)
    captures.execute("INSERT INTO items VALUES (1, 'a')")
    captures.end(task)
    assert [row["number"] for row in captures.rows("things")] == [1]


def test_a_computed_column_is_in_no_change(captures: Captures) -> None:
    captures.execute("ALTER TABLE items ADD COLUMN twice integer GENERATED ALWAYS AS (id * 2) VIRTUAL")
    task = captured(captures, "INSERT INTO items VALUES (1, 'a')")
    assert "twice" not in captures.files("items")[0].column_names
    assert captures.statistics(task)["items"]["Ddls"] == 0
