"""docs/by-hand.md, typed into a shell: the real AWS CLI against `fleet up`, each block showing what the page shows.

`python -m proofs.by_hand` ends with 1, and says where, if one does not. `make prove-cloud` does it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE, OutputChecker
from pathlib import Path
from tempfile import TemporaryDirectory

from local.up_folder import NotUpError, end

PAGE = Path(__file__).parents[1] / "docs" / "by-hand.md"
_BLOCK = re.compile(r"^```(sh|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ENDS = "=== the block has ended ==="
_FAILED = "=== failed ==="


@dataclass(frozen=True)
class Step:
    """A block of the page, and what it says is shown: *shown* is a pattern of doctest's."""

    commands: str
    shown: str

    @property
    def is_refused(self) -> bool:
        """Whether the page says that AWS refuses it."""
        return "An error occurred (" in self.shown


def steps(page: str) -> list[Step]:
    """The page's blocks of commands, each with the output that follows it."""
    found: list[Step] = []
    for kind, text in _BLOCK.findall(page):
        if kind == "sh":
            found.append(Step(text, ""))
        else:
            found[-1] = Step(found[-1].commands, text)
    return found


STEPS = steps(PAGE.read_text(encoding="utf-8"))


def walk() -> list[str]:
    """What the shell printed, step by step: both streams, as on a terminal."""
    script = f"set -o pipefail\ntrap 'echo \"{_FAILED} at line $LINENO\"' ERR\n"
    script += "".join(f"{step.commands}echo '{_ENDS}'\n" for step in STEPS)
    # Not pytest's own folder: that is closed to the account that PostgreSQL runs under when we are root.
    with TemporaryDirectory(prefix="fleet-by-hand-") as folder:
        (Path(folder) / "walk.sh").write_text(script, encoding="utf-8")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "FLEET_"))}
        environment |= {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": folder}
        try:
            shell = subprocess.run(
                ["bash", "walk.sh"],  # as a person's terminal has it
                cwd=folder,
                env=environment | {"LC_ALL": "C.UTF-8"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
                timeout=600,
            )
        finally:
            with suppress(NotUpError):
                end(Path(folder) / "by-hand")
    return shell.stdout.split(f"{_ENDS}\n")


def differences(step: Step, printed: str) -> list[str]:
    """What a person who follows the page would wonder at."""
    lines = [line for line in printed.splitlines() if line]
    failed = [line for line in lines if line.startswith(_FAILED)]
    shown = "".join(f"{line}\n" for line in lines if line not in failed)
    found = []
    if bool(failed) != step.is_refused:
        found.append(f"{step.commands}ended with:\n{printed}")
    elif step.shown and not OutputChecker().check_output(step.shown, shown, ELLIPSIS | NORMALIZE_WHITESPACE):
        found.append(f"{step.commands}shows, says the page:\n{step.shown}and did show:\n{shown}")
    return found


def main() -> int:
    """Walk; 0 if each block showed what the page says."""
    printed = walk()
    found = [difference for step, one in zip(STEPS, printed, strict=False) for difference in differences(step, one)]
    if len(printed) != len(STEPS) + 1:
        found.append(f"the walk broke off:\n{printed[-1]}")
    print("\n".join([*found, f"{len(STEPS)} blocks, {len(found)} not as the page says"]))
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
