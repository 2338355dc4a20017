"""The intrinsic functions of the States Language that our machines may use.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from local.stepfunctions.errors import INTRINSIC_FAILURE, DataFlowError, SyntaxNotReadError
from local.stepfunctions.paths import read_path

Evaluate = Callable[[Any, Mapping[str, Any]], Any]

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<function>States\.\w+)\s*\(
      | '(?P<string>(?:[^'\\]|\\.)*)'
      | (?P<path>\$\$?(?:\.[^\W\d][\w-]*|\[\d+\]|\['(?:[^'\\]|\\.)*'\])*)
      | (?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
      | (?P<word>null|true|false)
    )""",
    re.VERBOSE,
)


@lru_cache(maxsize=1024)
def read_intrinsic(text: str) -> Evaluate:
    """The function that evaluates *text*, as `States.Format('{}-{}', $.run, $.database)`."""
    evaluate, end = _read_argument(text, 0)
    if text[end:].strip() or not text.startswith("States."):
        raise SyntaxNotReadError(f"{text!r} is neither a path nor one call of an intrinsic function")
    return evaluate


def _read_argument(text: str, at: int) -> tuple[Evaluate, int]:
    match = _TOKEN.match(text, at)
    if match is None:
        raise SyntaxNotReadError(f"{text!r} cannot be read from {text[at:]!r} on")
    kind, token = match.lastgroup, match[match.lastgroup or 0]
    if kind == "function":
        return _read_call(text, token, match.end())
    if kind == "path":
        path = read_path(token)
        return path.read, match.end()
    # In a string only \' and \\ are undone here: \{ and \} mean something to States.Format.
    literal = re.sub(r"\\(['\\])", r"\1", token) if kind == "string" else json.loads(token)
    return (lambda _value, _context: literal), match.end()


def _read_call(text: str, name: str, at: int) -> tuple[Evaluate, int]:
    function = _FUNCTIONS.get(name)
    if function is None:
        raise SyntaxNotReadError(f"the intrinsic function {name} is not emulated here")
    arguments: list[Evaluate] = []
    while True:
        argument, at = _read_argument(text, at)
        arguments.append(argument)
        rest = text[at:].lstrip()
        if not rest or rest[0] not in ",)":
            raise SyntaxNotReadError(f"in {text!r} an argument of {name} is followed by neither a comma nor )")
        at = len(text) - len(rest) + 1
        if rest[0] == ")":
            break

    def evaluate(value: Any, context: Mapping[str, Any]) -> Any:
        found = [argument(value, context) for argument in arguments]
        try:
            return function(*found)
        except (TypeError, ValueError) as error:
            raise DataFlowError(
                INTRINSIC_FAILURE, f"{name} failed on {json.dumps(found, ensure_ascii=False)}: {error}"
            ) from None

    return evaluate, at


def _format(template: str, *arguments: Any) -> str:
    pieces = re.split(r"(?<!\\)\{\}", template)
    if len(pieces) != len(arguments) + 1:
        raise ValueError(f"{len(pieces) - 1} places for {len(arguments)} values")
    shown = [argument if isinstance(argument, str) else _json(argument) for argument in arguments]
    text = re.sub(r"\\([{}])", r"\1", pieces[0])
    for value, piece in zip(shown, pieces[1:], strict=True):
        text += value + re.sub(r"\\([{}])", r"\1", piece)
    return text


def _array_length(array: Any) -> int:
    if not isinstance(array, list):
        raise TypeError("not an array")
    return len(array)


def _string_to_json(text: Any) -> Any:
    if not isinstance(text, str):
        raise TypeError("not a string")
    return json.loads(text)


def _math_add(left: Any, right: Any) -> int:
    for number in (left, right):
        if isinstance(number, bool) or not isinstance(number, int):
            raise TypeError("not two integers")
    return left + right


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "States.Format": _format,
    "States.ArrayLength": _array_length,
    "States.StringToJson": _string_to_json,
    "States.JsonToString": _json,
    "States.MathAdd": _math_add,
}
