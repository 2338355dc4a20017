"""What runs in a function's own process, between Lambda and the handler. It imports the standard library alone.

    python -I -S runtime.py PACKAGE HANDLER

Its first line says that it is ready. Each line of its input is an invocation; each is answered by one line. What the
function prints goes to its log. The time that the function sees is the local cloud's, which an invocation brings along.
"""

from __future__ import annotations

import datetime
import importlib
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

_REAL_DATETIME = datetime.datetime
_REAL_TIME = time.time  # noqa: TID251  what it replaces


class _Time:
    """The cloud's time: what it was when the invocation was sent, and what has flowed since, *scale* times as fast."""

    def __init__(self) -> None:
        self.set(_REAL_TIME(), 1.0)

    def set(self, now: float, scale: float) -> None:
        self._now, self._scale, self._since = now, scale, time.monotonic()

    def now(self) -> float:
        return self._now + (time.monotonic() - self._since) * self._scale


_time = _Time()


class _AnyDatetime(type):
    """So that what C code makes, which knows only the real class, is one of these as well."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _REAL_DATETIME)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, _REAL_DATETIME)


class _Datetime(_REAL_DATETIME, metaclass=_AnyDatetime):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> Any:
        return _REAL_DATETIME.fromtimestamp(_time.now(), tz)

    @classmethod
    def utcnow(cls) -> Any:
        return _REAL_DATETIME.fromtimestamp(_time.now(), datetime.UTC).replace(tzinfo=None)


def _context(call: dict[str, Any]) -> SimpleNamespace:
    """What a handler gets beside the event.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/python-context.html
    """
    ends = time.monotonic() + call["timeout_seconds"]
    return SimpleNamespace(
        function_name=os.environ["AWS_LAMBDA_FUNCTION_NAME"],
        function_version="$LATEST",
        invoked_function_arn=call["arn"],
        memory_limit_in_mb=os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"],
        aws_request_id=call["request_id"],
        log_group_name=os.environ["AWS_LAMBDA_LOG_GROUP_NAME"],
        log_stream_name=os.environ["AWS_LAMBDA_LOG_STREAM_NAME"],
        identity=None,
        client_context=None,
        tenant_id=None,
        get_remaining_time_in_millis=lambda: max(0, int((ends - time.monotonic()) * 1000)),
    )


def _load(handler: str) -> Callable[[Any, Any], Any]:
    """The function named *handler*. Raises _RuntimeError in Lambda's words."""
    module, _, name = handler.rpartition(".")
    try:
        loaded = importlib.import_module(module.replace("/", "."))
    except ImportError as error:
        raise _RuntimeError("Runtime.ImportModuleError", f"Unable to import module '{module}': {error}") from error
    except SyntaxError as error:
        raise _RuntimeError("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module}': {error}") from error
    if not hasattr(loaded, name):
        raise _RuntimeError("Runtime.HandlerNotFound", f"Handler '{name}' missing on module '{module}'")
    return getattr(loaded, name)


class _RuntimeError(Exception):
    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


def _call(handler: str, call: dict[str, Any], loaded: list[Callable[[Any, Any], Any]]) -> dict[str, Any]:
    """The answer, or what Lambda says of an error: its class, its words, where it was raised."""
    try:
        if not loaded:
            loaded.append(_load(handler))
        answer = loaded[0](call["event"], _context(call))
        try:
            return {"answer": json.loads(json.dumps(answer))}
        except (TypeError, ValueError) as error:
            raise _RuntimeError("Runtime.MarshalError", f"Unable to marshal response: {error}") from error
    except Exception as error:  # noqa: BLE001  every error of a handler becomes an answer
        trace = traceback.format_list(traceback.extract_tb(error.__traceback__)[1:])
        name = error.name if isinstance(error, _RuntimeError) else type(error).__name__
        return {"error": {"errorMessage": str(error), "errorType": name, "stackTrace": trace}}


def main() -> None:
    """Answer until the input ends."""
    package, handler = sys.argv[1:]
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)
        os.chdir(package)
        sys.path.insert(0, package)
        datetime.datetime = _Datetime
        time.time = _time.now  # noqa: TID251  here the cloud's time enters
        time.time_ns = lambda: int(_time.now() * 1e9)
        loaded: list[Callable[[Any, Any], Any]] = []
        answers.write("ready\n")
        answers.flush()
        for line in sys.stdin:
            call = json.loads(line)
            _time.set(call["now"], call["scale"])
            answer = json.dumps(_call(handler, call, loaded))
            sys.stdout.flush()  # first, so that the log is whole once the answer is there
            answers.write(answer + "\n")
            answers.flush()


if __name__ == "__main__":
    main()
