"""How a table's rows lie along one of its columns, and where to cut them into ranges that are alike in size."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Literal

RangeKind = Literal["number", "time"]
"""What a column is that a load may be cut by."""
MOST_STEPS = 64
"""Our choice: enough for 16 ranges, each of them within a quarter of an even share."""


@dataclass(frozen=True)
class KeyStep:
    """So many *rows* lie above the step before this one, up to *upper* and with it: a number or a share of all."""

    upper: str
    rows: float


@dataclass(frozen=True)
class KeySpread:
    """The rows of a table along *column*. *minimum*, *maximum*: as its source writes them; empty where it has no row.

    *steps*: in rising order, at most `MOST_STEPS`; empty without rows, and where *why* says why they are not known.
    *by*: what they come from: the server's statistics, a sample of the table's pages, or all rows.
    """

    column: str
    kind: RangeKind
    minimum: str = ""
    maximum: str = ""
    steps: tuple[KeyStep, ...] = ()
    by: Literal["statistics", "a sample", "all rows"] = "statistics"
    why: str = ""


def place_of(kind: RangeKind, text: str) -> Decimal | datetime | None:
    """What *text* is compared as; None for what no boundary can be: infinity, a time before Christ, a date of zeros.

    >>> place_of("number", "-7"), place_of("number", "NaN"), place_of("time", "infinity")
    (Decimal('-7'), None, None)
    """
    try:
        if kind == "number":
            number = Decimal(text)
            return number if number.is_finite() else None
        moment = datetime.fromisoformat(text)
    except (InvalidOperation, ValueError):
        return None
    return moment.replace(tzinfo=None)  # of one column all have a zone or none, and all the same: sources answer in UTC


def from_histogram(
    kind: RangeKind, bounds: Sequence[str], common: Iterable[tuple[str, float]], nulls: float = 0.0
) -> tuple[KeyStep, ...]:
    """The steps of a histogram whose *bounds* hold equal shares of the rows that have no *common* value.

    *common*: values with their share of all rows. *nulls*: the share of rows without a value. Shares stand for rows.
    Source: https://www.postgresql.org/docs/current/view-pg-stats.html (read 2026-12-01): the bounds divide the column's
    values into groups of approximately equal population, without those in most_common_vals.

    >>> from_histogram("number", ["0", "10", "20"], [("10", 0.5)])
    (KeyStep(upper='0', rows=0.0), KeyStep(upper='10', rows=0.75), KeyStep(upper='20', rows=0.25))
    """
    common = list(common)
    left = max(0.0, 1.0 - nulls - sum(share for _, share in common))
    weights: dict[str, float] = {}
    for number, bound in enumerate(bounds):
        weights[bound] = weights.get(bound, 0.0) + (left / (len(bounds) - 1) if number else 0.0)
    for value, share in common:
        weights[value] = weights.get(value, 0.0) + share
    return in_order(kind, [KeyStep(value, weight) for value, weight in weights.items()])


def from_quantiles(kind: RangeKind, quantiles: Iterable[str]) -> tuple[KeyStep, ...]:
    """The steps up to *quantiles*, each of which ends an equal share of the rows; one that repeats ends several.

    >>> from_quantiles("number", ["5", "5", "7"])
    (KeyStep(upper='5', rows=2.0), KeyStep(upper='7', rows=1.0))
    """
    weights: dict[str, float] = {}
    for quantile in quantiles:
        weights[quantile] = weights.get(quantile, 0.0) + 1.0
    return in_order(kind, [KeyStep(value, weight) for value, weight in weights.items()])


def in_order(kind: RangeKind, steps: Iterable[KeyStep]) -> tuple[KeyStep, ...]:
    """*steps* that rise, those left out that no boundary can be, and joined until they are at most `MOST_STEPS`.

    >>> in_order("number", [KeyStep("9", 1), KeyStep("10", 1), KeyStep("-1", 1), KeyStep("NaN", 1)])
    (KeyStep(upper='-1', rows=1), KeyStep(upper='9', rows=1), KeyStep(upper='10', rows=1))
    """
    placed = [(place, step) for step in steps if (place := place_of(kind, step.upper)) is not None]
    rising = [step for _, step in sorted(placed, key=lambda pair: pair[0])]
    if len(rising) <= MOST_STEPS:
        return tuple(rising)
    most = sum(step.rows for step in rising) / MOST_STEPS
    joined: list[KeyStep] = []
    rows = 0.0
    for step in rising:
        rows += step.rows
        if rows >= most:
            joined.append(KeyStep(step.upper, rows))
            rows = 0.0
    return (*joined, KeyStep(rising[-1].upper, rows)) if rows else tuple(joined)


def cut_evenly(steps: Sequence[KeyStep], ranges: int) -> tuple[str, ...]:
    """The upper boundaries of all but the last of so many *ranges*, or of fewer where single values hold more.

    >>> cut_evenly([KeyStep("10", 5), KeyStep("20", 5), KeyStep("30", 5), KeyStep("40", 5)], 2)
    ('20',)
    >>> cut_evenly([KeyStep("1", 90), KeyStep("2", 5), KeyStep("3", 5)], 4)
    ('1',)
    """
    share = sum(step.rows for step in steps) / ranges
    boundaries: list[str] = []
    rows, taken = 0.0, 0
    for step, after in pairwise(steps):
        rows += step.rows
        if rows + after.rows / 2 >= share * (taken + 1):
            boundaries.append(step.upper)
            taken = max(taken + 1, int(rows / share))
    return tuple(boundaries[: ranges - 1])


def largest_share(kind: RangeKind, steps: Sequence[KeyStep], boundaries: Sequence[str]) -> float:
    """The share of the rows that the largest range has, where *boundaries* cut *steps*; 1 where there are no rows.

    >>> steps = [KeyStep("10", 5), KeyStep("20", 5), KeyStep("30", 10)]
    >>> largest_share("number", steps, ["10", "20"]), largest_share("number", steps, ["99"])
    (0.5, 1.0)
    """
    uppers = [place for one in boundaries if (place := place_of(kind, one)) is not None]
    ranges = [0.0] * (len(uppers) + 1)
    for step in steps:
        place = place_of(kind, step.upper)
        if place is not None:
            ranges[bisect_left(uppers, place)] += step.rows  # pyright: ignore[reportArgumentType]  all of one type
    return max(ranges) / sum(ranges) if sum(ranges) else 1.0
