"""`fleet faults`: what the local cloud can be asked to break, and what a night makes of it."""

from __future__ import annotations

import json
from collections.abc import Sequence

import click
from rich.console import Console
from rich.table import Table

from cli.terminal import make_console
from local.faults.catalogue import KINDS, Kind, Verdict
from local.faults.causes import Struck

_NARROWEST = 150  # columns; a narrower terminal folds its lines


@click.command(
    epilog="""\b
Examples:
  fleet demo --break nyc-flights=lost-source
  fleet demo --break baseball=killed-handler:StartTask:2 --break northwind=errored-table:public.orders
  fleet demo --break-some 6
"""
)
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
def faults(as_json: bool) -> int:
    """List the faults that `fleet demo --break` takes, with what the night must make of each.

    The verdicts are of a database's first night; parameters in brackets may be left out.
    """
    if as_json:
        click.echo(json.dumps([_describe(kind) for kind in KINDS.values()], indent=1))
        return 0
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("fault", "where", "what happens", "the night", "owner", "once the cause is gone"):
        table.add_column(heading, overflow="fold", no_wrap=heading in {"fault", "where", "owner"})
    for kind in KINDS.values():
        table.add_row(kind.usage, kind.place, kind.happens, str(kind.night), kind.night.owner, str(kind.rerun))
    make_console(narrowest=_NARROWEST).print(table, soft_wrap=False)
    return 0


def print_struck(struck: Sequence[Struck], console: Console) -> None:
    """What was broken on request, and whether the night came to feel it."""
    for one in struck:
        felt = "never struck: the night did not come to it" if not one.times else f"struck, felt {one.times} times"
        console.print(f"{one.database}: broken on request: {one.fault}: {felt}")


def _describe(kind: Kind) -> dict[str, object]:
    return {
        "name": kind.name,
        "usage": kind.usage,
        "parameters": [{"name": one.name, "value": one.value, "default": one.default} for one in kind.parameters],
        "where": kind.place,
        "happens": kind.happens,
        "night": _show(kind.night),
        "rerun": _show(kind.rerun),
    }


def _show(verdict: Verdict) -> dict[str, str | None]:
    return {
        "outcome": verdict.outcome,
        "failure_class": verdict.failure_class,
        "failure_name": verdict.failure_name,
        "owner": verdict.owner or None,
    }
