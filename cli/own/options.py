"""Options of the commands that work with a registry of one's own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import click

from cli.options import NonEmptyPath

OWN_REGISTRY = Path("my-registry")


def default_secrets(environment: Mapping[str, str] = os.environ) -> Path:
    """Where logins lie unless somebody says otherwise: in the folder for settings of this machine's user.

    Source: XDG Base Directory Specification, "Environment variables": a path that is relative is to be ignored.

    >>> default_secrets({"XDG_CONFIG_HOME": "settings"}) == default_secrets({})
    True
    """
    base = Path(environment.get("XDG_CONFIG_HOME", ""))
    return (base if base.is_absolute() else Path("~/.config").expanduser()) / "fleet" / "secrets.json"


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
