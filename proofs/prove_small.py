"""What a fresh machine and the tests must show, shown: `make prove-small`. Figures last; one that falls short fails.

In a clean clone of HEAD, on a PATH without MariaDB and Terraform: the README's two commands, and each mutant of
`proofs/mutants.py`. The tests of each danger are part of `make test` and run once, there: its report names what passed.
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
from proofs.fresh_machine import FreshMachine, make_fresh_machine
from proofs.mutants import MUTANTS, try_mutants
from proofs.suite import closing_line, count_passed, judge_left_out

MOST_SECONDS = 25 * 60
DANGERS: Mapping[str, Sequence[str]] = {
    "a fresh machine": ("tests/contract/test_left_out.py", "localcloud/tests/test_held_time.py"),
    "the whole fleet by accident": (
        "tests/machine/test_fleet_run_input.py",
        "tests/night/test_rerun.py",
        "tests/unit/cli/test_night_commands.py",
    ),
    "the environment leaks in": ("tests/night/test_demo.py", "localcloud/tests/test_surroundings.py"),
    "green that is not": (
        "tests/unit/fleet/test_report_page_sums.py",
        "tests/unit/lambdas/test_ending.py",
        "tests/unit/cli/test_report.py",
    ),
    "a question that multiplies": (
        "tests/unit/orchestration/test_time_outs.py",
        "tests/unit/lambdas/test_asking.py",
        "tests/unit/lambdas/test_counting.py",
    ),
    "functions that die": ("tests/unit/fleet/test_broken_off.py", "tests/night/test_faults_killed.py"),
    "events that never arrive": ("tests/synthesis/test_senders.py", "tests/contract/test_deliveries.py"),
    "loops without an end": ("tests/unit/fleet/test_waits.py", "tests/unit/lambdas/test_waits_end.py"),
    "SQL Server and its certificates": ("tests/unit/lambdas/test_sources_tds.py",),
    "a secret that cannot be used": (
        "tests/unit/lambdas/test_secrets.py",
        "tests/machine/test_secrets_and_slow_counts.py",
    ),
    "what a person reads": (
        "tests/unit/cli/test_whatever_is_typed.py",
        "tests/unit/cli/test_hostile_environments.py",
        "tests/unit/cli/test_terminal.py",
    ),
    "memory, and bad requests": ("localcloud/tests/http/test_http_bad_requests.py",),
    "mutants": tuple(sorted({test for mutant in MUTANTS for test in mutant.tests})),
    "rights and defaults of an account": (
        "tests/contract/dms/test_dms_encryption.py",
        "tests/unit/lambdas/test_loading.py",
        "tests/unit/lambdas/test_starting.py",
        "tests/unit/lambdas/test_left_by_test.py",
    ),
}
"""The tests of each kind of danger: files, or single tests in them (FILE::TEST)."""


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
        *count_passed(report, DANGERS),
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
