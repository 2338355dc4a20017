"""
State "ContinueChain" of database-run.asl.json: brings a database's chain of deltas to where the next attempt may begin.

Takes   AttemptRequest
Returns Response: `ready`; `wait` while a task is made anew, or while transactions are open that the chain may lack;
        `refused` with the failure noted
Raises  ClaimLostError
"""

from __future__ import annotations

from typing import Literal, Unpack

from fleet.attempt_record import AttemptChange
from fleet.deltas.chain import Chain
from fleet.dms.first_tasks import first_tasks
from fleet.dms.tasks import TaskReport
from fleet.errors import ClaimLostError, FleetError
from fleet.failures import Failure
from fleet.names import FLEET_TAG
from fleet.sentences import as_clause
from fleet.waits import Wait
from lambdas.attempt_context import AttemptRequest, Opened, gone, open_attempt, refuse
from lambdas.chain_context import check_chain
from lambdas.clients.dms import Task
from lambdas.dms_turns import charge, pace_of, take_turn, waiting_when_throttled
from lambdas.entrypoint import Model, entrypoint
from lambdas.pending_deltas import seal_pending
from lambdas.source_log import check_log
from lambdas.waiting import keep_waiting
from lambdas.wiring import Clients

Request = AttemptRequest


class Response(Model):
    """Whether the attempt may begin."""

    verdict: Literal["ready", "wait", "refused"]
    wait_seconds: int = 0


RAISES: tuple[type[FleetError], ...] = (ClaimLostError,)


def run(request: Request, clients: Clients) -> Response:
    """Seal what earlier deltas left, then see whether task and source can go on with the chain, and make the task anew
    if it cannot."""
    opened = open_attempt(request.attempt, clients)
    if opened.attempt.mode == "full":
        return _await_transactions(opened, clients)
    if left := take_turn("ContinueChain", opened, clients):
        return Response(verdict="wait", wait_seconds=left)
    tasks = clients.dms.find_tasks(opened.task_ids)
    task, full = tasks.get(opened.task_id), tasks.get(opened.task_ids[0])
    if full is None:
        return refuse(opened, gone("task", opened.task_ids[0]), clients, Response)
    chain = clients.chains.find(opened.database.id)
    if task is None:
        if chain is None:
            return refuse(opened, gone("task", opened.task_id), clients, Response)
        if chain.broken:
            return _make(opened, full, clients)
        return refuse(opened, _break_off(opened, chain, clients), clients, Response)
    if task.report.status in {"creating", "deleting"}:
        return _wait(opened, clients)
    if not task.report.is_at_rest:
        text = f"task {opened.task_id!r} is {task.report.status!r}, wanted it at rest. Who started it?"
        return refuse(opened, Failure("unknown", "TaskNotAtRest", text), clients, Response)
    seal_pending(opened, chain, task.report, clients)
    broken = check_chain(opened, task.report, clients)
    if (broken is None or opened.record.purpose == "prime") and (unfit := check_log(opened, clients)):
        return refuse(opened, unfit, clients, Response)
    if broken is None:
        return Response(verdict="ready")
    if opened.record.purpose != "prime" or opened.database.on_gap == "stop":
        return refuse(opened, broken, clients, Response)
    return _delete(opened, task.report, broken, clients)


def _break_off(opened: Opened, chain: Chain, clients: Clients) -> Failure:
    """The end of a *chain* whose task is gone, and with it its place in the log."""
    why = f"task {opened.task_id!r} is gone, which has read the chain up to attempt {chain.newest}"
    clients.chains.break_off(opened.database.id, why)
    return Failure("source_log_gone", "ChainBroken", f"{why}. What came since is not known.")


def _delete(opened: Opened, report: TaskReport, broken: Failure, clients: Clients) -> Response:
    """Delete the task, and with it its place in the log: one that has run never begins a chain."""
    chain = clients.chains.find(opened.database.id)
    if chain is None:
        clients.chains.put(opened.database.id, Chain(0, report.arn, "", 0, broken.text))
    clients.ledger.note(opened.attempt, task_deleted_at=clients.now())
    charge(1, pace_of(opened), clients)
    if refused := clients.dms.delete_task(report.arn):
        return refuse(opened, _not_remade(opened, refused), clients, Response)
    return _wait(opened, clients, task_deleted_at=clients.now())


def _make(opened: Opened, full: Task, clients: Clients) -> Response:
    """Make the task as a deployment does, beside the full load's *full*."""
    charge(1, pace_of(opened), clients)
    first = next(one for one in first_tasks(opened.settings, opened.database) if one.mode == "delta")
    tags = {tag.key: tag.value for tag in opened.settings.stack.tags} | {FLEET_TAG: opened.settings.prefix}
    refused = clients.dms.make_task(full, first, tags)
    if refused and opened.task_id not in clients.dms.find_tasks([opened.task_id]):
        return refuse(opened, _not_remade(opened, refused), clients, Response)
    return _wait(opened, clients, task_made_at=clients.now())


def _not_remade(opened: Opened, said: str) -> Failure:
    text = f"DMS did not make task {opened.task_id!r} anew: {as_clause(said)}"
    return Failure("unknown", "TaskNotRemade", text)


def _wait(opened: Opened, clients: Clients, **change: Unpack[AttemptChange]) -> Response:
    wait = Wait("TaskNotRemade", f"DMS did not make task {opened.task_id!r} anew", "modify_deadline_seconds")
    left = keep_waiting(opened, wait, clients, **change)
    if isinstance(left, Failure):
        return refuse(opened, left, clients, Response)
    return Response(verdict="wait", wait_seconds=left)


def _await_transactions(opened: Opened, clients: Clients) -> Response:
    """Before a seed, wait until no transaction is open that was open when this wait began.

    What such a one wrote before the chain began is in no change of it; only after its end does a full load have it.
    Once a chain has a table, it has every transaction that is open now.
    """
    chain = clients.chains.find(opened.database.id)
    states = clients.chains.states(opened.database.id).values()
    if chain is None or chain.broken or any(state.chain == chain.number for state in states):
        return Response(verdict="ready")
    answer = clients.source.transactions(opened.server, opened.database)
    if isinstance(answer, Failure):
        return refuse(opened, answer, clients, Response)
    if opened.record.transactions_seen_at is None:
        clients.ledger.note(opened.attempt, transactions_seen_at=clients.now(), open_transactions=answer)
        left = set(answer)
    else:
        left = set(answer) & set(opened.record.open_transactions)
    if not left:
        return Response(verdict="ready")
    missing = f"{len(left)} transactions that the deltas may lack did not end, among them {min(left)}"
    wait = Wait("TransactionsOpen", missing, "transaction_wait_seconds", "connection")
    seconds = keep_waiting(opened, wait, clients)
    if isinstance(seconds, Failure):
        return refuse(opened, seconds, clients, Response)
    return Response(verdict="wait", wait_seconds=seconds)


handler = entrypoint("ContinueChain", Request, waiting_when_throttled(run, Response))
