"""What tests of the commands share."""

from __future__ import annotations

from pathlib import Path

import pytest

from cases import Cases
from cli.account import Account
from said import Fleet, typing


@pytest.fixture
def fleet(cases: Cases, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    """The command `fleet` over the cloud of the cases, from the entry that a terminal takes to the exit code."""
    monkeypatch.chdir(tmp_path)
    arns = cases.cloud.machine_arns
    account = Account(cases.cloud.clients, arns["fleet-run"], arns["database-run"], cases.time.pass_seconds)
    return typing(capsys, account)
