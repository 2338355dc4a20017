"""Terraform's program: where it is found, which one it must be, and how its commands are run in a folder."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fleet.errors import FleetError, RequestError

OLDEST = (1, 10)
"""S3's own lock of the state (`use_lockfile`) is unknown to older ones.

Source: https://developer.hashicorp.com/terraform/language/backend/s3#state-locking
"""
PARALLEL = 4
"""What Terraform does at once. DMS answers 4 requests a second in the long run (`fleet/quotas.py`), to a plan and to
the whole account alike."""
_PLAN = "fleet.tfplan"
_TAIL = 6000


class TerraformMissingError(RequestError):
    """There is no Terraform on this machine, or none that can be used."""


class TerraformFailedError(FleetError):
    """A command of Terraform failed."""


@dataclass(frozen=True)
class ResourceChange:
    """What a plan does to one resource. *actions*: Terraform's, as ("update",) or ("delete", "create")."""

    address: str
    actions: tuple[str, ...]


@dataclass(frozen=True)
class TerraformPlan:
    """A plan that can be applied as it is. *is_empty*: nothing would change, not even an output."""

    changes: tuple[ResourceChange, ...]
    is_empty: bool

    def count(self, action: str) -> int:
        """How many resources it does *action* to. One that is replaced is deleted and created.

        >>> TerraformPlan((ResourceChange("a.b", ("delete", "create")),), is_empty=False).count("create")
        1
        """
        return sum(action in one.actions for one in self.changes)


def find_program(search_path: str | None) -> Path:
    """The Terraform on *search_path*, whatever its version.

    Raises:
        TerraformMissingError: There is none.
    """
    program = shutil.which("terraform", path=search_path)
    if program is None:
        raise TerraformMissingError("No terraform on the PATH.", remedy=f"Install Terraform >= {_shown(OLDEST)}.")
    return Path(program)


def require_version(program: Path, environment: Mapping[str, str]) -> str:
    """The version of *program*.

    Raises:
        TerraformMissingError: It is too old, or what answers is no Terraform.
    """
    try:
        document = _start([str(program), "version", "-json"], Path(), environment)
    except OSError as error:
        raise TerraformMissingError(f"{program} does not start: {error}.", remedy="Install it anew.") from error
    found = re.search(r'"terraform_version":\s*"((\d+)\.(\d+)[^"]*)"', document.stdout)
    if found is None:
        said = document.stdout.strip()[:200]
        raise TerraformMissingError(
            f"{program} does not say which Terraform it is, but {said!r}.", remedy="Install HashiCorp's Terraform."
        )
    if (int(found[2]), int(found[3])) < OLDEST:
        raise TerraformMissingError(
            f"{program} is Terraform {found[1]}, wanted >= {_shown(OLDEST)}: older ones cannot lock a state in S3 "
            "without a table.",
            remedy="Install a newer one.",
        )
    return found[1]


def _shown(version: Sequence[int]) -> str:
    return ".".join(map(str, version))


class Commands:
    """Terraform's commands on the configuration in *folder*. *show* gets each line of what takes long."""

    def __init__(
        self, program: Path, folder: Path, environment: Mapping[str, str], show: Callable[[str], object] | None = None
    ) -> None:
        self.folder = folder
        self._program = str(program)
        self._environment = {**environment, "TF_IN_AUTOMATION": "1"}
        self._show = show

    def init(self) -> None:
        """Find the providers and the state."""
        self.run("init", "-input=false", "-no-color")

    def plan(self, *, destroys: bool = False) -> TerraformPlan:
        """What an `apply` would do, kept beside the configuration until then."""
        how = ("-destroy",) if destroys else ()
        common = ("-input=false", "-no-color", "-detailed-exitcode", f"-parallelism={PARALLEL}", f"-out={_PLAN}")
        planned = self.run("plan", *common, *how, fine={0, 2}, is_shown=True)
        document = json.loads(self.run("show", "-json", _PLAN).stdout)
        listed = [(one["address"], tuple(one["change"]["actions"])) for one in document.get("resource_changes", ())]
        # Data sources are read late where they wait for something; nothing changes by that.
        changes = tuple(ResourceChange(*one) for one in listed if one[1] not in {("no-op",), ("read",)})
        return TerraformPlan(changes, is_empty=planned.returncode == 0)

    def apply(self) -> None:
        """Do exactly what was planned last. Terraform refuses if the state has changed since."""
        self.run("apply", "-input=false", "-no-color", f"-parallelism={PARALLEL}", _PLAN, is_shown=True)

    def forget_plan(self) -> None:
        """Remove the plan, which holds in plain text whatever the state holds."""
        (self.folder / _PLAN).unlink(missing_ok=True)

    def outputs(self) -> dict[str, object]:
        """The values of the configuration's outputs."""
        document = json.loads(self.run("output", "-json").stdout)
        return {name: one["value"] for name, one in document.items()}

    def run(
        self, *arguments: str, fine: Collection[int] = (0,), is_shown: bool = False
    ) -> subprocess.CompletedProcess[str]:
        """One command to its end.

        Raises:
            TerraformFailedError: It ended with another code than a *fine* one; holds the end of what it said.
        """
        command = [self._program, *arguments]
        if is_shown and self._show:
            done = _watch(command, self.folder, self._environment, self._show)
            why = "\n".join(line for line in done.stdout.splitlines() if re.match(r"[│╷ ]*Error: ", line))
        else:
            done = _start(command, self.folder, self._environment)
            why = f"{done.stdout[-_TAIL // 3 :]}{done.stderr[-_TAIL:]}"
        if done.returncode not in fine:
            raise TerraformFailedError(
                f"terraform {arguments[0]} ended with {done.returncode}:\n{why}",
                remedy=f"Its configuration is in {self.folder}.",
            )
        return done


def _start(command: list[str], folder: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  the Terraform that was found
        command,
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )


def _watch(
    command: list[str], folder: Path, environment: Mapping[str, str], show: Callable[[str], object]
) -> subprocess.CompletedProcess[str]:
    """Run *command*, telling *show* each line; what it complains of comes in line with what it says.

    An interrupt from the keyboard reaches Terraform as well, which then ends what it is at and writes its state: we
    wait for that, since killing it here would leave resources that no state knows of.
    """
    said: list[str] = []
    with subprocess.Popen(  # noqa: S603  the Terraform that was found
        command,
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as process:
        while True:
            try:
                for line in process.stdout or ():
                    said.append(line)
                    show(line.rstrip("\n"))
                code = process.wait()
                break
            except KeyboardInterrupt:
                continue
    return subprocess.CompletedProcess(command, code, "".join(said), "")
