"""Payload templates: JSON in which a field whose name ends in `.$` holds a path or an intrinsic function.

A template is compiled once, when the machine is created, into a function of (input, context object).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from localcloud.stepfunctions.errors import RUNTIME, DataFlowError, SyntaxNotReadError
from localcloud.stepfunctions.language.intrinsics import read_intrinsic
from localcloud.stepfunctions.language.paths import Path, PathNotFoundError, read_path

Template = Callable[[Any, Mapping[str, Any]], Any]


def compile_template(template: Any) -> Template:
    """The function that fills *template* in. Parts without a path are shared between its results."""
    if not _has_paths(template):
        return lambda _value, _context: template
    if isinstance(template, list):
        elements = [compile_template(element) for element in template]
        return lambda value, context: [element(value, context) for element in elements]
    fields = [_compile_field(key, content) for key, content in template.items()]
    return lambda value, context: {name: fill(value, context) for name, fill in fields}


def _has_paths(template: Any) -> bool:
    if isinstance(template, dict):
        return any(key.endswith(".$") or _has_paths(content) for key, content in template.items())
    return isinstance(template, list) and any(map(_has_paths, template))


def _compile_field(key: str, content: Any) -> tuple[str, Template]:
    if not key.endswith(".$"):
        return key, compile_template(content)
    if not isinstance(content, str):
        raise SyntaxNotReadError(f"the field {key!r} must hold a path or an intrinsic function, found {content!r}")
    return key[:-2], compile_reading(content, key)


def compile_reading(text: str, field: str = "") -> Template:
    """The function that reads the path, or evaluates the intrinsic function, that *text* writes in *field*."""
    return _reader(field, read_path(text)) if text.startswith("$") else _intrinsic(field, text)


def _reader(key: str, path: Path) -> Template:
    def read(value: Any, context: Mapping[str, Any]) -> Any:
        try:
            return path.read(value, context)
        except PathNotFoundError:
            raise _not_found(key, path.text, context if path.of_context else value) from None

    return read


def _intrinsic(key: str, text: str) -> Template:
    call = read_intrinsic(text)

    def evaluate(value: Any, context: Mapping[str, Any]) -> Any:
        try:
            return call(value, context)
        except PathNotFoundError as error:
            raise _not_found(key, str(error), value) from None

    return evaluate


def _not_found(key: str, path: str, where: Any) -> DataFlowError:
    # AWS's list of errors has States.ParameterPathFailure for this; executions in AWS end with States.Runtime and these
    # words, which States.ALL does not catch. Observed (many public reports), so the observed name it is.
    found = json.dumps(where, separators=(",", ":"), ensure_ascii=False)
    return DataFlowError(
        RUNTIME, f"The JSONPath '{path}' specified for the field '{key}' could not be found in the input '{found}'"
    )
