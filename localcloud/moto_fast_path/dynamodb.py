"""Requests about DynamoDB's items, given to moto's own methods as plain JSON.

By itself moto makes a web server's request of each, takes it apart by AWS's model, and writes the answer by that model.
A run asks its ledger thousands of times, and most of moto's time went there. A refusal is still written by moto.
"""

from __future__ import annotations

import base64
import json
from functools import cache
from typing import Any

import localcloud.moto_import  # noqa: F401

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from moto.core.exceptions import ServiceException
from moto.core.models import botocore_stubber
from moto.core.responses import ActionResult
from moto.core.utils import get_service_model
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
            result: Any = updates.apply(handler.body, len(content)) if operation == "UpdateItem" else None
            if result is None:
                result = method(handler).result
                if operation == "UpdateItem":
                    updates.learn(handler.body)
    except ServiceException as refusal:
        status, _, text = handler.serialized(ActionResult(refusal))
    except HTTPException as refusal:
        status, text = refusal.code or 500, refusal.description
    else:
        known = _members(operation)
        status, text = 200, json.dumps({name: value for name, value in result.items() if name in known}, default=_text)
    written = text if isinstance(text, bytes) else str(text).encode()
    return response(request.url, status, written, {"Content-Type": _TYPE})


def _text(value: bytes) -> str:
    """Bytes as the JSON protocol has them."""
    return base64.b64encode(value).decode()


@cache
def _members(operation: str) -> frozenset[str]:
    """What AWS's model has in an answer: moto's methods return more."""
    shape: Any = get_service_model("dynamodb").operation_model(operation).output_shape
    return frozenset(shape.members)
