"""What AskSource makes of the errors of real servers, by their numbers, and of SQL Server's as Microsoft lists them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pg8000.exceptions
import psycopg
import pytds
import pytest

from fleet.databases import Engine
from fleet.failures import Failure
from fleet.source_errors import classify_number
from lambdas.handlers.ask_source import SPEAKERS
from localcloud.servers.mariadb import EmbeddedMariadb
from localcloud.servers.postgres import EmbeddedPostgres
from localcloud.tests.certificates import make_server_certificate
from localcloud.tests.ipv6 import on_ipv6
from tds_server import serve_tds

PYTHONS_WORDS = ("Error(", "Error:", "Traceback", "codec", "('", "Errno")
"""Of Python's own words none may be in a text that a person reads."""


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The driver of SQL Server tries again for so long: one second shows what ten do."""
    monkeypatch.setattr("lambdas.sources.sqlserver.CONNECT_SECONDS", 1)


def fail(engine: Engine, secret: Any, database: str, schema: str = "public") -> Failure:
    """The failure that asking for a census is."""
    speaker = SPEAKERS[engine]
    with pytest.raises(speaker.errors) as caught:
        speaker.census(secret, database, [schema], "none")
    failure = speaker.describe_failure(caught.value)
    assert not [words for words in PYTHONS_WORDS if words in failure.text], failure.text
    assert not failure.text.endswith(".."), failure.text
    return failure


def count(engine: Engine, secret: Any, database: str, *tables: tuple[str, str]) -> dict[str, tuple[int | None, str]]:
    counts = SPEAKERS[engine].counts(secret, database, list(tables), "none", 5, lambda: True)
    return {one.table: (one.rows, one.why) for one in counts}


# PostgreSQL


@pytest.fixture(scope="module")
def shop(postgres: EmbeddedPostgres) -> str:
    """A database with tables and views that fail, each in another way, and logins that may not do everything."""
    postgres.create_database("by number")
    with postgres.connect("by number", autocommit=True) as connection:
        connection.execute(
            b"CREATE TABLE good AS SELECT 1 AS id;"
            b"CREATE TABLE hidden AS SELECT 1 AS id;"
            b"CREATE VIEW divides AS SELECT 1 / (id - 1) AS n FROM good;"
            b"CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$BEGIN RAISE 'not today'; END$$;"
            b"CREATE VIEW raises AS SELECT f() AS n;"
            b"CREATE ROLE narrow LOGIN PASSWORD 'narrow'; GRANT SELECT ON good, divides, raises TO narrow;"
            b"CREATE ROLE nologin PASSWORD 'x';"
            b"CREATE ROLE one LOGIN PASSWORD 'one' CONNECTION LIMIT 0"
        )
        connection.execute(
            b'REVOKE CONNECT ON DATABASE "by number" FROM PUBLIC; GRANT CONNECT ON DATABASE "by number" TO one'
        )
        connection.execute(b'GRANT CONNECT ON DATABASE "by number" TO dms_reader')
    return "by number"


@pytest.mark.parametrize(
    ("login", "database", "failure_class", "name", "words"),
    [
        ({}, "nowhere", "mapping_empty", "DatabaseNotThere", 'database "nowhere" does not exist'),
        ({"password": "wrong"}, "by number", "credentials", "SourceRefused", "password authentication failed"),
        ({"username": "nobody"}, "by number", "credentials", "SourceRefused", "password authentication failed"),
        (("nologin", "x"), "by number", "credentials", "SourceRefused", "is not permitted to log in"),
        (("narrow", "narrow"), "by number", "credentials", "SourceRefused", "permission denied for database"),
        (("one", "one"), "by number", "connection", "SourceNotAnswering", "too many connections for role"),
        ({"host": "/nowhere"}, "by number", "connection", "SourceNotAnswering", "No such file or directory"),
        ({"host": "no.such.host.invalid"}, "by number", "connection", "SourceNotAnswering", "ame "),
        ({"host": "127.0.0.1", "port": 1}, "by number", "connection", "SourceNotAnswering", "Connection refused"),
    ],
)
def test_a_postgresql_that_refuses_is_judged_by_its_sqlstate(
    postgres: EmbeddedPostgres, shop: str, login: Any, database: str, failure_class: str, name: str, words: str
) -> None:
    more = login if isinstance(login, dict) else {"username": login[0], "password": login[1]}
    failure = fail("postgresql", {**postgres.secret(shop), **more}, database)
    assert (failure.failure_class, failure.name) == (failure_class, name), failure.text
    assert words in failure.text


def test_the_servers_language_changes_nothing(postgres: EmbeddedPostgres) -> None:
    error = pg8000.exceptions.DatabaseError({"S": "SCHWERWIEGEND", "V": "FATAL", "C": "3D000", "M": "Datenbank fehlt"})
    assert SPEAKERS["postgresql"].describe_failure(error).failure_class == "mapping_empty"


def test_of_a_postgresql_each_table_fails_alone_in_the_servers_words(postgres: EmbeddedPostgres, shop: str) -> None:
    names = [("public", name) for name in ("divides", "raises", "gone", "good")] + [("nowhere", "t")]
    assert count("postgresql", postgres.secret(shop), shop, *names) == {
        "divides": (1, ""),  # nothing asks for the column: PostgreSQL does not compute it
        "raises": (None, "not today"),
        "gone": (None, 'relation "public.gone" does not exist'),
        "good": (1, ""),
        "t": (None, 'relation "nowhere.t" does not exist'),
    }


@pytest.mark.parametrize("statement", ["SELECT 1/0", "SELECT 'x'::int", "SELECT * FROM nowhere", "SELECT nothing"])
def test_what_one_table_fails_with_is_of_class_table_error(postgres: EmbeddedPostgres, statement: str) -> None:
    with postgres.connect() as connection, pytest.raises(psycopg.Error) as caught:
        connection.execute(statement.encode())
    assert classify_number("postgresql", caught.value.sqlstate or "") == "table_error"


@pytest.mark.parametrize("host", ["::1", "[::1]"])
def test_a_postgresql_is_reached_over_ipv6(postgres: EmbeddedPostgres, shop: str, host: str) -> None:
    secret = dict(postgres.secret(shop))
    with on_ipv6(f"{secret['host']}/.s.PGSQL.{secret['port']}") as port:
        counts = count("postgresql", {**secret, "host": host, "port": port}, shop, ("public", "good"))
    assert counts == {"good": (1, "")}


def test_a_database_in_latin1_is_read_as_it_is_written(postgres: EmbeddedPostgres) -> None:
    with postgres.connect(autocommit=True) as connection:
        connection.execute(
            b"CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C'"
        )
    with postgres.connect("latin") as connection:
        connection.execute(b"SET client_encoding = 'UTF8'")
        connection.execute('CREATE TABLE "café" AS SELECT 1 AS "straße"'.encode())
    (table,) = SPEAKERS["postgresql"].census(postgres.secret("latin"), "latin", ["public"], "none").tables
    assert (table.table, table.columns[0].name) == ("café", "straße")
    assert count("postgresql", postgres.secret("latin"), "latin", ("public", "café")) == {"café": (1, "")}


def test_names_that_are_no_utf8_in_a_database_without_an_encoding_are_said_in_words(postgres: EmbeddedPostgres) -> None:
    with postgres.connect(autocommit=True) as connection:
        connection.execute(
            b"CREATE DATABASE bytes TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE_PROVIDER libc LOCALE 'C'"
        )
    with postgres.connect("bytes") as connection:
        connection.execute('CREATE TABLE "café" AS SELECT 1 AS id'.encode())
    assert count("postgresql", postgres.secret("bytes"), "bytes", ("public", "café")) == {"café": (1, "")}
    with postgres.connect("bytes") as connection:
        connection.execute(b'CREATE TABLE "th\xe9" AS SELECT 1 AS id')
    failure = fail("postgresql", postgres.secret("bytes"), "bytes")
    assert (failure.failure_class, failure.name) == ("table_error", "SourceTextUnreadable")
    assert 'invalid byte sequence for encoding "UTF8": 0xe9' in failure.text


# MariaDB


@pytest.fixture(scope="module")
def market(mariadb: EmbeddedMariadb) -> str:
    """The same for MariaDB."""
    mariadb.create_database("market")
    for statement in (
        "CREATE TABLE good (id int)",
        "INSERT INTO good VALUES (1)",
        "CREATE TABLE behind (id int)",
        "CREATE VIEW broken AS SELECT id FROM behind",
        "DROP TABLE behind",
        "CREATE TABLE hidden (id int)",
        "CREATE USER narrow IDENTIFIED BY 'narrow'",
        "GRANT SELECT ON market.good TO narrow",
        "CREATE USER outside IDENTIFIED BY 'outside'",
        "CREATE USER locked IDENTIFIED BY 'locked' ACCOUNT LOCK",
    ):
        mariadb.execute("market", statement)
    return "market"


@pytest.mark.parametrize(
    ("login", "failure_class", "name", "words"),
    [
        ({"password": "wrong"}, "credentials", "SourceRefused", "Access denied for user"),
        ({"username": "locked", "password": "locked"}, "credentials", "SourceRefused", "locked"),
        ({"host": "/nowhere"}, "connection", "SourceNotAnswering", "Can't connect"),
        ({"host": "127.0.0.1", "port": 1}, "connection", "SourceNotAnswering", "Can't connect"),
    ],
)
def test_a_mariadb_that_refuses_is_judged_by_its_number(
    mariadb: EmbeddedMariadb, market: str, login: Any, failure_class: str, name: str, words: str
) -> None:
    failure = fail("mariadb", {**mariadb.secret(), **login}, market, market)
    assert (failure.failure_class, failure.name) == (failure_class, name), failure.text
    assert words in failure.text


def test_of_a_mariadb_each_table_fails_alone_in_the_servers_words(mariadb: EmbeddedMariadb, market: str) -> None:
    secret = {**mariadb.secret(), "username": "narrow", "password": "narrow"}
    counts = count("mariadb", secret, market, (market, "good"), (market, "hidden"), ("other", "t"))
    assert counts["good"] == (1, "")
    assert "SELECT command denied" in counts["hidden"][1]
    assert "denied" in counts["t"][1]
    counts = count("mariadb", mariadb.secret(), market, (market, "broken"), (market, "gone"), (market, "good"))
    assert "references invalid table(s)" in counts["broken"][1]
    assert counts["gone"] == (None, "Table 'market.gone' doesn't exist")
    assert counts["good"] == (1, "")


@pytest.mark.parametrize(
    ("statement", "failure_class"),
    [
        ("SELECT * FROM market.gone", "table_error"),
        ("SELECT * FROM market.broken", "table_error"),
        ("SELECT nothing FROM market.good", "table_error"),
        ("USE nowhere", "mapping_empty"),
        ("DO unknown_function()", "table_error"),
    ],
)
def test_the_numbers_of_mariadb_are_those_of_the_table(
    mariadb: EmbeddedMariadb, market: str, statement: str, failure_class: str
) -> None:
    with mariadb.connect() as connection, connection.cursor() as cursor, pytest.raises(Exception) as caught:  # noqa: PT011
        cursor.execute(statement)
    assert classify_number("mariadb", str(caught.value.args[0])) == failure_class, caught.value


# SQL Server: never reached. The words are those of sys.messages, from the page of each number below
# https://learn.microsoft.com/en-us/sql/relational-databases/errors-events/.


@pytest.mark.parametrize(
    ("refuses", "failure_class", "name"),
    [
        (
            (
                (4060, 'Cannot open database "Shop" requested by the login. The login failed.'),
                (18456, "Login failed for user 'dms'."),
            ),
            "mapping_empty",
            "DatabaseNotThere",
        ),
        (((18456, "Login failed for user 'dms'."),), "credentials", "SourceRefused"),
        (((18487, "Login failed for user 'dms'. Reason: The password of the account has expired."),), "credentials",
         "SourceRefused"),
        (((18452, "Login failed. The login is from an untrusted domain."),), "credentials", "SourceRefused"),
        (((17142, "SQL Server service has been paused. No new connections will be allowed."),), "connection",
         "SourceNotAnswering"),
        (((18456, "Fehler bei der Anmeldung für den Benutzer 'dms'."),), "credentials", "SourceRefused"),
        (((49999, "A number that is in no table."),), "unknown", "SourceErred"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("encrypted", [False, True])
def test_a_sql_server_that_refuses_a_login_is_judged_by_its_first_number(
    tmp_path: Path, refuses: tuple[tuple[int, str], ...], failure_class: str, name: str, encrypted: bool
) -> None:
    certificate = make_server_certificate("s") if encrypted else None
    with serve_tds(tmp_path, certificate, refuses=refuses) as server:
        secret = {"host": "127.0.0.1", "port": server.port, "username": "dms", "password": "secret"}
        speaker = SPEAKERS["sqlserver"]
        with pytest.raises(speaker.errors) as caught:
            speaker.counts(secret, "Shop", [("dbo", "a")], "require" if encrypted else "none", 5, lambda: True)
    failure = speaker.describe_failure(caught.value)
    assert (failure.failure_class, failure.name) == (failure_class, name), failure.text
    assert refuses[0][1].removesuffix(".") in failure.text


@pytest.mark.parametrize(
    ("number", "severity", "words"),
    [
        (229, 14, "The SELECT permission was denied on the object 'b', database 'Shop', schema 'dbo'."),
        (208, 16, "Invalid object name 'dbo.b'."),
        (916, 14, 'The server principal "dms" is not able to access the database "Other" under the current security '
                  "context."),
        (4413, 16, "Could not use view or function 'dbo.b' because of binding errors."),
        (8134, 16, "Divide by zero error encountered."),
        (1205, 13, "Transaction (Process ID 52) was deadlocked on lock resources with another process and has been "
                   "chosen as the deadlock victim. Rerun the transaction."),
        (3952, 16, "Snapshot isolation transaction failed accessing database 'Other' because snapshot isolation is not "
                   "allowed in this database."),
        (41332, 16, "Memory optimized tables and natively compiled modules cannot be accessed or created when the "
                    "session TRANSACTION ISOLATION LEVEL is set to SNAPSHOT."),
    ],
)  # fmt: skip
def test_of_a_sql_server_each_table_fails_alone_in_the_servers_words(
    tmp_path: Path, number: int, severity: int, words: str
) -> None:
    with serve_tds(tmp_path, answer=lambda query: (number, severity, words) if "[b]" in query else 7) as server:
        secret = {"host": "127.0.0.1", "port": server.port, "username": "dms", "password": "secret"}
        counts = count("sqlserver", secret, "Shop", ("dbo", "a"), ("dbo", "b"), ("dbo", "c"))
    assert counts == {"a": (7, ""), "b": (None, words), "c": (7, "")}
    assert classify_number("sqlserver", str(number)) == ("credentials" if number in {229, 916} else "table_error")


@pytest.mark.parametrize("host", ["::1", "[::1]"])
def test_a_sql_server_is_reached_over_ipv6(tmp_path: Path, host: str) -> None:
    with serve_tds(tmp_path, answer=lambda _: 7, host="::1") as server:
        secret = {"host": host, "port": server.port, "username": "dms", "password": "secret"}
        assert count("sqlserver", secret, "Shop", ("dbo", "a")) == {"a": (7, "")}


def test_a_sql_server_that_is_down_has_a_reason(tmp_path: Path) -> None:
    secret = {"host": "127.0.0.1", "port": 1, "username": "dms", "password": "secret"}
    failure = fail("sqlserver", secret, "Shop", "dbo")
    assert (failure.failure_class, failure.text) == ("connection", "the source did not answer: Connection refused")


def test_the_driver_wraps_a_cause_without_words_of_its_own() -> None:
    bare, cause = pytds.Error(), ConnectionRefusedError(111, "Connection refused")
    bare.__cause__ = cause
    assert SPEAKERS["sqlserver"].describe_failure(bare).text.endswith(": Connection refused")
