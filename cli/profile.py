"""`fleet profile`: what databases look like, what has changed since the last look, which are alike, and what that
proposes for the registry."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click
from rich.table import Table as Grid

from cli.accepting import accept_proposals
from cli.account import Account, read_fleet
from cli.gentle import ask_gently
from cli.night_commands import account_of
from cli.onboard import choose_ids
from cli.options import Text, json_option, registry_option
from cli.profiling import from_here, take_profile, through_function
from cli.terminal import make_console
from fleet.databases import Database, Registry
from fleet.errors import MalformedInputError, ThrottledError, TransientError
from fleet.failures import CLASSES, Failure
from fleet.names import newest_profile_key
from fleet.profiles.drift import describe_drift
from fleet.profiles.profile import DatabaseProfile, TableProfile
from fleet.profiles.proposals import CUT_ABOVE_ROWS, NOTHING_PROPOSED, Proposal, Proposed, propose
from fleet.profiles.schemas import SchemaGroup, group_by_schema, say_groups
from fleet.sentences import end_sentence, say_bytes
from fleet.spelling import list_some
from lambdas.handlers.ask_source import get_secret

_ASKED_AT_ONCE = 8
_AT_ONE_SERVER = 2
"""Our choice: a profile can wait, and a server has other work."""
_LINE_EVERY_SECONDS = 2
_SHOWN_IN_FULL = 3
_TABLES_SHOWN = 20
_DRIFT_SHOWN = 10


@dataclass(frozen=True)
class ProfiledDatabase:
    """A database's profile, or why there is none, with what it comes to. *before*: when the last one was taken."""

    database: str
    profile: DatabaseProfile | None
    failure: Failure | None = None
    before: str = ""
    drift: tuple[str, ...] = ()
    proposed: Proposed = NOTHING_PROPOSED


@click.command(
    epilog="""\b
Examples:
  fleet profile nyc-flights                  asks the source through the fleet's own function
  fleet profile nyc-flights --count          counts the rows, too
  fleet profile --family shop                which databases of a family are alike, and what the others lack
  fleet profile --all --from-here --json     asks all from this machine, for a program
  fleet profile nyc-flights --accept         writes what the kept profile proposes, after showing it
"""
)
@click.argument("databases", metavar="[DATABASE]...", nargs=-1, type=Text())
@click.option("--all", "is_all", is_flag=True, help="All databases of the registry.")
@click.option("--tag", "tags", type=Text(), multiple=True, help="All with this tag; may be repeated.")
@click.option("--family", "families", type=Text(), multiple=True, help="All of this family; may be repeated.")
@click.option("--count", "is_counted", is_flag=True, help="Count the rows; else they are those of the statistics.")
@click.option(
    "--cut-above",
    type=click.IntRange(1),
    default=CUT_ABOVE_ROWS,
    show_default=True,
    metavar="ROWS",
    help="Propose ranges for tables of more rows.",
)
@click.option("--accept", "is_accepted", is_flag=True, help="Write the proposals of the kept profiles to the registry.")
@click.option("--yes", is_flag=True, help="With --accept: do not ask before a file is written.")
@click.option("--from-here", "is_from_here", is_flag=True, help="Connect from this machine, not through AskSource.")
@json_option
@registry_option
@click.pass_context
def profile(
    context: click.Context,
    databases: tuple[str, ...],
    registry: Path,
    *,
    is_all: bool,
    tags: tuple[str, ...],
    families: tuple[str, ...],
    is_counted: bool,
    cut_above: int,
    is_accepted: bool,
    yes: bool,
    is_from_here: bool,
    as_json: bool,
) -> int:
    """Say how large the tables of databases are, how their rows lie along their keys, and what that proposes.

    Asks the server's statistics, and reads rows where it has none and of columns of long values, each within
    `limits.count_table_seconds`. Nothing is written to the source. The profile is kept in the control bucket, and the
    next one says what has changed.

    Proposals change nothing: --accept writes those of the kept profiles to the registry, with the change shown first.
    """
    account, fleet = account_of(context, registry), read_fleet(registry)
    ids = _choose(fleet, databases, tags, families, is_all=is_all)
    chosen = [database for database in fleet.databases if database.id in ids]
    if is_accepted:
        proposals = [one for each in chosen for one in _kept(fleet, each, account, cut_above).proposals]
        return accept_proposals(registry, proposals, yes=yes, as_json=as_json)
    found = _profile_all(fleet, chosen, account, cut_above, is_from_here=is_from_here, is_counted=is_counted)
    groups = group_by_schema([one.profile for one in found if one.profile is not None])
    if as_json:
        click.echo(json.dumps({"databases": [_document(one) for one in found], "groups": [asdict(g) for g in groups]}))
    else:
        _print(found, groups)
    return 1 if any(one.failure for one in found) else 0


def _choose(
    fleet: Registry, names: Sequence[str], tags: Sequence[str], families: Sequence[str], *, is_all: bool
) -> set[str]:
    """
    Raises:
        MalformedInputError: Nothing is chosen, or all and some.
        UnknownDatabaseError: A name is not in the registry.
    """
    is_some = bool(names or tags or families)
    if is_all == is_some:
        what = "all databases are chosen, and some of them" if is_all else "no database is named"
        raise MalformedInputError(f"{what}.", remedy="Name some, or give --tag or --family, or --all alone.")
    if is_all:
        return {database.id for database in fleet.databases}
    return choose_ids(fleet, names, tags, (), families)


def _kept(fleet: Registry, database: Database, account: Account, cut_above: int) -> Proposed:
    """What the kept profile of *database* proposes.

    Raises:
        MalformedInputError: None is kept.
    """
    kept = account.clients.records.read(newest_profile_key(database.id), DatabaseProfile)
    if kept is None:
        raise MalformedInputError(
            f"no profile of {database.id} is kept.", remedy=f"Take one first: `fleet profile {database.id}`."
        )
    return propose(fleet, database, kept, cut_above)


def _profile_all(
    fleet: Registry,
    chosen: Sequence[Database],
    account: Account,
    cut_above: int,
    *,
    is_from_here: bool,
    is_counted: bool,
) -> list[ProfiledDatabase]:
    """The profiles of *chosen*, taken side by side, and kept; in order of id."""
    console, now, clients = make_console(stderr=True), account.clients.now, account.clients

    def take(database: Database) -> ProfiledDatabase:
        try:
            return look(database)
        except (ThrottledError, TransientError) as error:  # of one database: the others have answers
            return ProfiledDatabase(database.id, None, Failure("throttled", type(error).__name__, str(error)))

    def look(database: Database) -> ProfiledDatabase:
        asker = through_function(fleet, database, clients)
        if is_from_here:
            secret = get_secret(fleet.server_of(database).secret, clients)
            if isinstance(secret, Failure):
                return ProfiledDatabase(database.id, None, secret)
            asker = from_here(fleet, database, secret, now)
        found = take_profile(fleet, database, asker, now(), is_counted=is_counted)
        if isinstance(found, Failure):
            return ProfiledDatabase(database.id, None, found)
        before = clients.records.read(newest_profile_key(database.id), DatabaseProfile)
        clients.records.write(newest_profile_key(database.id), found, DatabaseProfile)
        drift = describe_drift(before, found) if before else ()
        taken_at = before.taken_at if before else ""
        return ProfiledDatabase(database.id, found, None, taken_at, drift, propose(fleet, database, found, cut_above))

    console.print(f"Asking {_count(len(chosen), 'database')} ...")
    said_at = now()

    def hear(answered: int) -> None:
        nonlocal said_at
        if (now() - said_at).total_seconds() >= _LINE_EVERY_SECONDS and answered < len(chosen):
            said_at = now()
            console.print(f"  {answered} of {len(chosen)} have answered")

    at_server = {server.id: _AT_ONE_SERVER for server in fleet.servers}
    taken = ask_gently(at_server, chosen, take, lambda: None, hear, _ASKED_AT_ONCE)
    return sorted(taken, key=lambda one: one.database)


def _document(one: ProfiledDatabase) -> dict[str, object]:
    profile = asdict(one.profile) if one.profile else None
    proposals = [asdict(proposal) for proposal in one.proposed.proposals]
    return {
        "database": one.database,
        "profile": profile,
        "failure": asdict(one.failure) if one.failure else None,
        "before": one.before,
        "drift": one.drift,
        "proposals": proposals,
        "left": one.proposed.left,
    }


def _print(found: Sequence[ProfiledDatabase], groups: Sequence[SchemaGroup]) -> None:
    console = make_console()
    profiled = [one for one in found if one.profile is not None]
    for one in found:
        if one.profile is None and one.failure is not None:
            text = f"{end_sentence(one.failure.text)} {CLASSES[one.failure.failure_class].remedy}"
            console.print(f"{one.database}: not profiled: {text}")
    for one in profiled:
        if one.profile is None:
            continue
        size = say_bytes(one.profile.size_bytes)
        tables = _count(len(one.profile.tables), "table")
        console.print(f"{one.database}: {tables}, {_say_rows(one.profile)}, {size}")
        if len(found) <= _SHOWN_IN_FULL:
            console.print(_grid(one.profile))
            for table in one.profile.tables:
                for gap in table.gaps:
                    console.print(f"  {table.name}: {gap}")
        if one.drift:
            console.print(f"  Since {one.before}:")
            shown = one.drift[:_DRIFT_SHOWN]
            more = len(one.drift) - len(shown)
            for line in (*shown, *([f"and {more:,} more"] if more else [])):
                console.print(f"    {line}")
        elif one.before:
            console.print(f"  As on {one.before}.")
    if len(profiled) > 1:
        console.print(f"{say_groups(groups)}.")
        for group in groups[1:] if groups[0].name else ():
            name = f"Schema {group.name} ({list_some(group.databases, 'databases')})" if group.name else ""
            console.print(f"  {name or group.databases[0]}: {'; '.join(group.differences)}")
    proposals = [proposal for one in profiled for proposal in one.proposed.proposals]
    for proposal in proposals:
        console.print(f"{proposal.database}: {say_proposal(proposal)}: {proposal.reason}")
    for one in profiled:
        for line in one.proposed.left:
            console.print(f"{one.database}: {line}")
    failed = len(found) - len(profiled)
    console.print(
        f"{_count(len(profiled), 'database')} profiled, {failed} not; {_count(len(proposals), 'proposal')}"
        + (", which `--accept` writes." if proposals else ".")
    )


def _say_rows(profile: DatabaseProfile) -> str:
    unknown = sum(table.rows is None for table in profile.tables)
    if unknown and unknown == len(profile.tables):
        return "rows unknown: its server has no statistics (ANALYZE, or --count)"
    known = f"about {profile.rows:,} rows"
    return f"{known}, {_count(unknown, 'table')} without statistics" if unknown else known


def say_proposal(proposal: Proposal) -> str:
    """What is proposed, as a person reads it."""
    if isinstance(proposal.value, int):
        return f"`{proposal.key}: {proposal.value}`"
    load = proposal.value
    return f"`{proposal.key}` of {load.schema}.{load.table} at {list_some(load.boundaries, 'boundaries')}"


def _grid(profile: DatabaseProfile) -> Grid:
    grid = Grid(box=None, pad_edge=False)
    for heading in ("  table", "rows", "size", "key", "from", "to", "longest"):
        grid.add_column(heading, justify="right" if heading in {"rows", "size"} else "left")
    largest = sorted(profile.tables, key=lambda table: (-(table.size_bytes or 0), table.name))
    for table in largest[:_TABLES_SHOWN]:
        grid.add_row(*_row(table))
    if len(largest) > _TABLES_SHOWN:
        grid.add_row(f"  ... and {len(largest) - _TABLES_SHOWN} smaller")
    return grid


def _row(table: TableProfile) -> list[str]:
    rows = "?" if table.rows is None else f"{'' if table.is_counted else '~'}{table.rows:,}"
    size = "?" if table.size_bytes is None else say_bytes(table.size_bytes)
    spread = table.spread
    longest = max(table.longest, key=lambda one: one.kilobytes, default=None)
    return [
        f"  {table.name}",
        rows,
        size,
        ", ".join(table.key) or "none",
        spread.minimum if spread else "",
        spread.maximum if spread else "",
        f"{longest.column}: {longest.kilobytes:,} KB" if longest else "",
    ]


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
