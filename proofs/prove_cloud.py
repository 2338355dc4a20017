"""What the local cloud must show to real clients, shown: `make prove-cloud`. Figures last; one that falls short fails.

The walk of docs/by-hand.md by the AWS CLI, random sequences of DMS calls, a cycle of Terraform with AWS's own provider,
and a night of full size over HTTP beside the same night in one process.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Figure, print_figures

HERE = Path("build/prove-cloud").resolve()


@dataclass(frozen=True)
class Done:
    """A command that has ended: its exit code, the lines it printed, wall and CPU seconds of it and its children."""

    code: int
    lines: list[str]
    wall: float
    cpu: float

    @property
    def last(self) -> str:
        """The last line."""
        return self.lines[-1] if self.lines else ""

    @property
    def cost(self) -> str:
        """For a person."""
        return f"{self.wall:.0f} s, {self.cpu:.0f} s CPU"


def main() -> int:
    """Run it all; 0 if nothing falls short."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--databases", type=int, default=250)
    parser.add_argument("--tables", type=int, default=48)
    parser.add_argument("--sequences", type=int, default=10_000)
    sizes = parser.parse_args()
    HERE.mkdir(parents=True, exist_ok=True)
    figures = _by_hand()
    figures += _terraform()
    figures += _own()
    figures += _sequences(sizes.sequences)
    figures += _nights(sizes.databases, sizes.tables)
    return print_figures(figures)


def _by_hand() -> list[Figure]:
    """Each block of the page, typed into a shell with the real AWS CLI, shows what the page says."""
    done = _run("proofs.by_hand")
    return [("docs/by-hand.md, walked with the AWS CLI", f"{done.last} {done.cost}", done.code == 0)]


def _terraform() -> list[Figure]:
    """Apply, plan and destroy leave no difference."""
    done = _run("pytest", "-p", "no:cacheprovider", "tests/proved/test_terraform_cycle.py")
    return [("terraform apply, plan and destroy with AWS's provider", f"{done.last} {done.cost}", done.code == 0)]


def _own() -> list[Figure]:
    """`fleet up` with a registry of one's own serves runs over servers that are not the sample's."""
    done = _run("pytest", "-p", "no:cacheprovider", "tests/proved/test_own_cloud.py")
    return [("runs over a registry of one's own in a cloud that stays", f"{done.last} {done.cost}", done.code == 0)]


def _sequences(count: int) -> list[Figure]:
    """A generated client meets no answer, state or fault that AWS rules out."""
    done = _run("bench.dms_sequences", "--sequences", str(count))
    return [(f"{count} random sequences of DMS calls", done.last, done.code == 0)]


def _nights(databases: int, tables: int) -> list[Figure]:
    """The same night over HTTP and in one process; the second is there to compare with."""
    size = ["--databases", str(databases), "--tables", str(tables)]
    over_http = _run("bench.http_night", *size, "--folder", str(HERE / "http"))
    inside = _run("bench.large_night", *size, "--folder", str(HERE / "inside"), "--limit-seconds", "inf")
    night = next((line for line in inside.lines if line.startswith("night ")), inside.last)
    return [
        (f"a night of {databases} x {tables} over HTTP", over_http.last, over_http.code == 0),
        ("the same night in one process", " ".join(night.split()), inside.code == 0),
    ]


def _run(module: str, *arguments: str) -> Done:
    """`python -m MODULE`, its lines printed as they come. A test fails where Terraform is missing."""
    print(f"--- {module} {' '.join(arguments)}", flush=True)
    began, before = time.monotonic(), _children_seconds()
    lines: list[str] = []
    with subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1", "FLEET_TESTS_REQUIRE": "terraform"},
    ) as running:
        for line in running.stdout or ():
            print(f"    {line.rstrip()}", flush=True)
            lines += [line.rstrip()] if line.strip() else []
    return Done(running.returncode, lines, time.monotonic() - began, _children_seconds() - before)


def _children_seconds() -> float:
    """CPU seconds of the children that have ended, and of theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
