"""What the census says of relations that a login of a real MariaDB does not see whole."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from fleet.databases import Database
from fleet.tables.account import take_account
from fleet.tables.catalogue import Census, Table
from lambdas.sources import mysql
from localcloud.servers.mariadb import EmbeddedMariadb

SCHEMA = "census_of_logins"
MADE = (
    "CREATE TABLE whole (id int, a int)",
    "CREATE TABLE columns_named (id int, a int, hidden int)",
    "CREATE TABLE columns_seen (id int, `it s` int, other int)",
    "CREATE TABLE all_columns_named (id int)",
    "CREATE TABLE but_the_invisible_named (id int, unseen int INVISIBLE)",
    "CREATE TABLE written_only (id int)",
    "CREATE TABLE not_granted (id int)",
    "CREATE TABLE base (id int)",
    "CREATE VIEW broken AS SELECT id FROM base",
    "DROP TABLE base",
    "CREATE TABLE computed (id int, seen int AS (id + 1), kept int AS (id + 2) STORED, secret int INVISIBLE)",
    "CREATE TABLE odd_types (id int, a uuid, b inet4, c inet6, d year(4), e bit, f bit(64), g tinyint(1) zerofill)",
    "CREATE TABLE words (a varchar(3) CHARACTER SET sjis, b text CHARACTER SET latin1, c enum('x') CHARSET utf8mb3)",
)
GRANTS = {
    "census_narrow": (
        "GRANT SELECT ON {s}.whole TO {u}",
        "GRANT SELECT (id, a) ON {s}.columns_named TO {u}",
        "GRANT SELECT (id, `it s`), INSERT ON {s}.columns_seen TO {u}",
        "GRANT SELECT (id) ON {s}.all_columns_named TO {u}",
        "GRANT SELECT (id) ON {s}.but_the_invisible_named TO {u}",
        "GRANT INSERT ON {s}.written_only TO {u}",
    ),
    "census_by_role": (
        "CREATE ROLE census_reader",
        "GRANT SELECT ON {s}.whole TO census_reader",
        "GRANT SELECT (id) ON {s}.columns_named TO census_reader",
        "GRANT census_reader TO {u}",
        "SET DEFAULT ROLE census_reader FOR {u}",
    ),
    "census_pattern": (r"GRANT SELECT ON `census\_of\_%`.* TO {u}",),
    "census_stranger": (),
}
ALONE = "the login may SELECT from single tables of it only, and others are hidden from it"


@pytest.fixture(scope="module")
def secrets(mariadb: EmbeddedMariadb) -> Mapping[str, Mapping[str, Any]]:
    mariadb.create_database(SCHEMA)
    mariadb.execute(SCHEMA, *MADE)
    for login, grants in GRANTS.items():
        user = f"{login}@localhost"
        mariadb.execute(None, f"CREATE USER {user} IDENTIFIED BY 'x'")
        mariadb.execute(None, *(grant.format(s=SCHEMA, u=user) for grant in grants))
    named = {login: {**mariadb.secret(), "username": login, "password": "x"} for login in GRANTS}
    return {**named, "reader": mariadb.secret()}


def census(secret: Mapping[str, Any], *schemas: str) -> Census:
    return mysql.ask_census(secret, "information_schema", schemas or (SCHEMA,), "none")


def barred(secret: Mapping[str, Any]) -> dict[str, str]:
    return {table.table: table.barred for table in census(secret).tables}


def columns(secret: Mapping[str, Any], table: str) -> Table:
    return next(one for one in census(secret).tables if one.table == table)


def test_what_single_grants_hide_is_named_with_the_right_that_is_missing(
    secrets: Mapping[str, Mapping[str, Any]],
) -> None:
    assert barred(secrets["census_narrow"]) == {
        "?": ALONE,
        "all_columns_named": "",
        "but_the_invisible_named": "the login may SELECT only id of it, and other columns are hidden from it",
        "columns_named": "the login may SELECT only a, id of it, and other columns are hidden from it",
        "columns_seen": "the login may not SELECT other of it, and DMS reads all columns or none",
        "whole": "",
        "written_only": "the login may not SELECT from it",
    }


def test_the_grants_of_a_role_count_as_the_logins_own(secrets: Mapping[str, Mapping[str, Any]]) -> None:
    only = "the login may SELECT only id of it, and other columns are hidden from it"
    assert barred(secrets["census_by_role"]) == {"?": ALONE, "columns_named": only, "whole": ""}


@pytest.mark.parametrize("login", ["census_pattern", "reader"])
def test_a_login_that_reads_the_whole_schema_sees_all_of_it(
    secrets: Mapping[str, Mapping[str, Any]], login: str
) -> None:
    found = barred(secrets[login])
    assert found.pop("broken").startswith(f"View '{SCHEMA}.broken' references invalid table(s)")
    assert len(found) == len(MADE) - 3
    assert not any(found.values())


def test_a_table_that_the_server_cannot_open_is_barred_in_its_words(
    mariadb: EmbeddedMariadb, secrets: Mapping[str, Mapping[str, Any]]
) -> None:
    mariadb.create_database("census_of_files")
    mariadb.execute("census_of_files", "CREATE TABLE torn (id int) ENGINE = MyISAM", "FLUSH TABLES")
    (Path(mariadb.host) / "data" / "census_of_files" / "torn.MYI").unlink()
    (torn,) = census(secrets["reader"], "census_of_files").tables
    mariadb.execute(None, "DROP DATABASE census_of_files")
    assert torn.barred.startswith("Can't find file: ")


def test_a_schema_on_which_the_login_has_no_right_is_not_there_for_it(
    secrets: Mapping[str, Mapping[str, Any]],
) -> None:
    assert census(secrets["census_stranger"]) == Census((), ())
    assert census(secrets["reader"], SCHEMA.upper()) == Census((), ())
    assert census(secrets["reader"]).schemas == (SCHEMA,)


def test_invisible_columns_have_a_type_that_dms_does_not_carry(secrets: Mapping[str, Mapping[str, Any]]) -> None:
    found = columns(secrets["reader"], "computed").columns
    assert [(one.name, one.type_name, one.declared) for one in found] == [
        ("id", "int", "int(11)"),
        ("seen", "int", "int(11)"),
        ("kept", "int", "int(11)"),
        ("secret", "int invisible", "int(11) invisible"),
    ]


def test_columns_are_declared_as_their_people_write_them(secrets: Mapping[str, Mapping[str, Any]]) -> None:
    odd, words = (columns(secrets["reader"], table).columns for table in ("odd_types", "words"))
    assert [(one.type_name, one.length, one.declared) for one in odd[1:]] == [
        ("uuid", None, "uuid"),
        ("inet4", None, "inet4"),
        ("inet6", None, "inet6"),
        ("year", None, "year(4)"),
        ("bit", 1, "bit(1)"),
        ("bit", 64, "bit(64)"),
        ("tinyint unsigned", None, "tinyint(1) unsigned zerofill"),
    ]
    declared = ["varchar(3) character set sjis", "text character set latin1", "enum('x')"]
    assert [one.declared for one in words] == declared


def test_the_account_names_the_schema_that_may_hold_more(secrets: Mapping[str, Mapping[str, Any]]) -> None:
    database = Database("shop", "shops", SCHEMA, "one", (SCHEMA,), onboarded=True)
    account = take_account("mariadb", database, census(secrets["census_by_role"]), None)
    assert [(one.name, one.fate, one.owner) for one in account.missing] == [
        (f"{SCHEMA}.?", "not moved", "source team"),
        (f"{SCHEMA}.columns_named", "not moved", "source team"),
    ]
