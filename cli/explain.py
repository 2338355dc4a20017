"""`fleet explain`: every value that holds for a database, and where it comes from."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, is_dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from cli.account import require_registry
from cli.options import Text, json_option, registry_option
from cli.terminal import make_console
from onboarding.explained import Effective
from onboarding.explained import explain as explain_database


@click.command(
    epilog="""\b
Examples:
  fleet explain nyc-flights
  fleet explain nyc-flights --json
"""
)
@click.argument("database", type=Text())
@json_option
@registry_option
def explain(database: str, as_json: bool, registry: Path) -> int:
    """Print every value that holds for DATABASE, and where it comes from: file and line, a variable, or the default.

    A table's own word counts before its database's, and that before the fleet's; FLEET_ONBOARD_<ID> before the file's
    flag. Reads the registry alone.
    """
    require_registry(registry)
    found = explain_database(registry, os.environ, database)
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], ensure_ascii=False))
        return 0
    console = make_console()
    for of, values in groupby(found, key=lambda one: one.of):
        console.print(_table(of, list(values)), soft_wrap=False)
    return 0


def _table(of: str, values: list[Effective]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in (of, "value", "from"):
        table.add_column(heading, overflow="fold")
    for one in values:
        table.add_row(one.field, _shown(one.value), one.source)
    return table


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return ", ".join(map(_shown, value))
    if is_dataclass(value) and not isinstance(value, type):
        return " ".join(f"{name}={_shown(one)}" for name, one in asdict(value).items())
    return "" if value is None else str(value)
