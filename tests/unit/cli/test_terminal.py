"""What a console makes of a text that looks like emoji or markup: nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cli.report import print_outcomes
from cli.terminal import make_console
from fleet.attempts import Attempt
from fleet.failures import Failure
from fleet.outcomes import decide

ROOT = Path(__file__).parents[3]
ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:fleet/server/[red]erp[/red] [/] :warning: " + "x" * 90


def test_a_failures_text_is_printed_as_it_is_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    attempt = Attempt("night", "erp", "full", 1, "arn")
    failure = Failure("credentials", "SecretNotRead", ARN)
    outcome = decide(
        attempt, failure, (), gaps=(ARN,), started_at="2026-11-29T00:00:00+00:00", ended_at="2026-11-29T00:01:00+00:00"
    )
    print_outcomes([outcome], {}, make_console())
    lines = capsys.readouterr().out.splitlines()
    assert f"erp: credentials: {ARN}" in lines
    assert f"erp: not checked: {ARN}" in lines


def test_consoles_are_made_in_one_place() -> None:
    made = [
        path.relative_to(ROOT).as_posix()
        for folder in ("cli", "local", "bench")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if re.search(r"\bConsole\(", path.read_text(encoding="utf-8"))
    ]
    assert made == ["cli/terminal.py"]
