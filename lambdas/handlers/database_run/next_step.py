"""
State "NextStep" of database-run.asl.json: chooses the attempt that an execution with several of them makes next, and
takes its number. After the trial of a new database that is the load of all of it.

Takes   Request: the attempt, and the run's mode
Returns Response: `delta` with the next attempt; `compare` or `done` with the last one
Raises  ClaimLostError, TransientError
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from fleet.attempts import Attempt
from fleet.databases import Mode
from fleet.deltas.chain import DeltaStep, Purpose, joined_step, next_step
from fleet.deltas.sweep_steps import sweep_stage
from fleet.errors import ClaimLostError, FleetError, TransientError
from fleet.gate import has_passed
from fleet.outcomes import TableOutcome
from lambdas.attempt_context import AttemptRequest, Opened, find_stop_request, open_attempt
from lambdas.chain_context import find_needing
from lambdas.entrypoint import Model, entrypoint
from lambdas.steps import find_steps, find_sweep
from lambdas.wiring import Clients


class Request(AttemptRequest):
    """What the state passes."""

    mode: Mode


class Response(Model):
    """What ClaimDatabase answers, for the next attempt of the same execution."""

    verdict: Literal["delta", "compare", "done"]
    attempt: Attempt
    mode: Mode
    steps: Literal["several"] = "several"
    wait_seconds: int = 0
    declined: str | None = None


RAISES: tuple[type[FleetError], ...] = (ClaimLostError, TransientError)


def run(request: Request, clients: Clients) -> Response:
    """Take one more attempt under the claim that is held. Entered again, the attempt that was taken is the answer."""
    claim = clients.ledger.claim(request.attempt.database)
    if claim.holder == request.attempt.execution and claim.number == request.attempt.number + 1:
        newest = clients.ledger.find_record(replace(request.attempt, number=claim.number))
        if newest is not None:
            return Response(verdict="delta", attempt=newest.attempt, mode=request.mode)
    opened = open_attempt(request.attempt, clients)
    stop_request = find_stop_request(opened, clients)
    is_stopped = stop_request is not None
    if stop_request is not None and opened.record.trial:
        clients.ledger.note_failure(opened.attempt, stop_request)  # one table is no whole load
    step = None if is_stopped else _choose(opened, request.mode, clients)
    if step == "compare":
        return Response(verdict="compare", attempt=opened.attempt, mode=request.mode)
    takes_joins = None
    if step is None and not clients.ledger.end_joins(opened.attempt) and not is_stopped:
        # Once: a run every few minutes would otherwise keep this execution for ever, and it may grow no longer than
        # Step Functions keeps its history.
        step, takes_joins = joined_step(clients.chains.find(opened.database.id)), False
    if step is None:
        return Response(verdict="done", attempt=opened.attempt, mode=request.mode)
    attempt = replace(opened.attempt, mode=step.mode, number=opened.attempt.number + 1, tables=step.tables)
    if not clients.ledger.take(
        attempt,
        previous_holder=attempt.execution,
        now=clients.now(),
        redrive_count=opened.record.redrive_count,
        purpose=step.purpose,
        takes_joins=takes_joins,
    ):
        raise TransientError(f"the next attempt at {attempt.database} was not taken.", remedy="It is tried again.")
    return Response(verdict="delta", attempt=attempt, mode=request.mode)


def _choose(opened: Opened, mode: Mode, clients: Clients) -> DeltaStep | Literal["compare"] | None:
    steps = find_steps(opened, clients)
    if opened.record.trial:
        tables = clients.records.read(opened.attempt.key("tables"), tuple[TableOutcome, ...]) or ()
        return DeltaStep("full") if has_passed(opened.record.failure, tables) else None
    if not opened.database.deltas:
        return None
    done: list[Purpose] = [one.purpose for one in steps if one.purpose]
    chain = clients.chains.find(opened.database.id)
    needing, whole = find_needing(opened, chain, clients)
    sweep = sweep_stage(steps) if find_sweep(opened, steps) is not None else "over"
    step = next_step(mode, done, chain, needing, whole, sweep)
    if step is None or step == "compare":
        return step
    is_stopped = step.purpose == "prime" and opened.database.on_gap == "stop"
    return None if is_stopped else step


handler = entrypoint("NextStep", Request, run)
