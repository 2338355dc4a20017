"""`fleet plan`: what a run would do, how long it would take and why; and the same of a fleet as it might be."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click
from pydantic import ValidationError

from cli.account import Account, connect, now_here, read_fleet
from cli.options import Moment, Names, NonEmptyPath, Text, json_option, mode_option, registry_option
from cli.plan_tables import print_plan
from fleet.databases import Mode, Registry
from fleet.errors import MalformedInputError
from fleet.forecast import bound_of_places
from fleet.measures import Measured
from fleet.pace import CALLS_PER_DATABASE, run_pace
from fleet.plan import Arrangement, arrange
from fleet.quarantine import find_quarantine
from fleet.quota_use import QuotaUse, count_use
from fleet.run_input import choose_databases
from fleet.what_if import WhatIf, change, read_what_if
from lambdas.clients.records import adapter


@click.command(
    epilog="""\b
Examples:
  fleet plan                              a full run over all onboarded databases
  fleet plan --mode delta                 a delta run over all databases that do deltas
  fleet plan --tags finance --measured    with the times of their last loads
  fleet plan --what-if databases=+60 --what-if instances=6
  fleet plan --what-if window=5h --json   exit code 1 where it does not fit
"""
)
@mode_option
@click.option("--databases", type=Names(), help="Only these, by comma.")
@click.option("--tags", type=Names(), help="Only databases with one of these tags, by comma.")
@click.option(
    "--what-if",
    "changes",
    type=Text(),
    multiple=True,
    metavar="CHANGE",
    help="databases=+N (like those that are there), instances=N (all dealt out anew), window=5h. Repeatable.",
)
@click.option("--measured", is_flag=True, help="Read from the account how long the last full load of each took.")
@click.option(
    "--measures",
    "file",
    type=NonEmptyPath(),
    help='The same from a file: {"DATABASE": {"seconds": 60, "loads": 8}, ...}.',
)
@click.option(
    "--at",
    type=Moment(),
    help="When the run would start, as 2026-12-01T22:00+01:00, for the blackouts of servers. Default: now.",
)
@json_option
@registry_option
@click.pass_context
def plan(
    context: click.Context,
    mode: Mode,
    databases: Sequence[str] | None,
    tags: Sequence[str] | None,
    changes: Sequence[str],
    measured: bool,
    file: Path | None,
    as_json: bool,
    registry: Path,
    at: datetime | None,
) -> int:
    """Show what a run would do: order, offsets, expected end, what decides its length, and the quotas it comes near.

    Needs no account, but for --measured. Without measures, times of full loads are those of the registry
    (expected_seconds), and the median of these for all others; a delta counts as ten minutes. Times are from the run's
    start. Exit code 1 if the window or a quota is too small.
    """
    what_if = read_what_if(changes)
    if measured and file is not None:
        raise MalformedInputError("--measured and --measures are both there.", remedy="Give one of them.")
    read = read_fleet(registry)
    account = context.obj if isinstance(context.obj, Account) else None
    at = at or (account.clients.now() if account else now_here())
    asked = choose_databases(read, databases, tags, mode)
    held = {one.id: found for one in asked if (found := find_quarantine(one, at)) is not None}
    chosen = tuple(one for one in asked if one.id not in held)
    seen: Mapping[str, Measured] = {}
    if file is not None:
        seen = read_measures(file)
    elif measured:
        seen = (account or connect(registry)).clients.ledger.measures([one.id for one in chosen])
    others = [one for one in read.databases if one.onboarded and one not in chosen]
    chosen, seen = change(what_if, chosen, seen)
    uses = tuple(count_use((*others, *chosen), read.settings.limits))  # narrowed or not, the whole fleet is there
    arranged = arrange(read, chosen, seen, mode=mode, now=at)
    document = describe(read, arranged, uses, what_if)
    document["quarantined"] = [{"database": name, **asdict(one)} for name, one in held.items()]
    if as_json:
        click.echo(json.dumps(document, indent=1))
    else:
        print_plan(document)
    return 0 if document["fits"] else 1


def read_measures(file: Path) -> Mapping[str, Measured]:
    """What *file* says of databases.

    Raises:
        MalformedInputError: It is not of that form.
    """
    try:
        return adapter(dict[str, Measured]).validate_json(file.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise MalformedInputError(
            f"{file}: {where + ': ' if where else ''}{first['msg']}.",
            remedy='Wanted {"DATABASE": {"seconds": 60, "loads": 8, "lob_columns": [2, 1]}, ...}.',
        ) from None


def describe(registry: Registry, arranged: Arrangement, uses: Sequence[QuotaUse], what_if: WhatIf) -> dict[str, object]:
    """The plan for machines. Seconds are from the run's start."""
    forecast = arranged.forecast
    jobs = {start.job.database: start.job for start in arranged.starts}
    owners = registry.owners
    window = _describe_window(arranged, what_if.window_seconds, owners)
    return {
        "fits": all(use.used <= use.quota.value for use in uses) and (window is None or bool(window["fits"])),
        "what_if": asdict(what_if),
        "databases": len(jobs),
        "seconds": round(forecast.seconds),
        "least_seconds": round(forecast.bound.seconds),
        "percent_above_least": round(forecast.percent_above_bound, 1),
        "decided_by": {"kind": forecast.bound.by, "name": forecast.bound.name},
        "bounds": [
            {"kind": bound.by, "name": bound.name, "seconds": round(bound.seconds)} for bound in forecast.bounds
        ],
        "estimates": {origin: arranged.estimates.count(origin) for origin in ("measured", "expected", "assumed")},
        "window": window,
        "lanes": [
            {
                **_describe_width(arranged, "instance", lane.instance),
                "databases": [
                    {
                        "database": name,
                        "server": jobs[name].server,
                        "database_owner": owners.get(name, ""),
                        "priority": jobs[name].priority,
                        "offset": arranged.offsets[name],
                        "starts_at": round(forecast.spans[name].starts_at),
                        "loads_at": round(forecast.spans[name].moves_at),
                        "ends_at": round(forecast.spans[name].ends_at),
                        "seconds": round(jobs[name].seconds),
                        "estimate": arranged.estimates.origins[name],
                        "blackout": _describe_held(arranged, name),
                    }
                    for name in lane.databases
                ],
            }
            for lane in arranged.lanes
        ],
        "servers": [
            {
                **_describe_width(arranged, "server", width.name),
                "databases": [start.job.database for start in arranged.starts if start.job.server == width.name],
            }
            for width in arranged.widths
            if width.of == "server"
        ],
        "quotas": _describe_quotas(registry, arranged, uses),
    }


def _describe_held(arranged: Arrangement, database: str) -> dict[str, object] | None:
    """The blackout that the database waits for the end of; None where it waits for none."""
    start = arranged.held.get(database)
    if start is None or start.blackout is None:
        return None
    return {
        "window": start.blackout.words,
        "until": start.at.isoformat(),
        "fits": start.fits,
        "skipped": database in arranged.skipped,
    }


def _describe_width(arranged: Arrangement, of: str, name: str) -> dict[str, object]:
    width = next(one for one in arranged.widths if (one.of, one.name) == (of, name))
    held = [start.job for start in arranged.starts if getattr(start.job, of) == name]
    ends_at = max(arranged.forecast.spans[job.database].ends_at for job in held)
    least = bound_of_places([job.seconds for job in held], width.at_once)
    facts = {"at_once": width.at_once, "decided_by": width.by, "why": width.text}
    return {of: name, **facts, "ends_at": round(ends_at), "least_seconds": round(least)}


def _describe_window(arranged: Arrangement, seconds: int | None, owners: Mapping[str, str]) -> dict[str, object] | None:
    if seconds is None:
        return None
    late = {name: round(span.ends_at) for name, span in arranged.forecast.spans.items() if span.ends_at > seconds}
    return {
        "seconds": seconds,
        "fits": not late,
        "too_late": [
            {"database": name, "ends_at": at, "database_owner": owners.get(name, "")}
            for name, at in sorted(late.items(), key=lambda it: -it[1])
        ],
    }


def _describe_quotas(registry: Registry, arranged: Arrangement, uses: Sequence[QuotaUse]) -> list[dict[str, object]]:
    """Each quota of DMS where it is fullest, and the requests that DMS answers in the time of the run."""
    fullest: dict[str, QuotaUse] = {}
    for use in sorted(uses, key=lambda use: -use.percent):
        fullest.setdefault(use.quota.what, use)
    pace, limits = run_pace(registry.settings.limits), registry.settings.limits
    quotas = [
        {"what": use.quota.what, "of": use.what, "used": use.used, "limit": use.quota.value, "percent": use.percent}
        for use in fullest.values()
    ]
    requests = len(arranged.starts) * CALLS_PER_DATABASE
    answered = int(max(requests, pace.burst + pace.per_second * arranged.forecast.seconds))
    what = f"requests to DMS ({limits.dms_share_percent} % of {limits.dms_requests_per_second} a second)"
    share = 100 * requests / answered if answered else 0.0
    quotas.append({"what": what, "of": "the run", "used": requests, "limit": answered, "percent": share})
    return [{**one, "percent": round(one["percent"])} for one in quotas]
