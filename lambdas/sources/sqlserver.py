"""Questions to a SQL Server source, with a driver in pure Python, read-only.

No server of this kind was ever reached by this code: it follows Microsoft's manual, and the tests answer as documented.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from time import monotonic
from typing import Any

import pytds

from fleet.asking import CATALOGUE_SECONDS, CONNECT_SECONDS
from fleet.counts import Count
from fleet.databases import SslMode
from fleet.deltas.key_sweep import KeyAnswer
from fleet.deltas.key_text import KeyQuestion, source_statement
from fleet.failures import Failure, FailureClass, classify
from fleet.source_errors.sqlserver import classify_code
from fleet.tables.catalogue import Census
from fleet.tables.losses import CountedLosses, TableLosses
from lambdas.sources.counting import HasTime, count_losses, count_tables, read_keys
from lambdas.sources.host import host_of
from lambdas.sources.sqlserver_census import read_census
from lambdas.sources.sqlserver_losses import losses_statement
from lambdas.sources.sqlserver_names import quote
from lambdas.sources.tds_encryption import encrypted
from lambdas.sources.tds_messages import numbers_of
from lambdas.sources.words import causes_of, describe, find_words

_SNAPSHOT_STATE = "SELECT snapshot_isolation_state FROM sys.databases WHERE name = DB_NAME()"
# Source: Microsoft's manual, "Database Engine error severities": from 20 on the connection ends.
_FATAL_SEVERITY = 20
# Source: Microsoft's manual, "Database Engine events and errors": another database allows no snapshots (3952, 3957), a
# row's version is gone (3958), an object was altered since the snapshot began (3961), a table is in memory (41332).
_NOT_IN_A_SNAPSHOT = frozenset({3952, 3957, 3958, 3961, 41332})
# For the tables with row-level security, which are counted with the census; one may begin at the last moment. With the
# catalogue's own queries, that stays within what AskSource may take.
_SECURED_SECONDS = 60
_SECURED_SECONDS_EACH = 20

Connect = Callable[..., Any]
"""What opens a connection of the DB-API: pytds, or a test's stand-in for a server."""


def connect(
    secret: Mapping[str, Any],
    database: str,
    ssl_mode: SslMode = "require",
    driver: Connect = pytds.connect,
    *,
    seconds: float | None = None,
) -> Any:
    """A connection to *database* on the server that *secret* names, where each statement commits by itself.

    *seconds*: for each statement; the driver then asks the server to cancel it. The host may name an instance,
    `HOST\\INSTANCE`: the instance is left out, because the driver takes it or the port, and the port is enough.
    """
    host = host_of(secret).partition("\\")[0]
    with encrypted(secret, host, ssl_mode) as encryption:
        return driver(
            dsn=host,
            port=int(secret["port"]),
            database=database,
            user=secret["username"],
            password=secret["password"],
            login_timeout=CONNECT_SECONDS,
            timeout=seconds,
            appname="fleet",
            autocommit=True,
            **encryption,
        )


@contextmanager
def _cursor(
    secret: Mapping[str, Any], database: str, ssl_mode: SslMode, driver: Connect, seconds: float
) -> Iterator[Any]:
    """A cursor whose statements end after *seconds*, and wait half as long for a lock.

    Source: Microsoft's manual, "SET LOCK_TIMEOUT": in milliseconds; the server has no time-out for a whole statement.
    """
    connection = connect(secret, database, ssl_mode, driver, seconds=seconds)
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCK_TIMEOUT {int(seconds * 500)}")
            yield cursor
    finally:
        connection.close()


def ask_census(
    secret: Mapping[str, Any],
    database: str,
    schemas: Sequence[str],
    ssl_mode: SslMode = "require",
    driver: Connect = pytds.connect,
    clock: Callable[[], float] = monotonic,
) -> Census:
    """Everything under *schemas* that the login sees, in order of schema and name, and what it may not see."""
    latest = clock() + _SECURED_SECONDS

    def count(schema: str, table: str) -> int | str:
        """A connection for each: what is asked under a shorter time-out than the catalogue's."""
        if clock() > latest:
            return "no time was left for that"
        with asked_alone(secret, database, ssl_mode, driver, _SECURED_SECONDS_EACH) as ask:
            try:
                return ask(_count_query(schema, table))[0][0]
            except Exception as error:
                if not (why := explain(error, _SECURED_SECONDS_EACH)):
                    raise
                return why

    with _cursor(secret, database, ssl_mode, driver, CATALOGUE_SECONDS) as cursor:
        return read_census(lambda query: _ask(cursor, query), count, schemas)


def _ask(cursor: Any, query: str) -> list[Sequence[Any]]:
    """All rows: what is left unread is cancelled at the server."""
    cursor.execute(query)
    return cursor.fetchall()


def _count_query(schema: str, table: str) -> str:
    return f"SELECT COUNT_BIG(*) FROM {quote(schema)}.{quote(table)}"


def ask_counts(
    secret: Mapping[str, Any],
    database: str,
    tables: Sequence[tuple[str, str]],
    ssl_mode: SslMode,
    seconds_each: float,
    has_time: HasTime,
    driver: Connect = pytds.connect,
) -> list[Count]:
    """What `count_tables` gives of *tables*: in one snapshot if the database allows that, else one after another."""
    with asked_alone(secret, database, ssl_mode, driver, seconds_each) as ask:
        return count_tables(
            tables,
            lambda schema, table: ask(_count_query(schema, table))[0][0],
            lambda error: explain(error, seconds_each),
            has_time,
        )


def ask_losses(
    secret: Mapping[str, Any],
    database: str,
    tables: Sequence[TableLosses],
    ssl_mode: SslMode,
    seconds_each: float,
    has_time: HasTime,
    driver: Connect = pytds.connect,
) -> list[CountedLosses]:
    """What `count_losses` gives of *tables*: in one snapshot if the database allows that, else one after another."""
    with asked_alone(secret, database, ssl_mode, driver, seconds_each) as ask:
        return count_losses(
            tables,
            lambda table: ask(losses_statement(table))[0],
            lambda error: explain(error, seconds_each),
            has_time,
        )


def ask_keys(
    secret: Mapping[str, Any],
    database: str,
    tables: Sequence[KeyQuestion],
    ssl_mode: SslMode,
    seconds_each: float,
    has_time: HasTime,
    driver: Connect = pytds.connect,
) -> list[KeyAnswer]:
    """What `read_keys` gives of *tables*: in one snapshot if the database allows that, else one after another."""
    with asked_alone(secret, database, ssl_mode, driver, seconds_each) as ask:
        return read_keys(
            tables,
            lambda table: ask(source_statement("sqlserver", table, quote)),
            lambda error: explain(error, seconds_each),
            has_time,
        )


@contextmanager
def asked_alone(
    secret: Mapping[str, Any], database: str, ssl_mode: SslMode, driver: Connect, seconds: float
) -> Iterator[Callable[[str], list[Sequence[Any]]]]:
    """What asks for the rows that answer a query, in one snapshot if the database allows that.

    A statement that no snapshot can answer, because it reads a table in memory, one that was altered meanwhile, or
    another database that allows none, is asked again on a connection without. A failed statement may end the
    transaction, and its snapshot: the next statement then begins another.

    Source: Microsoft's manual, "SET TRANSACTION ISOLATION LEVEL": SNAPSHOT needs ALLOW_SNAPSHOT_ISOLATION (state 1) in
    each database; a table in memory is read by a statement that commits by itself ("Transactions with memory-optimized
    tables").
    """
    with ExitStack() as stack:
        cursor = stack.enter_context(_cursor(secret, database, ssl_mode, driver, seconds))
        has_snapshot = _ask(cursor, _SNAPSHOT_STATE)[0][0] == 1
        if has_snapshot:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL SNAPSHOT; BEGIN TRANSACTION")
        without: list[Any] = []

        def ask(query: str) -> list[Sequence[Any]]:
            try:
                return _ask(cursor, query)
            except pytds.DatabaseError as error:
                if not has_snapshot or _is_fatal(error):
                    raise
                cursor.execute("IF @@TRANCOUNT = 0 BEGIN TRANSACTION")
                if getattr(error, "number", None) not in _NOT_IN_A_SNAPSHOT:
                    raise
            if not without:
                without.append(stack.enter_context(_cursor(secret, database, ssl_mode, driver, seconds)))
            return _ask(without[0], query)

        yield ask


def _is_fatal(error: pytds.DatabaseError) -> bool:
    return isinstance(error, pytds.LoginError) or getattr(error, "severity", 0) >= _FATAL_SEVERITY


def explain(error: Exception, seconds_each: float) -> str:
    """Why one statement failed; nothing where the connection is lost with it."""
    # The driver's, which has asked the server to cancel the statement; the network's has a number.
    if isinstance(error, TimeoutError) and error.errno is None:
        return f"no answer within {seconds_each:g} s"
    is_the_servers = isinstance(error, pytds.DatabaseError) and not isinstance(error, pytds.LoginError)
    if not is_the_servers or getattr(error, "severity", 0) >= _FATAL_SEVERITY:
        return ""
    return find_words(error)


def describe_failure(error: BaseException) -> Failure:
    """What an error of the driver or of the network says of the source: by number, where the server gave one.

    The first number that says something counts: a login to a database that is not there is answered 4060, then 18456.
    """
    numbers = [number for one in causes_of(error) for number in numbers_of(one)]
    failure_class: FailureClass = "unknown"
    for number in numbers:
        if failure_class == "unknown":
            failure_class = classify_code(number)
    if failure_class == "table_error":  # no table was asked for: the statement itself was wrong
        failure_class = "unknown"
    elif not numbers:
        failure_class = "credentials" if isinstance(error, pytds.LoginError) else classify(find_words(error))
        if failure_class == "unknown" and _is_of_connection(error):
            failure_class = "connection"
    return describe(error, failure_class)


def _is_of_connection(error: BaseException) -> bool:
    """The driver's own complaints (no encryption where it is asked for, ...) are plain errors, no server's."""
    is_the_servers = isinstance(error, pytds.DatabaseError) and not isinstance(error, pytds.OperationalError)
    return isinstance(error, OSError | pytds.Error) and not is_the_servers
