"""What nights that go wrong must show, shown: `make prove-faults`. Figures last; a figure that falls short fails.

The nights run in a folder of their own under build/. The night of full size is `bench/large_night.py`; the broken one
of full size, its rerun and the redrives happen in one process here, because the local cloud lives in one.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
from click.testing import CliRunner

from bench.figures import Figure, print_figures
from cli.account import Account
from cli.commands import cli
from fleet.names import warehouse_schema
from local.cloud import LocalCloud
from local.faults.catalogue import KINDS
from local.faults.faults import Faults
from local.faults.requests import read_fault, spread
from local.sources.demo_fleet import write_registry
from local.sources.sample_fleet import build
from localcloud.servers.postgres import EmbeddedPostgres
from onboarding.reader import read_registry

HERE = Path("build/prove-faults").resolve()
SAMPLE = Path("registry").resolve()
FLEET = str(Path(sys.executable).parent / "fleet")
LIMIT_SECONDS = 480
BROKEN = 30


def main() -> int:
    """Run it all; 0 if nothing falls short."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--databases", type=int, default=250)
    parser.add_argument("--tables", type=int, default=48)
    sizes = parser.parse_args()
    HERE.mkdir(parents=True, exist_ok=True)
    figures = _break_two()
    figures += _redrive_to_green()
    figures += _kill_demo()
    figures += _large(sizes.databases, sizes.tables)
    figures += _break_thirty(sizes.databases, sizes.tables)
    return print_figures(figures)


def _demo(folder: Path, *options: str) -> tuple[int, dict[str, Any]]:
    print(f"--- fleet demo {' '.join(options)}", flush=True)
    command = [FLEET, "demo", "--folder", str(folder), "--json", *options]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode not in {0, 1} or not done.stdout:
        print(done.stderr[-3000:], flush=True)
    return done.returncode, json.loads(done.stdout) if done.stdout else {}


def _break_two() -> list[Figure]:
    """An errored table publishes the good ones; a lost source publishes nothing; the neighbours never notice."""
    folder = HERE / "two"
    code, night = _demo(folder, "--break", "odd-names=errored-table", "--break", "type-museum=lost-source")
    words = {one["database"]: one["outcome"] for one in night["databases"]}
    partial = next(one for one in night["databases"] if one["database"] == "odd-names")
    good = [table for table in partial["tables"] if table["failure"] is None]
    warehouse = duckdb.connect(str(folder / "warehouse" / "FLEET.duckdb"), read_only=True)
    published = {
        row[0] for row in warehouse.execute("SELECT DISTINCT table_schema FROM information_schema.tables").fetchall()
    }
    neighbours = [word for name, word in words.items() if name not in {"odd-names", "type-museum"}]
    return [
        ("a night with two faults is red", f"exit {code}", code == 1),
        (
            "an errored table gives partial, the good tables published",
            f"{words['odd-names']}, {len(good)} of {len(partial['tables'])} published",
            words["odd-names"] == "partial"
            and len(good) == len(partial["tables"]) - 1
            and all(table["rows_in_warehouse"] == table["rows_at_source"] for table in good),
        ),
        ("a lost source gives failed", words["type-museum"], words["type-museum"] == "failed"),
        (
            "nothing of the lost source is published",
            "",
            not published & {warehouse_schema("type-museum", schema) for schema in ("public", "Depot")},
        ),
        ("neighbours that are ok", f"{neighbours.count('ok')} of {len(neighbours)}", set(neighbours) == {"ok"}),
        ("the page of the night is there", "", (folder / "report.html").exists()),
    ]


def _redrive_to_green() -> list[Figure]:
    """Redriving each red database-run once the cause is gone, and then fleet-run, turns the night green."""
    print("--- redrive", flush=True)
    chosen = ("type-museum", "odd-names", "empty-corner", "vega-economy")
    registry = read_registry(SAMPLE, {})
    databases = tuple(replace(one, onboarded=one.id in chosen) for one in registry.databases)
    registry = replace(registry, databases=databases)
    faults = Faults({"odd-names": ["errored-table"], "type-museum": ["lost-source"]})
    with EmbeddedPostgres.start(HERE / "two" / "source") as server:
        secrets = {one.secret: server.secret("postgres") for one in registry.servers}
        with LocalCloud(_fresh("redrive"), registry, secrets, faults=faults) as cloud:
            machines = cloud.aws.client("stepfunctions")
            night = cloud.start_run("bad", {"mode": "full"})
            first = cloud.machines.ended(night).result()["status"]
            neighbours = _attempts(cloud, "bad", ("empty-corner", "vega-economy"))
            failed = machines.list_executions(
                stateMachineArn=cloud.machine_arns["database-run"], statusFilter="FAILED"
            )["executions"]
            for one in failed:
                faults.clear(one["name"].removeprefix("bad-").removesuffix("-0"))
                machines.redrive_execution(executionArn=one["executionArn"])
            redriven = [cloud.machines.ended(one["executionArn"]).result()["status"] for one in failed]
            machines.redrive_execution(executionArn=night)
            last = cloud.machines.ended(night).result()["status"]
            untouched = _attempts(cloud, "bad", ("empty-corner", "vega-economy")) == neighbours
    return [
        ("fleet-run with two broken databases", first, first == "FAILED"),
        ("their executions, redriven once the causes are gone", ", ".join(redriven), redriven == ["SUCCEEDED"] * 2),
        ("fleet-run redriven after that", last, last == "SUCCEEDED"),
        ("the neighbours kept their attempts", "", untouched),
    ]


def _attempts(cloud: LocalCloud, run: str, databases: tuple[str, ...]) -> dict[str, int | None]:
    recorded = {one.database: one.attempt for one in cloud.clients.ledger.outcomes(run)}
    return {name: recorded.get(name) for name in databases}


def _kill_demo() -> list[Figure]:
    """A demo killed at three moments; the next one says so, starts clean and ends green."""
    figures: list[Figure] = []
    for moment in ("Building", "Deploying", "Run demo-"):
        print(f"--- kill fleet demo at {moment!r}", flush=True)
        folder = HERE / "killed"
        command = [FLEET, "demo", "--folder", str(folder), "--databases", "3", "--tables", "5"]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
        )
        for line in process.stdout or ():
            if line.startswith(moment):
                break
        if moment == "Run demo-":
            time.sleep(2)  # noqa: TID251  into the night
        process.send_signal(signal.SIGKILL)
        process.wait()
        done = subprocess.run(command, capture_output=True, text=True)
        said = [line for line in done.stdout.splitlines() if line.startswith(("Cleared", "The last demo"))]
        figures.append(
            (f"after a kill at {moment!r} the next demo", f"exit {done.returncode}; {said}", done.returncode == 0)
        )
    return figures


def _large(databases: int, tables: int) -> list[Figure]:
    """The night of full size, by its own bench."""
    print(f"--- a night of {databases} x {tables}", flush=True)
    command = [sys.executable, "-m", "bench.large_night", "--databases", str(databases), "--tables", str(tables)]
    command += ["--folder", str(HERE / "large"), "--limit", str(LIMIT_SECONDS)]
    done = subprocess.run(command, capture_output=True, text=True)
    lines = done.stdout.strip().splitlines()
    print("\n".join(f"    {line}" for line in lines[-25:]), flush=True)
    if done.returncode:
        print(done.stderr[-3000:], flush=True)
    return [
        (
            f"a night of {databases} x {tables} in at most {LIMIT_SECONDS} s",
            lines[-1] if lines else "",
            done.returncode == 0,
        )
    ]


def _break_thirty(count: int, tables: int) -> list[Figure]:
    """Thirty databases broken in different ways: exactly they are not ok, each as its fault says; one rerun mends."""
    print(f"--- {BROKEN} of {count} broken", flush=True)
    with EmbeddedPostgres.start(HERE / "large" / "source") as server:
        built = build(server, count, tables)
        registry = read_registry(write_registry(built, SAMPLE, HERE / "thirty" / "registry"), {})
        names = [kind.name for kind in KINDS.values() if kind.night.outcome != "ok"]
        chosen = [database for database, _ in spread([one.id for one in registry.databases], BROKEN)]
        requests = [(database, read_fault(names[number % len(names)])) for number, database in enumerate(chosen)]
        faults = Faults()
        for database, fault in requests:
            faults.add(database, fault)
        kinds = {database: fault.kind for database, fault in requests}
        secrets = {one.secret: server.secret("postgres") for one in registry.servers}
        with LocalCloud(_fresh("thirty/cloud"), registry, secrets, faults=faults) as cloud:
            cloud.machines.ended(cloud.start_run("thirty", {"mode": "full"})).result()
            found = {
                one.database: (one.outcome, one.failure_class)
                for one in cloud.clients.ledger.outcomes("thirty")
                if one.outcome != "ok"
            }
            expected = {
                name: (kind.night.outcome, kind.night.failure_class)
                for name, kind in kinds.items()
                if kind.night.outcome != "ok"
            }
            for database, _ in requests:
                faults.clear(database)
            arns = cloud.machine_arns
            account = Account(cloud.clients, arns["fleet-run"], arns["database-run"], cloud.clock.sleep)
            rerun = CliRunner().invoke(
                cli, ["rerun", "thirty", "--run", "thirty-again"], obj=account, standalone_mode=False
            )
            again = {one.database: one.outcome for one in cloud.clients.ledger.outcomes("thirty-again")}
    pairs = {name: (found.get(name), expected.get(name)) for name in found.keys() | expected.keys()}
    unlike = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
    for name, (was, should) in sorted(unlike.items()):
        print(f"    {name}: {was}, wanted {should}")
    mendable = {name for name in expected if kinds[name].rerun.outcome == "ok"}
    mended = {name for name in mendable if again.get(name) == "ok"}
    return [
        (
            f"databases of {count} that are not ok",
            f"{len(found)}, wanted {len(expected)}",
            found.keys() == expected.keys(),
        ),
        ("of the wrong outcome or class", str(len(unlike)), not unlike),
        (
            "ways in which they were broken",
            f"{len({kind.name for kind in kinds.values()})} of {len(names)}",
            len({kind.name for kind in kinds.values()}) == min(len(names), BROKEN),
        ),
        ("mended by one fleet rerun", f"{len(mended)} of {len(mendable)} mendable", mended == mendable),
        (
            "exit code of that rerun",
            str(rerun.return_value),
            rerun.return_value == int(any(word != "ok" for word in again.values())),
        ),
    ]


def _fresh(name: str) -> Path:
    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


if __name__ == "__main__":
    sys.exit(main())
