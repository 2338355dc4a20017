"""What a fresh machine and the tests must show, shown: `make prove-small`. Figures last; one that falls short fails.

In a clean clone of HEAD, on a PATH without MariaDB and Terraform: the README's two commands, and each mutant of
`bench/mutants.py`. The tests of issue 12 are part of `make test` and run once, there: its report names what passed.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.figures import Figure, print_figures
from bench.fresh_machine import FreshMachine, make_fresh_machine
from bench.mutants import MUTANTS, try_mutants

MOST_SECONDS = 25 * 60
NUMBERS: Mapping[int, Sequence[str]] = {
    1: ("tests/contract/test_left_out.py",),
    13: tuple(sorted({test for mutant in MUTANTS for test in mutant.tests})),
}
"""The tests of each number of issue 12: files, or single tests in them (FILE::TEST)."""
_LEFT_OUT = re.compile(r"^(\d+) tests? needs? (\w+)\. .*(?:Install|Run)", re.MULTILINE)
_MISSING = {"mariadb", "terraform"}
_INSTALLED_APART = {"cdktn", "checkov"}


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
    closing = next((line for line in reversed(output.splitlines()) if " passed" in line), output[-200:])
    return [
        ("make test ends green", f"exit {code}, {cost}: {closing.strip('= ')}", code == 0),
        _left_out(output, closing),
        *_numbers(report),
    ]


def _left_out(output: str, closing: str) -> Figure:
    """The last lines name what the machine lacks and how to have it, and nothing else was skipped."""
    counts = {name: int(count) for count, name in _LEFT_OUT.findall(output)}
    skipped = sum(map(int, re.findall(r"(\d+) skipped", closing)))
    said = ", ".join(f"{count} for want of {name}" for name, count in counts.items())
    is_whole = _MISSING <= counts.keys() <= _MISSING | _INSTALLED_APART and sum(counts.values()) == skipped
    return "make test says what it left out, and how to have it", f"{said}; {skipped} skipped", is_whole


def _numbers(report: Path) -> list[Figure]:
    """How many tests of each number of the issue passed; each file or test that is named must have passed."""
    cases = ElementTree.parse(report).iter("testcase") if report.exists() else ()  # noqa: S314  pytest's own
    passed = [(case.get("classname", ""), case.get("name", "")) for case in cases if not len(case)]
    figures: list[Figure] = []
    for number, places in NUMBERS.items():
        counts = {place: sum(_is_of(place, *case) for case in passed) for place in places}
        none = [place for place, count in counts.items() if count == 0]
        said = f"{sum(counts.values())} passed" + (f"; NONE of {', '.join(none)}" if none else "")
        figures.append((f"tests of number {number}", said, not none))
    return figures


def _is_of(place: str, module: str, name: str) -> bool:
    """Whether the test *name* in *module* is one of *place*: a file, or a test in it with all its parameters.

    >>> _is_of("tests/a.py", "tests.a", "test_x[1]"), _is_of("tests/a.py::test_x", "tests.a", "test_x[1]")
    (True, True)
    >>> _is_of("tests/a.py::test_x", "tests.a", "test_xy"), _is_of("tests/a.py", "tests.ab", "test_x")
    (False, False)
    """
    file, _, test = place.partition("::")
    return module == file.removesuffix(".py").replace("/", ".") and test in {"", name, name.partition("[")[0]}


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
