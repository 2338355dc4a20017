"""The short way to moto's DynamoDB: a plain GetItem reads moto's item without its HTTP layer.

Every state of a database-run reads three items, and moto needs a millisecond to look at its routes, to parse, to copy
and to write each. Items stay moto's own. Whatever is not entirely plain is left to moto, refusals included. The suite
of `tests/contract/test_shortcuts.py` runs against both ways.
"""

from __future__ import annotations

import json
import re
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.parsing.reserved_keywords import ReservedKeywords

from local.wire import response

_PLAIN = {"TableName", "Key", "ConsistentRead", "ProjectionExpression"}
_NAMES = re.compile(r"\w+(, *\w+)*")
_RESERVED = frozenset(ReservedKeywords.get_reserved_keywords())
_JSON = {"Content-Type": "application/x-amz-json-1.0"}


class PlainDynamoDb:
    """Answers what is plain in one account and Region; None leaves a request to moto."""

    def __init__(self, account: str, region: str) -> None:
        self._account = account
        self._region = region

    def answer(self, request: AWSPreparedRequest, operation: str) -> AWSResponse | None:
        """The item that a plain GetItem asks for."""
        if operation != "GetItem":
            return None
        asked = json.loads(request.body or b"{}")
        table = dynamodb_backends[self._account][self._region].tables.get(asked["TableName"])
        wanted = asked.get("ProjectionExpression")
        if not asked.keys() <= _PLAIN or table is None or not (wanted is None or _is_plain(wanted)):
            return None
        names = [name for name in (table.hash_key_attr, table.range_key_attr) if name]
        if sorted(asked["Key"]) != sorted(names) or not all(_is_text(value) for value in asked["Key"].values()):
            return None
        hash_key, *range_key = (DynamoType(asked["Key"][name]) for name in names)
        item = table.get_item(hash_key, range_key[0] if range_key else None)
        attributes = item.attrs if item is not None else None
        if attributes is not None and wanted is not None:
            attributes = {name: attributes[name] for name in re.findall(r"\w+", wanted) if name in attributes}
        try:
            body = json.dumps({} if attributes is None else {"Item": attributes}, default=_shown)
        except TypeError:
            return None
        return response(request.url, 200, body.encode(), _JSON)


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
