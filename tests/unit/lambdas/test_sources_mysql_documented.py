"""The census of a MySQL, by answers shaped as its manual documents them: no MySQL was ever reached.

Source: https://dev.mysql.com/doc/refman/8.4/en/information-schema-columns-table.html,
https://dev.mysql.com/doc/refman/8.4/en/invisible-columns.html,
https://dev.mysql.com/doc/refman/8.4/en/create-table-gipks.html, https://dev.mysql.com/doc/refman/8.4/en/show-grants.html,
https://dev.mysql.com/doc/refman/8.4/en/partial-revokes.html, https://dev.mysql.com/doc/refman/8.4/en/json.html,
https://dev.mysql.com/doc/refman/8.4/en/information-schema-innodb-tables-table.html and
https://dev.mysql.com/doc/refman/8.4/en/information-schema-innodb-foreign-table.html.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

import pymysql.cursors
import pytest

from fleet.databases import Database
from fleet.tables.account import take_account
from fleet.tables.catalogue import Census, Table
from fleet.tables.columns import dms_type, find_losses
from fleet.tables.losses import ask_losses, columns_left_out
from lambdas.sources.mysql_census import read_census
from lambdas.sources.mysql_losses import losses_statement

TABLES = [
    ("shop", "orders", "BASE TABLE", "InnoDB", "", 12),
    ("shop", "sums", "VIEW", None, "VIEW", None),
    (
        "shop",
        "stale",
        "VIEW",
        None,
        "View 'shop.stale' references invalid table(s) or column(s) or function(s) or definer/invoker of view lack "
        "rights to use them",
        None,
    ),
]
# Schema, table, column, type, length, precision, scale, nullable, declared, readable.
COLUMNS = [
    ("shop", "orders", "my_row_id", "bigint unsigned invisible", None, None, None, 0, "bigint unsigned invisible", 1),
    ("shop", "orders", "doc", "json", None, None, None, 1, "json", 1),
    ("shop", "orders", "total", "decimal", None, 10, 2, 1, "decimal(10,2)", 1),
    ("shop", "orders", "embedding", "vector", None, None, None, 1, "vector(2048)", 1),
    ("shop", "orders", "places", "geomcollection", None, None, None, 1, "geomcollection", 1),
    ("shop", "sums", "n", "bigint", None, None, None, 0, "bigint", 1),
    ("shop", "stale", "n", "bigint", None, None, None, 0, "bigint", 1),
]
CREATED = datetime.fromisoformat("2026-11-30T12:00:01")
KEYS = [("shop", "orders", "my_row_id")]
ALL = ("GRANT SELECT, SHOW VIEW ON *.* TO `dms`@`%`",)
NOT_ALLOWED = 1142
ALONE = "the login may SELECT from single tables of it only, and others are hidden from it"


class DocumentedCursor:
    """Answers what MySQL's manual says that a server does."""

    def __init__(self, grants: Sequence[str], denied: Sequence[str] = (), *, denies_process: bool = False) -> None:
        self._grants = grants
        self._denied = denied
        self._denies_process = denies_process
        self._answer: Sequence[Sequence[Any]] = ()

    def execute(self, query: str, values: tuple[Any, ...] | None = None) -> None:
        """Take a question."""
        del values
        answers: dict[str, Sequence[Sequence[Any]]] = {
            "information_schema.schemata": [("information_schema",), ("mysql",), ("shop",)],
            "information_schema.tables": [(*table, CREATED) for table in TABLES],
            "information_schema.columns": [(*column, int(column[2] == "total")) for column in COLUMNS],
            "information_schema.innodb_tables": [("shop", "orders", 1071), ("shop", "orders", 1072)],
            "information_schema.innodb_foreign": [("shop", "orders")],
            "information_schema.key_column_usage": KEYS,
            "SHOW GRANTS": [(grant,) for grant in self._grants],
            "LIMIT 0": [],
        }
        if "innodb_sys_" in query:  # since MySQL 8.0 they have other names
            raise pymysql.err.OperationalError(1109, "Unknown table 'INNODB_SYS_TABLES' in information_schema")
        if "innodb_" in query and self._denies_process:
            words = "Access denied; you need (at least one of) the PROCESS privilege(s) for this operation"
            raise pymysql.err.OperationalError(1227, words)
        if any(f"`{name}` LIMIT 0" in query for name in self._denied):
            raise pymysql.err.OperationalError(
                NOT_ALLOWED, "SELECT command denied to user 'dms'@'%' for table 'orders'"
            )
        self._answer = next(answer for part, answer in answers.items() if part in query)

    def fetchall(self) -> Sequence[Sequence[Any]]:
        """Its answer."""
        return self._answer


def census(*grants: str, denied: Sequence[str] = (), denies_process: bool = False) -> Census:
    cursor = DocumentedCursor(grants or ALL, denied, denies_process=denies_process)
    return read_census(cast(pymysql.cursors.Cursor, cursor), ["shop", "Shop"])


def barred(found: Census) -> dict[str, str]:
    return {table.table: table.barred for table in found.tables if table.barred}


def orders() -> Table:
    return next(table for table in census().tables if table.table == "orders")


def test_a_key_that_the_server_made_is_invisible_and_left_out_by_name() -> None:
    assert [one.declared for one in columns_left_out("mysql", orders())] == [
        "bigint unsigned invisible",
        "vector(2048)",
    ]


def test_json_and_shapes_are_large_objects() -> None:
    kinds = {one.name: dms_type("mysql", one) for one in orders().columns}
    assert [kind.name for kind in (kinds["doc"], kinds["places"]) if kind] == ["CLOB", "BLOB"]
    (cut,) = find_losses("mysql", orders().columns[1], 32)
    assert cut.bound == 32_768


def test_json_is_measured_as_the_text_that_dms_makes_of_it() -> None:
    statement = losses_statement(ask_losses("mysql", orders(), 32))
    assert "OCTET_LENGTH(CONVERT(`doc` USING utf8mb4)) > 32768" in statement
    assert "OCTET_LENGTH(`places`) > 32768" in statement


def test_views_are_moved_but_the_one_of_which_the_server_says_that_it_is_broken() -> None:
    database = Database("shop", "shops", "shop", "one", ("shop",), onboarded=True)
    account = take_account("mysql", database, census(), None)
    assert {one.table: one.fate for one in account.relations} == {
        "orders": "moved",
        "stale": "not moved",
        "sums": "moved",
    }


@pytest.mark.parametrize(
    ("grants", "is_alone"),
    [
        (ALL, False),
        (("GRANT USAGE ON *.* TO `dms`@`%`", r"GRANT SELECT ON `sh\_op`.* TO `dms`@`%`"), True),
        (("GRANT USAGE ON *.* TO `dms`@`%`", "GRANT ALL PRIVILEGES ON `shop`.* TO `dms`@`%`"), False),
        (("GRANT SELECT ON *.* TO `dms`@`%`", "REVOKE SELECT ON `shop`.* FROM `dms`@`%`"), True),
        (("GRANT SELECT ON *.* TO `dms`@`%`", "REVOKE SELECT ON `mysql`.* FROM `dms`@`%`"), False),
        (("GRANT SELECT ON `shop`.`orders` TO `dms`@`%`", "GRANT `readers`@`%` TO `dms`@`%`"), True),
        (("GRANT SELECT ON *.* TO 'dms'@'%' IDENTIFIED BY PASSWORD '*0'", "GRANT PROXY ON ''@'' TO 'dms'@'%'"), False),
    ],
)
def test_a_login_that_does_not_see_the_whole_schema_is_found_by_its_grants(
    grants: Sequence[str], is_alone: bool
) -> None:
    assert barred(census(*grants)).get("?", "") == (ALONE if is_alone else "")


@pytest.mark.parametrize("columns", ["`doc`, `total`", "doc, total"])
def test_columns_are_hidden_where_the_server_refuses_all_of_them(columns: str) -> None:
    grant = f"GRANT SELECT ({columns}) ON `shop`.`orders` TO `dms`@`%`"
    refused = barred(census(grant, denied=["orders"]))
    assert refused["orders"] == "the login may SELECT only doc, total of it, and other columns are hidden from it"
    assert "orders" not in barred(census(grant))


def test_what_keeps_changes_out_of_the_log_comes_from_the_catalogue_of_innodb() -> None:
    assert orders().delta_bars == (
        "a foreign key changes its rows (CASCADE or SET NULL), and the binary log does not have that",
        "changes of its computed column total are not captured",
    )
    assert orders().incarnation == "1071/1072/2026-11-30 12:00:01"
    assert {table.delta_bars for table in census().tables if table.is_view} == {()}


def test_without_process_foreign_keys_are_hidden_and_the_time_of_creation_is_all_there_is() -> None:
    table = next(one for one in census(denies_process=True).tables if one.table == "orders")
    assert table.delta_bars[0] == "whether a foreign key changes its rows is not known: the login lacks PROCESS"
    assert table.incarnation == "2026-11-30 12:00:01"
