"""Traffic changes every keyed table of a database, says exactly what changed, and repeats itself for a seed."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from local.sources.traffic import TableTraffic, make_traffic
from localcloud.servers.postgres import EmbeddedPostgres

SCHEMAS = ("public", "Größe 100%")
TABLES = """
CREATE TABLE plain (id integer PRIMARY KEY, what text, amount numeric(8, 2));
INSERT INTO plain SELECT n, 'w' || n, n / 3.0 FROM generate_series(1, 300) n;
CREATE TABLE parents (code varchar(4) PRIMARY KEY, name text UNIQUE, age integer CHECK (age < 50));
INSERT INTO parents SELECT 'c' || n, 'n' || n, n FROM generate_series(1, 30) n;
CREATE TABLE children (
    id bigint GENERATED ALWAYS AS IDENTITY, parent varchar(4) NOT NULL REFERENCES parents DEFERRABLE INITIALLY DEFERRED,
    width integer, area integer GENERATED ALWAYS AS (width * 2) STORED, PRIMARY KEY (id)
);
INSERT INTO children (parent, width) SELECT 'c' || n % 30 + 1, n FROM generate_series(1, 90) n;
CREATE SCHEMA "Größe 100%";
CREATE TABLE "Größe 100%"."it's 100%" ("the key" uuid, "%s" date, PRIMARY KEY ("the key", "%s"));
INSERT INTO "Größe 100%"."it's 100%"
    SELECT md5(n::text)::uuid, date '2024-01-01' + n FROM generate_series(1, 40) n;
CREATE TABLE empty (id integer PRIMARY KEY, what text);
CREATE TABLE flags (is_on boolean PRIMARY KEY);
INSERT INTO flags VALUES (true), (false);
CREATE TABLE long (id integer PRIMARY KEY, title text, body text);
INSERT INTO long SELECT n, 't' || n, (SELECT string_agg(md5(n || '-' || m), '') FROM generate_series(1, 500) m)
    FROM generate_series(1, 12) n;
CREATE TABLE keyless (what text);
INSERT INTO keyless VALUES ('left alone');
CREATE TABLE fleet_mark (id integer PRIMARY KEY, attempt bigint);
INSERT INTO fleet_mark VALUES (1, 7);
CREATE VIEW seen AS SELECT * FROM plain;
"""
NAMES = ("plain", "parents", "children", '"Größe 100%"."it\'s 100%"', "empty", "flags", "long", "keyless", "fleet_mark")
Rows = dict[str, list[tuple]]


@pytest.fixture
def databases(postgres: EmbeddedPostgres) -> Iterator[tuple[psycopg.Connection, psycopg.Connection]]:
    """Two databases that are alike."""
    names = ("traffic one", "traffic two")
    postgres.create_database(names[0])
    with postgres.connect(names[0]) as connection:
        connection.execute(TABLES.encode())
    postgres.create_database(names[1], names[0])
    with postgres.connect(names[0]) as one, postgres.connect(names[1]) as two:
        yield one, two
    for name in names:
        postgres.drop_database(name)


def rows_of(connection: psycopg.Connection) -> Rows:
    """All rows, by table."""
    return {name: sorted(connection.execute(f"SELECT * FROM {name}".encode()), key=str) for name in NAMES}


def by_table(made: tuple[TableTraffic, ...]) -> dict[str, TableTraffic]:
    return {one.table: one for one in made}


def test_what_is_said_to_have_changed_is_what_has_changed(
    databases: tuple[psycopg.Connection, psycopg.Connection],
) -> None:
    connection, _ = databases
    before = rows_of(connection)
    connection.commit()
    made = by_table(make_traffic(connection, SCHEMAS, 1))
    after = rows_of(connection)
    assert {name for name in NAMES if before[name] == after[name]} == {"empty", "keyless", "fleet_mark"}
    for name in ("plain", "parents", "children", "long"):
        assert len(after[name]) - len(before[name]) == made[name].inserted - made[name].deleted, name
    plain = made["plain"]
    assert min(plain.inserted, plain.updated, plain.deleted) >= 10
    assert {row[0] for row in after["plain"]} - {row[0] for row in before["plain"]} >= {301}
    assert made["it's 100%"].all > 0


def test_the_same_seed_makes_the_same_changes_and_another_makes_others(
    databases: tuple[psycopg.Connection, psycopg.Connection],
) -> None:
    one, two = databases
    assert make_traffic(one, SCHEMAS, 5) == make_traffic(two, SCHEMAS, 5)
    assert rows_of(one) == rows_of(two)
    make_traffic(one, SCHEMAS, 6)
    make_traffic(two, SCHEMAS, 7)
    assert rows_of(one) != rows_of(two)


def test_what_a_constraint_refuses_is_left_out_and_the_rest_is_there(
    databases: tuple[psycopg.Connection, psycopg.Connection],
) -> None:
    connection, _ = databases
    for seed in range(5):
        made = by_table(make_traffic(connection, SCHEMAS, seed))
        assert made["parents"].inserted == 0  # a copy would have the same unique name
        assert made["children"].updated > 0
        assert made["children"].inserted > 0
    orphans = "SELECT count(*) FROM children LEFT JOIN parents ON code = parent WHERE code IS NULL"
    assert connection.execute(orphans).fetchone() == (0,)


def test_one_transaction_changes_several_tables(databases: tuple[psycopg.Connection, psycopg.Connection]) -> None:
    connection, _ = databases
    connection.execute(b"CREATE PUBLICATION everything FOR ALL TABLES")
    connection.commit()
    connection.execute(b"SELECT pg_create_logical_replication_slot('traffic', 'pgoutput')")
    connection.commit()
    make_traffic(connection, SCHEMAS, 3)
    messages = connection.execute(
        b"SELECT data FROM pg_logical_slot_peek_binary_changes("
        b"'traffic', NULL, NULL, 'proto_version', '1', 'publication_names', 'everything')"
    )
    tables: list[set[bytes]] = []  # of each transaction
    for (data,) in messages:
        if data[:1] == b"B":
            tables.append(set())
        elif data[:1] in {b"I", b"U", b"D"}:
            tables[-1].add(data[1:5])
    assert len(tables) > 10
    assert max(map(len, tables)) > 1
