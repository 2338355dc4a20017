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
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet

from bench.figures import Figure, print_figures
from fleet.folders import Folder
from fleet.tables.catalogue import TableName
from lambdas.sources import postgresql
from local.checksums import warehouse_table
from local.comparison import compare
from localcloud.servers.postgres import EmbeddedPostgres
from onboarding.reader import read_registry
from orchestration.functions import DATABASE_RUN, snake_case
from proofs.suite import closing_line, judge_left_out

CHECKOUT = Path("build/prove/checkout").resolve()
CHECKSUMMED = ("nyc-flights", "type-museum", "odd-names", "tpch-supply", "empty-corner", "vega-economy")
DEMO_SECONDS, TEST_SECONDS, DATABASES, DELTAS = 180, 600, 12, 3


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
    """Counts and checksums, from what the demo left: of each database as the last run that came to it left it."""
    demo = CHECKOUT / "demo"
    report = json.loads((demo / "report.json").read_text())
    registry = read_registry(CHECKOUT / "registry", {})
    file = demo / "warehouse" / f"{registry.settings.snowflake.database}.duckdb"
    warehouse = duckdb.connect(str(file), read_only=True)
    warehouse.execute("SET enable_progress_bar = false")
    counted: Counter[str] = Counter()
    rows = 0
    by_delta = {outcome["database"] for outcome in report["delta"]["databases"]}
    with EmbeddedPostgres.start(demo / "source") as server:
        secret = server.secret("postgres")
        for outcome in (*report["databases"], *report["delta"]["databases"]):
            entry = registry.database(outcome["database"])
            at_source = _counts(secret, entry.name_at_source, outcome)
            is_past = outcome["mode"] == "full" and entry.id in by_delta
            for table in outcome["tables"]:
                groups = _count(table, at_source, outcome, demo, warehouse, is_past=is_past)
                kind = "of the full run" if outcome["mode"] == "full" else "of the delta run"
                counted[kind] += 1
                rows += max(groups[0].values()) if outcome["mode"] == "full" else 0
                if any(len(set(group.values())) > 1 for group in groups):
                    counted["differ"] += 1
                    print(f"    {entry.id} {table['schema']}.{table['table']}: {groups}")
        compared = compare(server, registry, CHECKSUMMED, file)
    sums = {
        name: (
            sum(one.is_equal for one in compared if one.database == name),
            [one.database for one in compared].count(name),
        )
        for name in CHECKSUMMED
    }
    for one in compared:
        if not one.is_equal:
            print(f"    {one.database} {one.name}: source {one.source}, warehouse {one.warehouse}")
    agreeing = [name for name, (good, all_) in sums.items() if good == all_]
    own = report["comparison"]
    return [
        ("databases in the night", str(len(report["databases"])), len(report["databases"]) >= DATABASES),
        ("databases ok", str(sum(one["outcome"] == "ok" for one in report["databases"])), report["red"] == 0),
        (
            "databases ok in the delta run",
            str(sum(one["outcome"] == "ok" for one in report["delta"]["databases"])),
            report["delta"]["red"] == 0 and len(by_delta) >= DELTAS,
        ),
        (
            "tables counted four ways (source, DMS, Parquet footers, warehouse)",
            f"{counted['of the full run']}, {rows:,} rows",
            counted["of the full run"] > 0,
        ),
        (
            "tables of the delta run (changes by DMS and in Parquet footers; rows in source and warehouse)",
            str(counted["of the delta run"]),
            counted["of the delta run"] > 0,
        ),
        ("tables whose counts differ", str(counted["differ"]), counted["differ"] == 0),
        (
            "databases whose tables' checksums all agree between source and warehouse",
            ", ".join(f"{name} {good}/{all_}" for name, (good, all_) in sums.items()),
            len(agreeing) >= 3 and len(agreeing) == len(sums),
        ),
        (
            "tables that the demo itself found equal after its delta run",
            f"{own['equal']} of {own['tables']}",
            own["equal"] == own["tables"] > 0,
        ),
        (
            "seconds of the night itself, and of the delta run",
            f"{report['night_seconds']} and {report['delta']['night_seconds']} "
            f"({report['skipped_seconds']} and {report['delta']['skipped_seconds']} of waiting skipped)",
            True,
        ),
    ]


def _counts(secret: dict[str, Any], name_at_source: str, outcome: dict[str, Any]) -> dict[tuple[str, str], int]:
    tables = [(table["schema"], table["table"]) for table in outcome["tables"]]
    counts = postgresql.ask_counts(secret, name_at_source, tables, "require", 600, lambda: True)
    return {(one.schema, one.table): one.rows for one in counts}


def _count(
    table: dict[str, Any],
    at_source: dict[tuple[str, str], int],
    outcome: dict[str, Any],
    demo: Path,
    warehouse: duckdb.DuckDBPyConnection,
    *,
    is_past: bool,
) -> list[dict[str, int]]:
    """Groups of counts that must agree, each among themselves. *is_past*: a later run has written to the table since,
    so that what source and warehouse had is in the report alone."""
    name = TableName(table["schema"], table["table"])
    folder = Folder(outcome["database"], table["mode"], outcome["run"], table["attempt"])
    files = (demo / "landing" / folder.table_prefix(name)).rglob("*.parquet")
    in_parquet = sum(pyarrow.parquet.read_metadata(file).num_rows for file in files)
    moved = {"DMS": table["rows_by_dms"], "Parquet": in_parquet}
    if is_past:
        return [moved | {"source": table["rows_at_source"], "warehouse": table["rows_in_warehouse"]}]
    target = warehouse_table(outcome["database"], name)
    found = warehouse.execute(f"SELECT count(*) FROM {target}").fetchone()
    there = {"source": at_source[name], "warehouse": found[0] if found else -1}
    return [moved | there] if table["mode"] == "full" else [moved, there]


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
