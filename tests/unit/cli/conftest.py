"""What tests of the commands share."""

from __future__ import annotations

from pathlib import Path

import pytest

from cases import Cases
from cli.account import Account
from cli.main import main
from said import Fleet, Said


@pytest.fixture
def fleet(cases: Cases, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    """The command `fleet` over the cloud of the cases, from the entry that a terminal takes to the exit code."""
    monkeypatch.chdir(tmp_path)
    arns = cases.cloud.machine_arns
    account = Account(cases.cloud.clients, arns["fleet-run"], arns["database-run"], cases.time.pass_seconds)

    def type_in(*arguments: str) -> Said:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(arguments, account)
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return Said(int(ended.value.code or 0), said.out, said.err)

    return type_in
