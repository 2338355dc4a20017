"""What an `ok` that means all of it must show, shown: `make prove-truth`. Figures last; one that falls short fails.

The table-driven suite of what made an `ok` untrue, over real PostgreSQL and MariaDB servers and SQL Server's documented
answers; and two laws over random tables: on the local path, and on a whole run through the machines.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.figures import Figure, print_figures
from proofs.suite import run_kinds

MOST_SECONDS = 25 * 60
KINDS: Mapping[str, Sequence[str]] = {
    "PostgreSQL: inputs that made an ok untrue": ("tests/truth/test_postgresql_truths.py",),
    "MariaDB: inputs that made an ok untrue": ("tests/truth/test_mariadb_truths.py",),
    "SQL Server (never reached): documented answers": ("tests/truth/test_sqlserver_truths.py",),
    "tables that change between two runs": ("tests/truth/test_drift.py",),
    "errors of servers by number": ("tests/contract/sources/test_sources_errors_by_number.py",),
    "PostgreSQL: random tables on the local path": ("tests/truth/test_postgresql_values.py",),
    "MariaDB: random tables on the local path": ("tests/truth/test_mariadb_values.py",),
    "random tables on a whole run": ("tests/truth/test_whole_runs.py",),
}
_DEBIAN = "tests/truth/test_postgresql_extensions.py"


def main() -> int:
    """Run it all; 0 if nothing falls short."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4)))
    parser.add_argument("--tables", type=int, default=3_000, help="random tables on the local path, of each engine")
    parser.add_argument("--moved", type=int, default=400, help="random tables that one whole run moves")
    asked = parser.parse_args()
    began = time.monotonic()
    print(f"seed {asked.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="prove-truth-") as folder:
        figures = _run(Path(folder) / "tests.xml", asked)
    seconds = time.monotonic() - began
    figures.append(("seconds in all", f"{seconds:.0f} of {MOST_SECONDS}", seconds < MOST_SECONDS))
    figures.insert(0, ("seed", str(asked.seed), True))
    return print_figures(figures)


def _run(report: Path, asked: argparse.Namespace) -> list[Figure]:
    sizes = {
        "FLEET_TRUTH_CASES": str(asked.tables),
        "FLEET_TRUTH_MARIADB_TABLES": str(asked.tables),
        "FLEET_TRUTH_TABLES": str(asked.moved),
    }
    return [*run_kinds(report, KINDS, sizes, f"--hypothesis-seed={asked.seed}", _DEBIAN), *_cells(report)]


def _cells(report: Path) -> list[Figure]:
    """What the laws compared, as their tests say it."""
    if not report.exists():
        return []
    found: list[Figure] = []
    for case in ElementTree.parse(report).iter("testcase"):  # noqa: S314  pytest's own
        for one in case.iter("property"):
            if one.get("name") == "cells":
                module = str(case.get("classname")).rpartition(".")[2]
                found.append((f"cells compared by {module}", str(one.get("value")), True))
    found.append(("both laws say what they compared", f"{len(found)} times", len(found) >= 2))
    return found


if __name__ == "__main__":
    sys.exit(main())
