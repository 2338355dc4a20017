"""What a command writes to: consoles that show a text as it is, and streams that may be full, closed or not UTF-8."""

from __future__ import annotations

import io
import os
import sys

from rich.console import Console


def make_console(*, stderr: bool = False, narrowest: int = 0) -> Console:
    """A console that never reads a text as emoji (`:secret:` in an ARN) or markup (`[red]` in a database's message).

    It folds no line; tables are folded to the terminal, or to *narrowest* columns where that is narrower. Colours are
    `Text` with a style.
    """
    console = Console(stderr=stderr, emoji=False, markup=False, highlight=False, soft_wrap=True)
    console.width = max(console.width, narrowest)
    return console


def escape_unprintable() -> None:
    """From now on, a character that the terminal's encoding lacks is escaped, instead of an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def flush_output() -> None:
    """Write what is still buffered.

    Raises:
        OSError: Nobody reads it any more, or there is no room.
    """
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.flush()


def drop_output() -> None:
    """Give up what cannot be written, so that the interpreter does not fail on it at its own end."""
    for stream in filter(None, (sys.stdout, sys.stderr)):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
