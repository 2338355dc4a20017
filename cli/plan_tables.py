"""A plan as a person reads it, in 80 columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.terminal import make_console

_LATE_NAMED = 10
_FULL, _NEARLY_FULL = 100, 80


def print_plan(document: Mapping[str, Any]) -> None:
    """How long and why; each lane with its databases in their order; servers; quotas; whether it fits."""
    console = make_console()
    for lane in document["lanes"]:
        _print_lane(lane, console)
    _print_servers(document["servers"], console)
    _print_quotas(document["quotas"], console)
    _print_totals(document, console)


def say_time(seconds: float) -> str:
    """*seconds* as hours, minutes and seconds.

    >>> say_time(0), say_time(3_725), say_time(360_000)
    ('0:00:00', '1:02:05', '100:00:00')
    """
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def _table(*headings: str, left: int) -> Table:
    """A table whose first *left* columns are text."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="left" if place < left else "right", overflow="fold")
    return table


def _print_lane(lane: Mapping[str, Any], console: Console) -> None:
    held = lane["databases"]
    console.print(Text(f"instance {lane['instance']}: {_count(held)}, {lane['at_once']} at once", "bold"))
    console.print(f"  {lane['why']}; least {say_time(lane['least_seconds'])}", soft_wrap=False)
    table = _table("database", "server", "offset", "starts", "ends", "takes", left=2)
    for one in held:
        takes = say_time(one["seconds"]) + ("" if one["estimate"] == "measured" else " ~")
        times = (say_time(one[name]) for name in ("offset", "starts_at", "ends_at"))
        table.add_row(one["database"], one["server"], *times, takes)
    console.print(table, soft_wrap=False)
    if urgent := [f"{one['database']} {one['priority']}" for one in held if one["priority"]]:
        console.print(f"  priority, where it is not 0: {', '.join(urgent)}", markup=False)
    for one in held:
        if blackout := one["blackout"]:
            fits = "" if blackout["fits"] else "; it fits into no pause between blackouts"
            what = "is skipped: it would wait" if blackout["skipped"] else "waits"
            text = f"  {one['database']} {what} until {blackout['until']} for the end of {blackout['window']}{fits}"
            console.print(text, markup=False)
    console.print()


def _print_servers(servers: Sequence[Mapping[str, Any]], console: Console) -> None:
    table = _table("server", "decided by", "databases", "at once", "ends", "least", left=2)
    for one in servers:
        times = (say_time(one[name]) for name in ("ends_at", "least_seconds"))
        table.add_row(one["server"], one["why"], f"{len(one['databases']):,}", f"{one['at_once']:,}", *times)
    console.print(table, soft_wrap=False)
    console.print()


def _print_quotas(quotas: Sequence[Mapping[str, Any]], console: Console) -> None:
    table = _table("nearest quotas", "of", "used", "limit", "full", left=2)
    for one in quotas:
        colour = "red" if one["used"] > one["limit"] else "yellow" if one["percent"] >= _NEARLY_FULL else "default"
        full = Text(f"{one['percent']} %", colour)
        table.add_row(one["what"], one["of"], f"{one['used']:,}", f"{one['limit']:,}", full)
    console.print(table, soft_wrap=False)
    console.print()


def _print_totals(document: Mapping[str, Any], console: Console) -> None:
    console.print(
        Text(f"{document['databases']:,} databases, {_instances(document)}: {say_time(document['seconds'])}", "bold")
    )
    decided = document["decided_by"]
    what = {
        "requests": f"the requests that DMS answers{', and then ' + decided['name'] if decided['name'] else ''}",
        "instance": f"instance {decided['name']}",
        "server": f"server {decided['name']}",
        "blackout": f"the blackout whose end {decided['name']} waits for",
        "database": f"the longest database, {decided['name']}",
    }[decided["kind"]]
    least, above = say_time(document["least_seconds"]), document["percent_above_least"]
    console.print(f"What decides it: {what}.")
    is_least = document["seconds"] == document["least_seconds"]
    console.print("No order needs less." if is_least else f"No order needs less than {least}; this is {above} % more.")
    for one in document["quarantined"]:
        line = f"Quarantined until {one['until']} (UTC): {one['database']}, by {one['by']}: {one['reason']}"
        console.print(line, markup=False)
    counts = ", ".join(f"{count:,} {origin}" for origin, count in document["estimates"].items() if count)
    console.print(f"How long each takes: {counts} (~: not measured).")
    for one in document["quotas"]:
        if one["used"] > one["limit"]:
            more = f"{one['used'] - one['limit']:,} too many"
            console.print(Text(f"DMS refuses {one['used']:,} {one['what']} ({one['of']}): {more}.", "red"))
    if document["window"] is not None:
        _print_window(document["window"], console)


def _print_window(window: Mapping[str, Any], console: Console) -> None:
    late, length = window["too_late"], say_time(window["seconds"])
    if window["fits"]:
        console.print(Text(f"It fits into {length}.", "green"))
        return
    console.print(Text(f"It does not fit into {length}: {_count(late)} too late.", "red"))
    for one in late[:_LATE_NAMED]:
        owner = f" (owner of the database: {one['database_owner']})" if one["database_owner"] else ""
        console.print(f"  {one['database']} ends at {say_time(one['ends_at'])}{owner}", markup=False)
    if len(late) > _LATE_NAMED:
        console.print(f"  and {len(late) - _LATE_NAMED:,} more")


def _count(databases: Sequence[object]) -> str:
    return f"{len(databases):,} database{'' if len(databases) == 1 else 's'}"


def _instances(document: Mapping[str, Any]) -> str:
    count = len(document["lanes"])
    return f"{count:,} instance{'' if count == 1 else 's'}"
