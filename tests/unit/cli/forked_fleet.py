"""The command `fleet` as processes of its own, many of them, for the price of loading it once: each is a fork.

Reads cases from standard input, a line of JSON each, and writes what each said as a line of JSON, before it reads the
next. Modules that are named as arguments are loaded before the forks too. A case has *words* to type, and may have
*environment* (all of it), *folder* (to start in) and *output*: `closed`, `unread` (a pipe without a reader), `full` (a
device without room) or `ascii` (a terminal without other characters).
"""

from __future__ import annotations

import gc
import importlib
import io
import json
import os
import sys
import tempfile
import traceback
from typing import Any

import click

from cli.commands import cli
from cli.main import main


def run(case: dict[str, Any]) -> dict[str, Any]:
    """What the command of *case* said, and its exit code."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = os.fork()
        if process == 0:
            os.environ.clear()
            os.environ.update(case.get("environment", {}))
            os.chdir(case.get("folder", "/"))
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(err.fileno(), 2)
            _point_output(case.get("output", ""), out.fileno())
            os._exit(_end(case["words"]))
        status = os.waitpid(process, 0)[1]
        said = []
        for file in (out, err):
            file.seek(0)
            said.append(file.read().decode(errors="replace"))
        return {"words": case["words"], "code": os.waitstatus_to_exitcode(status), "out": said[0], "err": said[1]}


def _end(words: list[str]) -> int:
    """The exit code, after what the interpreter does with the output at its end. The rest of its end takes a second."""
    try:
        main(words)
    except SystemExit as ended:
        code = int(ended.code or 0)
    except BaseException:  # noqa: BLE001  as the interpreter
        traceback.print_exc()
        code = 1
    try:
        for stream in filter(None, (sys.stdout, sys.stderr)):
            stream.flush()
    except OSError as error:
        print(f"Exception ignored: {error}", file=sys.stderr)  # noqa: T201
        return 120
    return code


def _point_output(where: str, file: int) -> None:
    if where == "closed":
        os.close(1)
        sys.stdout = None  # as the interpreter has it then
    elif where == "unread":
        reader, writer = os.pipe()
        os.close(reader)
        os.dup2(writer, 1)
    else:
        if where == "ascii" and isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="ascii", errors="strict")
        os.dup2(os.open("/dev/full", os.O_WRONLY) if where == "full" else file, 1)


if __name__ == "__main__":
    context = click.Context(cli)
    assert all(cli.get_command(context, name) for name in cli.list_commands(context))  # what takes long to load
    for module in sys.argv[1:]:
        importlib.import_module(module)
    gc.freeze()  # no fork copies what it only looks at
    gc.disable()
    for line in iter(sys.stdin.readline, ""):
        print(json.dumps(run(json.loads(line))), flush=True)  # noqa: T201
