"""How Terraform's commands are run."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration.terraform import Commands, TerraformFailedError

Run = Callable[..., Commands]


@pytest.fixture
def playing(tmp_path: Path) -> Run:
    """Commands of a program that is the shell script it is given."""

    def make(script: str, show: Callable[[str], object] | None = None) -> Commands:
        program = tmp_path / "terraform"
        program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        program.chmod(0o755)
        return Commands(program, tmp_path, {"PATH": os.environ["PATH"]}, show)

    return make


def test_an_interrupt_waits_until_terraform_has_ended_what_it_is_at(playing: Run, tmp_path: Path) -> None:
    shown: list[str] = []

    def show(line: str) -> None:
        shown.append(line)
        if len(shown) == 1:
            raise KeyboardInterrupt

    playing("echo Interrupted, ending; echo state written; touch state-is-whole", show).apply()
    assert shown[-1] == "state written"
    assert (tmp_path / "state-is-whole").exists()


def test_a_warning_on_the_other_stream_does_not_spoil_what_is_read(playing: Run) -> None:
    plain = 'echo "Warning: no CLI configuration" >&2; echo \'{"resource_changes": []}\''
    assert playing(plain, [].append).plan().is_empty


def test_a_failure_is_reported_by_its_error_lines_alone_where_the_rest_was_shown(playing: Run) -> None:
    shown: list[str] = []
    commands = playing("echo a long plan; echo '│ Error: no such subnet' >&2; exit 1", shown.append)
    with pytest.raises(TerraformFailedError) as failed:
        commands.apply()
    assert str(failed.value).startswith("terraform apply ended with 1:\n│ Error: no such subnet. Its configuration")
    assert shown == ["a long plan", "│ Error: no such subnet"]


def test_a_command_gets_no_question_answered(playing: Run) -> None:
    with pytest.raises(TerraformFailedError, match="nobody there"):
        playing("read answer || { echo nobody there; exit 1; }").init()
