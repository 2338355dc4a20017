"""The real AWS CLI as one process that takes one command after the other: to start it takes a second each time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

# What `aws` runs, in a loop: a command a line, and a line for what became of it.
_LOOP = """
import contextlib, io, json, sys
from awscli.clidriver import create_clidriver

driver = create_clidriver()
for line in sys.stdin:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = driver.main(json.loads(line))
        except SystemExit as ended:
            code = ended.code
    print(json.dumps([code, out.getvalue(), err.getvalue()]), flush=True)
"""


class AwsCli:
    """The CLI under the *environment* that `fleet up` printed; *folder* is its home."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        basics = {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8", "AWS_DEFAULT_OUTPUT": "json"}
        self._process = subprocess.Popen(  # noqa: S603  the CLI that is installed beside us
            [sys.executable, "-c", _LOOP],
            env=basics | dict(environment),
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=60)

    def __call__(self, service: str, command: str, *options: str) -> Any:
        """What `aws SERVICE COMMAND OPTIONS` prints, read as JSON; nothing where it prints nothing.

        Fails unless the CLI ends well.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([service, command, *options]) + "\n")
        self._process.stdin.flush()
        code, out, err = json.loads(self._process.stdout.readline())
        assert (code, err) == (0, ""), f"aws {service} {command} {' '.join(options)}: {code}\n{err}"
        return json.loads(out) if out else {}
