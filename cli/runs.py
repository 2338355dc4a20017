"""Runs as a person on call handles them: start or join, look, run again what failed, end, read the page."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from botocore.exceptions import ClientError

from cli.account import Account
from fleet.errors import MalformedInputError, RequestError, UnknownRunError
from fleet.execution_ends import read_cause
from fleet.names import page_key, require_run_id
from fleet.outcomes import Outcome, is_red
from fleet.run_input import RUNNING
from fleet.run_record import RunRecord
from fleet.spelling import closest
from lambdas.chosen_databases import Input, choose
from lambdas.clients.executions import Execution, list_newest
from lambdas.clients.executions import describe as describe_execution
from lambdas.clients.refusals import code_of
from lambdas.outcome_records import read_outcome


class RunNameTakenError(RequestError):
    """A run of that name has ended, or runs with another input; its name is not free again for 90 days."""


@dataclass(frozen=True)
class Started:
    """An execution of fleet-run. *how*: whether this command started it or found it running."""

    run: str
    arn: str
    how: Literal["started", "joined"]


@dataclass(frozen=True)
class DatabaseStatus:
    """One database of a run: its outcome's word, or `running` or `waiting` while it has none.

    *is_red*: whether the outcome makes the run red, unless the run found when it closed that another had copied it.
    *database_owner*, *tags*: as the registry in force says.
    """

    database: str
    word: str
    text: str
    is_red: bool = False
    database_owner: str = ""
    tags: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """Its text; where it is red, with who answers for the database.

        >>> DatabaseStatus("shop", "failed", "gone", is_red=True, database_owner="team-shop").words
        'gone (owner of the database: team-shop)'
        """
        is_named = self.is_red and self.database_owner
        return f"{self.text} (owner of the database: {self.database_owner})" if is_named else self.text


def execution_arn(account: Account, run: str) -> str:
    """The execution of fleet-run that is *run*."""
    return account.fleet_run.replace(":stateMachine:", ":execution:") + f":{require_run_id(run)}"


def describe(account: Account, run: str) -> Execution | None:
    """The execution of fleet-run that is *run*, or None if Step Functions knows none."""
    return describe_execution(account.clients.executions, execution_arn(account, run))


def start_or_join(account: Account, run: str, run_input: Mapping[str, object]) -> Started:
    """Start *run*, or join it if it runs already with the same input. What PlanRun would refuse is not started.

    Raises:
        RunNameTakenError: It has ended, or it runs with another input.
        FleetError: As `choose`, which PlanRun calls.
    """
    arn = execution_arn(account, run)
    found = describe(account, run)
    if found is not None:
        if found.status != RUNNING:
            is_planned = account.clients.ledger.run(run) is not None
            rerun = f"Run again what failed with `fleet rerun {run}`, or name" if is_planned else "It never began: name"
            raise RunNameTakenError(f"run {run!r} has ended {found.status}.", remedy=f"{rerun} another --run.")
        if json.loads(found.input) != run_input:
            raise RunNameTakenError(
                f"run {run!r} runs with another input: {found.input}, wanted {json.dumps(run_input)}.",
                remedy="Wait for it, or name another --run.",
            )
        return Started(run, arn, "joined")
    choose(Input.model_validate(run_input), account.clients.records.current_registry(), account.clients)
    start = account.clients.executions.start_execution
    try:
        start(stateMachineArn=account.fleet_run, name=run, input=json.dumps(run_input))
    except ClientError as error:
        if code_of(error) != "ExecutionAlreadyExists":
            raise
        raise RunNameTakenError(
            f"run {run!r} was started by somebody else at this moment.", remedy=f"See `fleet status {run}`."
        ) from error
    return Started(run, arn, "started")


def explain(execution: Execution) -> str:
    """Why the execution failed, in the words of the state that failed it; nothing if it did not."""
    return f"{execution.error}: {read_cause(execution.cause)}" if execution.error else ""


def wait_for(account: Account, run: str, seconds: float, show: Callable[[list[DatabaseStatus]], None]) -> str:
    """Look every *seconds* until the run has ended, handing each look to *show*; the status it ended with."""
    while True:
        found = describe(account, run)
        status = found.status if found else "UNKNOWN"
        show(look(account, run))
        if status != RUNNING:
            return status
        account.wait(seconds)


def require_run(account: Account, run: str) -> RunRecord:
    """The run's record in the ledger.

    Raises:
        UnknownRunError: There is none.
    """
    record = account.clients.ledger.run(require_run_id(run))
    if record is None:
        meant = closest(run, [one.name for one in last_runs(account, 100)])
        raise UnknownRunError(
            f"run {run!r} is not in the ledger.",
            remedy=f"{f'Did you mean `{meant}`? ' if meant else ''}`fleet status` lists the last runs.",
        )
    return record


def look(account: Account, run: str) -> list[DatabaseStatus]:
    """Every database of the run, as the ledger has it now; none before it is planned."""
    planned = account.clients.ledger.run(run)
    if planned is None:
        return []
    recorded = {record.database: record for record in account.clients.ledger.outcomes(run)}
    known = {one.id: one for one in account.clients.records.current_registry().databases}
    looks = []
    for database in planned.databases:
        if record := recorded.get(database):
            words = "; ".join(filter(None, (record.failure_words, record.sweep)))
            look = DatabaseStatus(database, record.outcome, words, is_red(record.outcome))
        else:
            is_held = account.clients.ledger.claim(database).holder_run == run
            look = DatabaseStatus(database, "running" if is_held else "waiting", "")
        if entry := known.get(database):  # it may have left the registry since
            look = replace(look, database_owner=entry.owner, tags=entry.tags)
        looks.append(look)
    return looks


def narrow(looks: Sequence[DatabaseStatus], tags: Sequence[str] | None, owner: str | None) -> list[DatabaseStatus]:
    """Those of *looks* that have one of *tags* and that *owner*; None: any.

    Raises:
        MalformedInputError: None of them has.

    >>> looks = [DatabaseStatus(one, "ok", "", database_owner=f"team-{one}", tags=("night", one)) for one in "ab"]
    >>> wanted = ((None, None), (["b", "c"], None), (["night"], "team-a"))
    >>> [[one.database for one in narrow(looks, *by)] for by in wanted]
    [['a', 'b'], ['b'], ['a']]
    """
    left = [
        one
        for one in looks
        if (tags is None or set(tags) & set(one.tags)) and (owner is None or one.database_owner == owner)
    ]
    if looks and not left:
        wanted = [*([f"the tag {' or '.join(tags)}"] if tags else []), *([f"the owner {owner}"] if owner else [])]
        owners = sorted({one.database_owner for one in looks} - {""})
        known = sorted({tag for one in looks for tag in one.tags})
        raise MalformedInputError(
            f"no database of the run has {' and '.join(wanted)}.",
            remedy=f"Their tags: {', '.join(known) or 'none'}. Their owners: {', '.join(owners) or 'none'}.",
        )
    return left


def last_runs(account: Account, count: int) -> list[Execution]:
    """The last *count* executions of fleet-run, newest first."""
    return list_newest(account.clients.executions, account.fleet_run, count)


def read_outcomes(account: Account, run: str) -> list[Outcome]:
    """The outcomes that were recorded, whole, by database."""
    return [read_outcome(record, account.clients) for record in account.clients.ledger.outcomes(run)]


def stop(account: Account, run: str, reason: str) -> bool:
    """Ask the run to end: its states stop their tasks, record outcomes and release. False if it has ended already.

    Raises:
        UnknownRunError: There is none, or it is being planned.
    """
    found = describe(account, run)
    if found is None:
        require_run(account, run)
    if found is None or found.status != RUNNING:
        return False
    if not account.clients.ledger.request_stop(run, reason):
        raise UnknownRunError(f"run {run!r} is being planned.", remedy="Ask again in a minute.")
    return True


def read_page(account: Account, run: str) -> bytes:
    """The page of the night.

    Raises:
        UnknownRunError: The run is unknown, or has not closed.
    """
    require_run(account, run)
    page = account.clients.objects.read(account.clients.records.bucket, page_key(run))
    if page is None:
        raise UnknownRunError(
            f"run {run!r} has no page yet: it is written when the run closes.", remedy=f"See `fleet status {run}`."
        )
    return page


def red(outcomes: Sequence[Outcome]) -> int:
    """How many did not end ok and are not quarantined."""
    return sum(is_red(one.outcome) for one in outcomes)
