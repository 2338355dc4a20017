"""`fleet onboard` and `fleet offboard`: the flag of databases in the registry, with the change shown first."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from cli.account import read_fleet
from cli.options import NonEmptyPath, Text, json_option, registry_option
from cli.registry_text import read_text, write_shown
from fleet.databases import Database, Registry, Settings
from fleet.errors import MalformedInputError, UnknownDatabaseError
from fleet.names import control_bucket, ledger_table, warehouse_schema
from fleet.quota_use import require_size
from fleet.spelling import did_you_mean, list_some
from onboarding.flag_edit import set_flags
from onboarding.flags import flag_name, read_flags
from onboarding.name_ledger import NAMES_FILE, add_names
from onboarding.reader import DATABASES_FILE, list_files

_HEADINGS = ("id", "database")


def _choosing(command: Callable[..., Any]) -> Callable[..., Any]:
    """The ways to choose databases, which both commands share."""
    options = (
        click.argument("databases", metavar="[DATABASE]...", nargs=-1, type=Text()),
        click.option("--tag", "tags", type=Text(), multiple=True, help="All with this tag; may be repeated."),
        click.option("--server", "servers", type=Text(), multiple=True, help="All of this server; may be repeated."),
        click.option(
            "--from",
            "csv_file",
            type=NonEmptyPath(),
            help="Those of this CSV file: of its column id (or database), else of its first one.",
        ),
        click.option("--yes", is_flag=True, help="Do not ask before anything is written."),
        json_option,
        registry_option,
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command(
    epilog="""\b
Examples:
  fleet onboard nyc-flights tpch-orders
  fleet onboard --server erp-1 --yes         all databases of a server, without a question
  fleet onboard --from wave-2.csv
"""
)
@_choosing
def onboard(databases: tuple[str, ...], registry: Path, *, as_json: bool, yes: bool, **given: Any) -> int:
    """Let databases take part in runs: set `onboarded: true` in databases.yaml, of which nothing else changes.

    Shows the change first. names.csv gets a line for each database that takes part and has none there, so that its id
    is never given to another. A variable FLEET_ONBOARD_<ID> wins over the file; where one says otherwise, it is named.
    Then deploy: a database without DMS resources is skipped by runs, and makes them red.
    """
    return _set(registry, databases, onboarded=True, yes=yes, as_json=as_json, **given)


@click.command(
    epilog="""\b
Examples:
  fleet offboard nyc-flights
  fleet offboard --tag legacy --json --yes
"""
)
@_choosing
def offboard(databases: tuple[str, ...], registry: Path, *, as_json: bool, yes: bool, **given: Any) -> int:
    """Take databases out of runs: set `onboarded: false` in databases.yaml, of which nothing else changes.

    Deploying then takes its DMS resources away. What has landed, its history and its tables in Snowflake stay, and so
    does its line in names.csv, whether its entry stays or not: its id is never given to another database.
    """
    return _set(registry, databases, onboarded=False, yes=yes, as_json=as_json, **given)


def _set(
    registry: Path,
    databases: Sequence[str],
    *,
    tags: Sequence[str],
    servers: Sequence[str],
    csv_file: Path | None,
    onboarded: bool,
    yes: bool,
    as_json: bool,
) -> int:
    fleet = read_fleet(registry, {})  # the file's flags; those of the environment are compared with them
    ids = choose_ids(fleet, [*databases, *(_read_csv(csv_file) if csv_file else ())], tags, servers)
    changed = sorted(one.id for one in fleet.databases if one.id in ids and one.onboarded != onboarded)
    flags, _ = read_flags(os.environ, [one.id for one in fleet.databases])
    overruled = sorted(one for one in ids if flags.get(one, onboarded) != onboarded)
    taking_part = [one for one in fleet.databases if (onboarded if one.id in ids else one.onboarded)]
    require_size(taking_part, fleet.settings.limits)
    taking_part += [one for one in fleet.databases if one.onboarded or flags.get(one.id)]  # and those that did
    edits = {**_edit_flags(registry, changed, onboarded=onboarded), **_edit_names(registry, taking_part)}
    if edits:
        write_shown(edits, yes=yes, as_json=as_json)
    if as_json:
        document = {"changed": changed, "unchanged": sorted(ids - set(changed)), "overruled": overruled}
        click.echo(json.dumps(document))
        return 0
    word = "onboarded" if onboarded else "not onboarded"
    click.echo(f"Now {word}: {list_some(changed) or 'none more'}. Before already: {len(ids) - len(changed)}.")
    for one in overruled:
        click.echo(f"{one}: the variable {flag_name(one)} says otherwise here, and wins over the file.", err=True)
    if changed and not onboarded:
        for line in _what_stays(fleet.settings, [fleet.database(one) for one in changed]):
            click.echo(line)
    if changed:
        click.echo(f"Next: fleet deploy --registry {registry}")
    return 0


def choose_ids(
    fleet: Registry, names: Sequence[str], tags: Sequence[str], servers: Sequence[str], families: Sequence[str] = ()
) -> set[str]:
    """The ids of all databases that are named in one way or another.

    Raises:
        MalformedInputError: Nothing is named, or a tag, a server or a family that no database has.
        UnknownDatabaseError: One or more names are not in the registry.
    """
    if not names and not tags and not servers and not families:
        raise MalformedInputError("no database is named.", remedy="Name some, or give --tag, --server or --from.")
    known = {one.id for one in fleet.databases}
    if unknown := sorted(set(names) - known):
        raise UnknownDatabaseError(
            f"the registry has no database {list_some([repr(one) for one in unknown])}.",
            remedy=did_you_mean(unknown[0], known),
        )
    ids = set(names)
    for what, asked, of in (
        ("tag", tags, lambda one: one.tags),
        ("server", servers, lambda one: (one.server,)),
        ("family", families, lambda one: (one.family,) if one.family else ()),
    ):
        for word in asked:
            found = {one.id for one in fleet.databases if word in of(one)}
            if not found:
                there = {word for one in fleet.databases for word in of(one)}
                remedy = did_you_mean(word, there) if there else "No database has any."
                raise MalformedInputError(f"no database has the {what} {word!r}.", remedy=remedy)
            ids |= found
    return ids


def _read_csv(path: Path) -> list[str]:
    """The ids in *path*.

    Raises:
        MalformedInputError: It holds none, or is no text.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = file.read().splitlines()
        delimiter = _find_delimiter(lines)
        cells = ([cell.strip() for cell in row] for row in csv.reader(lines, delimiter=delimiter))
        rows = [row for row in cells if any(row)]
    except (UnicodeDecodeError, csv.Error):
        raise MalformedInputError(f"{path} is no CSV file in UTF-8.", remedy="Save it as one.") from None
    heading = next((name for name in _HEADINGS if rows and name in map(str.lower, rows[0])), None)
    column = [cell.lower() for cell in rows.pop(0)].index(heading) if heading is not None else 0
    ids = [row[column] for row in rows if len(row) > column and row[column]]
    if not ids:
        raise MalformedInputError(f"{path} names no database.", remedy="Write one id on each line.")
    return ids


def _find_delimiter(lines: Sequence[str]) -> str:
    """What separates the cells of these *lines*: a spreadsheet of a country with a decimal comma writes semicolons.

    >>> _find_delimiter(["server;id", "west;hr"]), _find_delimiter(["id"]), _find_delimiter(["id\\tserver"])
    (';', ',', '\\t')
    """
    first = next((line for line in lines if line.strip()), "")
    return max(",;\t", key=first.count)


def _edit_flags(registry: Path, changed: Collection[str], *, onboarded: bool) -> dict[Path, tuple[str, str]]:
    """What is in each file of databases that changes, and what comes there."""
    texts = {path: read_text(path) for path in (list_files(registry, DATABASES_FILE) if changed else ())}
    after = {path: set_flags(before, changed, onboarded=onboarded) for path, before in texts.items()}
    return {path: (before, after[path]) for path, before in texts.items() if after[path] != before}


def _edit_names(registry: Path, databases: Sequence[Database]) -> dict[Path, tuple[str, str]]:
    """The same of the ledger of names, which may not be there yet."""
    path = registry / NAMES_FILE
    before = read_text(path) if path.exists() else ""
    after = add_names(before, databases, datetime.now(UTC).date())  # noqa: TID251  a person's own day
    return {path: (before, after)} if after != before else {}


def _what_stays(settings: Settings, databases: Sequence[Database]) -> Iterator[str]:
    """Where the rows and the history of *databases* are, once these take no part in runs any more."""
    control = control_bucket(settings.prefix, settings.account)
    schemas = [warehouse_schema(one.id, schema) for one in databases for schema in one.schemas]
    yield "Stays:"
    yield f"  rows      in Snowflake, database {settings.snowflake.database}: {list_some(schemas, 'schemas')}"
    files = [f"s3://{settings.landing_bucket}/{one.id}/" for one in databases]
    yield f"  files     {list_some(files)}, until they are {settings.stack.landing_retention_days} days old"
    yield f"  history   in the ledger {ledger_table(settings.prefix)}, and the pages of its runs in s3://{control}/"
    yield f"  id        {NAMES_FILE}: never given to another database"
