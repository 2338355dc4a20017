"""What deltas must show, shown: `make prove-delta`. Figures last; one that falls short fails.

A random workload on PostgreSQL at full size, with deaths, throttling, unclean stops and long transactions; a smaller
one on MariaDB; functions killed after each effect, and before and after each call; what may happen to a chain; every
type; the landing format; and rules removed at random, which some test must notice.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.figures import Figure, print_figures
from proofs.delta_rules import RULES
from proofs.mutants import try_mutants
from proofs.suite import run_kinds

MOST_SECONDS = 25 * 60
KINDS: Mapping[str, Sequence[str]] = {
    "a random workload, equal at its end": ("tests/deltas/test_deltas_workload.py",),
    "deltas from PostgreSQL": ("tests/deltas/test_deltas_postgresql.py",),
    "deltas from MariaDB, and its binary log": (
        "tests/deltas/test_deltas_mariadb.py",
        "tests/deltas/test_deltas_logs.py",
    ),
    "what may happen to a chain": ("tests/deltas/test_deltas_chains.py", "tests/deltas/test_deltas_rules.py"),
    "sources that do odd things": (
        "tests/deltas/test_deltas_odd_sources.py",
        "tests/deltas/test_deltas_odd_mariadb.py",
    ),
    "rows that are kept, and full runs beside deltas": (
        "tests/deltas/test_deltas_deletes.py",
        "tests/deltas/test_deltas_together.py",
    ),
    "runs that join, and how fresh tables are": (
        "tests/deltas/test_deltas_joined.py",
        "tests/deltas/test_deltas_freshness.py",
        "tests/deltas/test_deltas_open_transactions.py",
    ),
    "keys that are swept": (
        "tests/deltas/test_deltas_sweep.py",
        "tests/deltas/test_deltas_sweep_mariadb.py",
        "tests/contract/snowflake/test_key_statements.py",
    ),
    "functions that die before and after each call": ("tests/deltas/test_deltas_killed_calls.py",),
    "functions of a full run that die after each effect": ("tests/night/test_faults_killed.py",),
    "values by a delta are those of a full load": (
        "tests/deltas/test_deltas_types.py",
        "tests/deltas/test_deltas_types_mariadb.py",
    ),
    "every rule has a test and a mutant": ("tests/docs/test_delta_facts.py",),
    "the landing format": ("tests/deltas/test_landing_format.py",),
    "changes applied by one MERGE": ("tests/contract/snowflake/test_change_batches.py",),
    "captures of the local DMS": tuple(sorted(map(str, Path("localcloud/tests/dms/changes").glob("test_*.py")))),
}


def main() -> int:
    """Run it all; 0 if nothing falls short."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4)) % 2**31)
    parser.add_argument("--changes", type=int, default=1_000_000, help="changes of the random workload")
    parser.add_argument("--mariadb-changes", type=int, default=50_000, help="changes of MariaDB's workload")
    parser.add_argument("--tables", type=int, default=200, help="random tables of random types")
    parser.add_argument("--kills", default="all", help="places where functions die, a number or `all`")
    parser.add_argument("--rules", type=int, default=5, help="rules that are removed, one after the other")
    asked = parser.parse_args()
    began = time.monotonic()
    print(f"seed {asked.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="prove-delta-") as folder:
        figures = _run(Path(folder) / "tests.xml", asked)
        figures += _remove_rules(Path(folder) / "checkout", asked)
    seconds = time.monotonic() - began
    figures.append(("seconds in all", f"{seconds:.0f} of {MOST_SECONDS}", seconds < MOST_SECONDS))
    figures.insert(0, ("seed", str(asked.seed), True))
    return print_figures(figures)


def _run(report: Path, asked: argparse.Namespace) -> list[Figure]:
    sizes = {
        "FLEET_DELTA_CHANGES": str(asked.changes),
        "FLEET_DELTA_MARIADB_CHANGES": str(asked.mariadb_changes),
        "FLEET_DELTA_SEED": str(asked.seed),
        "FLEET_DELTA_TABLES": str(asked.tables),
        "FLEET_DELTA_KILLS": asked.kills,
    }
    return [*run_kinds(report, KINDS, sizes, f"--hypothesis-seed={asked.seed}"), *_workload(report)]


def _workload(report: Path) -> list[Figure]:
    """What the workload did, as its test says it."""
    if not report.exists():
        return [("the workload says what it did", "no report", False)]
    said = [
        str(one.get("value"))
        for one in ElementTree.parse(report).iter("property")  # noqa: S314  pytest's own
        if one.get("name") in {"workload", "deaths"}
    ]
    return [("the workload", "; ".join(said) or "says nothing", bool(said))]


def _remove_rules(checkout: Path, asked: argparse.Namespace) -> list[Figure]:
    """Some rules, chosen by the seed, each removed in a clean clone: its tests must turn red."""
    subprocess.run(["git", "clone", "--quiet", ".", str(checkout)], check=True)
    checkout.parent.chmod(0o755)  # the account that PostgreSQL runs under when we are root must reach it
    chosen = random.Random(asked.seed).sample(RULES, asked.rules)  # noqa: S311  repeatable on purpose
    environment = {**os.environ, "PYTHONPATH": str(checkout), "PYTHONDONTWRITEBYTECODE": "1"}
    return list(try_mutants(checkout, chosen, [sys.executable, "-m", "pytest"], environment))


if __name__ == "__main__":
    sys.exit(main())
