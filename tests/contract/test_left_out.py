"""What pytest does on a machine that lacks what some tests need: the real tests, in a pytest of their own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from left_out import NEEDS, REQUIRE

ROOT = Path(__file__).parents[2]
NEED_MARIADB = "tests/contract/sources/test_sources_mariadb.py::test_a_stopped_server_is_gone_and_leaves_no_process"
NEED_TERRAFORM = "tests/contract/http/test_terraform.py::test_terraform_says_why_it_failed"
NEED_NOTHING = "tests/unit/fleet/test_names.py"
RED = "\x1b[31m"


def run_pytest(path: Path, *arguments: str, require: str = "") -> subprocess.CompletedProcess[str]:
    """pytest on a machine whose PATH is *path* alone, on a terminal with colours."""
    environment = {**os.environ, "PATH": str(path), REQUIRE: require}
    for of_the_outer in [name for name in environment if name.startswith(("PYTEST_", "FLEET_TERRAFORM"))]:
        del environment[of_the_outer]
    return subprocess.run(  # noqa: S603  our own tests
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--color=yes", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("workers", [[], ["-n", "1"]])
def test_what_a_machine_lacks_is_left_out_and_the_last_lines_say_in_red_what_and_how_to_have_it(
    tmp_path: Path, workers: list[str]
) -> None:
    done = run_pytest(tmp_path, *workers, NEED_MARIADB, NEED_TERRAFORM, NEED_NOTHING)
    assert done.returncode == 0, done.stdout + done.stderr
    *_, heading, first, first_untested, second, second_untested, closing = done.stdout.splitlines()
    assert "tests were left out, because this machine lacks what they need" in heading
    assert first.startswith(f"{RED}1 test needs mariadb. No MariaDB server on this machine")
    assert "Run as root: apt-get install -y --no-install-recommends mariadb-server" in first
    assert second.startswith(f"{RED}1 test needs terraform. No terraform on the PATH. Install Terraform >= 1.10")
    assert first_untested.startswith(f"{RED}  Not tested: ")
    assert second_untested.startswith(f"{RED}  Not tested: ")
    assert re.search(r"\d+ passed.*2 skipped.* in ", closing)


def test_a_run_of_nothing_but_what_the_machine_lacks_ends_green(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, NEED_MARIADB)
    assert (done.returncode, "1 test needs mariadb" in done.stdout) == (0, True)


@pytest.mark.parametrize("require", ["mariadb", "terraform, mariadb"])
def test_what_must_be_there_is_never_left_out(tmp_path: Path, require: str) -> None:
    done = run_pytest(tmp_path, NEED_MARIADB, NEED_NOTHING, require=require)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert re.search(rf"ERROR: {REQUIRE} says that (mariadb|terraform) must be there\. No ", done.stderr)
    assert "passed" not in done.stdout


def test_a_requirement_that_no_test_has_is_refused_by_name(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, NEED_NOTHING, require="postgres")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert f"{REQUIRE} names 'postgres', wanted some of {', '.join(need.fixture for need in NEEDS)}." in done.stderr


def test_who_starts_a_mariadb_of_its_own_asks_for_the_shared_one_too_and_is_left_out_with_it() -> None:
    files = [file for place in ("tests", "localcloud/tests") for file in (ROOT / place).rglob("test_*.py")]
    starting = [file for file in files if "EmbeddedMariadb.start(" in file.read_text(encoding="utf-8")]
    starting.remove(Path(__file__))
    assert starting
    for file in starting:
        assert re.search(
            r"^(def |    )[^#\n]*\bmariadb: EmbeddedMariadb", file.read_text(encoding="utf-8"), re.MULTILINE
        ), file
