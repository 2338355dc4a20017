from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import psycopg
import pytest
from psycopg import sql

from local.sources.datasets.loading import Loader
from local.sources.datasets.published import Published
from local.sources.sample_fleet import SAMPLE, SampleDatabase, build
from localcloud.servers.postgres import EmbeddedPostgres

BY_ID = {sample.id: sample for sample in SAMPLE}
LARGE = [sample for sample in SAMPLE if sample.parallel_loads]

Ask = Callable[[str, str], list[tuple]]


@pytest.fixture(scope="module")
def published() -> Iterator[Published]:
    with Published() as data:
        yield data


@pytest.fixture(scope="module")
def ask(postgres: EmbeddedPostgres, published: Published) -> Iterator[Ask]:
    """Answers a query on a sample database, which is filled when it is first asked."""
    connections: dict[str, psycopg.Connection] = {}

    def answer(database: str, query: str) -> list[tuple]:
        if database not in connections:
            name = f"sources {database}"
            postgres.create_database(name)
            with Loader(postgres, name, published) as load:
                BY_ID[database].fill(load)
            connections[database] = postgres.connect(name, autocommit=True)
        return connections[database].execute(query.encode()).fetchall()

    yield answer
    for database, connection in connections.items():
        connection.close()
        postgres.drop_database(f"sources {database}")


@pytest.mark.parametrize("sample", SAMPLE, ids=lambda sample: sample.id)
def test_a_sample_database_has_the_schemas_it_names_and_a_view(ask: Ask, sample: SampleDatabase) -> None:
    schemas = ask(sample.id, "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_|^information_schema$'")
    assert {"public", *sample.schemas} == {schema for (schema,) in schemas}
    ((views,),) = ask(sample.id, "SELECT count(*) FROM pg_views WHERE schemaname !~ '^pg_|^information_schema$'")
    assert views > 0


@pytest.mark.parametrize("sample", LARGE, ids=lambda sample: sample.id)
def test_the_ranges_of_a_large_table_all_hold_rows(ask: Ask, sample: SampleDatabase) -> None:
    (load,) = sample.parallel_loads
    edges = [f"'{boundary}'" for boundary in load.boundaries]
    names = {"table": sql.Identifier(load.schema, load.table).as_string(), "column": f'"{load.column}"'}
    ranges = [f"{names['column']} <= {edges[0]}", f"{names['column']} > {edges[-1]}"]
    ranges += [f"{names['column']} > {low} AND {names['column']} <= {high}" for low, high in pairwise(edges)]
    counts = ", ".join(f"count(*) FILTER (WHERE {condition})" for condition in ranges)
    ((total, *parts),) = ask(sample.id, f"SELECT count(*), {counts} FROM {names['table']}")
    assert sum(parts) == total
    assert min(parts) > total / len(parts) / 2


def test_the_flights_are_all_there_with_their_gaps(ask: Ask) -> None:
    # 336,776 flights, 8,255 of which never departed: the package's own documentation and data.
    assert ask("nyc-flights", "SELECT count(*), count(*) - count(dep_time) FROM flights") == [(336_776, 8_255)]
    assert ask("nyc-flights", "SELECT count(*) FROM airlines") == [(16,)]
    assert ask("nyc-flights", "SELECT count(*) FROM diversions") == [(0,)]
    assert ask("nyc-flights", "SELECT sum(flights) FROM delays_by_month") == [(336_776,)]


@pytest.mark.parametrize(
    ("database", "table", "file"),
    [
        ("baseball-players", "people", "People"),
        ("baseball-players", "batting", "Batting"),
        ("baseball-teams", '"Lahman"."Teams"', "Teams"),
        ("baseball-postseason", "fielding", "FieldingPost"),
        ("baseball-fielding", "appearances", "Appearances"),
    ],
)
def test_a_baseball_table_has_every_published_row(
    ask: Ask, published: Published, database: str, table: str, file: str
) -> None:
    wanted = published.duckdb.execute(f"SELECT count(*) FROM {published.lahman(file)}").fetchall()
    assert ask(database, f"SELECT count(*) FROM {table}") == wanted


def test_line_items_have_a_composite_key_and_exact_prices(ask: Ask) -> None:
    key = "SELECT array_length(conkey, 1) FROM pg_constraint WHERE conrelid = 'lineitem'::regclass AND contype = 'p'"
    assert ask("tpch-orders", key) == [(2,)]
    ((lines, of_orders),) = ask(
        "tpch-orders", "SELECT sum(lines), (SELECT count(*) FROM lineitem) FROM pricing_summary"
    )
    assert lines == of_orders > 250_000
    kind = "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attname = 'l_extendedprice'"
    assert ask("tpch-orders", kind) == [("numeric(15,2)",)]


def test_every_channel_sells_items_it_knows(ask: Ask) -> None:
    for channel, column in (("store", "ss_item_sk"), ("web", "ws_item_sk"), ("catalog", "cs_item_sk")):
        unknown = f"SELECT count(*) FROM {channel}_sales LEFT JOIN item ON i_item_sk = {column} WHERE i_item_sk IS NULL"
        assert ask(f"tpcds-{channel}", unknown) == [(0,)]


def test_a_null_and_an_empty_text_are_two_things(ask: Ask) -> None:
    texts = ask("type-museum", "SELECT body FROM texts WHERE id <= 2 ORDER BY id")
    assert texts == [(None,), ("",)]
    assert ask("type-museum", "SELECT content FROM bytes WHERE id <= 3 ORDER BY id") == [(None,), (b"",), (b"\0",)]


def test_the_museum_shows_the_ends_of_every_type(ask: Ask) -> None:
    exact = "SELECT min(exact)::text, max(exact)::text FROM numbers"
    end = "9999999999999999999999999999.9999999999"
    assert ask("type-museum", exact) == [(f"-{end}", end)]
    odd = "SELECT count(*) FILTER (WHERE double = 'NaN'), bool_or(double::text = '-0'), max(double::text) FROM numbers"
    ((nans, has_negative_zero, _),) = ask("type-museum", odd)
    assert (nans, has_negative_zero) == (1, True)
    assert ask("type-museum", "SELECT min(day)::text, max(at)::text FROM moments") == [
        ("0001-01-01", "9999-12-31 23:59:59.999999")
    ]


def test_the_museum_shows_every_kind_of_type_that_a_copy_meets(ask: Ask) -> None:
    kinds = ask(
        "type-museum",
        "SELECT DISTINCT CASE WHEN t.typtype = 'e' THEN 'enum' WHEN t.typcategory = 'A' THEN 'array' ELSE t.typname END"
        " FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid"
        " JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind = 'r' AND a.attnum > 0 AND n.nspname IN ('public', 'Depot')",
    )
    assert {
        *("int2", "int4", "int8", "numeric", "money", "float4", "float8", "bool"),
        *("date", "timestamp", "timestamptz", "time", "timetz", "interval"),
        *("bpchar", "varchar", "text", "bytea", "uuid", "json", "jsonb", "inet", "cidr", "macaddr", "bit", "varbit"),
        *("enum", "array", "point", "int4range", "tsvector"),
    } <= {kind for (kind,) in kinds}


def test_large_objects_are_larger_than_the_limited_mode_takes(ask: Ask) -> None:
    sizes = "SELECT max(octet_length(body)), max(octet_length(image)) FROM large_objects"
    assert ask("type-museum", sizes) == [(102_408, 40_960)]


def test_some_tables_have_no_key_and_some_no_rows(ask: Ask) -> None:
    without_key = (
        "SELECT relname FROM pg_class c WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        " AND NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = c.oid AND contype = 'p') ORDER BY 1"
    )
    assert ask("empty-corner", without_key) == [("nothing_without_key",), ("only_nulls",)]
    assert ask("empty-corner", "SELECT count(*) FROM nothing") == [(0,)]
    assert ask("empty-corner", "SELECT count(*) FROM pg_class WHERE relnamespace = 'attic'::regnamespace") == [(0,)]


def test_a_name_read_as_a_pattern_takes_in_its_neighbour_and_rows_tell_them_apart(ask: Ask) -> None:
    names = ask("odd-names", "SELECT tablename FROM pg_tables WHERE tablename LIKE 'a_b' ORDER BY 1")
    assert names == [("a_b",), ("axb",)]
    assert ask("odd-names", "SELECT count(*) FROM a_b UNION ALL SELECT count(*) FROM axb") == [(11,), (13,)]


def test_odd_names_are_kept_to_the_letter(ask: Ask) -> None:
    names = {name for (name,) in ask("odd-names", "SELECT relname FROM pg_class WHERE relkind IN ('r', 'v')")}
    assert {"select", "Order", "表", "جدول", "🎉 party", "dot.ted", 'it\'s "quoted"; --', "100%"} <= names
    assert max(len(name.encode()) for name in names) == 63


def test_a_fleet_of_slices_has_exactly_the_tables_and_views_asked_for(postgres: EmbeddedPostgres) -> None:
    fleet = build(postgres, databases=6, tables=9)
    assert [database.id for database in fleet] == [f"fleet-000{number}" for number in range(1, 7)]
    assert {(database.tables, database.views, database.rows) for database in fleet} == {(8, 1, 9 * 200)}
    with postgres.connect(fleet[-1].name_at_source) as connection:
        relations = connection.execute("SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'v') AND oid > 16384")
        assert relations.fetchone() == (9,)


def test_what_is_there_is_not_built_again(postgres: EmbeddedPostgres) -> None:
    first = build(postgres, databases=3, tables=9)
    said: list[str] = []
    assert build(postgres, databases=3, tables=9, progress=said.append) == first
    assert said == []


def test_a_database_that_was_left_half_built_is_built_anew(postgres: EmbeddedPostgres) -> None:
    (whole,) = build(postgres, databases=1, tables=9)
    with postgres.connect(autocommit=True) as connection:
        connection.execute(sql.SQL("COMMENT ON DATABASE {} IS NULL").format(sql.Identifier(whole.name_at_source)))
    with postgres.connect(whole.name_at_source) as connection:
        connection.execute("DROP TABLE people_0001 CASCADE")
    said: list[str] = []
    assert build(postgres, databases=1, tables=9, progress=said.append) == (whole,)
    assert len(said) == 1
    with postgres.connect(whole.name_at_source) as connection:
        assert connection.execute("SELECT count(*) FROM people_0001").fetchone() == (200,)
