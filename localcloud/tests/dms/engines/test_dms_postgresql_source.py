"""A PostgreSQL that refuses, goes away, or is let go of: what its reader says, and what it holds."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from localcloud.dms.engines.postgresql import PostgresqlReader
from localcloud.dms.engines.reader import Layout, Login, SourceUnreachableError, TableUnreadableError
from localcloud.servers.postgres import EmbeddedPostgres
from localcloud.tests.dms.dms_logins import postgres_login, require_no_connection


@pytest.fixture(scope="module")
def login(postgres: EmbeddedPostgres) -> Iterator[Login]:
    with postgres_login(postgres, "dms_source", "CREATE TABLE t (id integer)") as login:
        yield login


@pytest.fixture(scope="module")
def reader() -> PostgresqlReader:
    return PostgresqlReader(memory="64MB")


def test_a_wrong_password_is_an_unreachable_source_in_the_words_of_postgresql(
    reader: PostgresqlReader, login: Login
) -> None:
    reader.check(login)
    for attempt in (reader.check, reader.open):
        with pytest.raises(SourceUnreachableError, match="password authentication failed") as refused:
            attempt(replace(login, password="f4lse"))
        assert "f4lse" not in str(refused.value)


def test_a_database_that_is_gone_raises_another_error_than_a_table_that_cannot_be_read(
    postgres: EmbeddedPostgres, reader: PostgresqlReader, login: Login, tmp_path: Path
) -> None:
    postgres.create_database("dms_lost")
    with postgres.connect("dms_lost") as connection:
        connection.execute("CREATE TABLE t (id integer); INSERT INTO t VALUES (1); CREATE TABLE gone (id integer)")
    source = reader.open(replace(login, database="dms_lost"))
    gone, table = source.catalogue()
    with postgres.connect("dms_lost") as connection:
        connection.execute("DROP TABLE gone")
    with pytest.raises(TableUnreadableError, match="gone"):
        source.write(gone, Layout(), None, tmp_path / "gone")
    source.check()
    postgres.drop_database("dms_lost")
    with pytest.raises(TableUnreadableError) as unreadable:
        source.write(table, Layout(), None, tmp_path / "t")
    assert login.password not in str(unreadable.value)
    with pytest.raises(SourceUnreachableError, match="dms_lost"):
        source.check()
    source.close()


def test_a_closed_source_holds_no_connection(
    postgres: EmbeddedPostgres, reader: PostgresqlReader, login: Login, tmp_path: Path
) -> None:
    postgres.create_database("dms_closed")
    with postgres.connect("dms_closed") as connection:
        connection.execute("CREATE TABLE t (id integer); INSERT INTO t VALUES (1)")
    source = reader.open(replace(login, database="dms_closed"))
    (table,) = source.catalogue()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: source.write(table, Layout(), None, tmp_path / str(n)), range(16)))
    source.close()
    require_no_connection(postgres, "dms_closed")
