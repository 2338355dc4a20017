"""The steps of an execution in mode `delta`: its attempts, one after the other under one claim."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from itertools import takewhile

from fleet.attempt_record import AttemptRecord
from fleet.databases import Mode
from fleet.failures import Failure
from fleet.outcomes import Mark, TableOutcome, Waited
from fleet.sentences import as_clause
from fleet.tables.catalogue import TableName
from lambdas.attempt_context import Opened
from lambdas.wiring import Clients


def find_steps(opened: Opened, clients: Clients) -> list[AttemptRecord]:
    """The attempts of this execution since it was last redriven, this one last."""
    ours = (opened.attempt.execution, opened.record.redrive_count)
    before = clients.ledger.attempts_before(opened.attempt)
    mine = takewhile(lambda one: (one.attempt.execution, one.redrive_count) == ours, before)
    return [*reversed(list(mine)), opened.record]


@dataclass(frozen=True)
class StepsEnd:
    """How the steps of an execution ended together. *failure*: what stopped one of them that no later one mended.

    *marks*: of all steps, in order; *waited*: of all steps together.
    """

    tables: tuple[TableOutcome, ...]
    failure: Failure | None
    gaps: tuple[str, ...]
    marks: tuple[Mark, ...]
    waited: Waited


def conclude_steps(mode: Mode, steps: Sequence[AttemptRecord], clients: Clients) -> StepsEnd:
    """What became of each table, by the last of *steps* that came to it.

    A chain that is begun anew mends what broke the one before: that is a gap then, in words. So is in a full run that
    no chain could be begun.
    """
    tables: dict[TableName, TableOutcome] = {}
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
            tables[table.name] = table
    return StepsEnd(
        tuple(tables[name] for name in sorted(tables)),
        failure,
        tuple(gaps),
        tuple(mark for step in steps for mark in step.marks),
        Waited(*(sum(times) for times in zip(*(astuple(step.waited) for step in steps), strict=True))),
    )
