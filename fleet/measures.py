"""What is known of a database from its last full load and delta, and what is assumed where nothing is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

from fleet.databases import Database, Engine, Mode, ParallelLoad
from fleet.quotas import DMS_FULL_LOAD_SUB_TASKS
from fleet.tables.catalogue import Table
from fleet.tables.columns import is_long

ASSUMED_SECONDS = 600.0
"""How long a database takes where nothing is known of any: then all are the same, and the figure only fills a page."""


@dataclass(frozen=True)
class Measured:
    """A full load that ended ok. *seconds*: from its claim to its end, without what it waited for turns at an API.

    *loads*: its tables, a table that is loaded in ranges as often as it has ranges. *lob_columns*: columns of long
    values in each of these loads, most first, as many loads as DMS takes at once; loads without any are left out.
    *delta_seconds*: of its last run in mode `delta` that ended ok, all steps and waits of it together.
    """

    seconds: float
    loads: int
    lob_columns: tuple[int, ...] = ()
    delta_seconds: float | None = None


def count_loads(
    engine: Engine, tables: Sequence[Table], parallel_loads: Sequence[ParallelLoad]
) -> tuple[int, tuple[int, ...]]:
    """How many loads *tables* are, and the columns of long values in each, as `Measured` keeps them.

    >>> from fleet.tables.columns import Column
    >>> notes = Table("s", "notes", False, (Column("id", "integer"), Column("text", "text")))
    >>> count_loads("postgresql", [notes, Table("s", "t", False, ())], [ParallelLoad("s", "notes", "id", ("9",))])
    (3, (1, 1))
    """
    ranges = {(one.schema, one.table): len(one.boundaries) + 1 for one in parallel_loads}
    by_load = [
        sum(is_long(engine, column) for column in table.columns)
        for table in tables
        for _ in range(ranges.get((table.schema, table.table), 1))
    ]
    return len(by_load), tuple(sorted(filter(None, by_load), reverse=True)[: DMS_FULL_LOAD_SUB_TASKS.value])


Origin = Literal["measured", "expected", "assumed"]


@dataclass(frozen=True)
class Estimates:
    """How long each database will take, and where the figure is from."""

    seconds: Mapping[str, float]
    origins: Mapping[str, Origin]

    def count(self, origin: Origin) -> int:
        """How many of the figures are from there."""
        return sum(one == origin for one in self.origins.values())


def estimate(databases: Sequence[Database], measures: Mapping[str, Measured], mode: Mode = "full") -> Estimates:
    """Measured the last time, else as the registry expects a full load, else the median of what is known of the others.

    >>> a, b, c = (Database(one, "s", one, "i", ()) for one in "abc")
    >>> estimate([a, b, c], {"a": Measured(60, 1), "b": Measured(100, 1)}).seconds
    {'a': 60, 'b': 100, 'c': 80.0}
    >>> estimate([a, b], {"a": Measured(60, 1, delta_seconds=700), "b": Measured(100, 1)}, "delta").seconds
    {'a': 700, 'b': 700}
    """
    known: dict[str, float] = {}
    origins: dict[str, Origin] = {}
    for one in databases:
        measured = measures.get(one.id)
        seconds = None if measured is None else measured.delta_seconds if mode == "delta" else measured.seconds
        if seconds is not None:
            known[one.id], origins[one.id] = seconds, "measured"
        elif one.expected_seconds and mode == "full":
            known[one.id], origins[one.id] = float(one.expected_seconds), "expected"
        else:
            origins[one.id] = "assumed"
    otherwise = median(known.values()) if known else ASSUMED_SECONDS
    return Estimates({one.id: known.get(one.id, otherwise) for one in databases}, origins)
