"""`fleet prerequisites`: the SQL that a source's administrator runs before its database can be onboarded."""

from __future__ import annotations

from pathlib import Path

import click

from cli.account import read_fleet
from cli.options import Text, registry_option
from onboarding.prerequisites import statements


@click.command(
    epilog="""\b
Examples:
  fleet prerequisites nyc-flights
  fleet prerequisites nyc-flights --login replicator > nyc-flights.sql
  fleet prerequisites nyc-flights --deltas   what deltas need besides
  fleet prerequisites nyc-flights --undo     takes it back, once the database is offboarded
"""
)
@click.argument("database", type=Text())
@click.option(
    "--login", type=Text(), default="fleet_dms", show_default=True, help="The login that the server's secret names."
)
@click.option("--deltas", is_flag=True, help="What deltas need besides: settings of the log, rights, and the mark.")
@click.option(
    "--undo", is_flag=True, help="What takes it back; with --deltas what those needed, and what keeps the log."
)
@registry_option
def prerequisites(database: str, login: str, deltas: bool, undo: bool, registry: Path) -> int:
    """Print the SQL to run at the source of DATABASE, once its DMS login exists there."""
    read = read_fleet(registry)
    entry = read.database(database)
    engine = read.server_of(entry).engine
    click.echo(statements.prerequisites(engine, entry, login, deltas=deltas, undo=undo), nl=False)
    return 0
