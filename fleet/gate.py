"""The gate: before the first whole load of a database, what its census says is judged, and one small table is tried.

A database is past it once a run has published something of it. Reasons: docs/decisions/0034.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fleet.checks.check import Check, Judged, apply_checks
from fleet.databases import Database, Engine
from fleet.failures import Failure
from fleet.keeping import judge_keeping
from fleet.outcomes import TableOutcome
from fleet.spelling import list_some
from fleet.tables.account import select_tables
from fleet.tables.catalogue import Census, Table, TableName
from fleet.warehouse import find_clashes, rename_columns

_SMALLEST_SHARE = 10
"""A trial moves at most one row in so many: a larger one would take as long as what it is to spare."""


@dataclass(frozen=True)
class GateFacts:
    """What a run knows of a database before it moves anything."""

    engine: Engine
    database: Database
    census: Census


def _judge_tables(facts: GateFacts) -> Judged | None:
    tables = select_tables(facts.engine, facts.database, facts.census, None)
    if isinstance(tables, Failure):
        return None
    refused = find_refused(facts.engine, facts.database, tables)
    if len(refused) < len(tables):
        return Judged("passed", f"{len(tables) - len(refused):,} of {len(tables):,} tables can be loaded")
    why = list_some([failure.text.rstrip(".") for failure in refused.values()], by="; ")
    return Judged("failed", f"no table of it can be loaded: {why}")


GATE: tuple[Check[GateFacts], ...] = (
    Check(
        "GATE-TABLES",
        "DMS would move all of it, and Snowflake could take nothing.",
        "Mend what is said of each table in the registry or at the source, then rerun.",
        "docs/decisions/0034-a-new-database-is-tried-first.md",
        _judge_tables,
    ),
)
"""The checks that a database must pass before anything of it is moved for the first time."""


def judge_gate(facts: GateFacts) -> Failure | None:
    """Why a database that has published nothing yet is not moved at all; None where nothing speaks against it."""
    failed = [one for one in apply_checks(GATE, facts.database.id, facts) if one.verdict == "failed"]
    if not failed:
        return None
    text = " ".join(f"{one.code}: {one.found}. {one.reason} {one.remedy}" for one in failed)
    return Failure("not_ready", "NotReady", f"{facts.database.id} is new, and not ready. {text}")


def find_refused(engine: Engine, database: Database, tables: Sequence[Table]) -> dict[TableName, Failure]:
    """Those of *tables* that SubmitLoads would refuse by their names or keys, each with its failure."""
    landed = [rename_columns(table, database.renames) for table in tables]
    not_kept = {table.name: why for table in landed if (why := judge_keeping(engine, database, table)) is not None}
    return {**not_kept, **find_clashes(landed, database.deletes_of)}


def choose_trial(engine: Engine, database: Database, tables: Sequence[Table], above_rows: int) -> Table | None:
    """The one of *tables*, all that *database* moves, with which it is tried; None where its whole load is as short.

    By the statistics of the source; what they do not know counts as nothing, and so does a view. *above_rows*: with so
    many rows or fewer it is not tried. The table is a plain one that is not empty and that Snowflake can take; the
    smallest, one with a key before all others.

    >>> def table(name: str, rows: int | None, key: tuple[str, ...] = ("id",)) -> Table:
    ...     return Table("s", name, False, (), key, rows_estimated=rows)
    >>> shop = Database("shop", "s", "Shop", "one", ("s",))
    >>> tables = [table("log", 7, ()), table("empty", 0), table("facts", 990), table("codes", 9), table("new", None)]
    >>> [one and one.table for one in (choose_trial("postgresql", shop, tables, limit) for limit in (1_000, 1_006))]
    ['codes', None]
    >>> choose_trial("postgresql", shop, [table("facts", 990), table("others", 120)], 1_000) is None
    True
    """
    total = sum(table.rows_estimated or 0 for table in tables)
    if total <= above_rows:
        return None
    refused = find_refused(engine, database, tables)
    small = [
        (not table.key, table.rows_estimated, table.name, table)
        for table in tables
        if table.kind == "table"
        and table.rows_estimated
        and table.rows_estimated * _SMALLEST_SHARE <= total
        and table.name not in refused
    ]
    return min(small, key=lambda one: one[:3])[-1] if small else None


def has_passed(failure: Failure | None, tables: Iterable[TableOutcome]) -> bool:
    """Whether a trial that ended with *failure* and *tables* lets the whole load follow. What a table loses on its way
    is for the whole outcome to say."""
    ended = tuple(tables)
    return failure is None and bool(ended) and all(table.failure is None for table in ended)


def conclude_trial(table: str, failure: Failure | None, tables: Iterable[TableOutcome]) -> Failure:
    """What a trial with *table* makes of its database's outcome, where no whole load has followed.

    >>> refused = Failure("warehouse", "LoadRefused", "s.codes: no such role.")
    >>> conclude_trial("s.codes", refused, ())
    Failure(failure_class='warehouse', name='LoadRefused', text='It was tried with s.codes alone, before its first \
whole load, and stays out of the run: s.codes: no such role.')
    """
    why = failure or next((one.failure for one in tables if one.failure is not None), None)
    if why is None:
        why = Failure("unknown", "NothingMoved", "no table was accounted for.")
    said = f"It was tried with {table} alone, before its first whole load, and stays out of the run"
    return Failure(why.failure_class, why.name, f"{said}: {why.text}")
