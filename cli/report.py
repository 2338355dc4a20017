"""How a night ended, for a person and for a machine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from fleet.outcomes import Outcome, TableOutcome

NARROWEST = 118  # columns of the table of outcomes; a narrower terminal folds its lines
_COUNTS = ("rows_at_source", "rows_by_dms", "rows_in_parquet", "rows_in_warehouse")
_HEADINGS = ("database", "outcome", "tables", "at source", "by DMS", "in Parquet", "in Snowflake", "bytes", "seconds")
_COLOURS = {"ok": "green", "partial": "yellow", "failed": "red"}


def print_outcomes(outcomes: Sequence[Outcome], console: Console) -> None:
    """A line a database, then what is not ok with its owner and remedy, then what could not be checked."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in _HEADINGS:
        table.add_column(heading, justify="left" if heading in {"database", "outcome"} else "right", no_wrap=True)
    for outcome in outcomes:
        colour = _COLOURS.get(outcome.outcome, "default")
        table.add_row(outcome.database, Text(outcome.outcome, colour), *_cells(outcome.tables), _seconds(outcome))
    everything = [one for outcome in outcomes for one in outcome.tables]
    words = {outcome.outcome for outcome in outcomes}
    told = ", ".join(f"{sum(one.outcome == word for one in outcomes)} {word}" for word in sorted(words))
    table.add_section()
    table.add_row(f"{len(outcomes)} databases", told, *_cells(everything), "", style="bold")
    console.print(table, soft_wrap=False)
    for outcome in outcomes:
        if outcome.failure:
            console.print(f"{outcome.database}: {outcome.failure.failure_class}: {outcome.failure.text}")
            console.print(f"  {outcome.owner}: {outcome.remedy}")
        for gap in outcome.gaps:
            console.print(f"{outcome.database}: not checked: {gap}")


def as_document(outcomes: Iterable[Outcome], **facts: Any) -> dict[str, Any]:
    """The same for machines: *facts* of the night, and every outcome with all its tables."""
    return {**facts, "databases": [{**asdict(one), "owner": one.owner, "remedy": one.remedy} for one in outcomes]}


def _cells(tables: Sequence[TableOutcome]) -> list[str]:
    counts = [_sum(getattr(table, name) for table in tables) for name in _COUNTS]
    return [f"{len(tables):,}", *counts, f"{sum(table.bytes for table in tables):,}"]


def _sum(counts: Iterable[int | None]) -> str:
    """The sum; where a table was not counted, it says so by a plus of what is missing."""
    known = list(counts)
    missing = sum(count is None for count in known)
    return f"{sum(count or 0 for count in known):,}" + (f" +{missing}?" if missing else "")


def _seconds(outcome: Outcome) -> str:
    started_at, ended_at = (datetime.fromisoformat(text) for text in (outcome.started_at, outcome.ended_at))
    return f"{(ended_at - started_at).total_seconds():.0f}"
