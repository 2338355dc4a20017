"""What proofs read from a run of `make test`, on output and reports of pytest's."""

from __future__ import annotations

from pathlib import Path

import pytest

from proofs.suite import closing_line, count_passed, judge_left_out

MARIADB = "57 tests need mariadb. No MariaDB server on this machine. Run as root: apt-get install mariadb-server"
TERRAFORM = "1 test needs terraform. No terraform on the PATH. Install Terraform >= 1.10."
CHECKOV = "1 test needs checkov. No build/toolchains/checkov/bin/checkov. Run: make toolchains"
REPORT = """<testsuites><testsuite>
<testcase classname="tests.unit.test_a" name="test_x[1]"/>
<testcase classname="tests.unit.test_a" name="test_x[2]"/>
<testcase classname="tests.unit.test_a" name="test_xy"><failure message="no"/></testcase>
<testcase classname="tests.unit.test_ab" name="test_z"><skipped message="left out"/></testcase>
</testsuite></testsuites>"""


@pytest.mark.parametrize(
    ("lines", "is_good"),
    [
        ([MARIADB, TERRAFORM, "3568 passed, 58 skipped in 600.00s (0:10:00)"], True),
        ([MARIADB, TERRAFORM, CHECKOV, "3567 passed, 59 skipped in 600.00s"], True),
        ([MARIADB, "3569 passed, 57 skipped in 600.00s"], False),
        ([MARIADB, TERRAFORM, "3567 passed, 59 skipped in 600.00s"], False),
        ([MARIADB, TERRAFORM, "3560 passed, 58 skipped, 8 deselected in 600.00s"], False),
        (["57 tests need mariadb. There is none.", TERRAFORM, "3568 passed, 58 skipped in 600.00s"], False),
        (["3626 passed in 600.00s"], False),
    ],
)
def test_what_was_left_out_is_named_in_full_and_nothing_else_was(lines: list[str], is_good: bool) -> None:
    assert judge_left_out("\n".join(lines), lacked={"mariadb", "terraform"})[2] is is_good


def test_the_closing_line_is_pytests_last() -> None:
    assert closing_line("..s\n== 2 passed, 1 skipped in 3.00s ==\nmake: bye") == "2 passed, 1 skipped in 3.00s"
    assert closing_line("make: *** no rule") == "make: *** no rule"


@pytest.mark.parametrize(
    ("places", "figure"),
    [
        (["tests/unit/test_a.py"], ("tests: a kind", "2 passed", True)),
        (["tests/unit/test_a.py::test_x"], ("tests: a kind", "2 passed", True)),
        (
            ["tests/unit/test_a.py", "tests/unit/test_a.py::test_xy"],
            ("tests: a kind", "2 passed; NONE of tests/unit/test_a.py::test_xy", False),
        ),
        (["tests/unit/test_ab.py"], ("tests: a kind", "0 passed; NONE of tests/unit/test_ab.py", False)),
    ],
)
def test_a_place_without_a_test_that_passed_falls_short(
    tmp_path: Path, places: list[str], figure: tuple[str, str, bool]
) -> None:
    report = tmp_path / "tests.xml"
    report.write_text(REPORT, encoding="utf-8")
    assert count_passed(report, {"a kind": places}) == [figure]


def test_a_report_that_was_never_written_falls_short(tmp_path: Path) -> None:
    assert count_passed(tmp_path / "none.xml", {"a kind": ["tests/unit/test_a.py"]})[0][2] is False
