"""Terraform with AWS's real provider against a local cloud.

Nothing is fetched: the provider comes from a local plugin mirror, and the state is a file in the folder.
"""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestration.terraform import Commands, TerraformMissingError, find_program

MIRROR = "FLEET_TERRAFORM_MIRROR"
"""The environment variable that names a plugin mirror to look in first."""
_PROVIDER = Path("registry.terraform.io/hashicorp/aws")
# Where Terraform itself looks, and where this project's machines keep one.
# Source: https://developer.hashicorp.com/terraform/cli/config/config-file#implied-local-mirror-directories (documented)
USUAL = (
    "/opt/tf-plugins",
    "~/.terraform.d/plugins",
    "~/.local/share/terraform/plugins",
    "/usr/local/share/terraform/plugins",
    "/usr/share/terraform/plugins",
)


@dataclass(frozen=True)
class Installed:
    """A Terraform and the mirror with its provider. *version*: the provider's newest there."""

    program: Path
    mirror: Path
    version: str

    def write_configuration(self, folder: Path) -> Path:
        """Terraform's own settings, as a file in *folder*: providers come from the mirror alone."""
        file = folder.resolve() / "cli.tfrc"
        file.write_text(
            "disable_checkpoint = true\n"
            f'provider_installation {{\n  filesystem_mirror {{ path = "{self.mirror}" }}\n}}\n',
            encoding="utf-8",
        )
        return file


def find(environment: Mapping[str, str] = os.environ, usual: Sequence[str] = USUAL) -> Installed:
    """Terraform on the PATH and the newest provider of AWS in a local mirror.

    Raises:
        TerraformMissingError: One of the two is missing; says which, and where it was looked for.
    """
    program = find_program(environment.get("PATH"))
    places = [Path(one).expanduser() for one in (environment.get(MIRROR, ""), *usual) if one]
    found = [(_key(version), version, place) for place in places for version in _versions(place)]
    if not found:
        raise TerraformMissingError(
            f"No terraform-provider-aws for {target()} in a local plugin mirror (looked below "
            f"{', '.join(map(str, places))}), so nothing is proven with the real provider.",
            remedy=f"`terraform providers mirror DIR` where there is a registry, then {MIRROR}=DIR.",
        )
    _, version, mirror = max(found, key=lambda one: one[0])
    return Installed(program, mirror, version)


class Terraform:
    """The configuration in *folder*.

    *environment*: where the account is and who asks (AWS_...), and variables (TF_VAR_...).
    """

    def __init__(self, installed: Installed, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        config = installed.write_configuration(folder)
        known = {"PATH": os.environ["PATH"], "HOME": str(folder), "TF_CLI_CONFIG_FILE": str(config)}
        self._commands = Commands(installed.program, folder, {**known, **environment})

    def init(self) -> None:
        """Find the provider, make the lock file."""
        self._commands.init()

    def validate(self) -> None:
        """Hold the configuration against the provider's schema."""
        self._commands.run("validate", "-no-color")

    def apply(self) -> None:
        """Make it so."""
        self._commands.run("apply", "-input=false", "-auto-approve", "-no-color")

    def changes(self) -> str:
        """What a plan would change, as Terraform prints it; empty if nothing."""
        how = ("-input=false", "-detailed-exitcode", "-lock=false", "-no-color")
        planned = self._commands.run("plan", *how, fine={0, 2})
        return planned.stdout if planned.returncode == 2 else ""

    def outputs(self) -> dict[str, object]:
        """The values of the configuration's outputs."""
        return self._commands.outputs()

    def resources(self) -> list[str]:
        """The addresses in the state, data sources left out."""
        listed = self._commands.run("state", "list").stdout.split()
        return [address for address in listed if "data." not in address]

    def destroy(self) -> None:
        """Take all of it away."""
        self._commands.run("destroy", "-input=false", "-auto-approve", "-no-color")


def _versions(place: Path) -> Iterator[str]:
    """The provider's versions in *place*, unpacked (VERSION/TARGET/) or packed (a zip file)."""
    for program in place.glob(f"{_PROVIDER}/*/{target()}/terraform-provider-aws*"):
        yield program.parent.parent.name
    for packed in place.glob(f"{_PROVIDER}/terraform-provider-aws_*_{target()}.zip"):
        yield packed.name.split("_")[1]


def _key(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)[:3]))


def target() -> str:
    """This machine as Terraform names it.

    >>> target() in {"linux_amd64", "linux_arm64", "darwin_amd64", "darwin_arm64"}
    True
    """
    machine = platform.machine().lower()
    named = {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)
    return f"{platform.system().lower()}_{named}"
