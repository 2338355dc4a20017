"""Options of the commands that work with a registry of one's own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import click

from cli.options import NonEmptyPath
from fleet.errors import MalformedInputError

OWN_REGISTRY = Path("my-registry")


def default_secrets(environment: Mapping[str, str] = os.environ) -> Path:
    """Where logins lie unless somebody says otherwise: in the folder for settings of this machine's user.

    Source: XDG Base Directory Specification, "Environment variables": a path that is relative is to be ignored.

    Raises:
        MalformedInputError: This user has no home folder, as in a container that runs under any number.

    >>> default_secrets({"XDG_CONFIG_HOME": "settings"}) == default_secrets({})
    True
    """
    base = Path(environment.get("XDG_CONFIG_HOME", ""))
    try:
        return (base if base.is_absolute() else Path("~/.config").expanduser()) / "fleet" / "secrets.json"
    except RuntimeError:
        raise MalformedInputError(
            "this machine's user has no home folder, where the file of secrets would lie.",
            remedy="Name the file with --secrets, or set HOME.",
        ) from None


def is_default(secrets_file: Path) -> bool:
    """Whether *secrets_file* is found without an option."""
    try:
        return secrets_file == default_secrets()
    except MalformedInputError:
        return False


own_registry_option = click.option(
    "--registry", type=NonEmptyPath(), default=OWN_REGISTRY, show_default=True, help="The folder of your registry."
)
secrets_option = click.option(
    "--secrets",
    "secrets_file",
    type=NonEmptyPath(),
    default=default_secrets,
    show_default="~/.config/fleet/secrets.json",
    help="The file of your servers' logins, outside of any repository.",
)
