"""What ends a run: a guess for each database that left no outcome, the report, the notification."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from fleet.attempt_record import AttemptRecord
from fleet.attempts import Attempt
from fleet.errors import UnknownRunError
from fleet.execution_ends import End, explain_end
from fleet.failures import Failure
from fleet.outcomes import HEALED_BY_A_COPY, NOT_WAITED, Outcome, decide
from fleet.plan import Plan
from fleet.reports import RunReport
from lambdas.clients.refusals import code_of
from lambdas.outcome_records import merge_with_previous, outcome_key, put_guess, read_outcome
from lambdas.wiring import Clients
from report import compose_message, render


def report_key(run: str) -> str:
    """The key of *run*'s report."""
    return f"runs/{run}/report.json"


def page_key(run: str) -> str:
    """The key of *run*'s page: one file to look at in a browser."""
    return f"runs/{run}/report.html"


def close_run(run: str, clients: Clients) -> RunReport:
    """Count afresh, write the report, notify; run again, it counts again.

    Raises:
        UnknownRunError: No such run was planned.
    """
    planned = clients.ledger.run(run)
    if not planned:
        raise UnknownRunError(f"run {run!r} has no plan in the ledger.", remedy="Start fleet-run, which plans one.")
    items = clients.ledger.outcomes(run)
    recorded = {item["sk"].removeprefix("DB#") for item in items}
    missing = [database for database in planned["databases"] if database not in recorded]
    redrive_count = _describe(planned["execution"], clients).get("redriveCount", 0) if missing else 0
    for database in missing:
        _guess_missing(run, database, planned, redrive_count, clients)
    report = _read_report(run, clients.ledger.outcomes(run) if missing else items, clients)
    clients.records.write(report_key(run), report, RunReport)
    page = render(report).encode()
    clients.objects.write(clients.records.bucket, page_key(run), page, "text/html; charset=utf-8")
    clients.ledger.close_run(run, report.closed_at)
    _notify(report, clients)
    return report


def explain(described: Mapping[str, Any], record: AttemptRecord | None, clients: Clients) -> Failure:
    """What an execution that ended and left no outcome failed by. *record*: of its attempt, None if it made none."""
    passed = record.marks if record else ()
    return explain_end(
        End(
            described["name"],
            described["status"],
            described.get("error") or "",
            described.get("cause") or "",
            _last_state(described["executionArn"], clients),
            passed[-1].state if passed else "",
        )
    )


def _last_state(execution: str, clients: Clients) -> str:
    """The state in which *execution* ended. All retries of one state make fewer than a hundred events."""
    history = clients.executions.get_execution_history(
        executionArn=execution, reverseOrder=True, maxResults=100, includeExecutionData=False
    )
    entered = (event["stateEnteredEventDetails"] for event in history["events"] if "stateEnteredEventDetails" in event)
    return next((one["name"] for one in entered), "")


def guess(
    attempt: Attempt, failure: Failure, clients: Clients, record: AttemptRecord | None = None, gap: str = ""
) -> bool:
    """Write an outcome that the execution did not write itself; its own word, if it comes, replaces it.

    *record*: the attempt's, where there was one. *gap*: what else could not be made sure of.
    """
    now = clients.now().isoformat()
    tables, stopped_by = merge_with_previous(attempt, failure, (), clients)
    outcome = decide(
        attempt,
        stopped_by,
        tables,
        gaps=("the outcome is a guess", *filter(None, (gap,))),
        started_at=now,
        ended_at=now,
        marks=record.marks if record else (),
        waited=record.waited if record else NOT_WAITED,
    )
    if not put_guess(outcome, clients):
        return False
    clients.records.write(outcome_key(outcome), outcome, Outcome)
    return True


def _guess_missing(run: str, database: str, planned: Mapping[str, Any], redrive_count: int, clients: Clients) -> None:
    """What became of *database*, which left no outcome: said by its execution's end, as the recorder may still do.

    A living execution speaks for itself.
    """
    claim = clients.ledger.claim(database)
    attempt, record = Attempt(run, database, planned["mode"], 0, planned["execution"]), None
    if claim.get("holder_run") == run:
        attempt = replace(attempt, number=int(claim["number"]), execution=claim["holder"])
        record = clients.ledger.record(attempt)
        attempt = replace(attempt, tables=record.attempt.tables)
    # fleet-run names its children so (orchestration/asl/fleet-run.asl.json).
    children = planned["execution"].rpartition(":")[0].removesuffix("-fleet-run") + "-database-run"
    child = f"{children}:{run}-{database}-{redrive_count}"
    described = _describe(attempt.execution if attempt.number else child, clients)
    if described.get("status") == "RUNNING":
        return
    failure = Failure(
        "unknown",
        "NoOutcome",
        f"{database} left no outcome: its execution was never started, or broke off. Open it in the console.",
    )
    guess(attempt, explain(described, record, clients) if described else failure, clients, record)


def _describe(execution: str, clients: Clients) -> Mapping[str, Any]:
    """The execution as Step Functions describes it, or nothing if it knows none."""
    try:
        return clients.executions.describe_execution(executionArn=execution)
    except ClientError as error:
        if code_of(error) == "ExecutionDoesNotExist":
            return {}
        raise


def _read_report(run: str, items: Iterable[Mapping[str, Any]], clients: Clients) -> RunReport:
    plan = clients.records.plan(run)
    registry = clients.records.registry(plan.registry_version)
    outcomes = tuple(read_outcome(run, item, clients) for item in items)
    not_let = [one.database for one in outcomes if one.failure and one.failure.name in HEALED_BY_A_COPY]
    copies = {database: _find_copy(database, plan, clients) for database in not_let}
    return RunReport(
        run=run,
        mode=plan.mode,
        registry_version=plan.registry_version,
        planned_at=plan.planned_at,
        closed_at=clients.now().isoformat(),
        rerun_of=plan.rerun_of,
        lanes=plan.lanes,
        length=plan.length,
        chosen=plan.chosen,
        onboarded=sum(database.onboarded for database in registry.databases),
        outcomes=outcomes,
        copied_elsewhere={database: words for database, words in copies.items() if words},
    )


def _find_copy(database: str, plan: Plan, clients: Clients) -> str:
    """Which attempt of another run copied *database* whole, in the run's mode, and ended ok since it was planned."""
    number = int(clients.ledger.claim(database).get("number", 0)) + 1
    for record in clients.ledger.attempts_before(Attempt(plan.run, database, plan.mode, number, "")):
        made = record.attempt
        outcome = clients.ledger.outcome(made.run, database)
        is_whole = made.mode == plan.mode and made.tables is None
        if not is_whole or outcome.get("outcome") != "ok" or int(outcome["attempt"]) != made.number:
            continue
        if datetime.fromisoformat(outcome["ended_at"]) >= datetime.fromisoformat(plan.planned_at):
            return f"Attempt {made.number} of run {made.run} copied it whole and ended ok at {outcome['ended_at']}."
    return ""


def _notify(report: RunReport, clients: Clients) -> None:
    subject, text = compose_message(report, f"s3://{clients.records.bucket}/{page_key(report.run)}")
    clients.notifications.publish(TopicArn=clients.environment.notification_topic, Subject=subject, Message=text)
