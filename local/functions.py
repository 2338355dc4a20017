"""Lambda in the local cloud: our own handlers, called in this process, with its clients around each call."""

from __future__ import annotations

import importlib
import json
import traceback
from collections.abc import Callable, Mapping
from contextvars import copy_context
from typing import Any
from urllib.parse import unquote, urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from lambdas.wiring import LOCAL, Clients
from local.stepfunctions.errors import FunctionError
from local.wire import AwsError, NotEmulatedError, response
from orchestration.functions import MODULES, function_name

Around = Callable[[str, Mapping[str, Any], Callable[[], Any]], Any]


class Functions:
    """The deployed functions by name. *around*: makes each call, given the state's name and the event. *modules*: the
    handler's module for each function's name; all of ours by default."""

    def __init__(
        self, prefix: str, clients: Callable[[], Clients], around: Around, modules: Mapping[str, str] = MODULES
    ) -> None:
        self._clients = clients
        self._around = around
        self._handlers = {
            function_name(prefix, name): (name, importlib.import_module(module).handler)
            for name, module in modules.items()
        }

    def invoke(self, arn_or_name: str, event: dict[str, Any]) -> Any:
        """The handler's answer.

        Raises:
            FunctionError: The handler raised, its process died, or there is no such function.
        """
        name = arn_or_name.rpartition(":")[2]
        if name not in self._handlers:
            raise FunctionError("Lambda.ResourceNotFoundException", f"Function not found: {arn_or_name}")
        state, handler = self._handlers[name]
        context = copy_context()
        context.run(LOCAL.set, self._clients())
        # Through JSON and back, as Lambda does: a handler sees no object of its caller's.
        payload = json.loads(json.dumps(event))
        try:
            answer = context.run(self._around, state, payload, lambda: handler(payload, None))
            return json.loads(json.dumps(answer))
        except FunctionError:  # the function died: there is no exception of its own
            raise
        except Exception as error:  # every error of a handler becomes Lambda's answer
            raise FunctionError(type(error).__name__, str(error)) from error

    def answer(self, request: AWSPreparedRequest, operation: str) -> AWSResponse:
        """What Lambda answers to *request*. Invoke is the only operation of Lambda there is here."""
        if operation != "Invoke":
            return _refusal(request.url, NotEmulatedError(f"lambda {operation}"))
        name = unquote(urlsplit(request.url).path.rpartition("/functions/")[2].partition("/")[0])
        try:
            answer, headers = self.invoke(name, json.loads(request.body or b"{}")), {}
        except FunctionError as error:
            if error.error_type == "Lambda.ResourceNotFoundException":
                return _refusal(request.url, AwsError("ResourceNotFoundException", error.message, 404))
            answer, headers = _error(error), {"X-Amz-Function-Error": "Unhandled"}
        return response(request.url, 200, json.dumps(answer).encode(), headers)


def _refusal(url: str, error: AwsError) -> AWSResponse:
    body = json.dumps({"Message": error.message}).encode()
    return response(url, error.status, body, {"x-amzn-ErrorType": error.code})


def _error(error: FunctionError) -> Mapping[str, Any]:
    return {
        "errorMessage": error.message,
        "errorType": error.error_type,
        "stackTrace": traceback.format_exception(error.__cause__) if error.__cause__ else [],
    }
