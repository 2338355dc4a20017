"""What ends a run: a guess for each database that left no outcome, the report, the notification."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from fleet.attempts import Attempt
from fleet.errors import UnknownRunError
from fleet.failures import Failure
from fleet.outcomes import Outcome, decide
from fleet.report_page import render
from fleet.reports import RunReport
from lambdas.clients.refusals import code_of
from lambdas.outcome_records import merge_with_previous, outcome_key, put_guess
from lambdas.wiring import Clients


def report_key(run: str) -> str:
    """Where the report of *run* stands."""
    return f"runs/{run}/report.json"


def page_key(run: str) -> str:
    """Where the page of *run* stands: one file to look at in a browser."""
    return f"runs/{run}/report.html"


def close_run(run: str, clients: Clients) -> RunReport:
    """Count afresh, write the report, tell who listens; run again, it counts again.

    Raises:
        UnknownRunError: No such run was planned.
    """
    planned = clients.ledger.run(run)
    if not planned:
        raise UnknownRunError(f"run {run!r} has no plan in the ledger.", remedy="Start fleet-run, which plans one.")
    recorded = {item["sk"].removeprefix("DB#") for item in clients.ledger.outcomes(run)}
    for database in planned["databases"]:
        if database not in recorded and not _is_worked_on(run, database, clients):
            failure = Failure(
                "unknown",
                "NoOutcome",
                f"{database} left no outcome: its execution was never started, or broke off. Open it in the console.",
            )
            guess(Attempt(run, database, planned["mode"], 0, planned["execution"]), failure, clients)
    report = _read_report(run, clients)
    clients.records.write(report_key(run), report, RunReport)
    page = render(report).encode()
    clients.objects.write(clients.records.bucket, page_key(run), page, "text/html; charset=utf-8")
    clients.ledger.close_run(run, report.closed_at)
    _notify(report, clients)
    return report


def guess(attempt: Attempt, failure: Failure, clients: Clients) -> bool:
    """Write an outcome that the execution did not write itself; its own word, if it comes, replaces it."""
    now = clients.now().isoformat()
    tables, stopped_by = merge_with_previous(attempt, failure, (), clients)
    outcome = decide(attempt, stopped_by, tables, gaps=("the outcome is a guess",), started_at=now, ended_at=now)
    if not put_guess(outcome, clients):
        return False
    clients.records.write(outcome_key(outcome), outcome, Outcome)
    return True


def _is_worked_on(run: str, database: str, clients: Clients) -> bool:
    """Whether a living execution holds *database* for *run*: it will speak for itself."""
    claim = clients.ledger.claim(database)
    if claim.get("holder_run") != run:
        return False
    try:
        return clients.executions.describe_execution(executionArn=claim["holder"])["status"] == "RUNNING"
    except ClientError as error:
        if code_of(error) == "ExecutionDoesNotExist":
            return False
        raise


def _read_report(run: str, clients: Clients) -> RunReport:
    plan = clients.records.plan(run)
    documents = (clients.records.read(item["document"], Outcome) for item in clients.ledger.outcomes(run))
    return RunReport(
        run=run,
        mode=plan.mode,
        registry_version=plan.registry_version,
        planned_at=plan.planned_at,
        closed_at=clients.now().isoformat(),
        rerun_of=plan.rerun_of,
        lanes=plan.lanes,
        outcomes=tuple(one for one in documents if one is not None),
    )


def _notify(report: RunReport, clients: Clients) -> None:
    told = ", ".join(f"{count} {word}" for word, count in sorted(report.counts.items()))
    message: dict[str, Any] = {
        "Subject": f"fleet run {report.run}: {told}"[:100],  # SNS takes at most 100 characters
        "Message": f"{told}\nPage of the night: s3://{clients.records.bucket}/{page_key(report.run)}",
    }
    clients.notifications.publish(TopicArn=clients.environment.notification_topic, **message)
