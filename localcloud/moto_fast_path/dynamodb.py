"""The short way to moto's DynamoDB: plain requests reach its table without its HTTP layer.

A night makes some 150 of them for each database, and moto needs a millisecond to look at its routes, to parse, to copy
and to write each. Items stay moto's own, and so do the verdicts on what is written. Whatever is not entirely plain is
left to moto, refusals included. The suite of `tests/contract/test_shortcuts.py` runs against both ways.
"""

from __future__ import annotations

import json
import re
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table
from moto.dynamodb.parsing.reserved_keywords import ReservedKeywords
from moto.dynamodb.responses import DynamoHandler

from localcloud.in_process_transport import response

_PLAIN_GET = {"TableName", "Key", "ConsistentRead", "ProjectionExpression"}
_CONDITION = {"ConditionExpression", "ExpressionAttributeNames", "ExpressionAttributeValues"}
# What is plain of each operation that moto's own handler answers, without its HTTP layer.
_PLAIN = {
    "PutItem": _CONDITION | {"TableName", "Item"},
    "UpdateItem": _CONDITION | {"TableName", "Key", "UpdateExpression"},
    # Of the token moto takes no notice either: what is sent twice is written twice.
    "TransactWriteItems": {"TransactItems", "ClientRequestToken"},
}
_HANDLERS = {
    "PutItem": DynamoHandler.put_item,
    "UpdateItem": DynamoHandler.update_item,
    "TransactWriteItems": DynamoHandler.transact_write_items,
}
# The updates of which a night makes hundreds: values set and removed by placeholders, unconditionally.
_PLAIN_UPDATE = {"TableName", "Key", "UpdateExpression", "ExpressionAttributeNames", "ExpressionAttributeValues"}
_PLAIN_QUERY = {
    *("TableName", "KeyConditionExpression", "ExpressionAttributeValues", "ExclusiveStartKey"),
    *("ConsistentRead", "Limit", "ScanIndexForward"),
}
_UPDATE = re.compile(
    r"(?:SET (?P<set>#\w+ = :\w+(?:, #\w+ = :\w+)*))? ?(?:REMOVE (?P<remove>#\w+(?:, #\w+)*))?", re.ASCII
)
_NUMBER = re.compile(r"-?\d{1,30}(\.\d{1,8})?", re.ASCII)
_SMALL = 100_000
_NAMES = re.compile(r"\w+(, *\w+)*")
_RESERVED = frozenset(ReservedKeywords.get_reserved_keywords())
_BINARY = re.compile(rb'"BS?" *:')
_JSON = {"Content-Type": "application/x-amz-json-1.0"}


class PlainDynamoDb:
    """Answers what is plain in one account and Region; None leaves a request to moto."""

    def __init__(self, account: str, region: str) -> None:
        self._account = account
        self._region = region

    def answer(self, request: AWSPreparedRequest, operation: str) -> AWSResponse | None:
        """The answer to a plain request."""
        if operation == "GetItem":
            return self._get(request)
        if operation == "Query":
            return self._query(request)
        if operation == "UpdateItem" and self._update(json.loads(request.body or b"{}")):
            return response(request.url, 200, b"{}", _JSON)
        return self._write(request, operation) if operation in _PLAIN else None

    def _get(self, request: AWSPreparedRequest) -> AWSResponse | None:
        asked = json.loads(request.body or b"{}")
        table = dynamodb_backends[self._account][self._region].tables.get(asked["TableName"])
        wanted = asked.get("ProjectionExpression")
        if not asked.keys() <= _PLAIN_GET or table is None or not (wanted is None or _is_plain(wanted)):
            return None
        keys = _keys(table, asked["Key"])
        if keys is None:
            return None
        item = table.get_item(*keys)
        attributes = item.attrs if item is not None else None
        if attributes is not None and wanted is not None:
            attributes = {name: attributes[name] for name in re.findall(r"\w+", wanted) if name in attributes}
        try:
            body = json.dumps({} if attributes is None else {"Item": attributes}, default=_shown)
        except TypeError:
            return None
        return response(request.url, 200, body.encode(), _JSON)

    def _query(self, request: AWSPreparedRequest) -> AWSResponse | None:
        """What moto finds, written as it stands: moto takes two milliseconds to write an outcome of a database."""
        handler = self._handler(request)
        if handler is None or not handler.body.keys() <= _PLAIN_QUERY:
            return None
        try:
            body = json.dumps(DynamoHandler.query(handler).result, default=_shown)
        except Exception:  # noqa: BLE001  whatever it is, moto says it
            return None
        return response(request.url, 200, body.encode(), _JSON)

    def _update(self, asked: dict[str, Any]) -> bool:
        """Whether *asked* was so plain an update that it could be made here. moto parses and checks an expression
        twice, and copies the item twice: a millisecond."""
        found = _UPDATE.fullmatch(str(asked.get("UpdateExpression")))
        table = dynamodb_backends[self._account][self._region].tables.get(asked["TableName"])
        if found is None or not asked.keys() <= _PLAIN_UPDATE or table is None or not _is_bare(table):
            return False
        pairs = dict(re.findall(r"(#\w+) = (:\w+)", found["set"] or ""))
        removed = re.findall(r"#\w+", found["remove"] or "")
        names, values = asked.get("ExpressionAttributeNames", {}), asked.get("ExpressionAttributeValues", {})
        item = _item(table, asked["Key"])
        if item is None or not all(map(_is_short, values.values())) or item.size() > _SMALL:
            return False
        # As many names as places for them: none is unknown, unused, named twice, or part of the key.
        is_whole = all(names.values()) and names.keys() == {*pairs, *removed} and values.keys() == set(pairs.values())
        keys = {table.hash_key_attr, table.range_key_attr}
        count = found.string.count("#")
        if not is_whole or count != len(names) or len(set(names.values()) - keys) != count:
            return False
        for placeholder, value in pairs.items():
            dict.__setitem__(item.attrs, names[placeholder], DynamoType(values[value]))
        for placeholder in removed:
            item.attrs.pop(names[placeholder], None)
        return bool(count)

    def _write(self, request: AWSPreparedRequest, operation: str) -> AWSResponse | None:
        """A write that is told nothing but that it succeeded. One that is refused has changed nothing: moto refuses it
        again, in its words."""
        handler = self._handler(request)
        if handler is None or not handler.body.keys() <= _PLAIN[operation]:
            return None
        try:
            _HANDLERS[operation](handler)
        except Exception:  # noqa: BLE001  whatever it is, moto says it
            return None
        return response(request.url, 200, b"{}", _JSON)

    def _handler(self, request: AWSPreparedRequest) -> DynamoHandler | None:
        """moto's own handler of *request*, or None where its HTTP layer has bytes to decode."""
        body = request.body or b"{}"
        body = body.encode() if isinstance(body, str) else body
        if _BINARY.search(body):
            return None
        handler = DynamoHandler()
        handler.current_account, handler.region, handler.body = self._account, self._region, json.loads(body)
        return handler


def _keys(table: Table, key: dict[str, Any]) -> tuple[DynamoType, DynamoType | None] | None:
    """The two halves of *key*, if they are what the table's key is made of, as text."""
    names = [name for name in (table.hash_key_attr, table.range_key_attr) if name]
    if sorted(key) != sorted(names) or not all(_is_text(value) for value in key.values()):
        return None
    hash_key, *range_key = (DynamoType(key[name]) for name in names)
    return hash_key, range_key[0] if range_key else None


def _item(table: Table, key: dict[str, Any]) -> Item | None:
    keys = _keys(table, key)
    return table.get_item(*keys) if keys else None


def _is_bare(table: Table) -> bool:
    """Whether nobody but its readers hears of a change of an item."""
    return not (table.indexes or table.global_indexes or table.stream_shard)


def _is_short(value: dict[str, Any]) -> bool:
    """Whether *value* is a short text, a number written plainly, or a truth value."""
    match [*value.items()]:
        case [("S", str(text))]:
            return len(text) < _SMALL
        case [("N", str(text))]:
            return _NUMBER.fullmatch(text) is not None
        case [("BOOL", bool())]:
            return True
        case _:
            return False


def _is_plain(projection: str) -> bool:
    """Whether it is a list of names that need no placeholders."""
    names = re.findall(r"\w+", projection.upper())
    return _NAMES.fullmatch(projection) is not None and _RESERVED.isdisjoint(names)


def _is_text(value: dict[str, Any]) -> bool:
    return bool(value.get("S"))


def _shown(value: object) -> dict[str, Any]:
    if isinstance(value, DynamoType) and value.type != "BS":
        return value.to_json()
    raise TypeError(f"{value!r} is left to moto")
