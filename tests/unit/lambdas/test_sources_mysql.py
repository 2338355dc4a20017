"""What AskSource asks of a real MariaDB."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pymysql
import pytest

from fleet.tables.catalogue import TableName
from fleet.tables.columns import Column
from fleet.tables.losses import ask_losses
from lambdas.handlers.ask_source import SPEAKERS
from lambdas.sources import mysql
from localcloud.servers.mariadb import EmbeddedMariadb


@pytest.fixture(scope="module")
def secret(mariadb: EmbeddedMariadb) -> Mapping[str, Any]:
    mariadb.create_database("ask")
    mariadb.create_database("ASK")
    mariadb.execute(
        "ask",
        "CREATE TABLE orders (b int unsigned, a decimal(12, 3), word char(7), flags bit(9),"
        " sign enum('is unsigned', 'x'), PRIMARY KEY (a, b))"
        " PARTITION BY KEY(b) PARTITIONS 3",
        "INSERT INTO orders VALUES (1, 1, 'x', 1, 'x'), (2, 2, 'y', 2, 'x')",
        "CREATE TABLE `odd 5%.name` (id int)",
        "CREATE TABLE kept (id int) WITH SYSTEM VERSIONING",
        "CREATE SEQUENCE no_table",
        "CREATE VIEW totals AS SELECT count(*) AS n FROM orders",
        "CREATE TABLE `lossy 5%` (id int PRIMARY KEY, due date NOT NULL, at datetime(6), body mediumtext,"
        " photo longblob, words varchar(9) CHARACTER SET sjis)",
        "SET sql_mode = 'ALLOW_INVALID_DATES'",
        "INSERT INTO `lossy 5%` VALUES"
        " (1, '2024-02-29', 0, repeat('a', 10), repeat(x'00', 10), _sjis x'fcfc'),"
        " (2, 0, '2024-02-31', repeat('a', 11), repeat(x'ff', 11), '?'),"
        " (3, '2024-00-10', NULL, concat(repeat('a', 9), '😀'), NULL, _sjis x'3ffcfc'),"
        " (4, '2024-12-00', '2024-12-31', repeat('😀', 5), '', NULL),"
        " (5, '2023-02-29', '9999-12-31 23:59:59.999999', concat(repeat('😀', 5), 'a'), '', ''),"
        " (6, '0000-01-01', '2024-00-00 01:02:03', NULL, '', 'a')",
    )
    mariadb.execute("ASK", "CREATE TABLE other (id int)")
    return mariadb.secret()


def test_the_census_has_everything_of_exactly_the_named_schema(secret: Mapping[str, Any]) -> None:
    census = SPEAKERS["mariadb"].census(secret, "ask", ["ask", "Ask"], "none")
    assert census.schemas == ("ask",)
    assert [(table.table, table.kind, table.barred) for table in census.tables] == [
        ("kept", "system-versioned table", ""),
        ("lossy 5%", "table", ""),
        ("no_table", "sequence", ""),
        ("odd 5%.name", "table", ""),
        ("orders", "table", ""),
        ("totals", "view", ""),
    ]
    tables = {table.table: table for table in census.tables}
    assert tables["orders"].key == ("a", "b")
    assert [tables[name].rows_estimated is None for name in ("orders", "totals")] == [False, True]
    assert tables["orders"].columns == (
        Column("b", "int unsigned", is_nullable=False, declared="int(10) unsigned"),
        Column("a", "decimal", precision=12, scale=3, is_nullable=False, declared="decimal(12,3)"),
        Column("word", "char", length=7, declared="char(7)"),
        Column("flags", "bit", length=9, declared="bit(9)"),
        Column("sign", "enum", length=11, declared="enum('is unsigned','x')"),
    )
    assert tables["totals"].is_view


def test_values_that_change_are_counted_by_column(secret: Mapping[str, Any]) -> None:
    name = TableName("ask", "lossy 5%")
    table = next(one for one in SPEAKERS["mysql"].census(secret, "ask", ["ask"], "none").tables if one.name == name)
    asked = ask_losses("mysql", table, 1)
    short = replace(asked, asked=tuple(replace(one, loss=replace(one.loss, bound=10)) for one in asked.asked))
    (counted,) = SPEAKERS["mysql"].losses(secret, "ask", [short], "none", 10, lambda: True)
    assert {one.column.name: values for one, values in zip(asked.asked, counted.values, strict=True)} == {
        "due": 4,
        "at": 3,
        "body": 3,
        "photo": 1,
        "words": 2,
    }


def count(
    secret: Mapping[str, Any], *tables: tuple[str, str], seconds_each: float = 10
) -> list[tuple[int | None, str]]:
    counts = SPEAKERS["mariadb"].counts(secret, "ask", list(tables), "none", seconds_each, lambda: True)
    assert [(one.schema, one.table) for one in counts] == list(tables)
    return [(one.rows, one.why) for one in counts]


def test_every_table_is_counted_once(secret: Mapping[str, Any]) -> None:
    assert count(secret, ("ask", "orders"), ("ask", "totals"), ("ask", "odd 5%.name")) == [(2, ""), (1, ""), (0, "")]


def test_a_table_that_is_gone_has_the_servers_words_and_the_others_are_counted(secret: Mapping[str, Any]) -> None:
    gone, orders = count(secret, ("ask", "gone"), ("ask", "orders"))
    assert (gone[0], "doesn't exist" in gone[1], orders[0]) == (None, True, 2)


def test_the_server_itself_ends_a_count_that_takes_too_long(
    secret: Mapping[str, Any], mariadb: EmbeddedMariadb
) -> None:
    mariadb.execute("ask", "CREATE OR REPLACE VIEW endless AS SELECT sleep(1000) AS n")
    try:
        slow, orders = count(secret, ("ask", "endless"), ("ask", "orders"), seconds_each=0.1)
    finally:
        mariadb.execute("ask", "DROP VIEW endless")
    assert (slow[0], orders[0]) == (None, 2)
    assert slow[1].startswith("no answer within 0.1 s: ")


@pytest.mark.parametrize(
    ("changes", "failure_class"),
    [
        ({"password": "wrong"}, "credentials"),
        ({"host": "/nowhere"}, "connection"),
        ({"host": "127.0.0.1", "port": 1}, "connection"),
    ],
)
def test_a_source_that_does_not_answer_has_the_class_of_its_cause(
    secret: Mapping[str, Any], changes: Mapping[str, Any], failure_class: str
) -> None:
    with pytest.raises((pymysql.Error, OSError)) as caught:
        count({**secret, **changes}, ("ask", "orders"))
    assert mysql.describe_failure(caught.value).failure_class == failure_class


def test_a_count_changes_nothing(secret: Mapping[str, Any]) -> None:
    connected = mysql.connect(secret, "ask")
    with connected as connection, pytest.raises(pymysql.err.OperationalError, match="denied"):
        connection.cursor().execute("DELETE FROM orders")
