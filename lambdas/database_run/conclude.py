"""
State "Conclude" of database-run.asl.json: ends the execution green if the outcome is ok, and red otherwise.

Takes   AttemptRequest
Returns Response: `ok`
Raises  DatabaseNotOkError
"""

from __future__ import annotations

import json
from typing import Literal

from fleet.errors import DatabaseNotOkError, FleetError
from lambdas.entrypoint import Model, entrypoint
from lambdas.opened import AttemptRequest
from lambdas.wiring import Clients

Request = AttemptRequest


class Response(Model):
    """Nothing but ok comes back."""

    verdict: Literal["ok"] = "ok"


RAISES: tuple[type[FleetError], ...] = (DatabaseNotOkError,)


def run(request: Request, clients: Clients) -> Response:
    """Say what the ledger says, with the input to paste for a rerun."""
    attempt = request.attempt
    outcome = clients.ledger.outcome(attempt.run, attempt.database)
    if outcome.get("outcome") == "ok":
        return Response()
    asked = {"run": attempt.run, "database": attempt.database, "mode": attempt.mode, "tables": attempt.tables}
    rerun = json.dumps({name: value for name, value in asked.items() if value is not None})
    why = f"{outcome.get('failure_class')}: {outcome.get('failure_text')}" if outcome else "no outcome was recorded"
    raise DatabaseNotOkError(
        f"{attempt.database} ended {outcome.get('outcome', 'without an outcome')} in run {attempt.run}: {why}",
        remedy=f"{outcome.get('owner', 'fleet team')}: {outcome.get('remedy', '')} Input for a new execution: {rerun}",
    )


handler = entrypoint("Conclude", Request, run)
