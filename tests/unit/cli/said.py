"""What a command says to a person who types it, as the tests of the commands look at it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from cli.account import Account
from cli.main import main


@dataclass(frozen=True)
class Said:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str


Fleet = Callable[..., Said]


def typing(capsys: pytest.CaptureFixture[str], account: Account | None = None) -> Fleet:
    """The command `fleet` in this process, over *account*, from the entry that a terminal takes to the exit code."""

    def type_in(*arguments: str) -> Said:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(arguments, account)
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return Said(int(ended.value.code or 0), said.out, said.err)

    return type_in
