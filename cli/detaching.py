"""A command that goes on in the background: the one in the terminal waits until it is ready, and hears how it goes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, Self

import click

from cli.explaining import USAGE, explain
from fleet.errors import FleetError, RequestError
from local.up_folder import Up


class NotComeUpError(FleetError):
    """The process in the background ended before it was ready."""


class Parent:
    """What the command in the background sends to the one in the terminal; without one, progress goes to stderr."""

    def __init__(self, descriptor: int | None) -> None:
        self._pipe: IO[str] | None = None if descriptor is None else os.fdopen(descriptor, "w", encoding="utf-8")

    def log_to(self, path: Path) -> None:
        """In the background, let everything that is printed from now on go to *path*."""
        if self._pipe is not None:
            with path.open("w") as log:
                for descriptor in (1, 2):
                    os.dup2(log.fileno(), descriptor)

    def tell_progress(self, line: str) -> None:
        """One line for a person."""
        if self._pipe is None:
            click.echo(line, err=True)
        else:
            self._tell("progress", line)

    def tell_up(self, up: Up) -> None:
        """It is ready; nothing more is sent."""
        self._tell("up", asdict(up))
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, Exception) and (explained := explain(error)):
            sentence, code = explained
            self._tell("refused" if code == USAGE else "failed", sentence)
        self._close()

    def _tell(self, what: str, content: Any) -> None:
        if self._pipe is not None:
            self._pipe.write(json.dumps({what: content}) + "\n")
            self._pipe.flush()

    def _close(self) -> None:
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None


def detach(arguments: Sequence[str]) -> Up:
    """Run the command `fleet` with *arguments* in the background until it is ready; what it says then.

    Raises:
        RequestError: It refused what was asked for.
        NotComeUpError: It ended before it was ready; says why.
    """
    heard, ready_fd = os.pipe()
    with tempfile.TemporaryFile() as printed, os.fdopen(heard, encoding="utf-8") as pipe:
        process = subprocess.Popen(  # noqa: S603  our own program
            [sys.executable, "-c", "from cli.main import main; main()", *arguments, "--ready-fd", str(ready_fd)],
            pass_fds=(ready_fd,),
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=printed,
            start_new_session=True,
        )
        os.close(ready_fd)
        try:
            for line in pipe:
                ((what, content),) = json.loads(line).items()
                if what == "up":
                    return Up(**content)
                if what in {"refused", "failed"}:
                    process.wait()
                    raise RequestError(content) if what == "refused" else NotComeUpError(content)
                click.echo(content, err=True)
        except KeyboardInterrupt:
            process.terminate()
            raise
        process.wait()
        printed.seek(0)
        said = printed.read().decode(errors="replace")[-2_000:].strip()
        raise NotComeUpError(f"The local cloud did not come up: {said}")
