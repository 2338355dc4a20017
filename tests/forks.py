"""Many commands `fleet`, each a fork of one process beside this one (`tests/unit/cli/forked_fleet.py`)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
_PROGRAM = ROOT / "tests/unit/cli/forked_fleet.py"


@dataclass(frozen=True)
class Forks:
    """The process that forks."""

    process: subprocess.Popen[str]

    def say(self, case: Mapping[str, Any]) -> dict[str, Any]:
        """What the command of *case* says."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(case) + "\n")
        self.process.stdin.flush()
        said = self.process.stdout.readline()
        assert said, "the process that forks has ended"
        return json.loads(said)


@contextmanager
def forking(*modules: str) -> Iterator[Forks]:
    """A process to fork commands from. *modules*: loaded before."""
    with subprocess.Popen(  # noqa: S603  our own program
        [sys.executable, str(_PROGRAM), *modules],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Forks(process)
        assert process.stdin is not None
        process.stdin.close()
    assert process.returncode == 0


def said_by_forks(cases: Mapping[str, Any], *modules: str) -> dict[str, dict[str, Any]]:
    """What each of *cases* said, by its name. *modules*: loaded before the forks."""
    with forking(*modules) as forks:
        return {name: forks.say(case) for name, case in cases.items()}
