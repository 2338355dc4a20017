"""The account of a database in words: what is not simply moved, what its columns lose, what changed."""

from __future__ import annotations

from collections.abc import Iterator

from fleet.deltas.swept_tables import describe_sweep, say_sweep
from fleet.deltas.tables import Arrivals
from fleet.outcomes import Outcome, TableOutcome
from fleet.spelling import list_some
from fleet.tables.account import Accounted, DatabaseAccount
from fleet.tables.losses import ColumnLoss


def say_account(account: DatabaseAccount) -> Iterator[str]:
    """A line for each relation that is not simply moved, what is missing first; then what changed and what is remarked.

    Partitions of one table share a line.

    >>> from fleet.tables.account import Accounted
    >>> parts = [Accounted("s", f"p_{n}", "table", "with its parent", "rows arrive in s.p") for n in range(60)]
    >>> list(say_account(DatabaseAccount(tuple(parts), ("s.t is new",))))
    ['s.p_0, s.p_1, s.p_2 and 57 more: rows arrive in s.p', 'since the last run: s.t is new']
    >>> list(say_account(DatabaseAccount(columns_left_out=("s.t.pin", "s.u.pin"))))
    ['left out by the registry (`exclude_columns`): s.t.pin, s.u.pin']
    """
    yield from map(say_relation, account.missing)
    yield from (say_relation(one) for one in account.relations if one.fate == "left out")
    parts: dict[str, list[str]] = {}
    for one in account.relations:
        if one.fate == "with its parent":
            parts.setdefault(one.why, []).append(one.name)
    yield from (f"{list_some(names)}: {why}" for why, names in parts.items())
    if account.columns_left_out:
        yield f"left out by the registry (`exclude_columns`): {', '.join(account.columns_left_out)}"
    yield from (f"since the last run: {change}" for change in account.changes)
    yield from account.remarks


def say_arrivals(arrivals: Arrivals) -> Iterator[str]:
    """How each table's rows arrive in runs of mode `delta`.

    >>> from fleet.deltas.tables import InFull
    >>> list(say_arrivals(Arrivals(("s.a", "s.b"), (InFull("s.c", "it has no primary key"),))))
    ['By deltas arrive s.a, s.b.', 'In full, in each delta run, arrives s.c: it has no primary key.']
    >>> list(say_arrivals(Arrivals((), (InFull("s.c", "it is a view", in_each_run=False),))))
    ['In full, in runs of mode full alone, arrives s.c: it is a view.']
    """
    if arrivals.by_delta:
        yield f"By deltas arrive {', '.join(arrivals.by_delta)}."
    for one in arrivals.in_full:
        runs = "each delta run" if one.in_each_run else "runs of mode full alone"
        yield f"In full, in {runs}, arrives {one.table}: {one.why}."
    yield from (f"Its keys are never compared: {one.table}: {one.why}." for one in arrivals.not_swept)
    if arrivals.no_mark:
        yield f"No delta can say up to where it reads: {arrivals.no_mark}."


def say_red(outcome: Outcome) -> Iterator[str]:
    """A line for all that makes *outcome* red although no table of it failed: what is missing, what is lost, and
    what has drifted."""
    yield from map(say_relation, outcome.account.missing if outcome.account else ())
    yield from (say_loss(table, loss) for table in outcome.tables for loss in table.lost)
    yield from (table.drift.text for table in outcome.tables if table.drift)


def say_changes(outcome: Outcome) -> Iterator[str]:
    """A line for each change of a table in Snowflake that followed one of its source."""
    yield from (f"{table.name}: {change}" for table in outcome.tables for change in table.changes)


def say_swept(outcome: Outcome) -> Iterator[str]:
    """What a key sweep came to, and a line for all that it found or left out; nothing where there was none."""
    if outcome.sweep:
        yield say_sweep(outcome.sweep)
        yield from describe_sweep(outcome.sweep)


def say_relation(one: Accounted) -> str:
    """What becomes of one relation."""
    what = one.name if one.kind == "schema" else f"{one.name} ({one.kind})"
    return f"{what} is {one.fate}" + (f": {one.why}" if one.why else "")


def say_losses(outcome: Outcome) -> Iterator[str]:
    """A line for each column of a published table that loses something, or may.

    >>> from fleet.tables.losses import ColumnLoss
    >>> say_loss(TableOutcome("s", "t", False, "full", 1, 5, 5, 5, 5, 9), ColumnLoss("c", "digits are rounded off", 3))
    's.t.c: 3 of 5 values: digits are rounded off'
    """
    for table in outcome.tables:
        yield from (say_loss(table, loss) for loss in table.losses)


def say_loss(table: TableOutcome, loss: ColumnLoss) -> str:
    """What becomes of one column."""
    name, accepted = f"{table.name}.{loss.column}", " (accepted)" if loss.is_accepted else ""
    if loss.is_left_out:
        return f"{name} is left out: {loss.how}{accepted}"
    if loss.values is None:
        why = f" ({loss.why})" if loss.why else ""
        return f"{name}: not counted{why}: {loss.how}{accepted}"
    return f"{name}: {loss.values:,} of {table.rows_by_dms or 0:,} values: {loss.how}{accepted}"
