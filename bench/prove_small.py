"""What a fresh machine and the tests must show, shown: `make prove-small`. Figures last; one that falls short fails.

In a clean clone of HEAD, on a PATH without MariaDB and Terraform: the README's two commands, and each mutant of
`bench/mutants.py`. The tests of issue 12 are part of `make test` and run once, there: its report names what passed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.figures import Figure, print_figures
from bench.fresh_machine import FreshMachine, make_fresh_machine
from bench.mutants import MUTANTS, try_mutants
from bench.suite import closing_line, count_numbers, judge_left_out

MOST_SECONDS = 25 * 60
NUMBERS: Mapping[int, Sequence[str]] = {
    1: ("tests/contract/test_left_out.py",),
    13: tuple(sorted({test for mutant in MUTANTS for test in mutant.tests})),
}
"""The tests of each number of issue 12: files, or single tests in them (FILE::TEST)."""


def main() -> int:
    """Run it all; 0 if nothing falls short."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fleet-fresh-") as folder:
        machine = make_fresh_machine(Path(folder))
        figures = _demo(machine)
        figures += _test(machine)
        print("--- the mutants", flush=True)
        pytest = [str(machine.checkout / ".venv/bin/python"), "-m", "pytest"]
        figures += try_mutants(machine.checkout, MUTANTS, pytest, machine.environment)
    seconds = time.monotonic() - began
    figures.append(("seconds in all", f"{seconds:.0f} of {MOST_SECONDS}", seconds < MOST_SECONDS))
    return print_figures(figures)


def _demo(machine: FreshMachine) -> list[Figure]:
    code, output, cost = _run(machine, {}, "make", "demo")
    return [
        ("make demo ends green", f"exit {code}, {cost}", code == 0),
        ("make demo prints the line that queries the warehouse", "", "Query the warehouse" in output),
    ]


def _test(machine: FreshMachine) -> list[Figure]:
    report = machine.checkout.parent / "tests.xml"
    code, output, cost = _run(machine, {"PYTEST_ADDOPTS": f"--junitxml={report}"}, "make", "test")
    return [
        ("make test ends green", f"exit {code}, {cost}: {closing_line(output)}", code == 0),
        judge_left_out(output, lacked={"mariadb", "terraform"}),
        *count_numbers(report, NUMBERS),
    ]


def _run(machine: FreshMachine, more: Mapping[str, str], *command: str) -> tuple[int, str, str]:
    """The exit code, what was printed, and the seconds for a person."""
    print(f"--- {' '.join(command)}", flush=True)
    began = time.monotonic()
    done = subprocess.run(
        command,
        cwd=machine.checkout,
        env={**machine.environment, **more},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    cost = f"{time.monotonic() - began:.0f} s"
    print(f"    {cost}, exit {done.returncode}", flush=True)
    print("\n".join(done.stdout.splitlines()[-60 if done.returncode else -12 :]), flush=True)
    return done.returncode, done.stdout, cost


if __name__ == "__main__":
    sys.exit(main())
