"""
State "CloseRun" of fleet-run.asl.json: counts the outcomes, writes the report, ends red if a database did not end ok.

Takes   Request: the run
Returns Response: how many databases ended how
Raises  RunNotOkError, UnknownRunError
"""

from __future__ import annotations

from fleet.errors import FleetError, RunNotOkError, UnknownRunError
from lambdas.entrypoint import Model, entrypoint
from lambdas.run_closing import close_run
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
    planned = clients.ledger.run(request.run)
    if planned is not None and planned.superseded_by:
        return Response(outcomes={}, superseded_by=planned.superseded_by)
    report = close_run(request.run, clients)
    red = [
        f"{one.database} ({one.failure.failure_class if one.failure else one.outcome})"
        for one in report.outcomes
        if report.is_red(one)
    ]
    red += [f"{database} (still running)" for database in report.silent]
    count = len(report.outcomes) + len(report.silent)
    if not report.is_green:
        named = ", ".join(red[:5]) or "it had none"
        raise RunNotOkError(
            f"{len(red)} of {count} databases of run {request.run} did not end ok: {named}"
            f"{' and more' if len(red) > 5 else ''}.",
            remedy="The report names owner and remedy of each. Then redrive their executions, or start one where "
            "there is none, and redrive this one.",
        )
    return Response(outcomes=report.counts)


handler = entrypoint("CloseRun", Request, run)
