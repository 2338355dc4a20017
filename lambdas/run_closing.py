"""What ends a run: a guess for each database that left no outcome, the report, the notification."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from fleet.attempt_record import AttemptRecord
from fleet.attempts import Attempt
from fleet.errors import UnknownRunError
from fleet.execution_ends import End, explain_end
from fleet.failures import Failure
from fleet.gate import conclude_trial
from fleet.names import child_arn, page_key, report_key
from fleet.outcome_record import OutcomeRecord, outcome_key
from fleet.outcomes import HEALED_BY_A_COPY, NOT_WAITED, Outcome, decide
from fleet.plan import Plan
from fleet.reports import RunReport
from fleet.run_record import RunRecord
from lambdas.clients.executions import Execution, describe
from lambdas.outcome_records import merge_with_previous, put_guess, read_outcome
from lambdas.wiring import Clients
from report import compose_message, render


def close_run(run: str, clients: Clients) -> RunReport:
    """Count afresh, write the report, notify; run again, it counts again.

    Deltas may be minutes apart: where all is well with one, nobody is written to.

    Raises:
        UnknownRunError: No such run was planned.
    """
    planned = clients.ledger.run(run)
    if planned is None:
        raise UnknownRunError(f"run {run!r} has no plan in the ledger.", remedy="Start fleet-run, which plans one.")
    records = clients.ledger.outcomes(run)
    recorded = {record.database for record in records}
    missing = [database for database in planned.databases if database not in recorded]
    execution = describe(clients.executions, planned.execution) if missing else None
    for database in missing:
        _guess_missing(planned, database, execution.redrive_count if execution else 0, clients)
    report = _read_report(run, clients.ledger.outcomes(run) if missing else records, clients)
    clients.records.write(report_key(run), report, RunReport)
    page = render(report).encode()
    clients.objects.write(clients.records.bucket, page_key(run), page, "text/html; charset=utf-8")
    clients.ledger.close_run(run, report.closed_at)
    if report.mode == "full" or not report.is_green:
        _notify(report, clients)
    return report


def explain(execution: Execution, record: AttemptRecord | None, clients: Clients) -> Failure:
    """What an *execution* that ended and left no outcome failed by. *record*: of its attempt, None if it made none."""
    passed = record.marks if record else ()
    return explain_end(
        End(
            execution.name,
            execution.status,
            execution.error,
            execution.cause,
            _last_state(execution.arn, clients),
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
    trial = record.trial if record else ""
    failure = conclude_trial(trial, failure, ()) if trial else failure
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
        tried_with=trial,
    )
    if not put_guess(outcome, clients):
        return False
    clients.records.write(outcome_key(outcome), outcome, Outcome)
    return True


def _guess_missing(planned: RunRecord, database: str, redrive_count: int, clients: Clients) -> None:
    """What became of *database*, which left no outcome: said by its execution's end, as the recorder may still do.

    A living execution will record its own.
    """
    run = planned.run
    claim = clients.ledger.claim(database)
    attempt, record = Attempt(run, database, clients.records.plan(run).mode, 0, planned.execution), None
    if claim.holder_run == run:
        attempt = replace(attempt, number=claim.number, execution=claim.holder)
        record = clients.ledger.record(attempt)
        attempt = replace(attempt, tables=record.attempt.tables)
    child = child_arn(planned.execution, run, database, redrive_count)
    execution = describe(clients.executions, attempt.execution if attempt.number else child)
    if execution is not None and execution.status == "RUNNING":
        return
    failure = Failure(
        "unknown",
        "NoOutcome",
        f"{database} left no outcome: its execution was never started, or broke off. Open it in the console.",
    )
    guess(attempt, explain(execution, record, clients) if execution else failure, clients, record)


def _read_report(run: str, records: Iterable[OutcomeRecord], clients: Clients) -> RunReport:
    plan = clients.records.plan(run)
    registry = clients.records.registry(plan.registry_version)
    outcomes = tuple(read_outcome(record, clients) for record in records)
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
        owners=registry.owners,
        notes={one.id: one.notes for one in registry.databases if one.notes},
    )


def _find_copy(database: str, plan: Plan, clients: Clients) -> str:
    """Which attempt of another run copied *database* whole, in the run's mode, and ended ok since it was planned."""
    number = clients.ledger.claim(database).number + 1
    for record in clients.ledger.attempts_before(Attempt(plan.run, database, plan.mode, number, "")):
        made = record.attempt
        outcome = clients.ledger.outcome(made.run, database)
        is_whole = made.mode == plan.mode and made.tables is None
        if not is_whole or outcome is None or outcome.outcome != "ok" or outcome.attempt != made.number:
            continue
        if outcome.ended_at >= datetime.fromisoformat(plan.planned_at):
            ended_at = outcome.ended_at.isoformat()
            return f"Attempt {made.number} of run {made.run} copied it whole and ended ok at {ended_at}."
    return ""


def _notify(report: RunReport, clients: Clients) -> None:
    subject, text = compose_message(report, f"s3://{clients.records.bucket}/{page_key(report.run)}")
    clients.notifications.publish(TopicArn=clients.environment.notification_topic, Subject=subject, Message=text)
