"""`fleet prerequisites`: the SQL that a source's administrator runs before its database can be onboarded."""

from __future__ import annotations

import os
from pathlib import Path

import click

from cli.account import REGISTRY
from onboarding.prerequisites import statements
from onboarding.reader import read_registry


@click.command(
    epilog="""\b
Examples:
  fleet prerequisites nyc-flights
  fleet prerequisites nyc-flights --login replicator > nyc-flights.sql
"""
)
@click.argument("database")
@click.option("--login", default="fleet_dms", show_default=True, help="The login that the server's secret names.")
@click.option(
    "--registry",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=REGISTRY,
    show_default=True,
    help="The folder of the registry.",
)
def prerequisites(database: str, login: str, folder: Path) -> int:
    """Print the SQL to run at the source of DATABASE, once its DMS login exists there."""
    registry = read_registry(folder, os.environ)
    entry = registry.database(database)
    click.echo(statements.prerequisites(registry.server_of(entry).engine, entry, login), nl=False)
    return 0
