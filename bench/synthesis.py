"""What synthesis costs: the import of the bindings, each database beyond it, and how large a stack of 50 is.

Prints its figures last. Exit code 1 where one falls short.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil

IMPORT_CPU_SECONDS = 10.0
MILLISECONDS_PER_DATABASE = 20.0
STACK_OF_50_BYTES = 300_000
_SMALL, _LARGE, _PER_INSTANCE = 48, 240, 48


def main() -> int:
    """Measure each fleet in a process of its own; 0 where all is as wanted."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    small, large, fifty = (
        measure(count, per) for count, per in ((_SMALL, _PER_INSTANCE), (_LARGE, _PER_INSTANCE), (50, 50))
    )
    with_deltas = measure(50, 50, deltas=True)
    each = (large["wall_seconds"] - small["wall_seconds"]) / (_LARGE - _SMALL) * 1000
    each_cpu = (large["cpu_seconds"] - small["cpu_seconds"]) / (_LARGE - _SMALL) * 1000
    figures = [
        (
            "import of the bindings, CPU seconds",
            min(one["import_cpu_seconds"] for one in (small, large, fifty)),
            IMPORT_CPU_SECONDS,
        ),
        ("each database beyond it, milliseconds of CPU", each_cpu, MILLISECONDS_PER_DATABASE),
        ("each database beyond it, milliseconds by the clock", each, MILLISECONDS_PER_DATABASE),
        ("stack of 50 databases, bytes", fifty["largest_stack_bytes"], STACK_OF_50_BYTES),
    ]
    print(
        f"{_LARGE} databases: {large['wall_seconds']:.1f} s beyond the import, {large['cpu_seconds']:.1f} CPU seconds"
    )
    print(
        f"50 databases with deltas: {with_deltas['wall_seconds']:.1f} s beyond the import "
        f"({fifty['wall_seconds']:.1f} s without), a stack of {with_deltas['largest_stack_bytes']:,} bytes"
    )
    for name, found, wanted in figures:
        print(f"{'ok   ' if found <= wanted else 'SHORT'}  {name}: {found:,.1f} (at most {wanted:,.0f})")
    return 0 if all(found <= wanted for _, found, wanted in figures) else 1


def measure(databases: int, per_instance: int, *, deltas: bool = False) -> dict[str, float]:
    """The figures of one synthesis, Node's share included."""
    command = [sys.executable, "-m", "bench.synthesis", str(databases), str(per_instance), str(int(deltas))]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def measure_here(databases: int, per_instance: int, *, deltas: bool) -> dict[str, float]:
    """The same, in this process."""
    from fleet.databases import Database
    from onboarding.reader import read_registry

    sample = read_registry(Path("registry"), {})
    template = sample.databases[0]
    fleet: tuple[Database, ...] = tuple(
        replace(
            template,
            id=f"database-{n:03}",
            name_at_source=f"Database {n}",
            instance=f"i{n // per_instance:02}",
            deltas=deltas,
        )
        for n in range(databases)
    )
    before = _cpu_of_self_and_node()
    from orchestration.stack import synthesise

    imported = _cpu_of_self_and_node()
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder, "functions.zip")
        with zipfile.ZipFile(package, "w"):
            pass
        started = time.perf_counter()
        synthesise(replace(sample, databases=fleet), Path(folder, "stacks"), package)
        wall = time.perf_counter() - started
        largest = max(file.stat().st_size for file in Path(folder).rglob("cdk.tf.json") if "instance-" in str(file))
    return {
        "import_cpu_seconds": imported - before,
        "cpu_seconds": _cpu_of_self_and_node() - imported,
        "wall_seconds": wall,
        "largest_stack_bytes": largest,
    }


def _cpu_of_self_and_node() -> float:
    own = resource.getrusage(resource.RUSAGE_SELF)
    return own.ru_utime + own.ru_stime + sum(_children_cpu())


def _children_cpu() -> Iterator[float]:
    """CPU seconds of each running child, and of its own children."""
    for child in psutil.Process().children(recursive=True):
        times = child.cpu_times()
        yield times.user + times.system


if __name__ == "__main__":
    if len(sys.argv) == 4:
        print(json.dumps(measure_here(int(sys.argv[1]), int(sys.argv[2]), deltas=sys.argv[3] == "1")))
    else:
        sys.exit(main())
