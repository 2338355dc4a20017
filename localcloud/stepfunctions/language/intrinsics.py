"""Reads a call of an intrinsic function, with paths, literals and other calls as its arguments.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from localcloud.stepfunctions.errors import INTRINSIC_FAILURE, DataFlowError, SyntaxNotEmulatedError, SyntaxNotReadError
from localcloud.stepfunctions.language.intrinsic_functions import FUNCTIONS, NOT_EMULATED
from localcloud.stepfunctions.language.paths import read_path

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
    function = FUNCTIONS.get(name)
    if function is None and name in NOT_EMULATED:
        raise SyntaxNotEmulatedError(f"the intrinsic function {name} is not emulated here")
    if function is None:
        raise SyntaxNotReadError(f"there is no intrinsic function {name}")
    arguments: list[Evaluate] = []
    empty = re.compile(r"\s*\)").match(text, at)
    if empty is not None:
        at = empty.end()
    while empty is None:
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
