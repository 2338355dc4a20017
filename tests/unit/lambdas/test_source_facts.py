"""What sources say of themselves, and what the checks make of it: a real PostgreSQL, a real MariaDB, and a SQL Server
that answers as Microsoft documents (**none was ever reached**)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cases import SETTINGS
from cli.asking_here import ask_here
from fleet.checks.check import Checked, apply_checks
from fleet.checks.source.all_checks import SOURCE_CHECKS
from fleet.checks.source_facts import BrokenView, CaptureJob, FoldedColumn, SourceFacts
from fleet.checks.source_look import SourceLook
from fleet.databases import Database, Registry, Server
from fleet.dms.source_versions import read_version
from lambdas.clients.records import adapter
from lambdas.handlers.ask_source import SPEAKERS
from lambdas.source_looks import Questions, look_at
from lambdas.sources.mysql_facts import ask_mysql_facts
from lambdas.sources.postgresql_facts import ask_postgresql_facts
from lambdas.sources.sqlserver_facts import ask_sqlserver_facts
from localcloud.servers.mariadb import EmbeddedMariadb
from localcloud.servers.postgres import EmbeddedPostgres
from tds_server import Answer, serve_tds

GOOD = "CREATE TABLE orders (id integer PRIMARY KEY, amount numeric(10, 2)); CREATE VIEW sums AS SELECT id FROM orders;"
BROKEN = """
CREATE SCHEMA locked; CREATE TABLE locked.prices (id integer PRIMARY KEY);
CREATE TABLE orders (id integer PRIMARY KEY, amount numeric, body text);
CREATE TABLE "ORDERS" (id integer PRIMARY KEY);
CREATE TABLE places (id integer PRIMARY KEY, at pg_lsn);
CREATE TABLE keyless (op integer);
CREATE TABLE order_lines (id integer PRIMARY KEY); CREATE TABLE orderxlines (id integer PRIMARY KEY);
CREATE TABLE mine (id integer PRIMARY KEY); ALTER TABLE mine ENABLE ROW LEVEL SECURITY;
CREATE TABLE hidden (id integer PRIMARY KEY);
CREATE MATERIALIZED VIEW summed AS SELECT id FROM orders;
CREATE VIEW owned AS SELECT id FROM orders;
CREATE ROLE checks_gone; ALTER VIEW owned OWNER TO checks_gone;
CREATE ROLE checks_reader LOGIN PASSWORD 'read';
GRANT SELECT ON ALL TABLES IN SCHEMA public TO checks_reader; REVOKE ALL ON hidden FROM checks_reader;
"""


def answers(secret: Mapping[str, Any], server: Server, database: Database) -> Questions:
    """The questions, asked of *server* as `--from-here` does."""
    engine, name, schemas, mode = server.engine, database.name_at_source, list(database.schemas), server.ssl_mode
    return Questions(
        lambda: ask_here(engine, lambda one: one.census(secret, name, schemas, mode)),
        lambda views: ask_here(engine, lambda one: one.facts(secret, name, schemas, views, mode, lambda: True)),
        lambda: ask_here(engine, lambda one: one.log(secret, name, mode)),
        lambda asked, each: ask_here(
            engine, lambda one: tuple(one.losses(secret, name, asked, mode, each, lambda: True))
        ),
    )


class NoRecords:
    """An account in which no run was."""

    def __init__(self) -> None:
        self.records = self

    def read(self, key: str, kind: type) -> None:
        """Nothing."""


def check(secret: Mapping[str, Any], server: Server, database: Database, **how: bool) -> dict[str, Checked]:
    """What all checks say of *database*, by code."""
    registry = Registry(SETTINGS, (server,), (database,))
    looked: SourceLook = look_at(registry, database, answers(secret, server, database), NoRecords(), **how)  # type: ignore[arg-type]
    return {one.code: one for one in apply_checks(SOURCE_CHECKS, database.id, looked)}


def words(checked: Mapping[str, Checked], verdict: str) -> set[str]:
    return {code.removeprefix("SRC-") for code, one in checked.items() if one.verdict == verdict}


@pytest.fixture(scope="module")
def postgresql_source(postgres: EmbeddedPostgres) -> Iterator[EmbeddedPostgres]:
    for name, statements in (("checked good", GOOD), ("checked broken", BROKEN)):
        postgres.create_database(name)
        with postgres.connect(name) as connection:
            connection.execute(statements.encode())
    with postgres.connect("checked good") as connection:
        connection.execute("CREATE TABLE fleet_mark (id integer PRIMARY KEY, attempt bigint)")
    yield postgres
    for name in ("checked good", "checked broken"):
        postgres.drop_database(name)
    with postgres.connect() as connection:
        connection.execute("DROP ROLE checks_reader")
        connection.execute("DROP ROLE checks_gone")


EAST = Server("east", "postgresql", "fleet/server/east", ssl_mode="none")
WEST = Server("west", "mariadb", "fleet/server/west", ssl_mode="none")


def test_a_good_postgresql_passes_every_check(postgresql_source: EmbeddedPostgres) -> None:
    shop = Database("shop", "east", "checked good", "one", ("public",), deltas=True)
    checked = check(postgresql_source.secret("checked good"), EAST, shop, count_losses=True)
    assert words(checked, "failed") == set()
    assert words(checked, "unknown") == set()
    assert words(checked, "remark") - {"VERSION"} == {"DELTA-TABLES"}  # a view
    assert read_version(checked["SRC-VERSION"].found) >= (15,)  # one that AWS does not name yet is a remark
    assert checked["SRC-VIEWS"].found == "1 can be opened"


def test_a_postgresql_that_is_broken_in_many_ways_is_named_with_each(postgresql_source: EmbeddedPostgres) -> None:
    shop = Database(
        "shop",
        "east",
        "checked broken",
        "one",
        ("public", "locked", "nowhere"),
        deltas=True,
        exclude=("public.ordres",),
    )
    secret = {**postgresql_source.secret("checked broken"), "username": "checks_reader", "password": "read"}
    checked = check(secret, EAST, shop)
    assert words(checked, "failed") == {
        *("DATABASE", "RIGHTS", "ROW-SECURITY", "RELATIONS", "VIEWS", "NAME-CLASH", "TYPES", "LOG-RIGHTS")
    }
    assert words(checked, "remark") >= {"KEYS", "AMBIGUOUS-NAMES", "REGISTRY-ENTRIES", "LOSSES"}
    assert words(checked, "remark") >= {"DELTA-TABLES", "DELTA-MARK"}
    assert words(checked, "unknown") == {"LOB-LENGTH"}
    assert "public.hidden: the login may not SELECT from it" in checked["SRC-RIGHTS"].found
    assert "locked.prices: the login has no USAGE on schema locked" in checked["SRC-RIGHTS"].found
    assert checked["SRC-ROW-SECURITY"].found.startswith("public.mine: row security may hide rows")
    assert checked["SRC-VIEWS"].found == "public.owned: permission denied for table orders"
    assert "public.places.at (pg_lsn)" in checked["SRC-TYPES"].found


def test_a_refused_login_is_asked_for_nothing_more(postgresql_source: EmbeddedPostgres) -> None:
    shop = Database("shop", "east", "checked good", "one", ("public",), deltas=True)
    secret = {**postgresql_source.secret("checked good"), "password": "wrong"}
    checked = check(secret, EAST, shop)
    assert words(checked, "failed") == {"LOGIN"}
    assert words(checked, "passed") == {"NETWORK"}


@pytest.fixture(scope="module")
def mariadb_source(mariadb: EmbeddedMariadb) -> Iterator[EmbeddedMariadb]:
    mariadb.create_database("checked_crm")
    mariadb.execute(
        "checked_crm",
        "CREATE TABLE contacts (id int PRIMARY KEY, name varchar(40))",
        "CREATE TABLE fleet_mark (id int PRIMARY KEY, attempt bigint)",
    )
    mariadb.create_database("checked_odd")
    mariadb.execute(
        "checked_odd",
        "CREATE TABLE codes (code varchar(10) PRIMARY KEY, seen datetime(6), body longtext)",
        "INSERT INTO codes VALUES ('a', '2026-01-01 00:00:00.123456', repeat('x', 100000))",
        "CREATE TABLE gone (id int PRIMARY KEY)",
        "CREATE VIEW stale AS SELECT id FROM gone",
        "DROP TABLE gone",
        "CREATE VIEW fine AS SELECT code FROM codes",
        "CREATE USER checks_stranger@localhost IDENTIFIED BY 'x'",
    )
    yield mariadb
    mariadb.execute(
        None, "DROP DATABASE checked_crm", "DROP DATABASE checked_odd", "DROP USER checks_stranger@localhost"
    )


def test_a_good_mariadb_passes_every_check(mariadb_source: EmbeddedMariadb) -> None:
    crm = Database("crm", "west", "checked_crm", "one", ("checked_crm",), deltas=True)
    checked = check(mariadb_source.secret(), WEST, crm, count_losses=True)
    assert words(checked, "failed") == set()
    assert words(checked, "unknown") == set()
    assert words(checked, "remark") == {"LOG-RETENTION"}
    assert checked["SRC-LOG-RETENTION"].found == "the log is kept for 24 hours, and `delta_overdue_hours` is 48"
    assert "MariaDB" in checked["SRC-VERSION"].found


def test_a_mariadb_that_is_odd_in_many_ways_is_named_with_each(mariadb_source: EmbeddedMariadb) -> None:
    crm = Database("crm", "west", "checked_odd", "one", ("checked_odd",), deltas=True, deletes="soft")
    checked = check(mariadb_source.secret(), replace(WEST, engine="mysql"), crm, count_losses=True)
    assert words(checked, "failed") == {"VIEWS", "LOB-LENGTH", "KEEPING"}
    assert "VERSION" in words(checked, "remark")
    assert "stale" in checked["SRC-VIEWS"].found
    assert (
        checked["SRC-COLLATION"].found
        == "`a` and `A` are one key at the source: checked_odd.codes.code (utf8mb4_general_ci)"
    )
    assert "`lob_max_kilobytes: 196` would keep the longest" in checked["SRC-LOB-LENGTH"].found


def test_views_for_which_no_time_is_left_are_said_to_be_unseen(postgresql_source: EmbeddedPostgres) -> None:
    secret, views = postgresql_source.secret("checked good"), [("public", "sums")]
    asked = ask_postgresql_facts(secret, "checked good", ["public"], views, "none", lambda: False)
    assert asked.unseen == ("1 views, for which no time was left",)
    assert asked.is_local


def test_a_view_that_mariadb_cannot_open_is_broken(mariadb_source: EmbeddedMariadb) -> None:
    views = [("checked_odd", "fine"), ("checked_odd", "stale")]
    facts = ask_mysql_facts(mariadb_source.secret(), "checked_odd", ["checked_odd"], views, "none", lambda: True)
    assert [one.table for one in facts.broken_views] == ["stale"]
    assert (facts.encryption, facts.is_on_rds, facts.kept_hours) == ("", False, None)
    none = ask_mysql_facts(mariadb_source.secret(), "checked_odd", ["checked_odd"], views, "none", lambda: False)
    assert none.unseen == ("2 views, for which no time was left",)


def answering(**given: Answer) -> Callable[[str], Answer]:
    """A SQL Server, as Microsoft documents it. *given*: in place of its own answer, to what holds a word."""
    documented: dict[str, Answer] = {
        "SERVERPROPERTY": [("16.0.4135.4", "Enterprise Edition: Core-based Licensing (64-bit)", 0, 1, 1)],
        "dm_exec_connections": [("TRUE",)],
        "dm_server_services": [("Running",)],
        "cdc_jobs": [("capture", 5, 1), ("cleanup", 0, 0)],
        "collation_name": [("dbo", "Codes", "Code", "SQL_Latin1_General_CP1_CI_AS")],
        "[dbo].[Broken]": (208, 16, "Invalid object name 'dbo.Gone'."),
        "TOP (0)": [],
    }
    return lambda query: next(answer for word, answer in {**given, **documented, **given}.items() if word in query)


def ask_sqlserver(folder: Path, answer: Callable[[str], Answer]) -> SourceFacts:
    with serve_tds(folder, None, answer) as serving:
        secret = {"host": "127.0.0.1", "port": serving.port, "username": "dms", "password": "secret"}
        views = [("dbo", "Fine"), ("dbo", "Broken")]
        return ask_sqlserver_facts(secret, "Shop", ["dbo"], views, "none", lambda: True)


def test_a_sql_server_says_its_edition_its_agent_and_its_jobs(tmp_path: Path) -> None:
    assert ask_sqlserver(tmp_path, answering()) == SourceFacts(
        "16.0.4135.4",
        "Enterprise Edition: Core-based Licensing (64-bit)",
        "TLS",
        agent="Running",
        capture_jobs=(CaptureJob("capture", 5, is_continuous=True), CaptureJob("cleanup", 0, is_continuous=False)),
        log_rights_missing=(),
        folded=(FoldedColumn("dbo", "Codes", "Code", "SQL_Latin1_General_CP1_CI_AS"),),
        broken_views=(BrokenView("dbo", "Broken", "Invalid object name 'dbo.Gone'."),),
    )


def test_what_a_sql_server_hides_is_unseen_and_no_failure(tmp_path: Path) -> None:
    denied: Answer = (300, 14, "VIEW SERVER STATE permission was denied on object 'server', database 'master'.")
    facts = ask_sqlserver(
        tmp_path, answering(dm_exec_connections=denied, dm_server_services=denied, cdc_jobs=(229, 14, "denied"))
    )
    assert (facts.encryption, facts.agent, facts.capture_jobs) == (None, None, None)
    assert facts.unseen == (
        "whether it is encrypted is hidden from the login",
        "whether its agent runs is hidden from the login",
        "which jobs MS-CDC has is hidden from the login",
    )


def test_facts_go_through_json_unchanged() -> None:
    facts = SourceFacts("1", "e", None, capture_jobs=(CaptureJob("capture", 5, is_continuous=True),), kept_hours=3)
    kind = adapter(SourceFacts)
    assert kind.validate_python(kind.dump_python(facts, mode="json")) == facts
    assert SPEAKERS["sqlserver"].facts is ask_sqlserver_facts
