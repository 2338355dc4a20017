"""What a run of `make test` printed and reported, read for a proof."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence, Set
from pathlib import Path

from bench.figures import Figure

_LEFT_OUT = re.compile(r"^(\d+) tests? needs? (\w+)\. .*(?:Install|Run)", re.MULTILINE)
INSTALLED_APART = frozenset({"cdktn", "checkov"})
"""What `make toolchains` installs: a clean clone has neither, and leaves out their tests."""


def closing_line(output: str) -> str:
    """pytest's last line, or the end of *output* where there is none."""
    lines = [line for line in output.splitlines() if re.search(r"\d+ passed", line)]
    return lines[-1].strip("= ") if lines else output[-200:]


def judge_left_out(output: str, lacked: Set[str]) -> Figure:
    """Whether the last lines name what the machine *lacked* and how to have it, and no other test was skipped."""
    counts = {name: int(count) for count, name in _LEFT_OUT.findall(output)}
    closing = closing_line(output)
    skipped = sum(map(int, re.findall(r"(\d+) skipped", closing)))
    is_named = lacked <= counts.keys() <= lacked | INSTALLED_APART
    is_all = sum(counts.values()) == skipped and not re.search(r"xfailed|deselected", closing)
    said = ", ".join(f"{count} for want of {name}" for name, count in counts.items()) or "nothing"
    return "make test says what it left out, and how to have it", f"{said}; {skipped} skipped", is_named and is_all


def count_passed(report: Path, kinds: Mapping[str, Sequence[str]]) -> list[Figure]:
    """How many tests of each kind passed, by pytest's *report* (JUnit's XML). Each place must have at least one."""
    cases = ElementTree.parse(report).iter("testcase") if report.exists() else ()  # noqa: S314  pytest's own
    passed = [(case.get("classname", ""), case.get("name", "")) for case in cases if _has_passed(case)]
    figures: list[Figure] = []
    for kind, places in kinds.items():
        counts = {place: sum(_is_of(place, *case) for case in passed) for place in places}
        none = [place for place, count in counts.items() if count == 0]
        said = f"{sum(counts.values())} passed" + (f"; NONE of {', '.join(none)}" if none else "")
        figures.append((f"tests: {kind}", said, not none))
    return figures


def run_kinds(report: Path, kinds: Mapping[str, Sequence[str]], sizes: Mapping[str, str], *more: str) -> list[Figure]:
    """Run the tests of *kinds*, and say of each how many passed. *sizes*: as environment; *more*: for pytest."""
    places = dict.fromkeys(place for places in kinds.values() for place in places)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "2", f"--junitxml={report}", *more, *places],
        env={**os.environ, **sizes},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    print("\n".join(done.stdout.splitlines()[-60 if done.returncode else -8 :]), flush=True)
    return [("all of it passes", closing_line(done.stdout), done.returncode == 0), *count_passed(report, kinds)]


def _has_passed(case: ElementTree.Element) -> bool:
    """What did not pass has an element that says why; properties say nothing of it."""
    return all(one.tag == "properties" for one in case)


def _is_of(place: str, module: str, name: str) -> bool:
    """Whether the test *name* in *module* is one of *place*: a file, or a test in it with all its parameters."""
    file, _, test = place.partition("::")
    return module == file.removesuffix(".py").replace("/", ".") and test in {"", name, name.partition("[")[0]}
