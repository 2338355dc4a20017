"""What a capture of a binary log makes of statements that change no rows, of what the log hides, and of new keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from localcloud.servers.mariadb import EmbeddedMariadb
from localcloud.tests.dms.changes.dms_binlogs import BinlogCaptures, binlog_captures

SCHEMA = (
    "CREATE TABLE items (id integer PRIMARY KEY, name varchar(20), price decimal(10, 2))",
    "CREATE TABLE parents (id integer PRIMARY KEY)",
    "CREATE TABLE children (id integer PRIMARY KEY, parent integer, "
    "FOREIGN KEY (parent) REFERENCES parents (id) ON DELETE CASCADE ON UPDATE CASCADE)",
    "CREATE TABLE keyless (a integer, b varchar(9))",
    "CREATE TABLE parted (id integer, region integer) PARTITION BY LIST (region) (PARTITION n VALUES IN (1),"
    " PARTITION s VALUES IN (2))",
    "CREATE TABLE kept (id integer) WITH SYSTEM VERSIONING",
    "CREATE TABLE `it's` (id integer PRIMARY KEY)",
    "CREATE TABLE packed (id integer PRIMARY KEY, words varchar(100) COMPRESSED, short varchar(20) "
    "CHARACTER SET latin1 COMPRESSED, body blob COMPRESSED, last integer)",
    "CREATE TABLE loose (id integer PRIMARY KEY) ENGINE = Aria",
)


@pytest.fixture
def captures(mariadb: EmbeddedMariadb) -> Iterator[BinlogCaptures]:
    with binlog_captures(mariadb, "dms_binlog_tables", SCHEMA) as captures:
        yield captures


def _captured(captures: BinlogCaptures, *statements: str, table: str = "%", **settings: Any) -> str:
    """A task that was running while *statements* were run."""
    task = captures.task(table=table, **settings)
    captures.begin(task, seconds=60)
    captures.execute(*statements)
    assert captures.end(task)["Status"] == "stopped"
    return task


def _seen(captures: BinlogCaptures, table: str, *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row.get(name) for name in ("Op", *columns)) for row in captures.rows(table)]


def test_rows_that_a_foreign_key_changes_are_not_captured(captures: BinlogCaptures) -> None:
    captures.execute("INSERT INTO parents VALUES (1), (2)", "INSERT INTO children VALUES (10, 1), (20, 2)")
    _captured(captures, "DELETE FROM parents WHERE id = 1", "UPDATE parents SET id = 3 WHERE id = 2")
    assert _seen(captures, "parents", "id") == [("D", 1), ("U", 3)]
    assert captures.keys("children") == []


def test_a_new_key_is_one_update_with_the_old_one_in_the_before_image(captures: BinlogCaptures) -> None:
    captures.execute("INSERT INTO items VALUES (1, 'one', 1)")
    rule = {
        "rule-type": "transformation",
        "rule-target": "column",
        "object-locator": {"schema-name": "%", "table-name": "%", "column-name": "%"},
        "rule-action": "add-before-image-columns",
        "before-image-def": {"column-prefix": "was_", "column-suffix": "", "column-filter": "all"},
    }
    task = captures.task(rule, table="items")
    captures.begin(task, seconds=60)
    captures.execute("UPDATE items SET id = 2, price = NULL", "UPDATE items SET name = 'two'")
    assert captures.end(task)["Status"] == "stopped"
    assert _seen(captures, "items", "id", "name", "price", "was_id", "was_name") == [
        ("U", 2, "one", None, 1, "one"),
        ("U", 2, "two", None, 2, "one"),
    ]


def test_a_table_without_a_key_has_whole_rows_before_and_after(captures: BinlogCaptures) -> None:
    _captured(
        captures,
        "INSERT INTO keyless VALUES (1, 'x'), (1, 'x')",
        "UPDATE keyless SET b = NULL",
        "DELETE FROM keyless WHERE a = 1 LIMIT 1",
        table="keyless",
    )
    assert _seen(captures, "keyless", "a", "b") == [
        *[("I", 1, "x")] * 2,
        *[("U", 1, None)] * 2,
        ("D", 1, None),
    ]


def test_a_column_added_in_the_middle_is_in_later_files_where_the_table_has_it(captures: BinlogCaptures) -> None:
    task = _captured(
        captures,
        "INSERT INTO items VALUES (1, 'one', 1)",
        "ALTER TABLE items ADD COLUMN colour varchar(9) AFTER id, DROP COLUMN price",
        "INSERT INTO items VALUES (2, 'red', 'two')",
        "ALTER TABLE items RENAME COLUMN colour TO shade, MODIFY COLUMN id bigint",
        "UPDATE items SET shade = 'blue' WHERE id = 2",
        table="items",
    )
    names = [file.column_names[2:-2] for file in captures.files("items")]
    assert names == [["id", "name", "price"], ["id", "colour", "name"], ["id", "shade", "name"]]
    assert [str(file.schema.field("id").type) for file in captures.files("items")] == ["int32", "int32", "int64"]
    assert _seen(captures, "items", "id", "colour", "shade", "name")[1:] == [
        ("I", 2, "red", None, "two"),
        ("U", 2, None, "blue", "two"),
    ]
    assert captures.statistics(task)["items"]["Ddls"] == 2


def test_a_table_that_is_truncated_loses_its_files(captures: BinlogCaptures) -> None:
    task = _captured(
        captures,
        "INSERT INTO items VALUES (1, 'one', 1)",
        "truncate /* all */ table dms_binlog_tables . `items`",
        "INSERT INTO items VALUES (2, 'two', 1)",
        ChangeProcessingDdlHandlingPolicy={"HandleSourceTableTruncated": True},
    )
    assert _seen(captures, "items", "id") == [("I", 2)]
    assert captures.statistics(task)["items"]["Ddls"] == 1


def test_a_drop_and_a_new_name_are_not_followed_and_a_new_table_is_captured(captures: BinlogCaptures) -> None:
    _captured(
        captures,
        "INSERT INTO items VALUES (1, 'one', 1)",
        "RENAME TABLE items TO goods",
        "INSERT INTO goods VALUES (2, 'two', 1)",
        "INSERT INTO keyless VALUES (1, 'x')",
        "DROP TABLE keyless",
        "CREATE TABLE later SELECT * FROM goods",
    )
    assert _seen(captures, "items", "id") == [("I", 1)]
    assert _seen(captures, "goods", "id") == [("I", 2)]
    assert _seen(captures, "keyless", "a") == [("I", 1)]
    assert _seen(captures, "later", "id") == [("I", 1), ("I", 2)]


@pytest.mark.parametrize(
    ("table", "statements", "words"),
    [
        ("parted", ["ALTER TABLE parted TRUNCATE PARTITION n"], "partitions were changed"),
        ("kept", ["INSERT INTO kept VALUES (1)"], "system-versioned"),
        ("it's", ["INSERT INTO `it's` VALUES (1)"], "does not support the name"),
    ],
)
def test_a_table_that_dms_does_not_support_is_suspended(
    captures: BinlogCaptures, table: str, statements: list[str], words: str
) -> None:
    task = _captured(captures, "INSERT INTO items VALUES (1, 'one', 1)", *statements)
    assert captures.statistics(task)[table]["TableState"] == "Table error"
    (line,) = captures.log(task, 1)
    assert line.startswith(f"E:  Table 'dms_binlog_tables'.'{table}': ")
    assert words in line
    assert _seen(captures, "items", "id") == [("I", 1)]


def test_changes_of_an_xa_transaction_are_passed_over_with_a_warning(captures: BinlogCaptures) -> None:
    task = captures.task()
    captures.begin(task, seconds=60)
    captures.execute(
        "XA START 'one'",
        "INSERT INTO items VALUES (1, 'one', 1)",
        "XA END 'one'",
        "XA PREPARE 'one'",
        "XA COMMIT 'one'",
    )
    captures.execute("INSERT INTO items VALUES (2, 'two', 1)")
    assert captures.end(task)["Status"] == "stopped"
    assert _seen(captures, "items", "id") == [("I", 2)]
    what = "changes of an XA transaction are not captured"
    assert captures.log(task, 1) == [f"W:  Table 'dms_binlog_tables'.'items': {what}"]


def test_changes_in_compressed_events_are_passed_over_with_a_warning(captures: BinlogCaptures) -> None:
    task = captures.task()
    captures.begin(task, seconds=60)
    captures.execute("SET GLOBAL log_bin_compress = ON")
    captures.execute("CREATE TABLE longer (id integer, words text)", "INSERT INTO longer VALUES (1, repeat('x', 5000))")
    captures.execute("SET GLOBAL log_bin_compress = OFF", "INSERT INTO items VALUES (2, 'two', 1)")
    assert captures.end(task)["Status"] == "stopped"
    assert captures.keys("longer") == []
    assert "log_bin_compress" in captures.log(task, 1)[0]
    assert _seen(captures, "items", "id") == [("I", 2)]


def test_a_compressed_column_is_left_out(captures: BinlogCaptures) -> None:
    task = _captured(
        captures, "INSERT INTO packed VALUES (1, repeat('x', 100), 'y', repeat('z', 999), 7)", table="packed"
    )
    assert [file.column_names[2:-2] for file in captures.files("packed")] == [["id", "last"]]
    assert _seen(captures, "packed", "id", "last") == [("I", 1, 7)]
    assert captures.log(task, 3) == [
        f"W:  Table 'dms_binlog_tables'.'packed': column {name} is left out: its type compressed is not migrated"
        for name in ("words", "short", "body")
    ]


def test_a_transaction_is_captured_when_it_commits_and_what_it_takes_back_is_not(captures: BinlogCaptures) -> None:
    _captured(
        captures,
        "BEGIN",
        "INSERT INTO items VALUES (1, 'one', 1)",
        "SAVEPOINT here",
        "INSERT INTO items VALUES (2, 'two', 1)",
        "INSERT INTO loose VALUES (1)",
        "ROLLBACK TO here",
        "INSERT INTO items VALUES (3, 'three', 1)",
        "COMMIT",
        "BEGIN",
        "INSERT INTO items VALUES (4, 'four', 1)",
        "INSERT INTO loose VALUES (2)",
        "ROLLBACK",
    )
    assert _seen(captures, "items", "id") == [("I", 1), ("I", 3)]
    assert _seen(captures, "loose", "id") == [("I", 1), ("I", 2)]
