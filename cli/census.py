"""`fleet show`, and the detail of `fleet check`: what a database holds, and what a run moves of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import click

from cli.account import read_fleet
from cli.night_commands import account_of
from cli.options import Text, json_option, registry_option
from fleet.checks.source_look import SourceLook
from fleet.databases import Database, Registry
from fleet.deltas.logs import judge_log
from fleet.deltas.swept_tables import LastSweep, describe_sweep, say_sweep
from fleet.deltas.tables import Arrivals, describe_arrivals
from fleet.errors import RequestError
from fleet.failures import Failure
from fleet.keeping import judge_keeping
from fleet.names import last_sweep_key, newest_census_key
from fleet.tables.account import Accounted, DatabaseAccount, select_tables, take_account
from fleet.tables.catalogue import Census
from fleet.tables.losses import accepted_columns, describe_columns
from report.account import say_account, say_arrivals


class NoRunYetError(RequestError):
    """No run has looked at the database."""


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
        raise NoRunYetError(
            f"no run has come to {database} yet.", remedy=f"Look at the source itself: `fleet check {database}`."
        )
    swept = account.clients.records.read(last_sweep_key(entry.id), LastSweep) if entry.deltas else None
    return _print(replace(judge(fleet, entry, census, census), last_sweep=swept), as_json=as_json)


def judge_census(look: SourceLook) -> CensusVerdict | None:
    """The same of a source that was asked now, with what its log says to deltas that would begin; None where it gave
    no census."""
    if isinstance(look.census, Failure):
        return None
    verdict = judge(look.registry, look.database, look.census, look.known)
    if look.log is None:
        return verdict
    if isinstance(look.log, Failure):
        return replace(verdict, gaps=(*verdict.gaps, f"the source's log: {look.log.text}"))
    failure = judge_log(look.engine, look.log, "", look.database.schemas)
    return replace(verdict, gaps=(*verdict.gaps, *look.log.unseen), no_deltas=failure.text if failure else "")


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
        click.echo("\n".join(describe(verdict)))
    return 0 if verdict.is_whole else 1


def describe(verdict: CensusVerdict) -> list[str]:
    """What a person reads of it: the account, the columns, the arrivals."""
    relations = [one for one in verdict.account.relations if one.kind != "schema"]
    lines = [f"{verdict.database}: {len(relations):,} relations, {_count(relations)}."]
    lines += [f"  {line}" for line in say_account(verdict.account)]
    if verdict.columns:
        lines.append("Columns that may not arrive as they are (each run counts the values):")
        lines += [f"  {line}" for line in verdict.columns]
    else:
        every = "Every other column" if verdict.account.columns_left_out else "Every column"
        lines.append(f"{every} of what is moved arrives as it is.")
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
