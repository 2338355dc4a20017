"""How a PostgreSQL source is connected to, and what an error of the driver says of it."""

from __future__ import annotations

import socket
import struct
from concurrent.futures import ThreadPoolExecutor
from typing import get_args

import pytest
from pg8000.exceptions import DatabaseError, Error, InterfaceError

from fleet.databases import SslMode
from fleet.tables.losses import ask_losses
from lambdas.sources.postgresql import ask_census, ask_counts, describe_failure
from lambdas.sources.postgresql import ask_losses as ask_losses_of
from localcloud.servers.postgres import EmbeddedPostgres

NAMES = {"connection": "SourceNotAnswering", "credentials": "SourceRefused", "unknown": "SourceErred"}


def hang_up() -> None:
    raise BrokenPipeError(32, "Broken pipe")


def say_goodbye() -> None:
    try:
        hang_up()
    except OSError as error:
        raise InterfaceError("network error") from error


def refuse_and_hang_up(words: str) -> None:
    """As pg8000 meets it: the server refuses and hangs up, and saying goodbye to it then fails as well."""
    refusal = DatabaseError({"S": "FATAL", "C": "28P01", "M": words})
    try:
        raise refusal
    except DatabaseError:
        say_goodbye()


def test_a_refusal_is_reported_in_the_servers_words_though_the_connection_then_broke() -> None:
    with pytest.raises(InterfaceError) as caught:
        refuse_and_hang_up('password authentication failed for user "dms"')
    failure = describe_failure(caught.value)
    assert failure.failure_class == "credentials"
    assert failure.text == 'the source refused: password authentication failed for user "dms"'


@pytest.mark.parametrize(
    ("error", "failure_class", "words"),
    [
        (DatabaseError({"M": 'password authentication failed for user "dms"'}), "credentials", "password auth"),
        (DatabaseError({"M": "permission denied for table orders"}), "credentials", "permission denied"),
        (DatabaseError({"M": "terminating connection due to administrator command"}), "connection", "terminating"),
        (DatabaseError({"M": 'database "nyc" is not currently accepting connections'}), "connection", "accepting"),
        (DatabaseError({"M": "sorry, too many clients already"}), "connection", "too many clients"),
        (DatabaseError({"M": "something new"}), "unknown", "something new"),
        (InterfaceError("network error"), "connection", "network error"),
        (ConnectionRefusedError(111, "Connection refused"), "connection", "Connection refused"),
        (TimeoutError("timed out"), "connection", "timed out"),
    ],
)
def test_each_error_has_a_class_and_keeps_its_words(error: Exception, failure_class: str, words: str) -> None:
    failure = describe_failure(error)
    assert (failure.failure_class, failure.name) == (failure_class, NAMES[failure_class])
    assert words in failure.text


@pytest.mark.parametrize("mode", get_args(SslMode))
def test_a_server_that_cannot_encrypt_is_sent_no_user_and_no_password_unless_the_mode_is_none(mode: SslMode) -> None:
    def refuse_encryption() -> int:
        """What the client asks for first: an SSLRequest (PostgreSQL's manual, 54.7), or to log in at once."""
        with server.accept()[0] as client:
            code = struct.unpack("!ii", client.recv(8))[1]
            client.sendall(b"N")
            rest = client.recv(1024)
        return 0 if b"someone" in rest else code

    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as beside:
        asked = beside.submit(refuse_encryption)
        secret = {"host": "127.0.0.1", "port": server.getsockname()[1], "username": "someone", "password": "secret"}
        with pytest.raises((Error, OSError)):
            ask_census(secret, "shop", ["public"], mode)
        assert asked.result() == (0 if mode == "none" else 80877103)


@pytest.fixture(scope="module")
def counted(postgres: EmbeddedPostgres) -> dict[str, object]:
    """The secret of a database with two tables, and a view that takes as long as it takes."""
    postgres.create_database("counted here")
    with postgres.connect("counted here") as connection:
        connection.execute(
            b"CREATE TABLE orders AS SELECT generate_series(1, 5) AS id; CREATE TABLE customers (id integer);"
            b"CREATE VIEW endless AS SELECT pg_sleep(1000)::text AS n"
        )
    return dict(postgres.secret("postgres"))


def count(secret: dict[str, object], *tables: str, seconds_each: float = 10) -> dict[str, tuple[int | None, str]]:
    named = [("public", table) for table in tables]
    counts = ask_counts(secret, "counted here", named, "none", seconds_each, lambda: True)
    return {one.table: (one.rows, one.why) for one in counts}


def test_the_server_itself_ends_a_count_that_takes_too_long_and_the_others_are_counted(
    counted: dict[str, object],
) -> None:
    counts = count(counted, "orders", "endless", "customers", seconds_each=0.1)
    words = "no answer within 0.1 s: canceling statement due to statement timeout"
    assert counts == {"orders": (5, ""), "endless": (None, words), "customers": (0, "")}


def test_a_count_does_not_wait_for_a_lock_as_long_as_it_may_run(
    counted: dict[str, object], postgres: EmbeddedPostgres
) -> None:
    with postgres.connect("counted here") as other:
        other.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
        counts = count(counted, "orders", "customers", seconds_each=0.2)
        other.rollback()
    assert counts == {"orders": (None, "canceling statement due to lock timeout"), "customers": (0, "")}


def test_a_table_that_is_gone_has_the_servers_words_and_the_others_are_counted(counted: dict[str, object]) -> None:
    counts = count(counted, "gone", "orders")
    assert counts == {"gone": (None, 'relation "public.gone" does not exist'), "orders": (5, "")}


def test_a_server_that_goes_away_in_the_middle_is_lost_and_no_gap(
    counted: dict[str, object], postgres: EmbeddedPostgres
) -> None:
    with postgres.connect("counted here") as connection:
        connection.execute("CREATE OR REPLACE VIEW deadly AS SELECT pg_terminate_backend(pg_backend_pid()) AS gone")
    with pytest.raises((Error, OSError)) as caught:
        count(counted, "orders", "deadly")
    assert describe_failure(caught.value).failure_class == "connection"


def test_losses_are_counted_of_a_table_with_as_many_columns_as_a_server_takes(postgres: EmbeddedPostgres) -> None:
    postgres.create_database("wide")
    with postgres.connect("wide") as connection:
        fields = ", ".join(f"c{number} timetz" for number in range(1_600))
        connection.execute(f"CREATE TABLE t ({fields})")  # type: ignore[arg-type]  made here
        connection.execute("INSERT INTO t (c0, c1599) VALUES ('10:00+02', '24:00+00'), (NULL, '10:00:00.0001+00')")
    secret = postgres.secret("wide")
    (table,) = ask_census(secret, "wide", ["public"], "none").tables
    asked = ask_losses("postgresql", table, 32)
    assert len(asked.asked) == 4_800
    (counted,) = ask_losses_of(secret, "wide", [asked], "none", 60, lambda: True)
    found = [(one.column.name, one.loss.kind) for one, n in zip(asked.asked, counted.values, strict=True) if n == 1]
    assert found == [("c0", "offset"), ("c1599", "fraction"), ("c1599", "midnight")]
    postgres.drop_database("wide")


def test_what_row_security_hides_is_refused_and_no_count(postgres: EmbeddedPostgres) -> None:
    postgres.create_database("hiding")
    with postgres.connect("hiding") as connection:
        connection.execute(
            b"CREATE TABLE mine AS SELECT generate_series(1, 5) AS id; ALTER TABLE mine ENABLE ROW LEVEL SECURITY;"
            b"CREATE POLICY all_of_it ON mine USING (true); CREATE VIEW open AS SELECT 1 AS id;"
            b"CREATE VIEW few WITH (security_invoker) AS SELECT * FROM mine; CREATE VIEW owners AS SELECT * FROM mine"
        )
    secret = postgres.secret("hiding")
    barred = {table.table: table.barred for table in ask_census(secret, "hiding", ["public"], "none").tables}
    words = 'query would be affected by row-level security policy for table "mine"'
    why = "row security may hide rows of it from the login, which needs BYPASSRLS"
    assert barred == {"few": words, "mine": why, "open": "", "owners": ""}
    names = [("public", "mine"), ("public", "owners")]
    mine, owners = ask_counts(secret, "hiding", names, "none", 10, lambda: True)
    assert (mine.rows, mine.why, mine.is_refused) == (None, words, True)
    assert (owners.rows, owners.is_refused) == (5, False)
    postgres.drop_database("hiding")


LONGEST_NAME = "é" * 31 + "x"
EVERYTHING = f"""
CREATE SCHEMA "it's"; CREATE SCHEMA "a.b"; CREATE SCHEMA shop_a; CREATE SCHEMA shopxa; CREATE SCHEMA shop_abc;
CREATE TABLE "it's"."q""u.o te" (id integer, "a.b" integer, "x""y" integer);
CREATE TABLE "a.b"."{LONGEST_NAME}" (dropped integer, stays numeric(5, 2), PRIMARY KEY (stays));
ALTER TABLE "a.b"."{LONGEST_NAME}" DROP COLUMN dropped;
CREATE UNLOGGED TABLE shop_a.unlogged (id integer GENERATED ALWAYS AS IDENTITY, n integer,
    twice integer GENERATED ALWAYS AS (n * 2) STORED);
CREATE TEMPORARY TABLE temporary (id integer);
CREATE TABLE shopxa.other (id integer); CREATE TABLE shop_abc.another (id integer);
"""


def test_the_census_has_every_kind_of_name_and_what_a_pattern_could_take_for_an_asked_schema(
    postgres: EmbeddedPostgres,
) -> None:
    postgres.create_database("named")
    with postgres.connect("named", autocommit=True) as connection:
        connection.execute(EVERYTHING)  # type: ignore[arg-type]  a literal of this test
        census = ask_census(postgres.secret("named"), "named", ["it's", "a.b", "shop_a", "gone"], "none")
    assert census.schemas == ("a.b", "it's", "shop_a")
    found = {str(table.name): tuple(column.name for column in table.columns) for table in census.tables}
    assert found == {
        f"a.b.{LONGEST_NAME}": ("stays",),
        "it's.q\"u.o te": ("id", "a.b", 'x"y'),
        "shop_a.unlogged": ("id", "n", "twice"),
        "shopxa.other": ("id",),
    }
    assert census.tables[0].key == ("stays",)
    postgres.drop_database("named")
