"""How a night ended, for a person and for a machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from fleet.databases import Mode
from fleet.deltas.swept_tables import say_sweep
from fleet.outcomes import Outcome, TableOutcome
from fleet.totals import Sums, Total, add_up, arrived, not_arrived, say_counted
from report.account import say_red

NARROWEST = 118  # columns of the table of outcomes; a narrower terminal folds its lines
_PLACES: dict[Mode, tuple[str, ...]] = {
    "full": ("at_source", "by_dms", "in_parquet", "in_snowflake"),
    "delta": ("changes_by_dms", "changes_applied", "rows_in_full", "in_snowflake"),
}
_COUNTS: dict[Mode, tuple[str, ...]] = {
    "full": ("at source", "by DMS", "in Parquet", "in Snowflake"),
    "delta": ("by delta", "in full", "changes", "applied", "rows in full", "in Snowflake"),
}
_COLOURS = {"ok": "green", "partial": "yellow", "failed": "red"}


def print_outcomes(outcomes: Sequence[Outcome], owners: Mapping[str, str], console: Console) -> None:
    """A line a database, then what is not ok with its owner and remedy, then what could not be checked.

    *owners*: who answers for each database, where the registry says it; named beside what stopped it.

    Counts are of the tables that arrived; what the others would have brought is summed in a line of its own. Of a delta
    they are how many tables arrived by delta and in full, the changes that DMS wrote and that were applied, the rows
    that were loaded in full, and the rows of all tables that were written to.
    """
    mode = _mode_of(outcomes)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("database", "outcome", "tables", *_COUNTS[mode], "bytes", "seconds"):
        table.add_column(heading, justify="left" if heading in {"database", "outcome"} else "right", no_wrap=True)
    for outcome in outcomes:
        colour = _COLOURS.get(outcome.outcome, "default")
        table.add_row(outcome.database, Text(outcome.outcome, colour), *_cells(outcome.tables, mode), _seconds(outcome))
    everything = [one for outcome in outcomes for one in outcome.tables]
    words = {outcome.outcome for outcome in outcomes}
    counted = ", ".join(f"{sum(one.outcome == word for one in outcomes)} {word}" for word in sorted(words))
    table.add_section()
    table.add_row(f"{len(outcomes)} databases", counted, *_cells(everything, mode), "", style="bold")
    if lost := not_arrived(everything):
        table.add_row("did not arrive", "", *_sum_cells(lost, mode, f"{len(lost):,}"), "")
    console.print(table, soft_wrap=False)
    console.print(say_counted(everything))
    if mode == "delta":
        console.print("In Snowflake: the rows of the tables that this run wrote to.")
    for outcome in outcomes:
        if outcome.failure:
            console.print(f"{outcome.database}: {outcome.failure.failure_class}: {outcome.failure.text}")
            console.print(f"  {outcome.owner}: {outcome.remedy}")
            if owner := owners.get(outcome.database):
                console.print(f"  owner of the database: {owner}", markup=False)
        for line in say_red(outcome):
            console.print(f"{outcome.database}: {line}")
        if outcome.sweep:
            console.print(f"{outcome.database}: {say_sweep(outcome.sweep)}")
        for gap in outcome.gaps:
            console.print(f"{outcome.database}: not checked: {gap}")


def as_document(outcomes: Sequence[Outcome], owners: Mapping[str, str], **facts: Any) -> dict[str, object]:
    """The same for machines: *facts* of the night, sums, and every outcome with all its tables. `owner`: of the cause
    of its failure; `database_owner`: of the database, empty where the registry names none.
    """
    tables = [table for outcome in outcomes for table in outcome.tables]
    mode = _mode_of(outcomes)
    parts = {"arrived": arrived(tables), "not_arrived": not_arrived(tables)}
    totals = {name: _describe(add_up(part, mode), mode) for name, part in parts.items()}
    databases = [
        {**asdict(one), "owner": one.owner, "remedy": one.remedy, "database_owner": owners.get(one.database, "")}
        for one in outcomes
    ]
    return {**facts, "totals": totals, "databases": databases}


def _mode_of(outcomes: Sequence[Outcome]) -> Mode:
    return "delta" if any(one.mode == "delta" for one in outcomes) else "full"


def _describe(sums: Sums, mode: Mode) -> dict[str, object]:
    rows = {place: asdict(one) for place, one in zip(_PLACES[mode], sums.counts, strict=True)}
    return {"tables": sums.tables, "bytes": sums.bytes, **rows}


def _cells(tables: Sequence[TableOutcome], mode: Mode) -> list[str]:
    came = arrived(tables)
    return _sum_cells(came, mode, f"{len(came):,}" + (f" of {len(tables):,}" if len(came) < len(tables) else ""))


def _sum_cells(tables: Sequence[TableOutcome], mode: Mode, count: str) -> list[str]:
    sums = add_up(tables, mode)
    by_delta = sum(table.mode == "delta" for table in tables)
    parts = [f"{by_delta:,}", f"{len(tables) - by_delta:,}"] if mode == "delta" else []
    return [count, *parts, *map(_sum, sums.counts), f"{sums.bytes:,}"]


def _sum(total: Total) -> str:
    """The sum; where a table was not counted, it says so by a plus of what is missing."""
    return f"{total.rows:,}" + (f" +{total.unknown}?" if total.unknown else "")


def _seconds(outcome: Outcome) -> str:
    started_at, ended_at = (datetime.fromisoformat(text) for text in (outcome.started_at, outcome.ended_at))
    return f"{(ended_at - started_at).total_seconds():.0f}"
