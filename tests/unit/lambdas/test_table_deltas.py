"""Which tables a real PostgreSQL and a real MariaDB keep out of deltas, and what an emptied table is known by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from fleet.databases import Database, Engine
from fleet.deltas.tables import part_tables
from fleet.tables.catalogue import Census, Table
from lambdas.sources import mysql, postgresql
from localcloud.servers.mariadb import EmbeddedMariadb
from localcloud.servers.postgres import EmbeddedPostgres

NAME = "table_deltas"
NO_KEY = "its updates and deletes have no key in the log"
CASCADED = "a foreign key changes its rows (CASCADE or SET NULL), and the binary log does not have that"
COMPUTED = "changes of its computed column twice are not captured"
POSTGRESQL: Mapping[str, tuple[str, str]] = {
    "plain": ("CREATE TABLE {t} (id integer PRIMARY KEY)", ""),
    "two_columns": ("CREATE TABLE {t} (a integer, b integer, PRIMARY KEY (b, a))", ""),
    "keyless": ("CREATE TABLE {t} (id integer)", "it has no primary key"),
    "loose": (
        "CREATE TABLE {t} (id integer PRIMARY KEY DEFERRABLE)",
        f"{NO_KEY}: the primary key is deferrable",
    ),
    "loose_and_full": (
        "CREATE TABLE {t} (id integer PRIMARY KEY DEFERRABLE); ALTER TABLE {t} REPLICA IDENTITY FULL",
        "",
    ),
    "nothing": (
        "CREATE TABLE {t} (id integer PRIMARY KEY); ALTER TABLE {t} REPLICA IDENTITY NOTHING",
        f"{NO_KEY} (REPLICA IDENTITY NOTHING)",
    ),
    "by_another": (
        "CREATE TABLE {t} (id integer PRIMARY KEY, code text NOT NULL UNIQUE); "
        "ALTER TABLE {t} REPLICA IDENTITY USING INDEX {t}_code_key",
        f"{NO_KEY} (REPLICA IDENTITY USING INDEX, without the key's columns)",
    ),
    "by_a_wider": (
        "CREATE TABLE {t} (id integer PRIMARY KEY, code text NOT NULL, UNIQUE (code, id)); "
        "ALTER TABLE {t} REPLICA IDENTITY USING INDEX {t}_code_id_key",
        "",
    ),
    "volatile": (
        "CREATE UNLOGGED TABLE {t} (id integer PRIMARY KEY)",
        "it is unlogged, so that nothing of it is in the log",
    ),
    "base": (
        "CREATE TABLE {t} (id integer PRIMARY KEY); CREATE TABLE heir (PRIMARY KEY (id)) INHERITS ({t})",
        "other tables inherit from it, and DMS reports changes of their rows under their own names",
    ),
    "looked_at": (
        "CREATE VIEW {t} AS SELECT 1 AS id",
        "it is a view, which DMS moves in full loads alone",
    ),
}
MARIADB: Mapping[str, tuple[str, str]] = {
    "plain": ("CREATE TABLE {t} (id int PRIMARY KEY)", ""),
    "my_isam": ("CREATE TABLE {t} (id int PRIMARY KEY) ENGINE = MyISAM", ""),
    "kept": ("CREATE TABLE {t} (id int PRIMARY KEY, p int, FOREIGN KEY (p) REFERENCES plain (id))", ""),
    "deleted": (
        "CREATE TABLE {t} (id int PRIMARY KEY, p int, FOREIGN KEY (p) REFERENCES plain (id) ON DELETE CASCADE)",
        CASCADED,
    ),
    "a name/é#": (
        "CREATE TABLE `{t}` (id int PRIMARY KEY, p int, FOREIGN KEY (p) REFERENCES plain (id) ON UPDATE SET NULL)",
        CASCADED,
    ),
    "in_memory": (
        "CREATE TABLE {t} (id int PRIMARY KEY) ENGINE = MEMORY",
        "the binary log does not have all changes of its storage engine, MEMORY",
    ),
    "computed": ("CREATE TABLE {t} (id int PRIMARY KEY, twice int AS (id * 2) STORED)", COMPUTED),
    "computed_when_read": ("CREATE TABLE {t} (id int PRIMARY KEY, twice int AS (id * 2))", COMPUTED),
    "in_parts": (
        "CREATE TABLE {t} (id int PRIMARY KEY) PARTITION BY RANGE (id) "
        "(PARTITION a VALUES LESS THAN (5), PARTITION b VALUES LESS THAN (9))",
        "",
    ),
}


@pytest.fixture(scope="module")
def postgresql_tables(postgres: EmbeddedPostgres) -> Census:
    postgres.create_database(NAME)
    with postgres.connect(NAME) as connection:
        for name, (statement, _) in POSTGRESQL.items():
            connection.execute(statement.format(t=name).encode())
    return postgresql.ask_census(postgres.secret(NAME), NAME, ["public"], "none")


@pytest.fixture(scope="module")
def made(mariadb: EmbeddedMariadb) -> Iterator[EmbeddedMariadb]:
    mariadb.create_database(NAME)
    mariadb.execute(NAME, *(statement.format(t=name) for name, (statement, _) in MARIADB.items()))
    yield mariadb
    mariadb.execute(None, f"DROP DATABASE {NAME}")


def mariadb_tables(server: EmbeddedMariadb, **secret: str) -> Census:
    return mysql.ask_census({**server.secret(), **secret}, NAME, [NAME], "none")


def reasons(engine: Engine, schema: str, census: Census) -> dict[str, str]:
    database = Database("d", "s", NAME, "one", (schema,))
    fit, unfit = part_tables(engine, database, census.tables)
    return {**{table.table: "" for table in fit}, **{name.table: why for name, why in unfit.items()}}


@pytest.mark.parametrize("name", POSTGRESQL)
def test_what_postgresql_does_not_log_whole_is_loaded_in_full_and_named(postgresql_tables: Census, name: str) -> None:
    assert reasons("postgresql", "public", postgresql_tables)[name] == POSTGRESQL[name][1]


def test_a_table_that_inherits_takes_deltas(postgresql_tables: Census) -> None:
    assert reasons("postgresql", "public", postgresql_tables)["heir"] == ""


@pytest.mark.parametrize("name", MARIADB)
def test_what_mariadb_does_not_log_whole_is_loaded_in_full_and_named(made: EmbeddedMariadb, name: str) -> None:
    assert reasons("mariadb", NAME, mariadb_tables(made))[name] == MARIADB[name][1]


def test_what_a_foreign_key_deletes_is_not_in_the_binary_log_of_mariadb(made: EmbeddedMariadb) -> None:
    with made.connect(NAME) as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO plain VALUES (5)")
        cursor.execute("INSERT INTO deleted VALUES (1, 5)")
        cursor.execute("SHOW MASTER STATUS")
        ((file, position, *_),) = cursor.fetchall()
        cursor.execute("DELETE FROM plain WHERE id = 5")
        cursor.execute("SELECT count(*) FROM deleted")
        assert cursor.fetchall() == ((0,),)
        cursor.execute(f"SHOW BINLOG EVENTS IN '{file}' FROM {position}")
        events = [(kind, info) for _, _, kind, _, _, info in cursor.fetchall()]
    (plain,) = (info.split()[1] for kind, info in events if kind == "Table_map" and f"({NAME}.plain)" in info)
    assert [info.split()[1] for kind, info in events if kind.startswith("Delete_rows")] == [plain]


def test_a_login_without_process_does_not_see_what_foreign_keys_change(made: EmbeddedMariadb) -> None:
    made.execute(
        None, "CREATE USER narrow@localhost IDENTIFIED BY 'x'", f"GRANT SELECT ON {NAME}.* TO narrow@localhost"
    )
    found = reasons("mariadb", NAME, mariadb_tables(made, username="narrow", password="x"))
    hidden = "whether a foreign key changes its rows is not known: the login lacks PROCESS"
    assert (found["deleted"], found["my_isam"]) == (hidden, "")


@pytest.mark.parametrize(
    ("statement", "is_another"),
    [
        ("TRUNCATE {t}", True),
        ("CREATE OR REPLACE TABLE {t} (id int PRIMARY KEY)", True),
        ("INSERT INTO {t} VALUES (1, 2)", False),
        ("DELETE FROM {t}", False),
        ("CREATE INDEX more ON {t} (id)", True),
        ("ALTER TABLE {t} DROP COLUMN x, ADD COLUMN x int DEFAULT 9, ALGORITHM = INSTANT", True),
        ("ANALYZE TABLE {t}", False),
    ],
)
def test_a_table_of_innodb_that_was_emptied_or_altered_is_another_and_one_whose_rows_changed_is_not(
    made: EmbeddedMariadb, statement: str, is_another: bool
) -> None:
    made.execute(NAME, "CREATE OR REPLACE TABLE emptied (id int PRIMARY KEY, x int)")
    made.execute(NAME, "DO SLEEP(1.1)")  # the time of creation is in whole seconds
    before = find(made, "emptied").incarnation
    made.execute(NAME, statement.format(t="emptied"))
    assert (find(made, "emptied").incarnation != before) is is_another


def test_a_partition_that_is_emptied_makes_another_table(made: EmbeddedMariadb) -> None:
    before = find(made, "in_parts").incarnation
    made.execute(NAME, "ALTER TABLE in_parts TRUNCATE PARTITION a")
    assert find(made, "in_parts").incarnation != before


def find(server: EmbeddedMariadb, name: str) -> Table:
    return next(table for table in mariadb_tables(server).tables if table.table == name)
