"""
State "CloseRun" of fleet-run.asl.json: counts the outcomes, writes the report, ends red if a database did not end ok.

Takes   Request: the run
Returns Response: how many databases ended how
Raises  RunNotOkError, UnknownRunError
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from fleet.attempts import Attempt
from fleet.errors import FleetError, RunNotOkError, UnknownRunError
from fleet.failures import Failure
from fleet.outcomes import Outcome, decide, is_red
from lambdas.entrypoint import Model, entrypoint
from lambdas.outcome_records import outcome_key, put_outcome
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
    if not planned:
        raise UnknownRunError(
            f"run {request.run!r} has no plan in the ledger.", remedy="Start fleet-run, which plans one."
        )
    if planned.get("superseded_by"):
        return Response(outcomes={}, superseded_by=planned["superseded_by"])
    outcomes = clients.ledger.outcomes(request.run)
    recorded = {item["sk"].removeprefix("DB#") for item in outcomes}
    missing = [database for database in planned["databases"] if database not in recorded]
    for database in missing:
        _guess(request.run, database, planned, clients)
    if missing:
        outcomes = clients.ledger.outcomes(request.run)
    counts = Counter(str(item["outcome"]) for item in outcomes)
    _report(request.run, planned, outcomes, counts, clients)
    red = [item for item in outcomes if is_red(item["outcome"])]
    if red:
        named = ", ".join(f"{item['sk'].removeprefix('DB#')} ({item['failure_class']})" for item in red[:5])
        raise RunNotOkError(
            f"{len(red)} of {len(outcomes)} databases of run {request.run} did not end ok: {named}"
            f"{' and more' if len(red) > 5 else ''}.",
            remedy="Redrive their executions, then this one; the report names owner and remedy of each.",
        )
    return Response(outcomes=dict(counts))


def _guess(run_id: str, database: str, planned: dict[str, Any], clients: Clients) -> None:
    """An outcome for a database that left none; its own word, if it comes, replaces it."""
    attempt = Attempt(run_id, database, planned["mode"], 0, planned["execution"])
    text = f"{database} left no outcome: its execution was never started, or it broke off. Open it in the console."
    now = clients.now().isoformat()
    failure = Failure("unknown", "NoOutcome", text)
    outcome = decide(attempt, failure, (), gaps=("the outcome is a guess",), started_at=now, ended_at=now)
    clients.records.write(outcome_key(outcome), outcome, Outcome)
    put_outcome(outcome, clients, guessed=True)


def _report(
    run_id: str, planned: dict[str, Any], outcomes: list[dict[str, Any]], counts: Counter[str], clients: Clients
) -> None:
    report = {
        "run": run_id,
        "mode": planned["mode"],
        "planned_at": planned["planned_at"],
        "closed_at": clients.now().isoformat(),
        "outcomes": dict(counts),
        "databases": [
            {"database": item["sk"].removeprefix("DB#"), **{k: v for k, v in item.items() if k not in {"pk", "sk"}}}
            for item in outcomes
        ],
    }
    key = f"runs/{run_id}/report.json"
    body = json.dumps(report, default=int, indent=1).encode()
    clients.objects.write(clients.records.bucket, key, body)
    told = ", ".join(f"{count} {word}" for word, count in sorted(counts.items()))
    clients.notifications.publish(
        TopicArn=clients.environment.notification_topic,
        Subject=f"fleet run {run_id}: {told}"[:100],  # SNS takes at most 100 characters
        Message=f"{told}\nReport: s3://{clients.records.bucket}/{key}",
    )


handler = entrypoint("CloseRun", Request, run)
