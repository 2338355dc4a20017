"""`fleet check` and `fleet show`: what a database holds, and what a run moves of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import click

from cli.account import read_fleet
from cli.asking_here import Answer, ask_here
from cli.checking.account_check import check_account
from cli.night_commands import account_of
from cli.options import Text, json_option, registry_option
from cli.registry_check import check_registry
from fleet.databases import Database, Registry
from fleet.deltas.logs import SourceLog, judge_log
from fleet.deltas.swept_tables import LastSweep, describe_sweep, say_sweep
from fleet.deltas.tables import Arrivals, describe_arrivals
from fleet.errors import MalformedInputError, RequestError
from fleet.failures import CLASSES, Failure
from fleet.keeping import judge_keeping
from fleet.names import ACCOUNT_WORD, REGISTRY_WORD, last_sweep_key, newest_census_key
from fleet.tables.account import Accounted, DatabaseAccount, select_tables, take_account
from fleet.tables.catalogue import Census
from fleet.tables.losses import accepted_columns, describe_columns
from lambdas.handlers.ask_source import Speaker, get_secret
from lambdas.wiring import Clients
from report.account import say_account, say_arrivals


class SourceNotAnsweringError(RequestError):
    """The source did not give its census."""


@dataclass(frozen=True)
class CensusVerdict:
    """What a run would make of a database. *columns*: a line for each that may lose something, or is left out.

    *failure*: why nothing at all would be moved. *gaps*: what the login may be kept from seeing. *arrivals*: by delta,
    or in full; None where the database does no deltas. *no_deltas*: what its log says against them. *last_sweep*: what
    the newest key sweep found; None where there was none, or nobody looked. *not_kept*: which tables cannot keep
    deleted rows, as `deletes` says, and why.
    """

    database: str
    account: DatabaseAccount
    columns: tuple[str, ...]
    failure: Failure | None
    gaps: tuple[str, ...] = ()
    arrivals: Arrivals | None = None
    no_deltas: str = ""
    last_sweep: LastSweep | None = None
    not_kept: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether all of it would be moved, and kept, and deltas could begin where they are asked for."""
        return self.account.is_complete and self.failure is None and not self.no_deltas and not self.not_kept


@click.command(
    epilog="""\b
Examples:
  fleet check nyc-flights                  asks the source through the fleet's own function
  fleet check nyc-flights --from-here      asks it from this machine, with the secret that you may read
  fleet check nyc-flights --json           exit code 1 where something would not be moved
  fleet check registry                     the files of the registry alone, as a pull request does
  fleet check account                      AWS and Snowflake: quotas, buckets, roles, keys, secrets, endpoints, rights
"""
)
@click.argument("database", type=Text())
@click.option("--from-here", is_flag=True, help="Connect from this machine instead of through AskSource.")
@click.option("--test-connections", "tests", is_flag=True, help="Have DMS test again what was not good (account only).")
@json_option
@registry_option
@click.pass_context
def check(context: click.Context, database: str, *, from_here: bool, tests: bool, as_json: bool, registry: Path) -> int:
    """Look at what DATABASE holds now, and say what a run would move of it and what not. Nothing is moved.

    Reads the catalogue of the source, no row of a table. By the registry of this folder, which need not be deployed.

    `registry` in place of a database: all that is to be mended in the registry's files, each with file, line and
    remedy, also as annotations of GitHub Actions and Azure Pipelines. Asks nobody.

    `account` in place of a database: what AWS and Snowflake lack for all that is onboarded, each with its remedy.
    Changes nothing without --test-connections. Exits 1 where something failed, or where AWS or
    Snowflake could not be asked.
    """
    if tests and database != ACCOUNT_WORD:
        raise MalformedInputError(
            f"--test-connections is for `fleet check account`, not for {database!r}.", remedy="Leave it out."
        )
    if database == REGISTRY_WORD:
        return check_registry(registry, as_json=as_json)
    account, fleet = account_of(context, registry), read_fleet(registry)
    if database == ACCOUNT_WORD:
        return check_account(account, fleet, tests=tests, as_json=as_json)
    entry = fleet.database(database)
    census = (
        ask_from_here(fleet, entry, account.clients)
        if from_here
        else account.clients.source.census(fleet.server_of(entry), entry)
    )
    if isinstance(census, Failure):
        raise SourceNotAnsweringError(
            f"{database}: {census.failure_class}: {census.text}", remedy=CLASSES[census.failure_class].remedy
        )
    known = account.clients.records.read(newest_census_key(entry.id), Census)
    verdict = judge(fleet, entry, census, known)
    if entry.deltas:
        verdict = _judge_log(fleet, entry, verdict, account.clients, from_here=from_here)
    return _print(verdict, as_json=as_json)


@click.command(
    epilog="""\b
Examples:
  fleet show nyc-flights
  fleet show nyc-flights --json
"""
)
@click.argument("database", type=Text())
@json_option
@registry_option
@click.pass_context
def show(context: click.Context, database: str, as_json: bool, registry: Path) -> int:
    """Say what the last run found in DATABASE: what is moved, what not and why, and what its columns may lose.

    Reads the account, not the source. By the registry of this folder, which need not be deployed.
    """
    account, fleet = account_of(context, registry), read_fleet(registry)
    entry = fleet.database(database)
    census = account.clients.records.read(newest_census_key(entry.id), Census)
    if census is None:
        raise SourceNotAnsweringError(
            f"no run has come to {database} yet.", remedy=f"Look at the source itself: `fleet check {database}`."
        )
    swept = account.clients.records.read(last_sweep_key(entry.id), LastSweep) if entry.deltas else None
    return _print(replace(judge(fleet, entry, census, census), last_sweep=swept), as_json=as_json)


def ask_from_here(fleet: Registry, database: Database, clients: Clients) -> Census | Failure:
    """The census, asked for from this machine."""
    mode = fleet.server_of(database).ssl_mode
    return _ask_from_here(
        fleet,
        database,
        clients,
        lambda speaker, secret: speaker.census(secret, database.name_at_source, list(database.schemas), mode),
    )


def _ask_from_here(
    fleet: Registry, database: Database, clients: Clients, ask: Callable[[Speaker, Mapping[str, Any]], Answer]
) -> Answer | Failure:
    server = fleet.server_of(database)
    secret = get_secret(server.secret, clients)
    if isinstance(secret, Failure):
        return secret
    return ask_here(server.engine, lambda speaker: ask(speaker, secret))


def _judge_log(
    fleet: Registry, database: Database, verdict: CensusVerdict, clients: Clients, *, from_here: bool
) -> CensusVerdict:
    """*verdict* with what the source's log says to deltas that would begin now."""
    server = fleet.server_of(database)
    log: SourceLog | Failure = (
        _ask_from_here(
            fleet,
            database,
            clients,
            lambda speaker, secret: speaker.log(secret, database.name_at_source, server.ssl_mode),
        )
        if from_here
        else clients.source.log(server, database)
    )
    if isinstance(log, Failure):
        return replace(verdict, gaps=(*verdict.gaps, f"the source's log: {log.text}"))
    failure = judge_log(server.engine, log, "", database.schemas)
    return replace(verdict, gaps=(*verdict.gaps, *log.unseen), no_deltas=failure.text if failure else "")


def judge(fleet: Registry, database: Database, census: Census, known: Census | None) -> CensusVerdict:
    """What a run would make of *census*. *known*: that of the last run."""
    engine = fleet.server_of(database).engine
    selected = select_tables(engine, database, census, None)
    tables = () if isinstance(selected, Failure) else selected
    lob_kilobytes = fleet.settings.profile_of(database).lob_max_kilobytes
    columns = [
        line
        for table in tables
        for line in describe_columns(engine, table, lob_kilobytes, accepted_columns(database, table))
    ]
    failure = selected if isinstance(selected, Failure) else None
    account = take_account(engine, database, census, known)
    arrivals = describe_arrivals(engine, database, tables, census) if database.deltas else None
    not_kept = tuple(one.text for one in (judge_keeping(engine, database, table) for table in tables) if one)
    return CensusVerdict(database.id, account, tuple(columns), failure, census.gaps, arrivals, not_kept=not_kept)


def _print(verdict: CensusVerdict, *, as_json: bool) -> int:
    if as_json:
        click.echo(json.dumps({**asdict(verdict), "is_whole": verdict.is_whole}, ensure_ascii=False))
    else:
        for line in _lines(verdict):
            click.echo(line)
    return 0 if verdict.is_whole else 1


def _lines(verdict: CensusVerdict) -> list[str]:
    relations = [one for one in verdict.account.relations if one.kind != "schema"]
    lines = [f"{verdict.database}: {len(relations):,} relations, {_count(relations)}."]
    lines += [f"  {line}" for line in say_account(verdict.account)]
    if verdict.columns:
        lines.append("Columns that may not arrive as they are (each run counts the values):")
        lines += [f"  {line}" for line in verdict.columns]
    else:
        lines.append("Every column of what is moved arrives as it is.")
    if verdict.arrivals:
        lines += say_arrivals(verdict.arrivals)
        if verdict.arrivals.no_mark:
            lines.append(f"The mark is one table with one row: `fleet prerequisites {verdict.database} --deltas`.")
    if verdict.no_deltas:
        lines.append(f"Deltas cannot begin: {verdict.no_deltas}")
    if verdict.last_sweep:
        last = verdict.last_sweep
        lines.append(f"Run {last.run}, which ended at {last.ended_at}, {say_sweep(last.sweep)}.")
        lines += [f"  {line}" for line in describe_sweep(last.sweep)]
    lines += verdict.not_kept
    lines += [f"Not checked: {gap}" for gap in verdict.gaps]
    if verdict.failure:
        lines.append(verdict.failure.text)
    return lines


def _count(relations: Sequence[Accounted]) -> str:
    counts = Counter(one.fate for one in relations)
    return ", ".join(f"{count:,} {fate}" for fate, count in counts.most_common()) or "none"
