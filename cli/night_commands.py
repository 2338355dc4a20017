"""`fleet run`, `sweep`, `status`, `rerun`, `stop` and `report`: a night from a terminal."""

from __future__ import annotations

import json
import webbrowser
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import click
from botocore.exceptions import BotoCoreError, ClientError

from cli import runs
from cli.account import Account, connect
from cli.options import Names, NonEmptyPath, Text, json_option, mode_option, registry_option
from cli.report import NARROWEST, as_document, print_outcomes
from cli.terminal import make_console
from fleet.databases import Mode
from fleet.errors import MalformedInputError, NothingToRerunError
from fleet.run_input import RUNNING
from fleet.run_record import RunRecord

LOOK_SECONDS = 15

wait_option = click.option("--wait/--no-wait", default=True, show_default=True, help="Stay until the run has ended.")


def account_of(context: click.Context, registry: Path) -> Account:
    """The account handed in with the context, or AWS's."""
    return context.obj if isinstance(context.obj, Account) else connect(registry)


@click.command(
    epilog="""\b
Examples:
  fleet run                                   a full run over all onboarded databases, named after today
  fleet run --databases nyc-flights,tpch-orders --run trial-1
  fleet run --tags finance --no-wait
  fleet run --mode delta                      what has changed since, of all databases that do deltas
"""
)
@mode_option
@click.option(
    "--run",
    "name",
    type=Text(),
    help="The run's name. Default: full-YYYYMMDD or delta-YYYYMMDD-HHMM; a run of that name that runs is joined.",
)
@click.option("--databases", type=Names(), help="Only these, by comma.")
@click.option("--tags", type=Names(), help="Only databases with one of these tags, by comma.")
@wait_option
@json_option
@registry_option
@click.pass_context
def run(
    context: click.Context,
    mode: Mode,
    name: str | None,
    databases: Sequence[str] | None,
    tags: Sequence[str] | None,
    wait: bool,
    as_json: bool,
    registry: Path,
) -> int:
    """Start a run, or join it if it runs already.

    A full run copies whole tables. A delta brings what has changed since the last run, and loads in full what has no
    changes to bring: views, tables without a key, tables that were altered. It is for databases with `deltas: true`.
    """
    account = account_of(context, registry)
    run_input: dict[str, object] = {"mode": mode}
    run_input |= {key: list(names) for key, names in (("databases", databases), ("tags", tags)) if names is not None}
    new = name or f"{mode}-{account.clients.now():{'%Y%m%d' if mode == 'full' else '%Y%m%d-%H%M'}}"
    return _start(account, new, run_input, wait=wait, as_json=as_json)


@click.command(
    epilog="""\b
Examples:
  fleet sweep nyc-flights                     all tables of the database that take deltas
  fleet sweep nyc-flights --table public.flights --table public.planes
  fleet sweep nyc-flights --no-wait --json
"""
)
@click.argument("database", type=Text())
@click.option("--table", "tables", type=Text(), multiple=True, help="Only this one, as schema.table; may be repeated.")
@click.option(
    "--run",
    "name",
    type=Text(),
    help="The run's name. Default: sweep-YYYYMMDD-HHMM; a run of that name that runs is joined.",
)
@wait_option
@json_option
@registry_option
@click.pass_context
def sweep(
    context: click.Context,
    database: str,
    tables: tuple[str, ...],
    name: str | None,
    wait: bool,
    as_json: bool,
    registry: Path,
) -> int:
    """Compare the keys of DATABASE with those in Snowflake, and mend what differs.

    Starts a run in mode delta that compares the keys afterwards. What differs is compared again after another delta,
    and what then differs the same way is mended: rows that Snowflake has too many of are deleted, a table that lacks
    rows is loaded in full. The exit code is that of the run: a difference that was mended is 0, one that was not is 1.
    """
    account = account_of(context, registry)
    run_input = {"mode": "delta", "databases": [database], "sweep": list(tables) or True}
    new = name or f"sweep-{account.clients.now():%Y%m%d-%H%M}"
    return _start(account, new, run_input, wait=wait, as_json=as_json)


@click.command(
    epilog="""\b
Examples:
  fleet rerun full-20261121                          the databases that failed
  fleet rerun full-20261121 --what failed-tables     and the failed tables of the partial ones
  fleet rerun delta-20261121-0600                    a delta is run again as a delta
"""
)
@click.argument("old", type=Text())
@click.option(
    "--what",
    type=click.Choice(["failed-databases", "failed-tables"]),
    default="failed-tables",
    show_default=True,
    help="Failed databases whole; or these, and of partial ones the failed tables.",
)
@click.option("--run", "name", type=Text(), help="The new run's name. Default: OLD-again-HHMM.")
@click.option("--databases", type=Names(), help="Only these of them, by comma.")
@wait_option
@json_option
@registry_option
@click.pass_context
def rerun(
    context: click.Context,
    old: str,
    what: str,
    name: str | None,
    databases: Sequence[str] | None,
    wait: bool,
    as_json: bool,
    registry: Path,
) -> int:
    """Run again what failed in the run OLD, as a new run in its mode; OLD stays as it was and links to it.

    Refused while OLD goes on. Where nothing failed nothing is started, and the exit code is 0.
    """
    account = account_of(context, registry)
    runs.require_run(account, old)
    run_input: dict[str, object] = {"rerun_of": old, "what": what}
    if databases is not None:
        run_input["databases"] = list(databases)
    new = name or f"{old[:28]}-again-{account.clients.now():%H%M}"
    try:
        return _start(account, new, run_input, wait=wait, as_json=as_json)
    except NothingToRerunError as error:
        document = {"run": None, "how": "nothing to do", "rerun_of": old, "why": str(error)}
        click.echo(json.dumps(document) if as_json else f"Nothing was started: {error}")
        return int(bool(error.remedy))  # what is left is of another kind than was asked for


def _start(account: Account, name: str, run_input: Mapping[str, object], *, wait: bool, as_json: bool) -> int:
    console = make_console(stderr=as_json)
    started = runs.start_or_join(account, name, run_input)
    console.print(f"Run {started.run}: {started.how}, {json.dumps(run_input)}")
    if not wait:
        if as_json:
            click.echo(json.dumps(asdict(started)))
        else:
            console.print(f"Look at it with `fleet status {started.run}`.")
        return 0
    shown: set[str] = set()

    def show(looks: Sequence[runs.DatabaseStatus]) -> None:
        for one in looks:
            if one.word not in {"running", "waiting"} and one.database not in shown:
                shown.add(one.database)
                console.print(f"  {one.database} {one.word} {one.words}")
        console.print(_count(looks))

    try:
        status = runs.wait_for(account, started.run, LOOK_SECONDS, show)
    except (KeyboardInterrupt, ClientError, BotoCoreError) as error:
        console.print(f"Run {name} goes on without you. See `fleet status {name}`, end it with `fleet stop {name}`.")
        if isinstance(error, KeyboardInterrupt):
            return 130
        raise
    return _finish(account, started.run, status, as_json=as_json)


def _count(looks: Sequence[runs.DatabaseStatus]) -> str:
    counts = Counter(one.word for one in looks)
    return ", ".join(f"{count} {word}" for word, count in sorted(counts.items())) or "planning"


def _finish(account: Account, name: str, status: str, *, as_json: bool) -> int:
    outcomes, owners = runs.read_outcomes(account, name), account.clients.records.current_registry().owners
    if as_json:
        click.echo(json.dumps(as_document(outcomes, owners, run=name, status=status), indent=1))
    else:
        console = make_console(narrowest=NARROWEST)
        if outcomes:
            print_outcomes(outcomes, owners, console)
        execution = runs.describe(account, name)
        if status != "SUCCEEDED" and not runs.red(outcomes):
            console.print(f"{status}: {runs.explain(execution) if execution else ''}")
        page = f" Its page: `fleet report {name}`." if outcomes else ""
        console.print(f"Run {name} ended {status}.{page}")
        if status != "SUCCEEDED" and runs.red(outcomes):
            console.print(f"When the causes are gone: `fleet rerun {name}`.")
    return 0 if status == "SUCCEEDED" else 1


@click.command(epilog="""\b
Examples:
  fleet status                  the last runs
  fleet status full-20261121    each database of one
  fleet status full-20261121 --owner team-shop    only those that it answers for
  fleet status --json           the same for a program
""")  # fmt: skip
@click.argument("name", type=Text(), required=False)
@click.option("--tags", type=Names(), help="Only databases of the run with one of these tags, by comma.")
@click.option("--owner", type=Text(), help="Only databases of the run with this owner.")
@json_option
@registry_option
@click.pass_context
def status(
    context: click.Context,
    name: str | None,
    tags: Sequence[str] | None,
    owner: str | None,
    as_json: bool,
    registry: Path,
) -> int:
    """Show the last runs, or one run database by database. Exit code 1 if something in it is not ok.

    With --tags or --owner the exit code is that of the databases that are shown.
    """
    if name is None and (tags, owner) != (None, None):
        raise MalformedInputError("--tags and --owner narrow one run.", remedy="Name the run: `fleet status NAME`.")
    account = account_of(context, registry)
    if name is None:
        listed = [
            {"run": one.name, "status": one.status, "started_at": one.started_at.isoformat(timespec="seconds")}
            for one in runs.last_runs(account, 10)
        ]
        if as_json:
            click.echo(json.dumps(listed, indent=1))
        for one in [] if as_json else listed:
            click.echo(f"{one['run']:42} {one['status']:10} {one['started_at']}")
        return 0
    found = runs.describe(account, name)
    # Before it is planned, and if its input was refused, only Step Functions knows of a run.
    record = runs.require_run(account, name) if found is None else account.clients.ledger.run(name)
    status = found.status if found else "forgotten"
    looks = runs.narrow(runs.look(account, name), tags, owner)
    why = runs.explain(found) if found and not looks and status not in {"RUNNING", "SUCCEEDED"} else None
    if as_json:
        document = {"run": name, "status": status, "databases": [asdict(one) for one in looks]}
        click.echo(json.dumps(document if why is None else {**document, "error": why}))
    else:
        for one in looks:
            click.echo(f"{one.database:32} {one.word:10} {one.words}")
        count = "no database" if not looks and status != RUNNING else _count(looks)
        click.echo(f"run {name}: {status}; {count}{_say_links(record) if record else ''}")
        if why is not None:
            click.echo(why)
    return 1 if why is not None or _is_red(looks, status) else 0


def _say_links(record: RunRecord) -> str:
    """What other runs have to do with it."""
    links = f", a rerun of {record.rerun_of}" if record.rerun_of else ""
    links += f", superseded by {record.superseded_by}" if record.superseded_by else ""
    return links + (f", rerun by {', '.join(sorted(record.reruns))}" if record.reruns else "")


def _is_red(looks: Sequence[runs.DatabaseStatus], status: str) -> bool:
    """Whether a database is red, or has no outcome though the run has ended.

    One that was skipped is not red where the run closed green: another run has copied it.
    """
    is_silent = status != RUNNING and any(one.word in {"running", "waiting"} for one in looks)
    return is_silent or any(one.is_red and (one.word != "skipped" or status != "SUCCEEDED") for one in looks)


@click.command(epilog="""\b
Examples:
  fleet stop full-20261121 --reason "source maintenance"
  fleet stop full-20261121 --no-wait --json
""")  # fmt: skip
@click.argument("name", type=Text())
@click.option(
    "--reason", type=Text(), default="stopped with `fleet stop`", show_default=True, help="Every outcome has it."
)
@wait_option
@json_option
@registry_option
@click.pass_context
def stop(context: click.Context, name: str, reason: str, wait: bool, as_json: bool, registry: Path) -> int:
    """End a run in good order: tasks at rest, databases given back, each with an outcome. What is published stays.

    Exit code 0 if it ends, or had ended before, however its databases did: `fleet status` says that.
    """
    account = account_of(context, registry)

    def say(text: str) -> None:
        click.echo(text, err=as_json)

    is_asked = runs.stop(account, name, reason)
    if not is_asked:
        say(f"Run {name} has ended already; nothing was stopped.")
    else:
        say(f"Run {name} was asked to end. Tasks that move are stopped at their next look.")
        if wait:
            try:
                runs.wait_for(account, name, LOOK_SECONDS, lambda looks: say(_count(looks)))
            except (KeyboardInterrupt, ClientError, BotoCoreError) as error:
                say(f"Run {name} goes on ending without you. See `fleet status {name}`.")
                if isinstance(error, KeyboardInterrupt):
                    return 130
                raise
            say(f"Run {name} has ended: {_count(runs.look(account, name))}.")
    if as_json:
        found = runs.describe(account, name)
        looks = [asdict(one) for one in runs.look(account, name)]
        status = found.status if found else "forgotten"
        click.echo(json.dumps({"run": name, "asked": is_asked, "status": status, "databases": looks}))
    return 0


@click.command(epilog="""\b
Examples:
  fleet report full-20261121
  fleet report full-20261121 --to night.html --no-open
  fleet report full-20261121 --no-open --json
""")  # fmt: skip
@click.argument("name", type=Text())
@click.option("--to", type=NonEmptyPath(), help="Where to write it. Default: NAME.html here.")
@click.option("--open/--no-open", "is_opened", default=True, show_default=True, help="Open it in the browser.")
@json_option
@registry_option
@click.pass_context
def report(context: click.Context, name: str, to: Path | None, is_opened: bool, as_json: bool, registry: Path) -> int:
    """Fetch the page of a night, one file that needs no network, and open it."""
    account = account_of(context, registry)
    path = to or Path(f"{name}.html")
    path.write_bytes(runs.read_page(account, name))
    click.echo(json.dumps({"run": name, "page": str(path)}) if as_json else f"{path}")
    if is_opened:
        webbrowser.open(path.resolve().as_uri())
    return 0
