"""What a key sweep found of a database's tables, and how that is said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fleet.spelling import list_some
from fleet.tables.catalogue import TableName

Repair = Literal["", "full load", "deletion"]
"""What is done about a difference that counts."""


@dataclass(frozen=True)
class SweptTable:
    """What a key sweep found of one table. *keys*: at the source, None where they were not compared.

    *missing*, *surplus*: keys that Snowflake lacks, or alone has, that no change has brought or removed; *at_least*:
    they may be more. *doubled*: keys that it has more than once. *repair*: what was done about it, if *is_mended*.
    *why*: why it was not compared, or not mended. *shown*: a few keys that only Snowflake had.
    """

    schema: str
    table: str
    keys: int | None
    missing: int = 0
    surplus: int = 0
    doubled: int = 0
    at_least: bool = False
    repair: Repair = ""
    is_mended: bool = False
    why: str = ""
    shown: tuple[str, ...] = ()

    @property
    def name(self) -> TableName:
        """The table's two names."""
        return TableName(self.schema, self.table)

    @property
    def differs(self) -> bool:
        """Whether a difference was found that counts."""
        return bool(self.repair)


@dataclass(frozen=True)
class KeySweep:
    """What a key sweep found of a database. *why*: why nothing was compared, or why no difference counts."""

    tables: tuple[SweptTable, ...]
    why: str = ""


@dataclass(frozen=True)
class LastSweep:
    """The newest key sweep of a database: of *run*, which ended at *ended_at* (ISO time, UTC)."""

    run: str
    ended_at: str
    sweep: KeySweep


def say_sweep(sweep: KeySweep) -> str:
    """What the sweep came to, in a line.

    >>> one = SweptTable("s", "t", 1_000)
    >>> say_sweep(KeySweep((one, SweptTable("s", "u", None, why="it is large"))))
    'swept 1 of 2 tables, 1,000 keys: all are equal'
    >>> say_sweep(KeySweep((SweptTable("s", "t", 9, surplus=2, repair="deletion"),)))
    'swept 1 of 1 tables, 9 keys: 1 differs and was not mended'
    >>> say_sweep(KeySweep((), "no keys were compared"))
    'swept no table: no keys were compared'
    """
    compared = [table for table in sweep.tables if table.keys is not None]
    if not compared:
        return f"swept no table{f': {sweep.why}' if sweep.why else ''}"
    differ = [table for table in compared if table.differs]
    mended = [table for table in differ if table.is_mended]
    found = "all are equal"
    if differ:
        left = f" and {'was' if len(differ) == 1 else 'were'} {'' if mended else 'not '}mended"
        found = f"{len(differ):,} differ{'s' if len(differ) == 1 else ''}{left}"
        if mended and len(mended) < len(differ):
            found = f"{len(differ):,} differ, {len(mended):,} of them were mended"
    keys = sum(table.keys or 0 for table in compared)
    return f"swept {len(compared):,} of {len(sweep.tables):,} tables, {keys:,} keys: {found}"


def describe_sweep(sweep: KeySweep) -> list[str]:
    """A gap for all that the sweep found or did not look at, in words; none where all keys were compared and equal.

    >>> swept = SweptTable("s", "t", 9, 0, 3, repair="deletion", is_mended=True, shown=("7", "8", "9"))
    >>> describe_sweep(KeySweep((swept, SweptTable("s", "u", None, why="it is large"))))
    ['the sweep found 3 rows of s.t that no change had removed: 7; 8; 9. They were deleted', \
'the sweep left out s.u: it is large']
    """
    lines = [f"the sweep: {sweep.why}"] if sweep.why else []
    left_out: dict[str, list[str]] = {}
    for table in sweep.tables:
        if table.differs:
            lines.append(_describe(table))
        elif table.why:
            left_out.setdefault(table.why, []).append(str(table.name))
    return lines + [f"the sweep left out {list_some(names, 'tables')}: {why}" for why, names in left_out.items()]


def _describe(table: SweptTable) -> str:
    about = "at least " if table.at_least else ""
    parts = [
        f"{about}{count:,} rows of {table.name} that {words}"
        for count, words in (
            (table.missing, "no change had brought"),
            (table.surplus, "no change had removed"),
            (table.doubled, "Snowflake has more than once"),
        )
        if count
    ] or [f"keys of {table.name} that differ, as many as at the source"]
    shown = f": {'; '.join(table.shown)}" if table.shown else ""
    if not table.is_mended:
        done = f"They were not mended{f': {table.why}' if table.why else ''}"
    else:
        done = "They were deleted" if table.repair == "deletion" else "The table was loaded in full"
    return f"the sweep found {' and '.join(parts)}{shown}. {done}"
