"""Many commands `fleet`, each a fork of one process beside this one (`tests/unit/cli/forked_fleet.py`)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
_PROGRAM = ROOT / "tests/unit/cli/forked_fleet.py"


def said_by_forks(cases: Mapping[str, Any], folder: Path, *modules: str) -> dict[str, dict[str, Any]]:
    """What each of *cases* said, by its name. *modules*: loaded before the forks; *folder*: for what passes between."""
    results = folder / "results.json"
    ended = subprocess.run(  # noqa: S603  our own program
        [sys.executable, str(_PROGRAM), str(results), *modules],
        input=json.dumps(list(cases.values())),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stderr
    return dict(zip(cases, json.loads(results.read_text()), strict=True))
