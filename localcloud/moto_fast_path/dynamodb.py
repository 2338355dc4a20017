"""Requests about DynamoDB's items, given to moto's own methods as plain JSON.

By itself moto makes a web server's request of each, takes it apart by AWS's model, and writes the answer by that model.
A run asks its ledger thousands of times, and most of moto's time went there. A refusal is still written by moto.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import localcloud.moto_import  # noqa: F401

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from moto.core.exceptions import ServiceException
from moto.core.models import botocore_stubber
from moto.core.responses import ActionResult
from moto.core.utils import get_service_model
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.responses import DynamoHandler
from werkzeug.exceptions import HTTPException

from localcloud.account import ACCOUNT, REGION
from localcloud.in_process_transport import response
from localcloud.moto_fast_path import updates
from localcloud.moto_fast_path.routes import breaking_over_requests

_METHODS = {
    "BatchGetItem": DynamoHandler.batch_get_item,
    "GetItem": DynamoHandler.get_item,
    "PutItem": DynamoHandler.put_item,
    "Query": DynamoHandler.query,
    "TransactWriteItems": DynamoHandler.transact_write_items,
    "UpdateItem": DynamoHandler.update_item,
}
_HOST = f"https://dynamodb.{REGION}.amazonaws.com/"
_TYPE = "application/x-amz-json-1.0"
_WHOLE = {"TableName", "Key", "ConsistentRead", "ProjectionExpression"}
_PLAIN = {"S", "N", "BOOL", "NULL", "SS", "NS"}
_SIMPLE_NAMES = re.compile(r"[A-Za-z]\w*(, [A-Za-z]\w*)*", re.ASCII)
_known_names: set[str] = set()
_MOST = 1_024
_BINARY = (b'"B"', b'"BS"')
"""Values that moto keeps as bytes and not as they come."""


def answer(request: AWSPreparedRequest, operation: str) -> AWSResponse | None:
    """What moto's method for *operation* answers; None leaves the request to moto as a whole.

    Raises:
        UnreadByMotoError: moto broke over it.
    """
    method = _METHODS.get(operation)
    body: Any = request.body
    content = body.encode() if isinstance(body, str) else bytes(body or b"")
    is_plain = request.url == _HOST and not any(name in content for name in _BINARY)
    if method is None or not is_plain or not botocore_stubber.enabled:
        return None
    handler: Any = DynamoHandler()
    handler.current_account, handler.region = ACCOUNT, REGION
    handler.headers = {"X-Amz-Target": f"DynamoDB_20120810.{operation}", "Content-Type": _TYPE}
    handler.response_headers = {}
    try:
        with breaking_over_requests():
            handler.body = handler.params = json.loads(content)
            result: Any = None
            if operation == "UpdateItem":
                result = updates.apply(handler.body, len(content))
            elif operation == "GetItem":
                result = _read(handler.body)
            if result is None:
                result = method(handler).result
                if operation == "UpdateItem":
                    updates.learn(handler.body)
                elif operation == "GetItem":
                    _learn(handler.body)
    except ServiceException as refusal:
        status, _, text = handler.serialized(ActionResult(refusal))
    except HTTPException as refusal:
        status, text = refusal.code or 500, refusal.description
    else:
        known = _members(operation)
        status, text = 200, json.dumps({name: value for name, value in result.items() if name in known}, default=_text)
    written = text if isinstance(text, bytes) else str(text).encode()
    return response(request.url, status, written, {"Content-Type": _TYPE})


def _read(body: Mapping[str, Any]) -> dict[str, Any] | None:
    """What GetItem answers where there is such an item and its values are plain; None leaves it to moto, and so does
    a list of names that moto has not let pass before.

    moto looks at each value several times, to find out whether it is one that JSON has not.
    """
    table = dynamodb_backends[ACCOUNT][REGION].tables.get(body.get("TableName", ""))
    key, names = body.get("Key", {}), body.get("ProjectionExpression")
    if table is None or not body.keys() <= _WHOLE or key.keys() != {table.hash_key_attr, table.range_key_attr}:
        return None
    item = table.get_item(DynamoType(key[table.hash_key_attr]), DynamoType(key[table.range_key_attr]))
    if item is None or (names is not None and names not in _known_names):
        return None
    wanted = item.attrs if names is None else {one: item.attrs[one] for one in names.split(", ") if one in item.attrs}
    found = {name: _plain(value) for name, value in wanted.items()}
    return None if None in found.values() else {"Item": found}


def _learn(body: Mapping[str, Any]) -> None:
    """Note that moto has let the names of a GetItem pass."""
    names = body.get("ProjectionExpression", "")
    if "ExpressionAttributeNames" not in body and _SIMPLE_NAMES.fullmatch(names) and len(_known_names) < _MOST:
        _known_names.add(names)


def _plain(value: DynamoType) -> dict[str, Any] | None:
    """The value as JSON has it; None for one that holds bytes."""
    if value.type in _PLAIN:
        return {value.type: value.value}
    if value.type == "L":
        items = [_plain(one) for one in value.value]
        return None if None in items else {"L": items}
    if value.type == "M":
        members = {name: _plain(one) for name, one in value.value.items()}
        return None if None in members.values() else {"M": members}
    return None


def _text(value: bytes) -> str:
    """Bytes as the JSON protocol has them."""
    return base64.b64encode(value).decode()


@cache
def _members(operation: str) -> frozenset[str]:
    """What AWS's model has in an answer: moto's methods return more."""
    shape: Any = get_service_model("dynamodb").operation_model(operation).output_shape
    return frozenset(shape.members)
