"""The SQL for a source's administrator: what it grants is enough to read, and no more."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from cli.commands import cli
from fleet.counts import Count
from fleet.databases import Database
from lambdas.sources import mysql, postgresql
from localcloud.servers.mariadb import EmbeddedMariadb
from localcloud.servers.postgres import EmbeddedPostgres
from onboarding.prerequisites.statements import prerequisites

PASSWORD = "for-this-test-only"


def statements(text: str) -> list[str]:
    """The statements without their comments."""
    return [line for line in text.splitlines() if line and not line.startswith("--")]


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
    mariadb.execute(None, f"CREATE USER 'of_three'@'%' IDENTIFIED BY '{PASSWORD}'")
    for name in ("shop_a", "a%b", r"back\slash"):
        database = Database("asked", "s", name, "one", (name,), onboarded=True)
        mariadb.execute(None, *statements(prerequisites("mariadb", database, "of_three")))
    secret = {**mariadb.secret(), "username": "of_three", "password": PASSWORD}
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


def test_the_command_prints_the_statements_of_a_database_of_the_registry() -> None:
    registry = Path(__file__).parents[3] / "registry"
    result = CliRunner().invoke(cli, ["prerequisites", "nyc-flights", "--registry", str(registry), "--login", "reader"])
    assert result.exit_code == 0
    assert 'GRANT USAGE ON SCHEMA "public" TO "reader";' in result.output
