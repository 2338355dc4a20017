"""Which rows changes become: updates of keys, deletes, values before a change, long values that were left alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from localcloud.dms.changes.captured import CaptureHooks, KeyUpdates
from localcloud.servers.postgres import EmbeddedPostgres
from localcloud.tests.dms.changes.dms_captures import Captures, added, captures_of

SCHEMA = """
CREATE TABLE items (id integer PRIMARY KEY, name text, price numeric(10, 2));
CREATE TABLE whole (id integer PRIMARY KEY, name varchar(9), body text);
ALTER TABLE whole REPLICA IDENTITY FULL;
CREATE TABLE pairs (a integer, b varchar(9), c integer, PRIMARY KEY (a, b));
CREATE TABLE keyless (a integer, b text);
CREATE TABLE nothing (id integer PRIMARY KEY, name text);
ALTER TABLE nothing REPLICA IDENTITY NOTHING;
CREATE TABLE indexed (a integer NOT NULL, b text);
CREATE UNIQUE INDEX by_a ON indexed (a);
ALTER TABLE indexed REPLICA IDENTITY USING INDEX by_a;
INSERT INTO items VALUES (1, 'one', 1), (2, 'two', 2);
INSERT INTO whole VALUES (1, 'one', 'first');
INSERT INTO pairs VALUES (1, 'x', 10);
INSERT INTO nothing VALUES (1, 'one');
INSERT INTO indexed VALUES (1, 'one');
"""
LONG = "(SELECT string_agg(md5(n::text), '') FROM generate_series(1, 1000) AS n)"


def before(table: str = "%", **image: str) -> dict[str, Any]:
    """A rule that adds columns for what others held before."""
    return {
        "rule-type": "transformation",
        "rule-target": "column",
        "object-locator": {"schema-name": "%", "table-name": table, "column-name": "%"},
        "rule-action": "add-before-image-columns",
        "before-image-def": {f"column-{name}": value for name, value in image.items()},
    }


@pytest.fixture
def captures(postgres: EmbeddedPostgres) -> Iterator[Captures]:
    with captures_of(postgres, "dms_capture_rows", SCHEMA) as captures:
        yield captures


def changed(captures: Captures, table: str, *statements: str, rules: tuple[dict[str, Any], ...] = ()) -> list[tuple]:
    """The rows in the files of *table*, without the columns of every change, once *statements* were captured."""
    task = captures.task(*rules)
    captures.begin(task, seconds=30)
    captures.execute(*statements)
    assert captures.end(task)["Status"] == "stopped"
    return [tuple(value for name, value in row.items() if name[0] != "_") for row in captures.rows(table)]


def test_a_delete_has_its_key_only_and_all_of_its_row_where_the_identity_is_full(captures: Captures) -> None:
    deletes = ("DELETE FROM items WHERE id = 1", "DELETE FROM whole")
    assert changed(captures, "items", *deletes) == [("D", 1, None, None)]
    assert [(row["name"], row["body"]) for row in captures.rows("whole")] == [("one", "first")]


@pytest.mark.parametrize(
    ("kind", "rows"),
    [
        ("ignored", []),
        ("update", [("U", 5, "one", 1, 5)]),
        ("before image", [("U", 5, "one", 1, 1)]),
    ],
)
def test_an_update_of_a_key_becomes_what_the_local_dms_was_asked_for(
    postgres: EmbeddedPostgres, kind: KeyUpdates, rows: list[tuple]
) -> None:
    hooks = CaptureHooks(key_updates=kind)
    with captures_of(postgres, "dms_capture_keys", SCHEMA, hooks) as captures:
        update = "UPDATE items SET id = 5 WHERE id = 1"
        assert changed(captures, "items", update, rules=(before(filter="pk-only"),)) == rows


def test_a_before_image_holds_the_key_of_an_update_that_left_it_alone_and_nothing_of_other_changes(
    captures: Captures,
) -> None:
    statements = ("UPDATE items SET price = 3 WHERE id = 1", "INSERT INTO items VALUES (9)", "DELETE FROM items")
    found = changed(captures, "items", *statements, rules=(before(prefix="old_"),))
    assert found[:2] == [("U", 1, "one", 3, 1), ("I", 9, None, None, None)]
    assert {row[-1] for row in found[2:]} == {None}


def test_a_before_image_of_every_column_is_filled_where_the_identity_is_full_and_void_for_a_lob(
    captures: Captures,
) -> None:
    update = "UPDATE whole SET name = 'two', body = 'second'"
    found = changed(captures, "whole", update, rules=(before(suffix="_was", prefix="", filter="all"),))
    assert found == [("U", 1, "two", "second", 1, "one", None)]
    assert captures.files("whole")[0].column_names[5:8] == ["id_was", "name_was", "body_was"]


def test_a_before_image_without_lobs_has_no_column_for_one(captures: Captures) -> None:
    found = changed(captures, "whole", "UPDATE whole SET name = 'two'", rules=(before(filter="non-lob"),))
    assert found == [("U", 1, "two", "first", 1, "one")]


def test_an_update_of_part_of_a_key_has_the_whole_old_key(captures: Captures) -> None:
    update = "UPDATE pairs SET b = 'y', c = 11"
    assert changed(captures, "pairs", update, rules=(before(),)) == [("U", 1, "y", 11, 1, "x")]


def test_an_update_that_leaves_a_long_value_alone_has_none(captures: Captures) -> None:
    statements = (f"UPDATE items SET name = {LONG} WHERE id = 1", "UPDATE items SET price = 7 WHERE id = 1")
    first, second = changed(captures, "items", *statements)
    assert len(first[2]) == 16 * 1024  # LobMaxSize is 32 KB, in characters of two
    assert second == ("U", 1, None, 7)


@pytest.mark.parametrize("table", ["keyless", "nothing"])
def test_a_table_without_an_identity_gives_inserts_only_and_can_still_be_updated_at_the_source(
    captures: Captures, table: str
) -> None:
    columns = "a, b" if table == "keyless" else "id, name"
    first, _, _ = columns.partition(",")
    statements = (
        f"INSERT INTO {table} ({columns}) VALUES (7, 'x')",
        f"UPDATE {table} SET {first} = 8 WHERE {first} = 7",
        f"DELETE FROM {table}",
    )
    assert changed(captures, table, *statements) == [("I", 7, "x")]


def test_a_table_whose_identity_is_an_index_is_captured_by_that(captures: Captures) -> None:
    statements = ("UPDATE indexed SET a = 2", "DELETE FROM indexed")
    assert changed(captures, "indexed", *statements, rules=(before(),)) == [("U", 2, "one", 1), ("D", 2, None, None)]


def test_changes_of_one_transaction_keep_their_order_and_share_its_time(captures: Captures) -> None:
    task = captures.task()
    captures.begin(task, seconds=30)
    changes = (
        "BEGIN; INSERT INTO items VALUES ({0}); UPDATE items SET name = 'x' WHERE id = {0};"
        " INSERT INTO pairs VALUES ({0}, 'p'); UPDATE items SET name = 'y' WHERE id = {0}; {1}"
    )
    captures.execute(changes.format(7, "ROLLBACK"), changes.format(8, "COMMIT"))
    captures.end(task)
    rows = captures.rows("items")
    assert [(row["Op"], row["id"], row["name"]) for row in rows] == [("I", 8, None), ("U", 8, "x"), ("U", 8, "y")]
    assert len({row["_at"] for row in rows}) == 1
    (pair,) = captures.rows("pairs")
    sequences = [int(row["_seq"][16:]) for row in (rows[0], rows[1], pair, rows[2])]
    assert sequences == [1, 2, 3, 4]
    assert pair["_seq"][:16] == "".join(sign for sign in pair["_at"] if sign.isdigit())[:16]


def test_every_header_can_be_had_as_a_column_and_within_an_expression(captures: Captures) -> None:
    rules = (
        added("op", "$AR_H_OPERATION"),
        added("user", "$AR_H_USER"),
        added("when", "$AR_H_TIMESTAMP", "datetime"),
        added("commit", "$AR_H_COMMIT_TIMESTAMP", "datetime"),
        added("both", "$AR_H_OPERATION || ' ' || $id || ' ' || $AR_M_SOURCE_TABLE_NAME"),
    )
    task = captures.task(*rules)
    captures.begin(task, seconds=30)
    captures.execute("UPDATE items SET price = 3 WHERE id = 1")
    captures.end(task)
    (row,) = captures.rows("items")
    assert (row["op"], row["user"], row["both"]) == ("UPDATE", "", "UPDATE 1 items")
    assert f"{row['commit']:%Y-%m-%d %H:%M:%S.%f}" == row["_at"]
    assert row["when"] == row["commit"]


@pytest.mark.parametrize(
    ("settings", "operations", "columns"),
    [
        ({"CdcInsertsOnly": True}, ["I"], ["Op", "_at"]),
        ({"CdcInsertsOnly": True, "IncludeOpForFullLoad": False}, [None], ["_at", "id"]),
        ({"IncludeOpForFullLoad": False}, ["I", "U", "D"], ["Op", "_at"]),
        ({"CdcInsertsAndUpdates": True}, ["I", "U"], ["Op", "_at"]),
    ],
)
def test_the_settings_of_the_target_choose_the_operations_and_their_column(
    postgres: EmbeddedPostgres, settings: dict[str, Any], operations: list[str], columns: list[str]
) -> None:
    with captures_of(postgres, "dms_capture_settings", SCHEMA, **settings) as captures:
        task = captures.task()
        captures.begin(task, seconds=30)
        captures.execute("INSERT INTO items VALUES (7)", "UPDATE items SET price = 1 WHERE id = 7")
        captures.execute("DELETE FROM items WHERE id = 7")
        captures.end(task)
        assert [row.get("Op") for row in captures.rows("items")] == operations
        assert captures.files("items")[0].column_names[:2] == columns
        counts = captures.statistics(task)["items"]
        assert (counts["Inserts"], counts["Updates"], counts["Deletes"]) == (1, 1, 1)
        assert counts["AppliedDeletes"] == operations.count("D")


def test_a_full_load_with_the_rules_of_changes_has_the_same_columns_with_what_the_guide_says_of_it(
    captures: Captures,
) -> None:
    rules = (before(), added("op", "$AR_H_OPERATION"), added("commit", "$AR_H_COMMIT_TIMESTAMP", "datetime"))
    rules = (*rules, added("both", "$AR_H_OPERATION || $AR_H_CHANGE_SEQ || $id"))
    task = captures.task(*rules, table="items")
    captures.begin(task, seconds=30)
    captures.execute("INSERT INTO items VALUES (7)")
    captures.end(task)
    (changes,) = captures.files("items")
    captures.execute("DELETE FROM items")
    captures.execute("INSERT INTO items VALUES (8, 'x', 1)")
    load = captures.task(*rules, table="items", name="load", kind="full-load")
    captures.begin(load)
    assert captures.end(load)["Status"] == "stopped"
    loaded = captures.files("items")[1]
    assert loaded.schema == changes.schema
    (row,) = loaded.to_pylist()
    assert (row["Op"], row["id"], row["BI_id"], row["_pos"], row["_seq"]) == ("I", 8, None, "", "")
    assert (row["op"], row["both"]) == ("INSERT", "INSERT8")
    assert f"{row['commit']:%Y-%m-%d %H:%M:%S}" == row["_at"][:19]
