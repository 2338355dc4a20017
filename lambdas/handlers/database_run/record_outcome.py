"""
State "RecordOutcome" of database-run.asl.json: writes the one outcome of this database in this run.

Takes   Request: the attempt, the run's mode, whether there were several attempts, why none was made if so, when the
        execution started, how often it was redriven
Returns Response: the outcome
Raises  nothing of its own
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal

from fleet.attempts import Attempt
from fleet.blackouts import is_blackout
from fleet.claims import is_joined
from fleet.databases import Mode
from fleet.deltas.swept_tables import LastSweep
from fleet.errors import FleetError
from fleet.failures import Failure
from fleet.gate import conclude_trial
from fleet.names import last_sweep_key
from fleet.outcome_record import outcome_key
from fleet.outcomes import CLAIMED, JOINED, SERVER_BLACKOUT, SERVER_FULL, Outcome, OutcomeName, TableOutcome, decide
from fleet.server_places import is_full
from lambdas.attempt_context import Opened, look_at_attempt, read_account
from lambdas.entrypoint import Model, entrypoint
from lambdas.outcome_records import merge_with_previous, put_outcome
from lambdas.steps import conclude_steps, find_steps, find_sweep
from lambdas.wiring import Clients


class Request(Model):
    """What the state passes."""

    attempt: Attempt
    mode: Mode
    steps: Literal["one", "several"]
    declined: str | None
    started_at: datetime
    redrive_count: int


class Response(Model):
    """The outcome's word; *recorded* is false where another execution's is there already. *redrive_count*: now."""

    outcome: OutcomeName
    recorded: bool
    redrive_count: int


RAISES: tuple[type[FleetError], ...] = ()


def run(request: Request, clients: Clients) -> Response:
    """Decide from what was noted and measured; recording again writes the same, the end's time included."""
    attempt = request.attempt
    recorded = clients.ledger.outcome(attempt.run, attempt.database)
    if recorded is not None and recorded.guessed:
        recorded = None
    is_ours = recorded is not None and (recorded.execution, recorded.attempt) == (attempt.execution, attempt.number)
    ended_at = recorded.ended_at if recorded is not None and is_ours else clients.now()
    outcome = _decide(request, ended_at.isoformat(), clients)
    if attempt.number == 0 and recorded is not None and not is_ours:
        # Another execution has the run's outcome: it stays, and is ours too.
        return Response(outcome=recorded.outcome, recorded=False, redrive_count=request.redrive_count)
    clients.records.write(outcome_key(outcome), outcome, Outcome)
    if outcome.sweep is not None:
        last = LastSweep(outcome.run, outcome.ended_at, outcome.sweep)
        clients.records.write(last_sweep_key(outcome.database), last, LastSweep)
    is_recorded = put_outcome(outcome, clients, redrive_count=request.redrive_count)
    return Response(outcome=outcome.outcome, recorded=is_recorded, redrive_count=request.redrive_count)


def _decide(request: Request, ended_at: str, clients: Clients) -> Outcome:
    attempt = request.attempt
    started_at = request.started_at.isoformat()
    if request.declined is not None:
        failure = _why_declined(attempt, request.declined, clients)
        return decide(
            attempt, failure, (), gaps=(), without_attempt="skipped", started_at=started_at, ended_at=ended_at
        )
    opened = look_at_attempt(attempt, clients)
    if request.steps == "several":
        steps = find_steps(opened, clients)
        end = conclude_steps(request.mode, steps, find_sweep(opened, steps), clients)
        return decide(
            replace(attempt, mode=request.mode),
            _conclude_trial(opened, end.failure, end.tables),
            end.tables,
            gaps=end.gaps,
            started_at=started_at,
            ended_at=ended_at,
            marks=end.marks,
            waited=end.waited,
            sweep=end.sweep,
            account=read_account(attempt, clients),
            tried_with=opened.record.trial,
        )
    failure = opened.record.failure
    tables = clients.records.read(attempt.key("tables"), tuple[TableOutcome, ...]) or ()
    tables, failure = merge_with_previous(attempt, failure, tables, clients)
    return decide(
        attempt,
        _conclude_trial(opened, failure, tables),
        tables,
        gaps=opened.record.gaps,
        started_at=started_at,
        ended_at=ended_at,
        marks=opened.record.marks,
        waited=opened.record.waited,
        account=read_account(attempt, clients),
        tried_with=opened.record.trial,
    )


def _conclude_trial(opened: Opened, failure: Failure | None, tables: Sequence[TableOutcome]) -> Failure | None:
    """*failure*, or what a trial comes to after which nothing else was moved: it is never the whole."""
    return conclude_trial(opened.record.trial, failure, tables) if opened.record.trial else failure


def _why_declined(attempt: Attempt, declined: str, clients: Clients) -> Failure:
    if declined == clients.ledger.stop_requested(attempt.run):
        return Failure("cancelled", "RunStopped", declined)
    if is_joined(declined):
        return Failure("joined", JOINED, declined)
    if is_full(declined):
        return Failure("server_full", SERVER_FULL, declined)
    if is_blackout(declined):
        return Failure("blackout", SERVER_BLACKOUT, declined)
    return Failure("cancelled", CLAIMED, declined)


handler = entrypoint("RecordOutcome", Request, run)
