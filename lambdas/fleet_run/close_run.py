"""
State "CloseRun" of fleet-run.asl.json: counts the outcomes, writes the report, ends red if a database did not end ok.

Takes   Request: the run
Returns Response: how many databases ended how
Raises  RunNotOkError, UnknownRunError
"""

from __future__ import annotations

from fleet.errors import FleetError, RunNotOkError, UnknownRunError
from lambdas.closing import close_run
from lambdas.entrypoint import Model, entrypoint
from lambdas.wiring import Clients


class Request(Model):
    """What the state passes."""

    run: str


class Response(Model):
    """Databases by outcome. *superseded_by*: the run that did the work of this one's slot."""

    outcomes: dict[str, int]
    superseded_by: str | None = None


RAISES: tuple[type[FleetError], ...] = (RunNotOkError, UnknownRunError)


def run(request: Request, clients: Clients) -> Response:
    """Count afresh at each call, so that a run redriven after its databases were mended ends green."""
    winner = clients.ledger.run(request.run).get("superseded_by")
    if winner:
        return Response(outcomes={}, superseded_by=winner)
    report = close_run(request.run, clients)
    ended = {outcome.database for outcome in report.outcomes}
    living = [database for database in clients.records.plan(request.run).chosen if database not in ended]
    red = [
        f"{one.database} ({one.failure.failure_class})" for one in report.outcomes if one.failure and report.is_red(one)
    ]
    red += [f"{database} (still running)" for database in living]
    if red:
        named = ", ".join(red[:5])
        raise RunNotOkError(
            f"{len(red)} of {len(ended) + len(living)} databases of run {request.run} did not end ok: {named}"
            f"{' and more' if len(red) > 5 else ''}.",
            remedy="Redrive their executions, then this one; the report names owner and remedy of each.",
        )
    return Response(outcomes=report.counts)


handler = entrypoint("CloseRun", Request, run)
