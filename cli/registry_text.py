"""Changes of the registry's files: shown first, then written if a person wants that."""

from __future__ import annotations

import difflib
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from fleet.errors import MalformedInputError


def read_text(path: Path) -> str:
    """What is in the file at *path*, with the line ends that it has."""
    with path.open(encoding="utf-8", newline="") as file:
        return file.read()


def write_shown(changed: Mapping[Path, tuple[str, str]], *, yes: bool, as_json: bool) -> None:
    """Show how each file would change, and write what is wanted of them. A link stays one, and a mode what it is.

    *changed*: what is in each file, and what comes there. *yes*: nobody is asked. *as_json*: the standard output is for
    a program.

    Raises:
        MalformedInputError: Nobody can be asked, or a file is read-only: then none is written.
        click.Abort: It is not wanted.
    """
    for path in changed:
        # A file that takes its place would be written all the same: the folder's right counts for that.
        if path.exists() and not path.stat().st_mode & 0o222:
            remedy = "Make it writable: somebody wanted it to stay as it is."
            raise MalformedInputError(f"{path} is read-only, and nothing was written.", remedy=remedy)
    for path, (before, after) in changed.items():
        lines = difflib.unified_diff(before.splitlines(), after.splitlines(), str(path), str(path), lineterm="", n=2)
        click.echo("\n".join(lines), err=as_json)
    if not yes:
        if not sys.stdin.isatty():
            raise MalformedInputError("there is no terminal to ask on, and nothing was written.", remedy="Add --yes.")
        click.confirm("Write it?", default=True, abort=True, err=as_json)
    for path, (_, after) in changed.items():
        target = path.resolve()
        part = target.with_name(f"{target.name}.part")
        with part.open("w", encoding="utf-8", newline="") as file:
            file.write(after)
        if target.exists():
            shutil.copymode(target, part)
        part.replace(target)
