"""
State "Conclude" of database-run.asl.json: ends the execution green if the outcome is ok; tries again if the execution
was redriven since it recorded one; is red otherwise.

Takes   Request: the attempt, the redrive count when the outcome was recorded, and the count now
Returns Response: `ok` or `again`
Raises  DatabaseNotOkError
"""

from __future__ import annotations

import json
from typing import Literal

from fleet.attempts import Attempt
from fleet.errors import DatabaseNotOkError, FleetError
from fleet.outcomes import JOINED
from lambdas.entrypoint import Model, entrypoint
from lambdas.wiring import Clients


class Request(Model):
    """What the state passes."""

    attempt: Attempt
    recorded_redrive_count: int
    redrive_count: int


class Response(Model):
    """Whether it is over."""

    verdict: Literal["ok", "again"]


RAISES: tuple[type[FleetError], ...] = (DatabaseNotOkError,)


def run(request: Request, clients: Clients) -> Response:
    """Say what the ledger says, with the input to paste for a rerun."""
    attempt = request.attempt
    outcome = clients.ledger.outcome(attempt.run, attempt.database)
    if outcome is not None and (outcome.outcome == "ok" or outcome.failure_name == JOINED):
        return Response(verdict="ok")
    # Someone saw the red end and asks again, or saw the attempt break off: what was stopped then cannot end ok now.
    record = clients.ledger.find_record(attempt)
    begun = record.redrive_count if record else request.recorded_redrive_count
    if request.redrive_count > min(begun, request.recorded_redrive_count):
        return Response(verdict="again")
    mode = outcome.mode if outcome is not None else attempt.mode
    is_step = record is not None and record.purpose is not None  # of several: the execution was asked for all tables
    tables = None if is_step else attempt.tables
    asked = {"run": attempt.run, "database": attempt.database, "mode": mode, "tables": tables}
    rerun = json.dumps({name: value for name, value in asked.items() if value is not None})
    ended, why, remedy = "without an outcome", "no outcome was recorded", "fleet team: "
    if outcome is not None:
        ended, why = outcome.outcome, f"{outcome.failure_class}: {outcome.failure_text}"
        remedy = f"{outcome.owner}: {outcome.remedy}"
    raise DatabaseNotOkError(
        f"{attempt.database} ended {ended} in run {attempt.run}: {why}",
        remedy=f"{remedy} Input for a new execution: {rerun}",
    )


handler = entrypoint("Conclude", Request, run)
