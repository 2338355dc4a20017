"""Paths into a state's input (`$.a.b[0]`) and into the context object (`$$.Execution.Id`).

Only paths that name exactly one place: no filters, wildcards, slices or descents.
Source: https://docs.aws.amazon.com/step-functions/latest/dg/amazon-states-language-paths.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from localcloud.stepfunctions.errors import (
    RESULT_PATH_MATCH_FAILURE,
    DataFlowError,
    SyntaxNotEmulatedError,
    SyntaxNotReadError,
)

_STEP = re.compile(r"""\.([^\W\d][\w-]*)|\[(\d+)\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]""")
# What JSONPath has beyond single steps: descents, wildcards, filters, slices, lists of indexes, functions.
_OF_JSONPATH = re.compile(r"""\.\.|\.\*|\.\w+\(|\[\s*(\*|\?|\(|@|-?\d*\s*[:,]|-\d+\]|'[^']*'\s*,)""")


class PathNotFoundError(LookupError):
    """The path leads nowhere in the value it was read from."""


@dataclass(frozen=True, slots=True)
class Path:
    """A place in a state's input, or in the context object if *of_context*."""

    text: str
    of_context: bool
    steps: tuple[str | int, ...]

    def read(self, value: Any, context: Mapping[str, Any]) -> Any:
        """The value there; raises `PathNotFoundError`."""
        found: Any = context if self.of_context else value
        for step in self.steps:
            if not _is_in(step, found):
                raise PathNotFoundError(self.text)
            found = found[step]
        return found


def _is_in(step: str | int, value: Any) -> bool:
    if isinstance(step, str):
        return isinstance(value, dict) and step in value
    return isinstance(value, list) and step < len(value)


@lru_cache(maxsize=4096)
def read_path(text: str) -> Path:
    """The path that *text* writes.

    >>> read_path("$.tables['a b'][0]").steps
    ('tables', 'a b', 0)
    """
    of_context = text.startswith("$$")
    if not text.startswith("$"):
        raise SyntaxNotReadError(f"a path begins with $, found {text!r}")
    steps: list[str | int] = []
    at = 2 if of_context else 1
    while at < len(text):
        match = _STEP.match(text, at)
        if match is None:
            if _OF_JSONPATH.match(text, at):
                raise SyntaxNotEmulatedError(
                    f"the path {text!r} cannot be read from {text[at:]!r} on: filters, wildcards, slices and functions "
                    "are not emulated here"
                )
            raise SyntaxNotReadError(
                f"the path {text!r} cannot be read from {text[at:]!r} on: other characters than letters, digits, _ and "
                "- stand in ['...']"
            )
        name, index, single, double = match.groups()
        quoted = single if single is not None else double
        if index is not None:
            steps.append(int(index))
        else:
            steps.append(name if name is not None else re.sub(r"\\(.)", r"\1", quoted))
        at = match.end()
    return Path(text, of_context, tuple(steps))


def read_result_path(text: str) -> tuple[str, ...]:
    """The names under which a result is put into the input; none means instead of it."""
    path = read_path(text)
    names = tuple(step for step in path.steps if isinstance(step, str))
    if path.of_context or len(names) != len(path.steps):
        raise SyntaxNotEmulatedError(f"a ResultPath leads by names into the input; {text!r} is not emulated here")
    return names


def put(value: Any, names: tuple[str, ...], result: Any) -> Any:
    """*value* with *result* under *names*; what does not lie on the way is shared, nothing is changed in place."""
    if not names:
        return result
    if not isinstance(value, dict):
        raise DataFlowError(
            RESULT_PATH_MATCH_FAILURE, f"Unable to apply ResultPath at {names[0]!r}: the input there is not an object."
        )
    first, *rest = names
    return {**value, first: put(value.get(first, {}) if rest else None, tuple(rest), result)}
