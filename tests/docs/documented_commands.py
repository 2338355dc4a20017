"""The commands of ours that a page or a pipeline has somebody type, and what is wrong with one."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click

from cli.commands import cli

ROOT = Path(__file__).parents[2]
_OURS = re.compile(r"^(?:\.venv/bin/)?(fleet|make|python main\.py)\b")
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`((?:fleet|make|python main\.py)(?: [^`]+)?)`")


def commands_of_page(text: str) -> list[str]:
    """Ours in the blocks and in the sentences of a page, in order.

    >>> commands_of_page("Type `make setup`.\\n```sh\\nfleet deploy\\naws s3 ls\\n```\\n")
    ['fleet deploy', 'make setup']
    """
    lines = [line for block in _BLOCK.findall(text) for line in commands_of_script(block)]
    return [*lines, *(found for found in _INLINE.findall(text) if found != "fleet")]


def commands_of_script(text: str) -> Iterator[str]:
    """Ours in a shell script, without what a shell makes of their end."""
    for line in text.replace("\\\n", " ").splitlines():
        if _OURS.match(line.strip()):
            yield re.split(r"\s+(?:\|\||&&|>|\||#)", line.strip())[0].removeprefix(".venv/bin/")


def why_unknown(command: str) -> str:
    """Why *command* could not be typed so; empty if it could.

    >>> why_unknown("fleet deploy --plan-only"), why_unknown("make setup")
    ('', '')
    >>> why_unknown("fleet deploy --force")
    "No such option '--force'"
    """
    name, *arguments = shlex.split(command)
    if name == "fleet":
        return _why_unknown_to_fleet(arguments)
    if name == "make":
        return "" if set(arguments) <= _targets() else f"make has no {' or '.join(sorted(set(arguments) - _targets()))}"
    options = {one.split("=")[0] for one in arguments[1:] if one.startswith("-")}
    return "" if options <= _options_of_main() else f"main.py has no {options - _options_of_main()}"


def _why_unknown_to_fleet(arguments: list[str]) -> str:
    context = click.Context(cli)
    found = cli.get_command(context, arguments[0])
    if arguments == ["--help"]:
        return ""
    if found is None:
        return f"No such command: {arguments[0]}"
    try:
        found.make_context(arguments[0], arguments[1:], parent=context)
    except click.ClickException as error:
        return error.format_message().rstrip(".")
    return ""


@cache
def _targets() -> frozenset[str]:
    return frozenset(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


@cache
def _options_of_main() -> frozenset[str]:
    asked = [sys.executable, ROOT / "main.py", "--help"]
    document = subprocess.run(asked, capture_output=True, text=True, check=True)  # noqa: S603  our own
    return frozenset(re.findall(r"--[a-z-]+", document.stdout))
