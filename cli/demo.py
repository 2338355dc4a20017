"""`fleet demo`: one full night over a sample fleet, on this machine, without an AWS account."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from cli.demo_runs import is_green, run_demo
from cli.options import NonEmptyPath, Text, dms_rate_option
from cli.report import NARROWEST
from cli.run_folder import DELTA_PAGE, FULL_PAGE, RunFolder, query_line
from cli.sample_registry import SAMPLE_REGISTRY
from cli.terminal import make_console
from fleet.databases import Registry
from local.cloud import VARIABLES
from local.faults.faults import Faults
from local.faults.requests import Fault, read_request, require_databases, spread
from local.sources.demo_fleet import require_sample, write_registry
from local.sources.sample_fleet import build
from localcloud.clock import Kind
from localcloud.cloud import AccountLimits
from localcloud.environment import own_environment
from localcloud.servers.postgres import EmbeddedPostgres
from localcloud.throttling import Rate
from onboarding.reader import read_registry

_FOLDER = RunFolder("fleet demo", ".fleet-demo")

_EPILOG = """\b
Examples:
  fleet demo                                the sample fleet of registry/databases.yaml
  fleet demo --databases 40 --tables 12     40 databases of 12 tables and views each
  FLEET_ONBOARD_TYPE_MUSEUM=false fleet demo
  fleet demo --json > night.json
  fleet demo --break nyc-flights=lost-source --break-some 4
"""


@click.command(epilog=_EPILOG)
@click.option("--databases", type=click.IntRange(1, 250), help="How many databases; 1 to 250. Default: the sample's.")
@click.option("--tables", type=click.IntRange(1, 1000), help="Tables and views of each. Default: as published.")
@click.option("--folder", type=NonEmptyPath(), default=Path("demo"), show_default=True, help="Where all of it goes.")
@click.option(
    "--clock",
    type=click.Choice(["virtual", "real"]),
    default="virtual",
    show_default=True,
    help="Skip the night's waits, or sit through them.",
)
@dms_rate_option
@click.option(
    "--break",
    "broken",
    type=Text(),
    multiple=True,
    metavar="DATABASE=FAULT",
    help="Break a database in the way that `fleet faults` lists; may be given several times.",
)
@click.option("--break-some", type=click.IntRange(0), default=0, help="Break so many databases, each in another way.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON, and progress on stderr.")  # fmt: skip
def demo(
    databases: int | None,
    tables: int | None,
    folder: Path,
    clock: Kind,
    dms_rate: Rate | None,
    broken: tuple[str, ...],
    break_some: int,
    as_json: bool,
) -> int:
    """Run one full night on this machine: real databases, real rows, the deployed state machines and handlers.

    Source databases are built from published data sets in an embedded PostgreSQL (kept between demos), moved by a local
    DMS to Parquet in a local S3, and loaded into a stand-in for Snowflake. What is emulated, and how faithfully, is
    in local/COVERAGE.md. The folder holds the landing bucket as files and a warehouse to query afterwards.

    Then rows change at the sources of those databases that do deltas, a delta run brings the changes, and every table
    of theirs is compared with its source. Exit code 1 if one is not equal. Databases can be broken on request; then
    there is the full run alone.
    """
    console = make_console(stderr=as_json, narrowest=NARROWEST)
    requests = [read_request(text) for text in broken]
    _FOLDER.require_own(folder)
    began = time.monotonic()
    is_sample = databases is None and tables is None
    if is_sample:  # what is wrong with its registry or its faults needs no minute of building to be known
        sample = read_registry(SAMPLE_REGISTRY, os.environ)
        require_sample(sample)
        _choose_faults(requests, break_some, sample)
    # One demo at a time: the server holds the folder's lock.
    with own_environment(VARIABLES), EmbeddedPostgres.start(folder / "source") as server:
        if left := _FOLDER.clear(folder):
            console.print(left)
        console.print("Building the source databases (kept for the next demo) ...")
        built = build(server, databases, tables, lambda line: console.print(f"  {line}"))
        chosen = (
            SAMPLE_REGISTRY if is_sample else write_registry(built, SAMPLE_REGISTRY, folder / "registry", deltas=True)
        )
        registry = _plan_for(dms_rate, read_registry(chosen, os.environ))
        faults = _choose_faults(requests, break_some, registry)
        built_seconds = time.monotonic() - began
        how = {"clock": clock, "limits": AccountLimits(dms_rate=dms_rate)}
        if faults.struck() and any(one.deltas for one in registry.databases):
            console.print("Faults were asked for: the night is the full run alone, and no database begins deltas.")
            registry = replace(registry, databases=tuple(replace(one, deltas=False) for one in registry.databases))
        document = run_demo(server, registry, folder, how, faults, console)
    document["build_seconds"] = round(built_seconds, 1)
    (folder / "report.json").write_text(json.dumps(document, indent=1), encoding="utf-8")
    if as_json:
        click.echo(json.dumps(document, indent=1))
    else:
        _point_out(folder, registry, document, console)
    return 0 if is_green(document) else 1


def _choose_faults(requests: Sequence[tuple[str, Fault]], some: int, registry: Registry) -> Faults:
    """What is to break. Raises UnknownDatabaseError, MalformedInputError."""
    names = [database.id for database in registry.databases if database.onboarded]
    require_databases((database for database, _ in requests), names)
    faults = Faults()
    for database, fault in [*requests, *spread(names, some)]:
        faults.add(database, fault)
    return faults


def _plan_for(dms_rate: Rate | None, registry: Registry) -> Registry:
    """The registry with the rate of this account's DMS in it."""
    if dms_rate is None:
        return registry
    known = {"dms_requests_at_once": dms_rate.burst, "dms_requests_per_second": int(dms_rate.per_second)}
    settings = registry.settings
    return replace(registry, settings=replace(settings, limits=replace(settings.limits, **known)))


def _point_out(folder: Path, registry: Registry, document: Mapping[str, Any], console: Console) -> None:
    """Where everything is, and how to look at it."""
    delta = document.get("delta")
    took = f", the delta {delta['night_seconds']} s" if delta else ""
    page = f"Page of the delta:       {folder / DELTA_PAGE}\n" if delta else ""
    console.print(
        f"\nThe night took {document['night_seconds']} s of this machine's time{took}. Seconds in the table and on the "
        f"page are on the run's own clock, which skipped {document['skipped_seconds']:,.0f} s of waiting.\n"
        f"Page of the night:       {folder / FULL_PAGE}\n"
        f"{page}"
        f"Landing bucket as files: {folder / 'landing'} ({document['objects']} objects)\n"
        f"Handlers' log:           {folder / 'handlers.jsonl'}\n"
        f"Counts of all tables:    {folder / 'report.json'}\n"
        f"Query the warehouse:\n  {query_line(folder, registry)}",
    )
