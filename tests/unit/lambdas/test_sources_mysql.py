"""What AskSource asks of a real MariaDB."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pymysql
import pytest

from fleet.tables.columns import Column
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
        "CREATE TABLE `odd ``name``` (id int)",
        "CREATE TABLE kept (id int) WITH SYSTEM VERSIONING",
        "CREATE SEQUENCE no_table",
        "CREATE VIEW totals AS SELECT count(*) AS n FROM orders",
    )
    mariadb.execute("ASK", "CREATE TABLE other (id int)")
    return mariadb.secret()


def test_the_catalogue_has_the_tables_of_exactly_the_named_schema(secret: Mapping[str, Any]) -> None:
    tables = {table.table: table for table in SPEAKERS["mysql"].catalogue(secret, "ask", ["ask"], "none")}
    assert list(tables) == ["kept", "odd `name`", "orders", "totals"]
    assert tables["orders"].key == ("a", "b")
    assert tables["orders"].columns == (
        Column("b", "int unsigned", is_nullable=False),
        Column("a", "decimal", precision=12, scale=3, is_nullable=False),
        Column("word", "char", length=7),
        Column("flags", "bit", length=9),
        Column("sign", "enum", length=11),
    )
    assert tables["totals"].is_view


def test_of_a_mariadb_no_view_is_asked_for_but_what_dms_will_fail_on_is(secret: Mapping[str, Any]) -> None:
    tables = SPEAKERS["mariadb"].catalogue(secret, "ask", ["ask"], "none")
    assert [table.table for table in tables] == ["kept", "odd `name`", "orders"]


def count(secret: Mapping[str, Any], *tables: tuple[str, str], seconds_each: float = 10) -> list[list[Any]]:
    return SPEAKERS["mariadb"].counts(secret, "ask", list(tables), "none", seconds_each, lambda: True)


def test_every_table_is_counted_once(secret: Mapping[str, Any]) -> None:
    asked = [("ask", "orders"), ("ask", "totals"), ("ask", "odd `name`")]
    assert count(secret, *asked) == [[*asked[0], 2, ""], [*asked[1], 1, ""], [*asked[2], 0, ""]]


def test_a_table_that_is_gone_has_the_servers_words_and_the_others_are_counted(secret: Mapping[str, Any]) -> None:
    gone, orders = count(secret, ("ask", "gone"), ("ask", "orders"))
    assert (gone[2], "doesn't exist" in gone[3], orders[2]) == (None, True, 2)


def test_the_server_itself_ends_a_count_that_takes_too_long(
    secret: Mapping[str, Any], mariadb: EmbeddedMariadb
) -> None:
    mariadb.execute("ask", "CREATE OR REPLACE VIEW endless AS SELECT sleep(1000) AS n")
    try:
        slow, orders = count(secret, ("ask", "endless"), ("ask", "orders"), seconds_each=0.1)
    finally:
        mariadb.execute("ask", "DROP VIEW endless")
    assert (slow[2], orders[2]) == (None, 2)
    assert slow[3].startswith("no answer within 0.1 s: ")


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
