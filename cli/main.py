"""The entry of the command `fleet`. It loads nothing until it can be interrupted without a traceback."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cli.account import Account
    from cli.stack.stacks import Bench

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None, account: Account | Bench | None = None) -> None:
    """Run the command, and exit with its code.

    *arguments*: else those of the process; *account*: else the one that the registry names. A deployment needs more
    than an account: its bench.
    """
    try:
        from cli.commands import run_command  # takes seconds

        code = run_command(arguments, account)
    except KeyboardInterrupt:
        print("Interrupted. Start it again: it begins clean.", file=sys.stderr)  # noqa: T201  click may not be there yet
        code = INTERRUPTED
    sys.exit(code)
