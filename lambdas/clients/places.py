"""The places at the servers, in the ledger: which databases of a server are read right now, of all runs together.

SERVER#<server> / PLACES    `taken_by`: the databases that have a place; `since <execution>`: who waits for one

A place belongs to a claim, whose `place_at` names the server. Both change in one transaction, so that no moment exists
in which one of them is there without the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from fleet.attempts import Attempt
from fleet.server_places import Place, Taken
from lambdas.clients.items import claim_key, from_item, to_item
from lambdas.clients.refusals import code_of

_SINCE = "since "
_FORGOTTEN_AFTER = timedelta(days=1)
"""No execution of database-run lives so long: what is left of an older wait is of one that broke off."""


def enter(table: str, place: Place, database: str, waiter: str = "") -> list[dict[str, Any]]:
    """The parts of a transaction by which *database* takes *place*, and *waiter* waits no more."""
    update: dict[str, Any] = {
        "TableName": table,
        "Key": _key(place.server),
        "UpdateExpression": "ADD taken_by :one" + (" REMOVE #since" if waiter else ""),
        "ConditionExpression": "attribute_not_exists(taken_by) OR contains(taken_by, :database) "
        "OR size(taken_by) < :most",
        "ExpressionAttributeValues": to_item({":one": {database}, ":database": database, ":most": place.most}),
    }
    if waiter:
        update["ExpressionAttributeNames"] = {"#since": _SINCE + waiter}
    elsewhere = [] if place.left in {"", place.server} else [leave(table, place.left, database)]
    return [{"Update": update}, *elsewhere]


def leave(table: str, server: str, database: str) -> dict[str, Any]:
    """The part of a transaction by which *database* gives its place at *server* back."""
    return {
        "Update": {
            "TableName": table,
            "Key": _key(server),
            "UpdateExpression": "DELETE taken_by :one",
            "ExpressionAttributeValues": to_item({":one": {database}}),
        }
    }


def _key(server: str) -> dict[str, Any]:
    return to_item({"pk": f"SERVER#{server}", "sk": "PLACES"})


class Places:
    """Reads are consistent. With the claim itself, `Ledger.take` and `Ledger.release` take and give back a place."""

    def __init__(self, dynamodb: Any, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def look(self, server: str) -> Taken:
        """Who has the places at *server*, and who waits for one."""
        answer = self._dynamodb.get_item(TableName=self._table, Key=_key(server), ConsistentRead=True)
        item = from_item(answer.get("Item"))
        waits = {name.removeprefix(_SINCE): at for name, at in item.items() if name.startswith(_SINCE)}
        return Taken(frozenset(item.get("taken_by", ())), waits)

    def begin_wait(self, server: str, waiter: str, taken: Taken, now: datetime) -> None:
        """Note that *waiter* waits since *now*, and forget those of *taken* who cannot live any more."""
        gone = [one for one, at in taken.waits.items() if now - datetime.fromisoformat(at) > _FORGOTTEN_AFTER]
        names = {"#since": _SINCE + waiter, **{f"#gone{number}": _SINCE + one for number, one in enumerate(gone)}}
        removed = ", ".join(name for name in names if name != "#since")
        self._dynamodb.update_item(
            TableName=self._table,
            Key=_key(server),
            UpdateExpression="SET #since = :now" + (f" REMOVE {removed}" if removed else ""),
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=to_item({":now": now.isoformat()}),
        )

    def take_again(self, attempt: Attempt, place: Place) -> bool:
        """Take *place* for an attempt that holds its claim and has none any more; whether it has one now."""
        claim = {
            "TableName": self._table,
            "Key": claim_key(attempt.database),
            "UpdateExpression": "SET place_at = :server",
            "ConditionExpression": "holder = :holder AND #n = :n",
            "ExpressionAttributeNames": {"#n": "number"},
            "ExpressionAttributeValues": to_item(
                {":server": place.server, ":holder": attempt.execution, ":n": attempt.number}
            ),
        }
        return self._transact([{"Update": claim}, *enter(self._table, place, attempt.database)])

    def give_back(self, database: str, *, holder: str, server: str) -> bool:
        """Give back the place of a claim whose execution is dead; the claim stays. Whether it was as named."""
        claim = {
            "TableName": self._table,
            "Key": claim_key(database),
            "UpdateExpression": "REMOVE place_at",
            "ConditionExpression": "holder = :holder AND place_at = :server",
            "ExpressionAttributeValues": to_item({":holder": holder, ":server": server}),
        }
        return self._transact([{"Update": claim}, leave(self._table, server, database)])

    def drop(self, database: str, *, server: str) -> bool:
        """Take away a place that no claim has: somebody changed the claim by hand. Whether there was none."""
        claim = {
            "TableName": self._table,
            "Key": claim_key(database),
            "ConditionExpression": "attribute_not_exists(place_at) OR place_at <> :server",
            "ExpressionAttributeValues": to_item({":server": server}),
        }
        return self._transact([{"ConditionCheck": claim}, leave(self._table, server, database)])

    def _transact(self, parts: Sequence[dict[str, Any]]) -> bool:
        """Whether all of *parts* were done; none was if a condition did not hold or another was at it."""
        try:
            self._dynamodb.transact_write_items(TransactItems=list(parts))
        except ClientError as error:
            if code_of(error) == "TransactionCanceledException":
                return False
            raise
        return True
