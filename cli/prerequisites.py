"""`fleet prerequisites`: the SQL that a source's administrator runs before its databases can be onboarded."""

from __future__ import annotations

from pathlib import Path

import click

from cli.account import read_fleet
from cli.options import Text, registry_option
from fleet.databases import Database, Registry, Server
from fleet.errors import MalformedInputError
from fleet.spelling import did_you_mean
from onboarding.prerequisites import statements


@click.command(
    epilog="""\b
Examples:
  fleet prerequisites nyc-flights
  fleet prerequisites nyc-flights --login replicator > nyc-flights.sql
  fleet prerequisites nyc-flights --deltas   what deltas need besides
  fleet prerequisites nyc-flights --undo     takes it back, once the database is offboarded
  fleet prerequisites --server erp-1         one script for all onboarded databases of a server
"""
)
@click.argument("database", required=False, type=Text())
@click.option(
    "--server",
    "server_id",
    type=Text(),
    help="All onboarded databases of this server, in one script; with --undo all that the registry has.",
)
@click.option(
    "--login", type=Text(), default="fleet_dms", show_default=True, help="The login that the server's secret names."
)
@click.option("--deltas", is_flag=True, help="What deltas need besides: settings of the log, rights, and the mark.")
@click.option(
    "--undo", is_flag=True, help="What takes it back; with --deltas what those needed, and what keeps the log."
)
@click.option(
    "--without-sysadmin",
    is_flag=True,
    help="Deltas of a self-managed SQL Server by AWS's signed procedures, in place of the role sysadmin.",
)
@registry_option
def prerequisites(
    database: str | None,
    server_id: str | None,
    login: str,
    deltas: bool,
    undo: bool,
    without_sysadmin: bool,
    registry: Path,
) -> int:
    """Print the SQL to run at the source of DATABASE, once its DMS login exists there.

    Where the server runs (`hosting` in servers.yaml) decides what is printed. The script can be run again.
    """
    if (database is None) == (server_id is None):
        raise MalformedInputError(
            "neither a database nor a server is named." if database is None else "a database and a server are named.",
            remedy="Write `fleet prerequisites DATABASE`, or `fleet prerequisites --server SERVER`.",
        )
    read = read_fleet(registry)
    if database is not None:
        databases = [read.database(database)]
        server = read.server_of(databases[0])
    else:
        server = _server(read, server_id or "")
        of_it = [one for one in read.databases if one.server == server.id]
        # What is taken back is so once a database is offboarded: the flag says nothing then.
        databases = of_it if undo else [one for one in of_it if _needs(one, deltas=deltas)]
        if not databases:
            what = "database" if undo else f"onboarded database{' with `deltas: true`' if deltas else ''}"
            raise MalformedInputError(
                f"server {server.id!r} has no {what} in the registry.",
                remedy="Name a database, or onboard one: fleet onboard DATABASE.",
            )
    if without_sysadmin and not (deltas and server.engine == "sqlserver" and server.hosting == "self-managed"):
        raise MalformedInputError(
            "--without-sysadmin is for --deltas of a self-managed SQL Server. "
            f"Server {server.id!r} is {server.engine}, {server.hosting}, "
            f"and --deltas is {'given' if deltas else 'not given'}.",
            remedy="Leave it out." if deltas else "Leave it out, or add --deltas.",
        )
    named = {one.id for one in databases}
    of_others = (one for one in read.databases if one.server == server.id and one.id not in named)
    others = [one.id for one in of_others if _needs(one, deltas=deltas)]
    way = statements.WITHOUT_SYSADMIN if without_sysadmin else statements.SYSADMIN
    script = statements.prerequisites(server, databases, login, deltas=deltas, undo=undo, way=way, kept_for=others)
    click.echo(script, nl=False)
    return 0


def _server(read: Registry, server_id: str) -> Server:
    servers = {one.id: one for one in read.servers}
    if server_id not in servers:
        raise MalformedInputError(f"the registry has no server {server_id!r}.", remedy=did_you_mean(server_id, servers))
    return servers[server_id]


def _needs(database: Database, *, deltas: bool) -> bool:
    """Whether runs need what the script gives."""
    return database.onboarded and (database.deltas or not deltas)
