"""The ledger: one DynamoDB table with the runs, the outcomes, the attempts and the claims.

RUN#<run>     / RUN                 the plan in short            RUN#<run>    / DB#<database>   its outcome
DB#<database> / CLAIM               holder and newest attempt    DB#<database>/ ATTEMPT#000123  what it did
SCHEDULE#<name>#<time> / SLOT       the run that took that slot of the schedule
QUEUE#<api> / TURNS                 until when requests to it are spoken for
LANE#<instance> / <what>            how DMS last described an instance's tasks, connections
SERVER#<server> / PLACES            which databases of a server are read now (`places.py`)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import cycle
from typing import Any, Unpack

from botocore.exceptions import ClientError

from fleet.attempt_record import AttemptChange, AttemptRecord, WaitedFor
from fleet.attempts import Attempt
from fleet.claims import Claim
from fleet.deltas.chain import Purpose
from fleet.errors import ClaimLostError
from fleet.failures import Failure
from fleet.measures import Measured
from fleet.outcome_record import OutcomeRecord
from fleet.pace import Pace
from fleet.run_record import RunRecord
from fleet.server_places import Place
from lambdas.clients.items import claim_key as _claim_key
from lambdas.clients.items import from_item as _plain
from lambdas.clients.items import to_item as _item
from lambdas.clients.places import enter, leave
from lambdas.clients.record_items import attempt_key as _attempt_key
from lambdas.clients.record_items import (
    new_attempt_item,
    read_attempt_item,
    read_claim_item,
    read_outcome_item,
    read_run_item,
    to_plain,
    to_values,
)
from lambdas.clients.refusals import code_of, is_refused_by_condition


class Ledger:
    """Reads are consistent; every write that could clash is conditional."""

    def __init__(self, dynamodb: Any, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def _get(self, key: dict[str, Any], *names: str) -> dict[str, Any] | None:
        """The item at *key*, or None; only *names* of it, where some are given."""
        only = {"ProjectionExpression": ", ".join(names)} if names else {}
        return self._dynamodb.get_item(TableName=self._table, Key=key, ConsistentRead=True, **only).get("Item")

    def _put_new(self, values: Mapping[str, Any]) -> bool:
        try:
            self._dynamodb.put_item(
                TableName=self._table, Item=_item(values), ConditionExpression="attribute_not_exists(pk)"
            )
        except ClientError as error:
            if code_of(error) == "ConditionalCheckFailedException":
                return False
            raise
        return True

    # Claims and attempts

    def claim(self, database: str) -> Claim:
        """The database's claim, also where nobody ever took it."""
        return read_claim_item(self._get(_claim_key(database)))

    def take(
        self,
        attempt: Attempt,
        *,
        previous_holder: str,
        now: datetime,
        redrive_count: int = 0,
        place: Place | None = None,
        waiter: str = "",
        waited_seconds: int | None = None,
        purpose: Purpose | None = None,
        takes_joins: bool | None = None,
    ) -> bool:
        """Take the claim, *attempt*'s number and *place* in one transaction; whether all were ours to take.

        *previous_holder*: the dead execution that is taken over, or empty where nobody holds it. *redrive_count*: how
        often the execution had been redriven by then. *waiter* waited *waited_seconds* for the place. *purpose*: of an
        attempt in a run of mode `delta`. *takes_joins*: whether runs may join the holder from now on, who has then
        seen those that had; None leaves both as they are.
        """
        values: dict[str, Any] = {":n": attempt.number, ":before": attempt.number - 1}
        values |= {":holder": attempt.execution, ":run": attempt.run, ":now": now.isoformat()}
        values[":place"] = place.server if place else None
        condition = "(attribute_not_exists(pk) OR #n = :before) AND "
        if previous_holder:
            condition += "holder = :previous"
            values[":previous"] = previous_holder
        else:
            condition += "attribute_not_exists(holder)"
        joins = ""
        if takes_joins is not None:
            values[":joins"], joins = takes_joins, ", takes_joins = :joins"
        item = new_attempt_item(attempt, now, redrive_count, waited_seconds, purpose)
        claim = {
            "TableName": self._table,
            "Key": _claim_key(attempt.database),
            "UpdateExpression": "SET #n = :n, holder = :holder, holder_run = :run, claimed_at = :now"
            + (", place_at = :place" if place else "")
            + (f"{joins} REMOVE joined_by" if joins else ""),
            "ConditionExpression": condition,
            "ExpressionAttributeNames": {"#n": "number"},
            "ExpressionAttributeValues": _item(values),
        }
        put = {"TableName": self._table, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}
        try:
            entered = enter(self._table, place, attempt.database, waiter) if place else []
            self._dynamodb.transact_write_items(TransactItems=[{"Update": claim}, {"Put": put}, *entered])
        except ClientError as error:
            if code_of(error) == "TransactionCanceledException":
                return False
            raise
        return True

    def open(self, attempt: Attempt) -> AttemptRecord:
        """The attempt's record, if the attempt may still act.

        Raises:
            ClaimLostError: A newer attempt exists, or another execution holds the database.
        """
        claim = self.claim(attempt.database)
        if claim.number != attempt.number or claim.holder != attempt.execution:
            raise ClaimLostError(
                f"attempt {attempt.number} at {attempt.database} may not act: the newest is {claim.number}, "
                f"held by {claim.holder or 'nobody'}, wanted {attempt.execution}.",
                remedy="Look at the newer execution; this one is over.",
            )
        return self.record(attempt)

    def record(self, attempt: Attempt) -> AttemptRecord:
        """The attempt's record, whichever attempt may act."""
        record = self.find_record(attempt)
        if record is None:
            raise ValueError(f"attempt {attempt.number} at {attempt.database} is not in the ledger")
        return record

    def find_record(self, attempt: Attempt) -> AttemptRecord | None:
        """The same; None where no attempt has that number."""
        item = self._get(_attempt_key(attempt.database, attempt.number))
        return read_attempt_item(item) if item else None

    def note(self, attempt: Attempt, **change: Unpack[AttemptChange]) -> None:
        """Change the attempt's record."""
        names = {f"#{name}": name for name in change}
        plain = {name: to_plain(value) for name, value in change.items()}
        kept = [name for name, value in plain.items() if value is not None]
        removed = [f"#{name}" for name in change if name not in kept]
        expression = "SET " + ", ".join(f"#{name} = :{name}" for name in kept) if kept else ""
        expression += (" REMOVE " + ", ".join(removed)) if removed else ""
        parameters: dict[str, Any] = {"UpdateExpression": expression.strip(), "ExpressionAttributeNames": names}
        if kept:
            parameters["ExpressionAttributeValues"] = _item({f":{name}": plain[name] for name in kept})
        self._dynamodb.update_item(
            TableName=self._table, Key=_attempt_key(attempt.database, attempt.number), **parameters
        )

    def note_failure(self, attempt: Attempt, failure: Failure) -> None:
        """Keep what stopped the attempt; the first failure stays, because later ones follow from it."""
        self._dynamodb.update_item(
            TableName=self._table,
            Key=_attempt_key(attempt.database, attempt.number),
            UpdateExpression="SET failure = if_not_exists(failure, :failure)",
            ExpressionAttributeValues=_item({":failure": to_plain(failure)}),
        )

    def attempts_before(self, attempt: Attempt) -> list[AttemptRecord]:
        """The records of up to ten attempts just before this one, newest first."""
        answer = self._dynamodb.query(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues=_item(
                {
                    ":pk": f"DB#{attempt.database}",
                    ":first": "ATTEMPT#000000",
                    ":last": f"ATTEMPT#{attempt.number - 1:06d}",
                }
            ),
            ScanIndexForward=False,
            Limit=10,
            ConsistentRead=True,
        )
        return [read_attempt_item(item) for item in answer["Items"]]

    def attempts_between(self, database: str, first: int, last: int) -> list[AttemptRecord]:
        """The records of the attempts *first* to *last*, both included, in order."""
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues=_item(
                {":pk": f"DB#{database}", ":first": f"ATTEMPT#{first:06d}", ":last": f"ATTEMPT#{last:06d}"}
            ),
            ConsistentRead=True,
        )
        return [read_attempt_item(item) for page in pages for item in page["Items"]] if first <= last else []

    def release(
        self,
        attempt: Attempt,
        *,
        measured: Measured | None,
        delta_seconds: float | None = None,
        place_at: str = "",
        is_admitted: bool = False,
    ) -> None:
        """Clear the holder, if it is *attempt*'s execution, and give its place back; the number stays.

        *measured*: of a whole full load. *delta_seconds*: of a run in mode `delta`. *place_at*: the server at which the
        claim has a place. *is_admitted*: something of the database is published; that stays.
        """
        kept: dict[str, Any] = {"is_admitted": True} if is_admitted else {}
        if measured is not None:
            kept |= {
                "last_full_seconds": round(measured.seconds),
                "last_full_loads": measured.loads,
                "last_full_lob_columns": list(measured.lob_columns),
            }
        if delta_seconds is not None:
            kept["last_delta_seconds"] = round(delta_seconds)
        expression = f"SET {', '.join(f'{name} = :{name}' for name in kept)} " if kept else ""
        values = {":holder": attempt.execution, ":n": attempt.number} | {f":{name}": kept[name] for name in kept}
        claim = {
            "TableName": self._table,
            "Key": _claim_key(attempt.database),
            "UpdateExpression": expression + "REMOVE holder, holder_run, claimed_at, place_at, takes_joins, joined_by",
            "ConditionExpression": "holder = :holder AND #n = :n",
            "ExpressionAttributeNames": {"#n": "number"},
            "ExpressionAttributeValues": _item(values),
        }
        left = [leave(self._table, place_at, attempt.database)] if place_at else []
        try:
            self._dynamodb.transact_write_items(TransactItems=[{"Update": claim}, *left])
        except ClientError as error:
            if not is_refused_by_condition(error):
                raise

    def add_seconds(self, attempt: Attempt, field: WaitedFor, seconds: int) -> None:
        """Add to what an attempt waited for, in whole seconds."""
        self._dynamodb.update_item(
            TableName=self._table,
            Key=_attempt_key(attempt.database, attempt.number),
            UpdateExpression="ADD #field :seconds",
            ExpressionAttributeNames={"#field": field},
            ExpressionAttributeValues=_item({":seconds": seconds}),
        )

    def join(self, database: str, holder: str, run: str) -> bool:
        """Leave the delta of *run* to the execution that holds the database; whether *holder* still takes it."""
        key, values = _claim_key(database), {":holder": holder, ":run": run, ":yes": True}
        condition = "holder = :holder AND takes_joins = :yes"
        return self._update_if(key, "SET joined_by = :run", condition, values) is not None

    def end_joins(self, attempt: Attempt) -> bool:
        """Whether no run has joined *attempt*'s execution; from then on none can."""
        key, values = _claim_key(attempt.database), {":holder": attempt.execution, ":no": False}
        condition = "holder = :holder AND attribute_not_exists(joined_by)"
        return self._update_if(key, "SET takes_joins = :no", condition, values) is not None

    # Turns and looks that databases share

    def take_turn(self, api: str, calls: int, pace: Pace, now: datetime) -> float:
        """Speak for *calls* requests to *api*, behind all that were spoken for before; in how many seconds they may go.

        `free_at` is when the bucket would be empty (epoch seconds): requests move it on, and it never lies further back
        than a full bucket.
        """
        at = Decimal(str(now.timestamp()))
        oldest, cost = (
            round(Decimal(str(seconds)), 6) for seconds in (pace.seconds_for(pace.burst), pace.seconds_for(calls))
        )
        behind = ("SET free_at = free_at + :cost", "free_at > :oldest", {":cost": cost, ":oldest": at - oldest})
        first = (
            "SET free_at = :free",
            "attribute_not_exists(pk) OR free_at <= :oldest",
            {":free": at - oldest + cost, ":oldest": at - oldest},
        )
        for expression, condition, values in cycle((behind, first)):
            item = self._update_if(_item({"pk": f"QUEUE#{api}", "sk": "TURNS"}), expression, condition, values)
            if item is not None:
                return max(0.0, float(item["free_at"] - at))
        raise AssertionError  # a cycle has no end

    def lane(self, instance: str, what: str) -> dict[str, Any]:
        """How DMS last described *what* of an instance: `read_at`, `body`; or an empty item."""
        return _plain(self._get(_item({"pk": f"LANE#{instance}", "sk": what})))

    def begin_look(self, instance: str, what: str, *, before: str | None, now: str, given_up_before: str) -> bool:
        """Whether it is ours to look: nobody has since *before*, nor begun to since *given_up_before*."""
        key = _item({"pk": f"LANE#{instance}", "sk": what})
        unread = "attribute_not_exists(read_at)" if before is None else "read_at = :before"
        values = {":now": now, ":gone": given_up_before} | ({} if before is None else {":before": before})
        condition = f"{unread} AND (attribute_not_exists(begun_at) OR begun_at < :gone)"
        return self._update_if(key, "SET begun_at = :now", condition, values) is not None

    def end_look(self, instance: str, what: str, read_at: str, body: str) -> None:
        """Keep what was seen, for everyone on that instance."""
        self._dynamodb.update_item(
            TableName=self._table,
            Key=_item({"pk": f"LANE#{instance}", "sk": what}),
            UpdateExpression="SET read_at = :read_at, body = :body REMOVE begun_at",
            ExpressionAttributeValues=_item({":read_at": read_at, ":body": body}),
        )

    def _update_if(
        self, key: dict[str, Any], expression: str, condition: str, values: Mapping[str, Any]
    ) -> dict[str, Any] | None:
        """The item as updated, or None where *condition* does not hold."""
        try:
            answer = self._dynamodb.update_item(
                TableName=self._table,
                Key=key,
                UpdateExpression=expression,
                ConditionExpression=condition,
                ExpressionAttributeValues=_item(values),
                ReturnValues="ALL_NEW",
            )
        except ClientError as error:
            if code_of(error) == "ConditionalCheckFailedException":
                return None
            raise
        return _plain(answer["Attributes"])

    # Runs and outcomes

    def take_slot(self, name: str, scheduled_at: str, run: str) -> str:
        """The run that has the schedule's slot: *run*, or the one that took it first."""
        key = {"pk": f"SCHEDULE#{name}#{scheduled_at}", "sk": "SLOT"}
        if self._put_new({**key, "run": run}):
            return run
        return _plain(self._get(_item(key)))["run"]

    def put_run(self, record: RunRecord) -> None:
        """Record the run's plan in short; planning again changes nothing."""
        self._put_new({"pk": f"RUN#{record.run}", "sk": "RUN", **to_values(record)})

    def run(self, run: str) -> RunRecord | None:
        """The run's record, or None where it was never planned."""
        item = self._get(_item({"pk": f"RUN#{run}", "sk": "RUN"}))
        return read_run_item(item) if item else None

    def link_rerun(self, run: str, rerun: str) -> None:
        """Say in *run*'s item that *rerun* repeats its failures."""
        self._update_run(run, "ADD reruns :value", {rerun})

    def close_run(self, run: str, closed_at: str) -> None:
        """Say that the run's outcomes were counted."""
        self._update_run(run, "SET closed_at = :value", closed_at)

    def request_stop(self, run: str, reason: str) -> bool:
        """Ask the run to end; the states see it and wind up by themselves. False if there is no such run."""
        try:
            self._update_run(run, "SET stop_requested = :value REMOVE closed_at", reason)
        except ClientError as error:
            if code_of(error) == "ConditionalCheckFailedException":
                return False
            raise
        return True

    def stop_requested(self, run: str) -> str:
        """Why the run was asked to end; nothing once it has closed, so that its databases can be redriven."""
        # Asked by every state; the whole item holds the names of all databases.
        item = _plain(self._get(_item({"pk": f"RUN#{run}", "sk": "RUN"}), "closed_at", "stop_requested"))
        return "" if "closed_at" in item else item.get("stop_requested", "")

    def _update_run(self, run: str, expression: str, value: object) -> None:
        self._dynamodb.update_item(
            TableName=self._table,
            Key=_item({"pk": f"RUN#{run}", "sk": "RUN"}),
            UpdateExpression=expression,
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeValues=_item({":value": value}),
        )

    def put_guess(self, record: OutcomeRecord) -> bool:
        """Record an outcome that is a guess: only where none is, a lower attempt's, or a guess of no higher one."""
        return self._put_outcome(
            record, "attribute_not_exists(pk) OR attempt < :attempt OR (guessed = :yes AND attempt = :attempt)"
        )

    def put_outcome(self, record: OutcomeRecord) -> bool:
        """Record an outcome, unless there is a newer attempt's; whether it was recorded."""
        return self._put_outcome(record, "attribute_not_exists(pk) OR attempt <= :attempt OR guessed = :yes")

    def _put_outcome(self, record: OutcomeRecord, condition: str) -> bool:
        try:
            self._dynamodb.put_item(
                TableName=self._table,
                Item=_item({"pk": f"RUN#{record.run}", "sk": f"DB#{record.database}", **to_values(record)}),
                ConditionExpression=condition,
                ExpressionAttributeValues=_item({":attempt": record.attempt, ":yes": True}),
            )
        except ClientError as error:
            if code_of(error) == "ConditionalCheckFailedException":
                return False
            raise
        return True

    def outcome(self, run: str, database: str) -> OutcomeRecord | None:
        """The outcome's record, or None where there is none."""
        item = self._get(_item({"pk": f"RUN#{run}", "sk": f"DB#{database}"}))
        return read_outcome_item(item) if item else None

    def outcomes(self, run: str) -> list[OutcomeRecord]:
        """All outcomes of *run*, by database."""
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :db)",
            ExpressionAttributeValues=_item({":pk": f"RUN#{run}", ":db": "DB#"}),
            ConsistentRead=True,
        )
        return [read_outcome_item(item) for page in pages for item in page["Items"]]

    def measures(self, databases: Sequence[str]) -> dict[str, Measured]:
        """What the last whole full load of each showed, where there was one, and its last delta."""
        measures = {}
        for first in range(0, len(databases), 100):  # BatchGetItem takes a hundred keys
            keys = [_claim_key(database) for database in databases[first : first + 100]]
            answer = self._dynamodb.batch_get_item(RequestItems={self._table: {"Keys": keys}})
            for item in map(_plain, answer["Responses"][self._table]):
                if "last_full_loads" in item:
                    measures[item["pk"].removeprefix("DB#")] = Measured(
                        float(item["last_full_seconds"]),
                        int(item["last_full_loads"]),
                        tuple(int(count) for count in item["last_full_lob_columns"]),
                        float(item["last_delta_seconds"]) if "last_delta_seconds" in item else None,
                    )
        return measures
