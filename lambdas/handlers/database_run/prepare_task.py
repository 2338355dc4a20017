"""
State "PrepareTask" of database-run.asl.json: accounts for all that the source holds, brings the task's mappings and
settings to what is wanted, and counts rows before a full load, or sets the source's mark before a delta.

Takes   AttemptRequest
Returns Response: `ready`; `wait` while DMS modifies the task, or before rows are counted; `refused` with the failure
        noted
Raises  ClaimLostError
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, Unpack

from fleet.asking import BROKEN
from fleet.attempt_record import AttemptChange
from fleet.deltas.tables import why_no_mark
from fleet.errors import ClaimLostError, FleetError, QuotaExceededError
from fleet.failures import Failure
from fleet.gate import GateFacts, choose_trial, judge_gate
from fleet.names import newest_census_key
from fleet.sentences import as_clause
from fleet.tables.account import DatabaseAccount, remember, select_tables, take_account
from fleet.tables.catalogue import Census, Table
from fleet.waits import Wait
from lambdas.attempt_context import AttemptRequest, Opened, gone, open_attempt, read_tables, refuse
from lambdas.chain_context import check_chain, wanted_texts
from lambdas.clients.dms import Task
from lambdas.counting import count_before
from lambdas.dms_turns import charge, pace_of, take_turn, waiting_when_throttled
from lambdas.entrypoint import Model, entrypoint
from lambdas.lane_looks import look_at_tasks
from lambdas.waiting import keep_waiting
from lambdas.wiring import Clients

Request = AttemptRequest


class Response(Model):
    """Whether the task is as wanted."""

    verdict: Literal["ready", "wait", "refused"]
    wait_seconds: int = 0


RAISES: tuple[type[FleetError], ...] = (ClaimLostError,)


def run(request: Request, clients: Clients) -> Response:
    """Choose the tables once for the attempt, then modify the task only where it differs."""
    opened = open_attempt(request.attempt, clients)
    if opened.record.prepared_at:
        if opened.attempt.mode == "delta":
            return _mark(opened, clients)
        count_before(opened, read_tables(opened.attempt, clients), clients)
        return Response(verdict="ready")
    tables = _choose_tables(opened, clients)
    if isinstance(tables, Failure):
        return refuse(opened, tables, clients, Response)
    if opened.attempt.mode == "delta":
        opened = open_attempt(request.attempt, clients)  # the census has said meanwhile whether there is a mark
    if opened.record.task_modified_at:
        return _await_modification(opened, clients)
    if left := take_turn("PrepareTask", opened, clients):
        return Response(verdict="wait", wait_seconds=left)
    task = clients.dms.find_tasks([opened.task_id], with_texts=True).get(opened.task_id)
    if task is None:
        return refuse(opened, gone("task", opened.task_id), clients, Response)
    clients.ledger.note(
        opened.attempt,
        task_arn=task.report.arn,
        instance_arn=task.instance_arn,
        source_arn=task.source_arn,
        target_arn=task.target_arn,
    )
    if task.report.status == "modifying":
        return _wait(opened, clients, task_modified_at=clients.now())
    if not task.report.is_at_rest:
        return refuse(opened, _not_at_rest(opened, task), clients, Response)
    if opened.attempt.mode == "delta" and (broken := check_chain(opened, task.report, clients)):
        return refuse(opened, broken, clients, Response)
    try:
        wanted = wanted_texts(opened, tables, clients)
    except QuotaExceededError as error:
        return refuse(opened, Failure("quota", "MappingsTooLong", str(error)), clients, Response)
    if not wanted.find_difference(task.texts):
        return _prepared(opened, clients)
    charge(1, pace_of(opened), clients)
    refused = clients.dms.modify_task(task.report.arn, wanted)
    # One that was throttled may have been done all the same, and was repeated.
    if refused and opened.task_id not in clients.dms.find_moving([opened.task_id]):
        failure = Failure("unknown", "TaskNotModified", f"DMS did not modify the task: {as_clause(refused)}")
        return refuse(opened, failure, clients, Response)
    return _wait(opened, clients, task_modified_at=clients.now())  # StartTask reads it back


def _await_modification(opened: Opened, clients: Clients) -> Response:
    look = look_at_tasks(opened, clients, after=opened.record.changed_at)
    if isinstance(look, int):
        return Response(verdict="wait", wait_seconds=look)
    task = look.things.get(opened.task_id)
    if task is None:
        return refuse(opened, gone("task", opened.task_id), clients, Response)
    if task.report.status == "modifying":
        return _wait(opened, clients)
    if not task.report.is_at_rest:
        return refuse(opened, _not_at_rest(opened, task), clients, Response)
    return _prepared(opened, clients)


def _prepared(opened: Opened, clients: Clients) -> Response:
    """The next entry counts: with the census, one could take longer than a function may."""
    clients.ledger.note(opened.attempt, prepared_at=clients.now())
    return Response(verdict="wait", wait_seconds=1)


def _mark(opened: Opened, clients: Clients) -> Response:
    """Set the mark, once; without one, see where the log ends. A mark that cannot be set is a gap."""
    if opened.record.has_mark and not opened.record.marked_at:
        marked = clients.source.mark(opened.server, opened.database, opened.attempt.number)
        if marked is True:
            clients.ledger.note(opened.attempt, marked_at=clients.now())
        else:
            why = as_clause(marked.text) if isinstance(marked, Failure) else "its one row, with id 1, is not there"
            clients.ledger.note(opened.attempt, gaps=(*opened.record.gaps, f"the mark could not be set ({why})"))
            _see_log(opened, clients)
    elif not opened.record.has_mark:
        _see_log(opened, clients)
    return Response(verdict="ready")


def _see_log(opened: Opened, clients: Clients) -> None:
    """Note where the source's log ends now: a delta that reads up to there has all that was committed before."""
    log = clients.source.log(opened.server, opened.database)
    if not isinstance(log, Failure):
        clients.ledger.note(opened.attempt, log_place=log.newest)


def _not_at_rest(opened: Opened, task: Task) -> Failure:
    text = f"task {opened.task_id!r} is {task.report.status!r}, wanted it at rest. Who started it?"
    return Failure("unknown", "TaskNotAtRest", text)


def _wait(opened: Opened, clients: Clients, **change: Unpack[AttemptChange]) -> Response:
    missing = f"DMS did not end its modification of task {opened.task_id!r}"
    left = keep_waiting(opened, Wait("TaskModifiesTooLong", missing, "modify_deadline_seconds"), clients, **change)
    if isinstance(left, Failure):
        return refuse(opened, left, clients, Response)
    return Response(verdict="wait", wait_seconds=left)


def _choose_tables(opened: Opened, clients: Clients) -> tuple[Table, ...] | Failure:
    """The tables of the attempt: chosen from the source's census, or where it does not answer, from the last one.

    With them goes the account of everything that is there.
    """
    if chosen := read_tables(opened.attempt, clients):
        return chosen
    engine, database = opened.server.engine, opened.database
    newest = newest_census_key(database.id)
    known = clients.records.read(newest, Census)
    census = clients.source.census(opened.server, database)
    if isinstance(census, Failure):
        if known is None or census.name == BROKEN:
            return census
        why = as_clause(census.text)
        gap = f"the source could not be asked before the start ({why}); tables are those of the last run"
        clients.ledger.note(opened.attempt, gaps=tuple(dict.fromkeys((*opened.record.gaps, gap, *known.gaps))))
        census = known
    else:
        census = remember(engine, database, census, known)
        no_mark = why_no_mark(engine, database, census)
        gaps = tuple(dict.fromkeys((*opened.record.gaps, *census.gaps)))
        clients.ledger.note(opened.attempt, source_answered=True, gaps=gaps, has_mark=not no_mark)
    account = take_account(engine, database, census, known)
    clients.records.write(opened.attempt.key("account"), account, DatabaseAccount)
    tables = select_tables(engine, database, census, opened.attempt.tables)
    if not isinstance(tables, Failure):
        tables = _pass_gate(opened, census, tables, clients)
    if not isinstance(tables, Failure):
        clients.records.write(opened.attempt.key("catalogue"), tables, tuple[Table, ...])
    clients.records.write(newest, census, Census)  # last: a call that died before compares with the same one again
    return tables


def _pass_gate(
    opened: Opened, census: Census, tables: tuple[Table, ...], clients: Clients
) -> tuple[Table, ...] | Failure:
    """What the attempt moves of *tables*: of a database that is new and large one alone, before a step with all of it.

    Who names tables in a run's input tries them.
    """
    if opened.attempt.tables is not None or clients.ledger.claim(opened.database.id).is_admitted:
        return tables
    engine, database, limits = opened.server.engine, opened.database, opened.settings.limits
    if refused := judge_gate(GateFacts(engine, database, census)):
        return refused
    if opened.attempt.mode == "delta" or _follows_trial(opened, clients):
        return tables
    table = choose_trial(engine, database, tables, limits.trial_above_rows)
    if table is None:
        return tables
    clients.ledger.note(opened.attempt, trial=str(table.name))
    return (table,)


def _follows_trial(opened: Opened, clients: Clients) -> bool:
    """Whether the attempt is the whole load after a trial of the same execution, which a redrive would make anew."""
    before = clients.ledger.find_record(replace(opened.attempt, number=opened.attempt.number - 1))
    return (
        before is not None
        and bool(before.trial)
        and before.attempt.execution == opened.attempt.execution
        and before.redrive_count == opened.record.redrive_count
    )


handler = entrypoint("PrepareTask", Request, waiting_when_throttled(run, Response))
