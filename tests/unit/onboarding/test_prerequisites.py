"""The SQL for a source's administrator: what it grants is enough to read, and no more."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pymysql
import pytest
import sqlglot
from click.testing import CliRunner

from cli.commands import cli
from fleet.counts import Count
from fleet.databases import Database, Engine
from lambdas.sources import marks, mysql, postgresql, transactions
from localcloud.servers.mariadb import EmbeddedMariadb
from localcloud.servers.postgres import EmbeddedPostgres
from onboarding.prerequisites.statements import prerequisites

PASSWORD = "for-this-test-only"


def statements(text: str) -> list[str]:
    """The statements without their comments."""
    return [line for line in text.splitlines() if line and not line.startswith("--")]


def for_deltas(engine: Engine, database: Database, login: str) -> list[str]:
    """All statements for a source whose database does deltas, in order."""
    return statements(prerequisites(engine, database, login) + prerequisites(engine, database, login, deltas=True))


def test_a_postgresql_login_reads_the_named_schemas_after_them_and_nothing_else(postgres: EmbeddedPostgres) -> None:
    database = Database("asked", "s", "prerequisites", "one", ("public", 'odd "one"'), onboarded=True)
    postgres.create_database("prerequisites")
    with postgres.connect("prerequisites") as connection:
        connection.execute('CREATE SCHEMA "odd ""one"""; CREATE SCHEMA hidden; CREATE TABLE hidden.t (id integer)')
        connection.execute('CREATE TABLE public.t (id integer); CREATE TABLE "odd ""one""".t (id integer)')
        connection.execute(f"""CREATE ROLE "a login" LOGIN PASSWORD '{PASSWORD}'""".encode())
        for statement in statements(prerequisites("postgresql", database, "a login")):
            connection.execute(statement.encode())
        connection.execute("CREATE TABLE public.later (id integer)")
    secret = {**postgres.secret("prerequisites"), "username": "a login", "password": PASSWORD}
    census = postgresql.ask_census(secret, "prerequisites", [*database.schemas, "hidden"])
    assert [(str(table.name), table.barred) for table in census.tables] == [
        ("hidden.t", "the login has no USAGE on schema hidden"),
        ('odd "one".t', ""),
        ("public.later", ""),
        ("public.t", ""),
    ]
    with (
        psycopg.connect(host=postgres.host, user="a login", password=PASSWORD, dbname="prerequisites") as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("INSERT INTO public.t VALUES (1)")


def test_a_mariadb_login_reads_the_database_and_nothing_else(mariadb: EmbeddedMariadb) -> None:
    database = Database("asked", "s", "pre`requisites", "one", ("pre`requisites",), onboarded=True)
    mariadb.create_database("pre`requisites")
    mariadb.create_database("hidden")
    mariadb.execute("pre`requisites", "CREATE TABLE t (id int)")
    mariadb.execute("hidden", "CREATE TABLE t (id int)", f"CREATE USER 'it''s'@'%' IDENTIFIED BY '{PASSWORD}'")
    mariadb.execute(None, *statements(prerequisites("mariadb", database, "it's")))
    secret = {**mariadb.secret(), "username": "it's", "password": PASSWORD}
    asked = [("pre`requisites", "t"), ("hidden", "t")]
    counted, denied = mysql.ask_counts(secret, "pre`requisites", asked, "none", 10, lambda: True)
    assert counted == Count("pre`requisites", "t", 0)
    assert (denied.rows, "denied" in denied.why) == (None, True)


def test_a_mariadb_grant_on_a_name_with_a_wildcard_holds_for_that_database_alone(mariadb: EmbeddedMariadb) -> None:
    for name in ("shop_a", "shopxa", "a%b", "axb", r"back\slash", "backxslash"):
        mariadb.create_database(name)
        mariadb.execute(name, "CREATE TABLE t (id int)")
    mariadb.execute(None, f"CREATE USER 'granted'@'%' IDENTIFIED BY '{PASSWORD}'")
    for name in ("shop_a", "a%b", r"back\slash"):
        database = Database("asked", "s", name, "one", (name,), onboarded=True)
        mariadb.execute(None, *statements(prerequisites("mariadb", database, "granted")))
    secret = {**mariadb.secret(), "username": "granted", "password": PASSWORD}
    with mysql.connect(secret, ssl_mode="none") as connection, connection.cursor() as cursor:
        cursor.execute("SHOW DATABASES")
        seen = {name for (name,) in cursor.fetchall()} - {"information_schema"}
    assert seen == {"shop_a", "a%b", r"back\slash"}


def test_a_sql_server_user_gets_what_aws_lists_for_a_full_load() -> None:
    text = prerequisites("sqlserver", Database("asked", "s", "My ]DB", "one", ("dbo",)), "fleet_dms")
    assert statements(text) == [
        "USE [My ]]DB];",
        "CREATE USER [fleet_dms] FOR LOGIN [fleet_dms];",
        "ALTER ROLE [db_datareader] ADD MEMBER [fleet_dms];",
        "GRANT VIEW DATABASE STATE TO [fleet_dms];",
        "GRANT VIEW DEFINITION TO [fleet_dms];",
        "USE [master];",
        "GRANT VIEW SERVER STATE TO [fleet_dms];",
    ]
    assert "Source: AWS DMS user guide" in text


def test_a_postgresql_login_may_capture_changes_after_them_and_write_nothing_but_the_mark(
    postgres: EmbeddedPostgres,
) -> None:
    database = Database("asked", "s", "delta_prerequisites", "one", ('odd "one"', "public"), onboarded=True)
    postgres.create_database("delta_prerequisites")
    secret = {**postgres.secret("delta_prerequisites"), "username": "delta login", "password": PASSWORD}
    with postgres.connect("delta_prerequisites") as connection:
        connection.execute('CREATE SCHEMA "odd ""one"""; CREATE TABLE public.t (id integer PRIMARY KEY)')
        connection.execute(f"""CREATE ROLE "delta login" LOGIN PASSWORD '{PASSWORD}'""".encode())
        for _ in range(2):  # run again, they change nothing
            for statement in for_deltas("postgresql", database, "delta login"):
                connection.execute(statement.encode())
    with postgres.connect("delta_prerequisites") as connection, connection.transaction():
        connection.execute("INSERT INTO public.t VALUES (1)")
        seen = transactions.open_on_postgresql(secret, "delta_prerequisites", "none")
    assert isinstance(seen, list)
    assert len(seen) == 1
    assert marks.mark_postgresql(secret, "delta_prerequisites", 'odd "one"', 7, "none")
    with psycopg.connect(
        host=postgres.host, user="delta login", password=PASSWORD, dbname="delta_prerequisites", autocommit=True
    ) as connection:
        connection.execute("SELECT pg_create_logical_replication_slot('prerequisites', 'pgoutput')")
        connection.execute("SELECT pg_drop_replication_slot('prerequisites')")
        for forbidden in ('INSERT INTO "odd ""one""".fleet_mark VALUES (2, 0)', "DELETE FROM public.t"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(forbidden.encode())


def test_a_mariadb_login_may_read_the_log_after_them_and_write_nothing_but_the_mark(mariadb: EmbeddedMariadb) -> None:
    database = Database("asked", "s", "delta_shop", "one", ("delta_shop",), onboarded=True)
    mariadb.create_database("delta_shop")
    mariadb.execute(
        "delta_shop", "CREATE TABLE t (id int PRIMARY KEY)", f"CREATE USER 'deltas'@'%' IDENTIFIED BY '{PASSWORD}'"
    )
    for _ in range(2):
        mariadb.execute(None, *for_deltas("mariadb", database, "deltas"))
    secret = {**mariadb.secret(), "username": "deltas", "password": PASSWORD}
    assert marks.mark_mysql(secret, "delta_shop", "delta_shop", 7, "none")
    assert transactions.open_on_mysql(secret, "delta_shop", "none") == []
    with mysql.connect(secret, "delta_shop", "none") as connection, connection.cursor() as cursor:
        cursor.execute("SHOW BINARY LOGS")
        cursor.execute("SHOW MASTER STATUS")
        for forbidden in ("INSERT INTO fleet_mark VALUES (2, 0)", "DELETE FROM t"):
            with pytest.raises(pymysql.err.OperationalError, match="denied"):
                cursor.execute(forbidden)


def undone(engine: Engine, database: Database, login: str) -> list[str]:
    """All that takes back what a source with deltas was given."""
    texts = (prerequisites(engine, database, login, deltas=deltas, undo=True) for deltas in (True, False))
    return [line for text in texts for line in statements(text)]


def test_what_a_postgresql_login_was_given_is_taken_back(postgres: EmbeddedPostgres) -> None:
    database = Database("asked", "s", "undone", "one", ("public", 'odd "one"'), onboarded=True)
    postgres.create_database("undone")
    with postgres.connect("undone") as connection:
        connection.execute('CREATE SCHEMA "odd ""one"""; CREATE TABLE public.t (id integer PRIMARY KEY)')
        connection.execute(f"""CREATE ROLE "undone login" LOGIN PASSWORD '{PASSWORD}'""".encode())
        for _ in range(2):
            for statement in (
                *for_deltas("postgresql", database, "undone login"),
                *undone("postgresql", database, "undone login"),
            ):
                connection.execute(statement.encode())
        connection.execute("CREATE TABLE public.later (id integer)")
        query = "SELECT count(*) FROM information_schema.role_table_grants WHERE grantee = 'undone login'"
        assert connection.execute(query).fetchone() == (0,)
        assert connection.execute("SELECT to_regclass('public.fleet_mark')").fetchone() == (None,)
        assert connection.execute("SELECT count(*) FROM pg_default_acl").fetchone() == (0,)
        assert connection.execute("SELECT has_schema_privilege('undone login', 'odd \"one\"', 'USAGE')").fetchone() == (
            False,
        )


def test_what_a_mariadb_login_was_given_is_taken_back(mariadb: EmbeddedMariadb) -> None:
    database = Database("asked", "s", "undone_shop", "one", ("undone_shop",), onboarded=True)
    mariadb.create_database("undone_shop")
    mariadb.execute("undone_shop", "CREATE TABLE t (id int)", f"CREATE USER 'undone'@'%' IDENTIFIED BY '{PASSWORD}'")
    for _ in range(2):
        mariadb.execute(None, *for_deltas("mariadb", database, "undone"), *undone("mariadb", database, "undone"))
    secret = {**mariadb.secret(), "username": "undone", "password": PASSWORD}
    with mysql.connect(secret, ssl_mode="none") as connection, connection.cursor() as cursor:
        cursor.execute("SHOW DATABASES")
        assert [name for (name,) in cursor.fetchall()] == ["information_schema"]
        cursor.execute("SHOW GRANTS")
        (grant,) = [text for (text,) in cursor.fetchall()]
    assert "SELECT" not in grant
    assert "PROCESS" in grant  # rights in the whole server are taken back by a person, who knows its other databases


def test_a_sql_servers_statements_are_taken_back_in_its_own_dialect() -> None:
    database = Database("asked", "s", "My ]DB's", "one", ("it's", "dbo"))
    found = undone("sqlserver", database, "fleet_dms")
    assert "DROP USER [fleet_dms];" in found
    assert "IF OBJECT_ID(N'[it''s].[fleet_mark]') IS NOT NULL DROP TABLE [it's].[fleet_mark];" in found
    assert not any("${" in line for line in found)
    for statement in found:
        sqlglot.parse(statement, dialect="tsql")


def test_a_sql_server_has_the_mark_in_its_first_schema_and_statements_for_tables_that_are_not_covered() -> None:
    database = Database("asked", "s", "My ]DB's", "one", ("it's", "dbo"))
    text = prerequisites("sqlserver", database, "fleet_dms", deltas=True)
    for part in (
        "USE [My ]]DB's];",
        "IF OBJECT_ID(N'[it''s].[fleet_mark]') IS NULL CREATE TABLE [it's].[fleet_mark] ([id] int NOT NULL PRIMARY KEY",
        "GRANT SELECT, UPDATE ON [it's].[fleet_mark] TO [fleet_dms];",
        "EXEC msdb.dbo.rds_cdc_enable_db 'My ]DB''s';",
        "s.name IN (N'it''s', N'dbo');",
        "GRANT EXEC ON dbo.rds_dms_tlog_read TO [fleet_dms];",
    ):
        assert part in text
    assert "${" not in text
    for statement in statements(text):
        sqlglot.parse(statement, dialect="tsql")


def test_the_command_prints_what_deltas_need_only_where_it_is_asked_for() -> None:
    registry = Path(__file__).parents[3] / "registry"
    arguments = ["prerequisites", "nyc-flights", "--registry", str(registry)]
    result = CliRunner().invoke(cli, [*arguments, "--deltas"])
    assert (result.exit_code, "wal_level = logical" in result.output) == (0, True)
    assert 'GRANT SELECT, UPDATE ON "public"."fleet_mark" TO "fleet_dms";' in result.output
    assert "fleet_mark" not in CliRunner().invoke(cli, arguments).output


def test_the_command_prints_the_statements_of_a_database_of_the_registry() -> None:
    registry = Path(__file__).parents[3] / "registry"
    result = CliRunner().invoke(cli, ["prerequisites", "nyc-flights", "--registry", str(registry), "--login", "reader"])
    assert result.exit_code == 0
    assert 'GRANT USAGE ON SCHEMA "public" TO "reader";' in result.output
