"""The steps of an execution in mode `delta`: its attempts, one after the other under one claim."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, replace
from itertools import takewhile

from fleet.attempt_record import AttemptRecord
from fleet.attempts import Attempt
from fleet.databases import Mode
from fleet.deltas.key_sweep import TableSweep
from fleet.deltas.sweep_steps import conclude_sweep, find_unmended
from fleet.deltas.swept_tables import KeySweep, describe_sweep
from fleet.failures import Failure
from fleet.outcomes import Mark, TableOutcome, Waited
from fleet.sentences import as_clause
from fleet.tables.catalogue import TableName
from lambdas.attempt_context import Opened
from lambdas.wiring import Clients

KEY_SWEEP = "key-sweep"
"""The document of an attempt that holds the comparison of keys after it."""


def read_sweep(attempt: Attempt, clients: Clients) -> tuple[TableSweep, ...]:
    """How far the comparison of keys after *attempt* is, by table; none where it was never begun."""
    return clients.records.read(attempt.key(KEY_SWEEP), tuple[TableSweep, ...]) or ()


def find_steps(opened: Opened, clients: Clients) -> list[AttemptRecord]:
    """The attempts of this execution since it was last redriven, this one last."""
    ours = (opened.attempt.execution, opened.record.redrive_count)
    before = clients.ledger.attempts_before(opened.attempt)
    mine = takewhile(lambda one: (one.attempt.execution, one.redrive_count) == ours, before)
    return [*reversed(list(mine)), opened.record]


def find_sweep(opened: Opened, steps: Sequence[AttemptRecord]) -> tuple[str, ...] | None:
    """The tables whose keys the execution of *steps* compares, all if empty; None for no comparison."""
    owed = () if any(one.owes_sweep for one in steps) else None
    return opened.plan.sweep if opened.plan.sweep is not None else owed


@dataclass(frozen=True)
class StepsEnd:
    """How the steps of an execution ended together. *failure*: what stopped one of them that no later one mended.

    *marks*: of all steps, in order; *waited*: of all steps together. *sweep*: what a key sweep found, if there was one.
    """

    tables: tuple[TableOutcome, ...]
    failure: Failure | None
    gaps: tuple[str, ...]
    marks: tuple[Mark, ...]
    waited: Waited
    sweep: KeySweep | None = None


def conclude_steps(
    mode: Mode, steps: Sequence[AttemptRecord], named: Sequence[str] | None, clients: Clients
) -> StepsEnd:
    """What became of each table, by the last of *steps* that came to it. *named*: the tables that a key sweep was asked
    for, all if empty, None for no sweep.

    A chain that is begun anew mends what broke the one before: that is a gap then, in words. So is in a full run that
    no chain could be begun.
    """
    tables: dict[TableName, TableOutcome] = {}
    loaded: set[TableName] = set()
    failure: Failure | None = None
    gaps: dict[str, None] = {}
    for step in steps:
        if step.purpose == "prime" and failure is not None:
            gaps[f"the deltas began anew, with loads in full, because: {as_clause(failure.text)}"] = None
            failure = None
        if mode == "full" and step.purpose == "full" and failure is not None:
            gaps[f"no deltas could be begun: {as_clause(failure.text)}"] = None
            failure = None
        failure = failure or step.failure
        gaps |= dict.fromkeys(step.gaps)
        for table in clients.records.read(step.attempt.key("tables"), tuple[TableOutcome, ...]) or ():
            tables[table.name] = _follow(tables.get(table.name), table)
            if step.purpose == "full" and table.failure is None:
                loaded.add(table.name)
    sweep = None if named is None else _conclude_sweep(steps, named, loaded, clients)
    if sweep is not None:
        gaps |= dict.fromkeys(describe_sweep(sweep))
        for name, red in find_unmended(sweep).items():
            if name in tables and tables[name].failure is None:
                tables[name] = replace(tables[name], failure=red)
    return StepsEnd(
        tuple(tables[name] for name in sorted(tables)),
        failure,
        tuple(gaps),
        tuple(mark for step in steps for mark in step.marks),
        Waited(*(sum(times) for times in zip(*(astuple(step.waited) for step in steps), strict=True))),
        sweep,
    )


def _follow(before: TableOutcome | None, now: TableOutcome) -> TableOutcome:
    """What is said of a table after two steps of the same execution: of the later one, as a rule.

    A full load counts, and finds losses, drift and failures, which no delta after it looks for or mends: what it has
    said stays, unless that delta fails. Two deltas have brought the changes of both.
    """
    if before is None:
        return now
    is_counted_now = now.mode == "full" and not now.measured_in
    if before.mode == "full" and not before.measured_in and not is_counted_now and now.failure is None:
        return before
    if before.mode != "delta" or now.mode != "delta":
        return now
    counts = (before.rows_in_parquet, now.rows_in_parquet)
    return replace(
        now,
        rows_by_dms=(before.rows_by_dms or 0) + (now.rows_by_dms or 0),
        rows_in_parquet=None if counts == (None, None) else (counts[0] or 0) + (counts[1] or 0),
        rows_in_warehouse=before.rows_in_warehouse if now.rows_in_warehouse is None else now.rows_in_warehouse,
        bytes=before.bytes + now.bytes,
    )


def _conclude_sweep(
    steps: Sequence[AttemptRecord], named: Sequence[str], loaded: Iterable[TableName], clients: Clients
) -> KeySweep:
    compared = {
        one.attempt.number: read_sweep(one.attempt, clients) for one in steps if one.comparing_since is not None
    }
    return conclude_sweep(steps, compared, named, loaded)
