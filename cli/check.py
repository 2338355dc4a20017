"""`fleet check`: whether databases can be copied, asked of their live sources, before a run finds out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from cli.account import Account, read_fleet
from cli.asking_here import ask_from_here
from cli.census import describe, judge_census
from cli.check_output import CheckedDatabase, as_document, is_fine, lines
from cli.checking.account import account_facts, check_account_facts, check_database_facts
from cli.checking.connection_tests import retest_connections
from cli.gentle import ASKED_AT_ONCE, LONGEST_PAUSE_SECONDS, ask_gently, bears
from cli.night_commands import account_of
from cli.onboard import choose_ids
from cli.options import Text, json_option, registry_option
from cli.progress import CountProgress
from cli.registry_check import check_registry
from cli.terminal import make_console
from fleet.checks.account_facts import AccountFacts
from fleet.checks.check import Checked, apply_checks
from fleet.checks.source.all_checks import SOURCE_CHECKS
from fleet.checks.source_look import SourceLook
from fleet.databases import Database, Registry
from fleet.errors import MalformedInputError
from fleet.names import ACCOUNT_WORD, REGISTRY_WORD
from lambdas.source_looks import ask_through_function, look_at
from onboarding.schedules import hours_between_deltas


@click.command(
    epilog="""\b
Examples:
  fleet check nyc-flights                  asks the source through the fleet's own function
  fleet check nyc-flights --from-here      asks it from this machine, with the secret that you may read
  fleet check --all                        all onboarded databases, and the account
  fleet check --tag finance --json         exit code 1 where a check failed
  fleet check account                      AWS and Snowflake alone: quotas, buckets, roles, keys, secrets, rights
  fleet check registry                     the files of the registry alone, as a pull request does
"""
)
@click.argument("databases", metavar="[DATABASE]...", nargs=-1, type=Text())
@click.option("--all", "is_all", is_flag=True, help="All onboarded databases.")
@click.option("--tag", "tags", type=Text(), multiple=True, help="All with this tag, onboarded or not; may be repeated.")
@click.option("--from-here", is_flag=True, help="Connect from this machine instead of through AskSource.")
@click.option("--count-losses", is_flag=True, help="Count values that are lost or cut. Reads the tables.")
@click.option("--test-connections", "tests", is_flag=True, help="Have DMS test connections again that were not good.")
@json_option
@registry_option
@click.pass_context
def check(
    context: click.Context,
    databases: tuple[str, ...],
    *,
    is_all: bool,
    tags: tuple[str, ...],
    from_here: bool,
    count_losses: bool,
    tests: bool,
    as_json: bool,
    registry: Path,
) -> int:
    """Ask the source of each DATABASE whether a run would copy all of it, and AWS whether it has what that takes.

    Says what is to be mended; nothing moves. Reads catalogues and settings, and no row of a table without
    --count-losses. At most so many databases of a server are asked at once as its `databases_at_once` says. By the
    registry of this folder, which need not be deployed. docs/check.md has each check.

    `registry` in place of a database: all that is to be mended in the registry's files, each with file, line and
    remedy, also as annotations of GitHub Actions and Azure Pipelines. Asks nobody.

    `account` in place of a database: AWS and Snowflake, for all that is onboarded, and no source.
    """
    if databases == (REGISTRY_WORD,) and not is_all and not tags:
        return check_registry(registry, as_json=as_json)
    account, fleet = account_of(context, registry), read_fleet(registry)
    if databases == (ACCOUNT_WORD,) and not is_all and not tags:
        onboarded = [one for one in fleet.databases if one.onboarded]
        facts = ask_account(account, fleet, onboarded, tests=tests)
        found = [CheckedDatabase(one.id, check_database_facts(facts, one)) for one in onboarded]
        return _say(found, check_account_facts(facts), as_json=as_json)
    chosen = choose(fleet, databases, tags, is_all=is_all)
    looks = ask_all(account, fleet, chosen, from_here=from_here, count_losses=count_losses)
    facts = ask_account(account, fleet, chosen, tests=tests, is_whole=is_all)
    found = [CheckedDatabase(one.database.id, _checks_of(one, facts)) for one in looks]
    of_account = check_account_facts(facts) if is_all else ()
    return _say(found, of_account, looks[0] if len(looks) == 1 else None, as_json=as_json)


def _checks_of(look: SourceLook, facts: AccountFacts) -> tuple[Checked, ...]:
    of_source = apply_checks(SOURCE_CHECKS, look.database.id, look)
    return (*of_source, *check_database_facts(facts, look.database))


def _say(
    found: Sequence[CheckedDatabase], of_account: Sequence[Checked], look: SourceLook | None = None, *, as_json: bool
) -> int:
    """Print what was *found*; the exit code. *look*: at the only database there is, whose detail is said, too."""
    document, said = as_document(found, of_account), list(lines(found, of_account))
    if look is not None and (verdict := judge_census(look)):
        document["detail"] = {**asdict(verdict), "is_whole": verdict.is_whole}
        said += ["", *describe(verdict)]
    click.echo(json.dumps(document, ensure_ascii=False) if as_json else "\n".join(said))
    return 0 if is_fine(found, of_account) else 1


def choose(fleet: Registry, names: Sequence[str], tags: Sequence[str], *, is_all: bool) -> tuple[Database, ...]:
    """The databases that are named, in the registry's order; *is_all*: all that are onboarded.

    Raises:
        MalformedInputError: Nothing is named, or a tag that no database has, or no database is onboarded.
        UnknownDatabaseError: A name is not in the registry.
    """
    if not names and not tags and not is_all:
        raise MalformedInputError("no database is named.", remedy="Name some, or give --tag or --all.")
    ids = choose_ids(fleet, names, tags, ()) if names or tags else set[str]()
    chosen = tuple(one for one in fleet.databases if one.id in ids or (is_all and one.onboarded))
    if not chosen:
        raise MalformedInputError("no database is onboarded.", remedy="Name the databases, or `fleet onboard` some.")
    return chosen


def ask_all(
    account: Account, fleet: Registry, databases: Sequence[Database], *, from_here: bool, count_losses: bool
) -> list[SourceLook]:
    """What the source of each of *databases* says, gently (`cli/gentle.py`), with progress on the error's stream."""
    clients, way = account.clients, ask_from_here if from_here else ask_through_function

    def ask(database: Database) -> SourceLook:
        hours = hours_between_deltas(fleet.settings.stack.nights, database.tags)
        questions = way(fleet, database, clients)
        return look_at(fleet, database, questions, clients, hours_between_deltas=hours, count_losses=count_losses)

    def pause() -> None:
        account.wait(LONGEST_PAUSE_SECONDS * clients.jitter())

    servers = len({one.server for one in databases})
    what = f"{len(databases):,} databases on {servers:,} servers, at most {ASKED_AT_ONCE} at once"
    with CountProgress(make_console(stderr=True), len(databases), what) as progress:
        return ask_gently(bears(fleet), databases, ask, pause, progress.hear)


def ask_account(
    account: Account, fleet: Registry, databases: Sequence[Database], *, tests: bool, is_whole: bool = True
) -> AccountFacts:
    """What AWS says of *databases*, with progress on the error's stream; *is_whole*: and it and Snowflake of the rest.

    *tests*: whether connections that are not known to be good are tested anew.
    """
    console = make_console(stderr=True)

    def hear(what: str) -> None:
        console.print(f"Asking for {what} ...")

    facts = account_facts(account.clients, fleet, databases, hear, is_whole=is_whole)
    if tests:
        hear("tests of connections")
        facts = retest_connections(account.clients.dms, facts, account.wait)
    return facts
