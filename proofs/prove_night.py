"""What a full night must show, shown: `make prove-night`. Figures last; a figure that falls short fails.

Everything is done in a clean clone of HEAD, by the README's own two commands. The night is then looked at from outside:
psycopg counts the source, PyArrow reads the Parquet footers, DuckDB opens the warehouse's file.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet

from bench.figures import Figure, print_figures
from fleet.databases import Registry
from fleet.folders import Folder
from fleet.tables.catalogue import TableName
from lambdas.sources import postgresql
from local.checksums import sum_source, sum_warehouse, warehouse_table
from localcloud.servers.postgres import EmbeddedPostgres
from onboarding.reader import read_registry
from orchestration.functions import DATABASE_RUN, snake_case
from proofs.suite import closing_line, judge_left_out

CHECKOUT = Path("build/prove/checkout").resolve()
CHECKSUMMED = ("nyc-flights", "type-museum", "odd-names", "tpch-supply", "empty-corner", "vega-economy")
DEMO_SECONDS, TEST_SECONDS, DATABASES = 180, 600, 12


def main() -> int:
    """Run it all; 0 if nothing falls short."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    figures: list[Figure] = []
    _clone()
    _timed("make setup", ["make", "setup"])
    seconds, output, code = _timed("make demo", ["make", "demo"])
    figures.append(
        ("make demo, seconds beyond the installation", f"{seconds:.0f} of {DEMO_SECONDS}", seconds < DEMO_SECONDS)
    )
    figures.append(("make demo ends green", f"exit {code}", code == 0))
    figures.append(("make demo prints the line that queries the warehouse", "", "Query the warehouse" in output))
    figures += _look_at_night()
    figures += _follow_states()
    sized = [".venv/bin/fleet", "demo", "--databases", "5", "--tables", "9", "--folder", "sized", "--json"]
    _, output, code = _timed("fleet demo --databases 5 --tables 9", sized)
    sizes = [len(one["tables"]) for one in json.loads(output)["databases"]] if code == 0 else []
    figures.append(("fleet demo --databases 5 --tables 9", f"{len(sizes)} x {set(sizes)}", sizes == [9] * 5))
    seconds, output, code = _timed("make test", ["env", "FLEET_TESTS_REQUIRE=mariadb,terraform", "make", "test"])
    figures.append(("make test, seconds", f"{seconds:.0f} of {TEST_SECONDS}", seconds < TEST_SECONDS))
    figures.append(("make test ends green", f"exit {code}: {closing_line(output)}", code == 0))
    figures.append(judge_left_out(output, lacked=frozenset()))
    return print_figures(figures)


def _clone() -> None:
    subprocess.run(["rm", "-rf", str(CHECKOUT)], check=True)
    subprocess.run(["git", "clone", "--quiet", ".", str(CHECKOUT)], check=True)


def _timed(what: str, command: list[str]) -> tuple[float, str, int]:
    print(f"--- {what}", flush=True)
    began = time.monotonic()
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True)
    seconds = time.monotonic() - began
    print(f"    {seconds:.0f} s, exit {done.returncode}", flush=True)
    if done.returncode:
        print(done.stdout[-4000:], done.stderr[-4000:], flush=True)
    return seconds, done.stdout + done.stderr * bool(done.returncode), done.returncode


def _look_at_night() -> list[Figure]:
    """Counts four ways and checksums, from what the demo left."""
    demo = CHECKOUT / "demo"
    report = json.loads((demo / "report.json").read_text())
    registry = read_registry(CHECKOUT / "registry", {})
    database = registry.settings.snowflake.database
    warehouse = duckdb.connect(str(demo / "warehouse" / f"{database}.duckdb"), read_only=True)
    warehouse.execute("SET enable_progress_bar = false")
    counted = disagree = rows = 0
    sums: dict[str, tuple[int, int]] = {}
    with EmbeddedPostgres.start(demo / "source") as server:
        secret = server.secret("postgres")
        for outcome in report["databases"]:
            entry = registry.database(outcome["database"])
            at_source = _counts(secret, entry.name_at_source, outcome)
            for table in outcome["tables"]:
                ways = _four_ways(table, at_source, outcome, demo, warehouse)
                counted, rows = counted + 1, rows + ways["source"]
                if len(set(ways.values())) > 1:
                    disagree += 1
                    print(f"    {entry.id} {table['schema']}.{table['table']}: {ways}")
            if entry.id in CHECKSUMMED:
                sums[entry.id] = _checksum(server, registry, entry.id, warehouse)
    agreeing = [name for name, (good, all_) in sums.items() if good == all_]
    return [
        ("databases in the night", str(len(report["databases"])), len(report["databases"]) >= DATABASES),
        ("databases ok", str(sum(one["outcome"] == "ok" for one in report["databases"])), report["red"] == 0),
        (
            "tables counted four ways (source, DMS, Parquet footers, warehouse)",
            f"{counted}, {rows:,} rows",
            counted > 0,
        ),
        ("tables whose four counts differ", str(disagree), disagree == 0),
        (
            "databases whose tables' checksums all agree between source and warehouse",
            ", ".join(f"{name} {good}/{all_}" for name, (good, all_) in sums.items()),
            len(agreeing) >= 3 and len(agreeing) == len(sums),
        ),
        (
            "seconds of the night itself",
            f"{report['night_seconds']} ({report['skipped_seconds']} of waiting skipped)",
            True,
        ),
    ]


def _counts(secret: dict[str, Any], name_at_source: str, outcome: dict[str, Any]) -> dict[tuple[str, str], int]:
    tables = [(table["schema"], table["table"]) for table in outcome["tables"]]
    counts = postgresql.ask_counts(secret, name_at_source, tables, "require", 600, lambda: True)
    return {(one.schema, one.table): one.rows for one in counts}


def _four_ways(
    table: dict[str, Any],
    at_source: dict[tuple[str, str], int],
    outcome: dict[str, Any],
    demo: Path,
    warehouse: duckdb.DuckDBPyConnection,
) -> dict[str, int]:
    name = TableName(table["schema"], table["table"])
    folder = Folder(outcome["database"], "full", outcome["run"], outcome["attempt"])
    files = (demo / "landing" / folder.table_prefix(name)).rglob("*.parquet")
    target = warehouse_table(outcome["database"], name)
    found = warehouse.execute(f"SELECT count(*) FROM {target}").fetchone()
    return {
        "source": at_source[name],
        "DMS": table["rows_by_dms"],
        "Parquet": sum(pyarrow.parquet.read_metadata(file).num_rows for file in files),
        "warehouse": found[0] if found else -1,
    }


def _checksum(
    server: EmbeddedPostgres, registry: Registry, database_id: str, warehouse: duckdb.DuckDBPyConnection
) -> tuple[int, int]:
    """Tables whose checksums agree, and all tables of the database."""
    database = registry.database(database_id)
    lob_bytes = registry.settings.profile.lob_max_kilobytes * 1024
    census = postgresql.ask_census(server.secret("postgres"), database.name_at_source, database.schemas)
    good = 0
    with server.connect(database.name_at_source) as connection:
        for table in census.tables:
            source = sum_source(connection, table, lob_bytes)
            target = sum_warehouse(warehouse, database_id, table)
            good += source == target
            if source != target:
                print(f"    {database_id} {table.name}: source {source}, warehouse {target}")
    return good, len(census.tables)


def _follow_states() -> list[Figure]:
    """Each Task state of database-run has the module of its name."""
    states = json.loads((CHECKOUT / "orchestration/asl/database-run.asl.json").read_text())["States"]
    tasks = [name for name, state in states.items() if state["Type"] == "Task"]
    modules = [name for name in tasks if (CHECKOUT / f"lambdas/handlers/database_run/{snake_case(name)}.py").exists()]
    return [
        ("states of database-run with a module of their name", f"{len(modules)} of {len(tasks)}", tasks == modules),
        ("the machine's states are the deployed functions", "", set(tasks) == set(DATABASE_RUN)),
    ]


if __name__ == "__main__":
    sys.exit(main())
