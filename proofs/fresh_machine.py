"""A machine that has Python, pip and make alone: a clean clone of HEAD, an empty home, and a PATH of a few links."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fleet.errors import FleetError

PROGRAMS = (
    # What POSIX has, as far as the Makefile, venv and the tests use it.
    *("bash", "cat", "chmod", "cp", "cut", "dirname", "env", "expand", "expr", "grep", "head", "id", "ln", "ls"),
    *("mkdir", "mv", "rm", "rmdir", "sed", "sh", "sleep", "sort", "tail", "touch", "tr", "uname", "xargs"),
    "make",
)
_REGISTRIES = ("PIP_", "UV_", "SSL_CERT_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
"""How variables begin that say how this machine reaches the package registries."""


class ProgramMissingError(FleetError):
    """A program that every machine has is not on this one."""


@dataclass(frozen=True)
class FreshMachine:
    """*checkout*: the clone. *environment*: all that its commands see of this machine."""

    checkout: Path
    environment: Mapping[str, str]


def make_fresh_machine(folder: Path, environment: Mapping[str, str] = os.environ) -> FreshMachine:
    """A fresh machine in the empty *folder*, for the commit that is checked out here.

    Raises:
        ProgramMissingError: This machine lacks one of PROGRAMS.
    """
    checkout, home, programs = folder / "checkout", folder / "home", folder / "bin"
    home.mkdir()
    programs.mkdir()
    for name in PROGRAMS:
        found = shutil.which(name, path=environment.get("PATH"))
        if found is None:
            raise ProgramMissingError(f"No {name} on the PATH.", remedy="Install it, or take it out of PROGRAMS.")
        (programs / name).symlink_to(found)
    # The interpreter below this virtual environment: what a fresh machine has under that name.
    (programs / "python3").symlink_to(Path(sys.base_prefix) / "bin" / "python3")
    subprocess.run(["git", "clone", "--quiet", ".", str(checkout)], check=True)
    kept = {name: value for name, value in environment.items() if name.upper().startswith(_REGISTRIES)}
    return FreshMachine(checkout, {**kept, "HOME": str(home), "PATH": str(programs), "LANG": "C.UTF-8"})
