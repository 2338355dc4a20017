"""`fleet try`: copy databases of one's own, on this machine: the real sources, a local cloud, a warehouse to query."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from cli.account import now_here, read_fleet
from cli.demo_runs import name_night, run_night
from cli.options import NonEmptyPath, Text, json_option
from cli.own import secrets
from cli.own.asking import ask_census
from cli.own.local_registry import choose, for_this_machine
from cli.own.options import own_registry_option, secrets_option
from cli.report import NARROWEST
from cli.run_folder import FULL_PAGE, RunFolder, query_line
from cli.terminal import make_console
from fleet.databases import Database, Registry, Server
from fleet.errors import MalformedInputError, RequestError
from fleet.failures import CLASSES, Failure
from fleet.quarantine import describe_quarantine, find_quarantine
from fleet.sentences import end_sentence
from fleet.spelling import did_you_mean, list_some
from fleet.tables.account import select_tables
from fleet.tables.catalogue import Census, Table
from fleet.tables.patterns import literal
from local.cloud import VARIABLES, LocalCloud
from local.export import export_bucket
from localcloud.environment import own_environment

_FOLDER = RunFolder("fleet try", ".fleet-try")
_ASKED_AT_ONCE = 8
_LINE_EVERY = 25


class SourcesNotAnsweringError(RequestError):
    """A source that was to be copied does not say what it holds."""


@dataclass(frozen=True)
class SourceReading:
    """What is read of one database: *tables*. *larger*: those that are left out for their size, and how many rows they
    have; *others*: how many more are left out, because they were not named.

    *left_out*: all relations that the options leave out. One that a run would not move anyway is not among them without
    `--tables`: the run has to say so. *nothing*: why a run moves nothing of it, whatever the options.
    """

    database: Database
    tables: tuple[Table, ...]
    larger: tuple[tuple[str, int], ...]
    others: int
    left_out: tuple[str, ...] = ()
    nothing: Failure | None = None

    @property
    def rows(self) -> int:
        """How many rows they have by their server's statistics."""
        return sum(table.rows_estimated or 0 for table in self.tables)

    @property
    def uncounted(self) -> int:
        """Of how many the server has no statistics; views have none."""
        return sum(table.rows_estimated is None for table in self.tables)


@click.command(
    "try",
    epilog="""\b
Examples:
  fleet try                                          all onboarded databases of ./my-registry
  fleet try shop --largest 1000000                   without tables of more rows than that
  fleet try shop --tables public.orders --tables public.customers
  fleet try --registry registry --secrets ~/servers.json --json > try.json
  FLEET_SECRET_DB_EXAMPLE_COM=postgresql://reader:...@db.example.com fleet try
""",
)
@click.argument("databases", metavar="[DATABASE]...", nargs=-1, type=Text())
@own_registry_option
@secrets_option
@click.option("--tables", type=Text(), multiple=True, help="Only this one, as schema.table; may be repeated.")
@click.option("--largest", type=click.IntRange(0), metavar="ROWS", help="Leave out tables of more rows, and name them.")
@click.option("--folder", type=NonEmptyPath(), default=Path("try"), show_default=True, help="Where all of it goes.")
@click.option("--yes", is_flag=True, help="Do not ask before anything is copied.")
@json_option
def try_own(
    *,
    databases: tuple[str, ...],
    registry: Path,
    secrets_file: Path,
    tables: tuple[str, ...],
    largest: int | None,
    folder: Path,
    yes: bool,
    as_json: bool,
) -> int:
    """Copy databases of your own registry on this machine, from the real servers into a local warehouse.

    The state machines and handlers are those that AWS runs; DMS, S3 and Snowflake are stand-ins in this process, and
    nothing leaves the machine. The sources are read and never written to: what would need a slot or a mark, as deltas,
    is left out. First it says what it will read.

    A server's login comes from FLEET_SECRET_<SERVER> (a URL), from the file of secrets, or from you.
    """
    console = make_console(stderr=as_json, narrowest=NARROWEST)
    read = read_fleet(registry)
    fleet = choose(read, databases, now_here())
    for one in read.databases if not databases else ():
        if one.onboarded and (held := find_quarantine(one, now_here())) is not None:
            console.print(describe_quarantine(one.id, held).text)
    click.get_current_context().with_resource(_FOLDER.held(folder))
    can_ask = sys.stdin.isatty()
    logins = secrets.gather(fleet.servers, secrets_file, os.environ, _ask_login if can_ask else None)
    censuses = _ask_all(fleet, logins, console)
    _require_found(tables, censuses)
    readings = [read_what(fleet, one, censuses[one.id], tables, largest) for one in fleet.databases]
    _require_some(readings)
    _say(readings, console)
    if can_ask and not yes:
        click.confirm("Copy it?", default=True, abort=True, err=as_json)
    run = [_narrow(one) for one in readings if one.tables or one.nothing]
    narrowed = choose(replace(fleet, databases=tuple(run)), [one.id for one in run], now_here())
    narrowed, logins = for_this_machine(narrowed, logins)
    with own_environment(VARIABLES):
        if left := _FOLDER.clear(folder):
            console.print(left)
        document = _run(narrowed, logins, folder, console)
    document["left_out"] = {one.database.id: [name for name, _ in one.larger] for one in readings}
    (folder / "report.json").write_text(json.dumps(document, indent=1), encoding="utf-8")
    if as_json:
        click.echo(json.dumps(document, indent=1))
    else:
        console.print(
            f"\nThe copy took {document['night_seconds']} s of this machine's time. Seconds in the table and on the "
            f"page are on the run's own clock, which skipped {document['skipped_seconds']:,.0f} s of waiting.\n"
            f"Page of the run:         {folder / FULL_PAGE}\n"
            f"Landing bucket as files: {folder / 'landing'} ({document['objects']} objects)\n"
            f"Handlers' log:           {folder / 'handlers.jsonl'}\n"
            f"Counts of all tables:    {folder / 'report.json'}\n"
            f"Query the warehouse:\n  {query_line(folder, narrowed)}"
        )
    return 0 if document["status"] == "SUCCEEDED" else 1


def _ask_login(server: Server) -> Mapping[str, Any]:
    click.echo(f"Server {server.id} ({server.engine}):", err=True)
    return secrets.as_secret(click.prompt("  URL with login and password", hide_input=True, err=True))


def _ask_all(fleet: Registry, logins: secrets.Secrets, console: Console) -> dict[str, Census]:
    """What each source holds.

    Raises:
        SourcesNotAnsweringError: One of them does not say.
    """
    count = len(fleet.databases)
    asked = "1 database what it holds" if count == 1 else f"{count} databases what they hold"
    console.print(f"Asking {asked} ...")

    def ask(database: Database) -> Census | Failure:
        return ask_census(fleet, database, logins[fleet.server_of(database).secret])

    answers: dict[str, Census | Failure] = {}
    with ThreadPoolExecutor(_ASKED_AT_ONCE) as pool:  # one that hangs takes two minutes, and keeps none of the others
        for database, answer in zip(fleet.databases, pool.map(ask, fleet.databases), strict=True):
            answers[database.id] = answer
            if len(answers) % _LINE_EVERY == 0 and len(answers) < count:
                console.print(f"  {len(answers)} of {count} have answered")
    failures = [(name, answer) for name, answer in answers.items() if isinstance(answer, Failure)]
    if failures:
        lines = [f"{name}: {end_sentence(one.text)} {CLASSES[one.failure_class].remedy}" for name, one in failures]
        raise SourcesNotAnsweringError(
            f"nothing was copied, for {len(failures)} of {len(fleet.databases)} databases do not answer.\n  "
            + "\n  ".join(lines),
            remedy="Mend that, or name the others.",
        )
    return {name: answer for name, answer in answers.items() if isinstance(answer, Census)}


def read_what(
    fleet: Registry, database: Database, census: Census, names: Sequence[str], largest: int | None
) -> SourceReading:
    """What is read of *database*: of what a run would move, the tables of those *names* (all without any) that have at
    most *largest* rows by their server's statistics. One without statistics is read.

    Raises:
        MalformedInputError: A run would not move a table that is named.
    """
    engine = fleet.server_of(database).engine
    here = [name for name in dict.fromkeys(names) if any(str(table.name) == name for table in census.tables)]
    found = select_tables(engine, database, census, None)
    moved = () if isinstance(found, Failure) else found
    wanted = select_tables(engine, database, census, here) if here else () if names else moved
    if isinstance(wanted, Failure):
        raise MalformedInputError(wanted.text, remedy="Name others, or none.")
    larger = [table for table in wanted if largest is not None and (table.rows_estimated or 0) > largest]
    tables = tuple(table for table in wanted if table not in larger)
    left = _all_but(tables, census) if names else larger
    return SourceReading(
        database,
        tables,
        tuple((str(table.name), table.rows_estimated or 0) for table in larger),
        len(moved) - len(wanted),
        tuple(sorted(str(table.name) for table in left)),
        found if isinstance(found, Failure) and not names else None,
    )


def _all_but(tables: Sequence[Table], census: Census) -> list[Table]:
    """The relations of *census* that are none of *tables*, nor a partition of one."""
    kept = {table.name for table in tables}
    while parts := {one.name for one in census.tables if one.part_of in kept} - kept:
        kept |= parts
    return [one for one in census.tables if one.name not in kept]


def _require_found(names: Sequence[str], censuses: Mapping[str, Census]) -> None:
    known = {str(table.name) for census in censuses.values() for table in census.tables}
    for name in names:
        if name not in known:
            raise MalformedInputError(
                f"no database that was asked has a table {name!r}.",
                remedy=did_you_mean(name, known) if known else "They hold none at all.",
            )


def _require_some(readings: Sequence[SourceReading]) -> None:
    """
    Raises:
        MalformedInputError: Nothing at all is to be read.
    """
    if any(one.tables for one in readings):
        return
    if larger := [(rows, name) for one in readings for name, rows in one.larger]:
        rows, name = min(larger)
        raise MalformedInputError(
            f"nothing is left to copy: --largest leaves out {_tables(len(larger))}, all that there are.",
            remedy=f"The smallest has {rows:,} rows: {name}.",
        )
    why = "\n  ".join(one.nothing.text for one in readings if one.nothing)
    raise MalformedInputError(f"there is nothing to copy.\n  {why}", remedy=CLASSES["mapping_empty"].remedy)


def _say(readings: Sequence[SourceReading], console: Console) -> None:
    """What will be read, and how much."""
    for one in readings:
        unknown = f" ({one.uncounted} of them without statistics)" if one.uncounted else ""
        console.print(f"{one.database.id}: {_tables(len(one.tables))}{unknown}, about {one.rows:,} rows")
        if one.nothing:
            console.print(f"  a run moves nothing of it: {one.nothing.text}")
        if one.larger:
            named = list_some([f"{name} ({rows:,} rows)" for name, rows in one.larger], "tables")
            console.print(f"  left out, for they are larger: {named}")
        if one.others:
            console.print(f"  left out, for they were not named: {_tables(one.others)}")
    console.print("Nothing is written to the sources.")


def _tables(count: int) -> str:
    return f"{count:,} table{'' if count == 1 else 's'}"


def _narrow(reading: SourceReading) -> Database:
    """The database with all that the options leave out left out."""
    together = (*reading.database.exclude, *map(literal, reading.left_out))
    return replace(reading.database, exclude=tuple(dict.fromkeys(together)))


def _run(fleet: Registry, logins: secrets.Secrets, folder: Path, console: Console) -> dict[str, object]:
    """Deploy to a local cloud, run in full, and keep what landed as files; all that a program wants to know."""
    night = name_night("try", "full")
    console.print("Deploying to the local cloud ...")
    with LocalCloud(folder, fleet, logins, on_status=night.hear) as cloud:
        document = run_night(night, cloud, folder / FULL_PAGE, console)
        cloud.snowflake.begin_close()
        objects = export_bucket(cloud.aws, fleet.settings.landing_bucket, folder / "landing")
    return {**document, "objects": objects}
