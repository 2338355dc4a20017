"""How JSON moves through one state: what it takes of its input, and what it makes of its result. Pure.

A JSON value is never changed once it has been made, so values are shared instead of copied.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from localcloud.quotas import SFN_PAYLOAD_BYTES
from localcloud.stepfunctions.errors import DATA_LIMIT_EXCEEDED, RUNTIME, DataFlowError, SyntaxNotReadError
from localcloud.stepfunctions.language.paths import Path, PathNotFoundError, put
from localcloud.stepfunctions.language.states import State
from localcloud.stepfunctions.language.timestamps import read_timestamp

_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


class Payload:
    """A JSON value on its way between states, and its text, which is made once, when the history wants it."""

    __slots__ = ("_text", "value")

    def __init__(self, value: Any, text: str | None = None) -> None:
        self.value = value
        self._text = text

    @property
    def text(self) -> str:
        """The JSON text; raises `DataFlowError` above AWS's limit for a payload."""
        if self._text is None:
            text = _encode(self.value)
            if size_bytes(text) > SFN_PAYLOAD_BYTES.value:
                raise DataFlowError(
                    DATA_LIMIT_EXCEEDED,
                    f"The input or output of the state has {size_bytes(text):,} bytes, which exceeds the maximum of "
                    f"{SFN_PAYLOAD_BYTES.value:,}.",
                )
            self._text = text
        return self._text


def size_bytes(text: str) -> int:
    """The length of *text* in UTF-8."""
    return len(text) if text.isascii() else len(text.encode())


def effective_input(state: State, payload: Payload, context: Mapping[str, Any]) -> Payload:
    """What InputPath and Parameters make of the state's input."""
    taken = _follow(state.input_path, payload, context)
    return taken if state.parameters is None else Payload(state.parameters(taken.value, context))


def output(state: State, payload: Payload, result: Payload, context: Mapping[str, Any]) -> Payload:
    """What ResultSelector, ResultPath and OutputPath make of the state's input and its result."""
    if state.result_selector is not None:
        result = Payload(state.result_selector(result.value, context))
    return _follow(state.output_path, put_result(state.result_path, payload, result), context)


def put_result(names: tuple[str, ...] | None, payload: Payload, result: Payload) -> Payload:
    """*payload* with *result* at the place that a ResultPath names."""
    if names is None:
        return payload
    return Payload(put(payload.value, names, result.value)) if names else result


def _follow(path: Path | None, payload: Payload, context: Mapping[str, Any]) -> Payload:
    if path is None:
        return Payload({})
    if not path.steps and not path.of_context:
        return payload
    return Payload(read(path, payload.value, context))


def read(path: Path, value: Any, context: Mapping[str, Any]) -> Any:
    """The value at *path*; a path to nowhere fails the state."""
    try:
        return path.read(value, context)
    except PathNotFoundError:
        raise DataFlowError(
            RUNTIME, f"Invalid path '{path.text}': the input or the context object has nothing there."
        ) from None


def read_whole_number(given: int | Path, value: Any, context: Mapping[str, Any], *, low: int = 0) -> int:
    """*given*, or the whole number at that path."""
    if isinstance(given, int):
        return given
    number = read(given, value, context)
    if isinstance(number, bool) or not isinstance(number, int) or number < low:
        raise DataFlowError(RUNTIME, f"'{given.text}' must hold a whole number of at least {low}, found {number!r}.")
    return number


def read_moment(given: datetime | Path, value: Any, context: Mapping[str, Any]) -> datetime:
    """*given*, or the timestamp at that path."""
    if isinstance(given, datetime):
        return given
    try:
        return read_timestamp(read(given, value, context))
    except SyntaxNotReadError as error:
        raise DataFlowError(RUNTIME, f"'{given.text}': {error}.") from None


def read_items(path: Path, value: Any, context: Mapping[str, Any]) -> list[Any]:
    """The items of a Map."""
    items = read(path, value, context)
    if not isinstance(items, list):
        raise DataFlowError(RUNTIME, f"Reference path '{path.text}' must point to array, found {type(items).__name__}.")
    return items
