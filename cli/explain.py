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
from fleet.databases import EndpointSetting
from fleet.errors import MalformedInputError
from onboarding.explained import Effective, ExplainedFamily, explain_family
from onboarding.explained import explain as explain_database


@click.command(
    epilog="""\b
Examples:
  fleet explain nyc-flights
  fleet explain nyc-flights --json
  fleet explain --family baseball          what a family says, and which of its databases differ
"""
)
@click.argument("database", type=Text(), required=False)
@click.option("--family", type=Text(), help="A family in place of a database.")
@json_option
@registry_option
def explain(database: str | None, family: str | None, as_json: bool, registry: Path) -> int:
    """Print every value that holds for DATABASE, and where it comes from: file and line, a variable, or the default.

    A table's own word counts before its database's, that before its family's, and that before the fleet's;
    FLEET_ONBOARD_<ID> before the file's flag. Reads the registry alone.
    """
    require_registry(registry)
    if (database is None) == (family is None):
        raise MalformedInputError("nothing is to be explained, or two things.", remedy="Name a database or a --family.")
    if family is not None:
        return _print_family(explain_family(registry, os.environ, family), as_json=as_json)
    assert database is not None  # noqa: S101  one of both is there
    found = explain_database(registry, os.environ, database)
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], ensure_ascii=False))
        return 0
    console = make_console()
    for of, values in groupby(found, key=lambda one: one.of):
        console.print(_table(of, list(values)), soft_wrap=False)
    return 0


def _print_family(found: ExplainedFamily, *, as_json: bool) -> int:
    if as_json:
        click.echo(json.dumps(asdict(found), ensure_ascii=False))
        return 0
    console = make_console()
    if found.values:
        console.print(_table("family", list(found.values)), soft_wrap=False)
    differing = {one.database for one in found.outliers}
    console.print(f"Databases: {len(found.databases):,}, of which {len(differing):,} differ.")
    for database, outliers in groupby(found.outliers, key=lambda one: one.database):
        for one in outliers:
            console.print(f"  {database}: {one.field} {_shown(one.value)} ({one.source})", soft_wrap=True, markup=False)
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
    if isinstance(value, EndpointSetting):
        return f"{value.name}: {_shown(value.value)}"
    if is_dataclass(value) and not isinstance(value, type):
        said = {name: one for name, one in asdict(value).items() if one not in (None, ())}
        return " ".join(f"{name}={_shown(one)}" for name, one in said.items())
    return "" if value is None else str(value)
