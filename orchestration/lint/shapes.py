"""What is known of the data at each state before anything runs: which fields are there on every path to it.

A shape is None where nothing is known, a set of texts where the value is one of them, else its fields' shapes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from orchestration.lint.machine import Machine, Scope, State

Shape = None | frozenset[str] | Mapping[str, "Shape"]

_STEP = r"\.[A-Za-z_][A-Za-z0-9_]*"
_PLAIN_PATH = re.compile(rf"\$(?:{_STEP})*")
_PATH_INSIDE = re.compile(rf"(?<![\w$'])\$(?:{_STEP})+")
_FIELDS_BEYOND = frozenset({"InputPath", "OutputPath", "Assign", "QueryLanguage"})


def shapes_before(machine: Machine) -> dict[str, Shape]:
    """The shape of the data that enters each state that is reached, by the state's path.

    A machine's own input counts as empty: its states read it through `$$.Execution.Input`, as a person who starts it
    by hand may leave fields out.
    """
    before: dict[str, Shape] = {}
    for scope in machine.scopes:  # outer scopes come first, so the holder's shape is known
        before |= _flow(scope, _entering(scope, before), machine)
    return before


def beyond_shapes(state: State) -> bool:
    """Whether *state* has a field that changes what its paths mean. Our machines use none: nothing is said of it."""
    return not _FIELDS_BEYOND.isdisjoint(state.fields)


def find(shape: Shape, path: str) -> tuple[bool, Shape]:
    """Whether the value at *path* may be there, and its shape. A path beyond the plain ones may always be.

    >>> find({"claim": {"verdict": frozenset({"wait"})}}, "$.claim.verdict")
    (True, frozenset({'wait'}))
    >>> find({"claim": {}}, "$.claim.attempt")
    (False, None)
    """
    if not _PLAIN_PATH.fullmatch(path):
        return True, None
    for name in path.split(".")[1:]:
        if shape is None:
            return True, None
        if isinstance(shape, frozenset) or name not in shape:
            return False, None
        shape = shape[name]
    return True, shape


def paths_in(text: str) -> list[str]:
    """The paths into the data that *text* reads: itself, or those among an intrinsic function's arguments.

    >>> paths_in("$.run"), paths_in("States.Format('$.no-{}', $.run, $$.Execution.Id)"), paths_in("$$.Execution.Id")
    (['$.run'], ['$.run'], [])
    """
    if text.startswith("$"):
        return [] if text.startswith("$$") else [text]
    return _PATH_INSIDE.findall(text)


def template_paths(template: Any) -> Iterator[str]:
    """The paths into the data that a payload template reads."""
    if isinstance(template, dict):
        for key, inner in template.items():
            if not key.endswith(".$"):
                yield from template_paths(inner)
            elif isinstance(inner, str):
                yield from paths_in(inner)
    elif isinstance(template, list):
        for inner in template:
            yield from template_paths(inner)


def _entering(scope: Scope, before: Mapping[str, Shape]) -> Shape:
    if scope.holder is None:
        return {}
    fields = scope.holder.fields
    if "ItemSelector" not in fields or scope.holder.path not in before or beyond_shapes(scope.holder):
        return None
    return _template_shape(fields["ItemSelector"], before[scope.holder.path])


def _flow(scope: Scope, entering: Shape, machine: Machine) -> dict[str, Shape]:
    """A state's shape is what all paths to it have in common. It only ever loses, so this comes to an end."""
    shapes: dict[str, Shape] = {}
    left: list[tuple[str, Shape]] = [(scope.start_at or "", entering)]
    while left:
        name, arriving = left.pop()
        if name not in scope.states:
            continue
        state = scope.states[name]
        shape = _common(shapes[state.path], arriving) if state.path in shapes else arriving
        if state.path in shapes and shape == shapes[state.path]:
            continue
        shapes[state.path] = shape
        left += _leaving(state, shape, machine)
    return shapes


def _leaving(state: State, shape: Shape, machine: Machine) -> Iterator[tuple[str, Shape]]:
    fields = state.fields
    beyond = beyond_shapes(state)
    result = None if beyond else _put(shape, fields.get("ResultPath", "$"), _result(state, shape, machine))
    for field, target in state.targets():
        if field.startswith("Catch"):
            catcher = fields["Catch"][int(field[len("Catch[") : field.index("]")])]
            error: Shape = {"Error": None, "Cause": None}
            yield target, None if beyond else _put(shape, catcher.get("ResultPath", "$"), error)
        else:
            yield target, result


def _result(state: State, shape: Shape, machine: Machine) -> Shape:
    """The shape of what the state makes, before ResultPath puts it anywhere."""
    fields = state.fields
    if "ResultSelector" in fields:
        return _template_shape(fields["ResultSelector"], None)
    if state.type in ("Choice", "Wait", "Succeed"):
        return shape
    if state.type == "Pass":
        if "Result" in fields:
            return _constant_shape(fields["Result"])
        return _template_shape(fields["Parameters"], shape) if "Parameters" in fields else shape
    contract = machine.contracts.get(state.name) if state.is_lambda else None
    if contract is None:
        return None
    answer: dict[str, Shape] = dict.fromkeys(contract.response)
    if contract.verdicts:
        answer["verdict"] = contract.verdicts
    return answer


def _put(shape: Shape, path: str | None, result: Shape) -> Shape:
    if path is None:
        return shape
    if not _PLAIN_PATH.fullmatch(path):
        return None
    return _put_at(shape, path.split(".")[1:], result)


def _put_at(shape: Shape, names: list[str], result: Shape) -> Shape:
    if not names:
        return result
    if shape is None:
        return None
    fields = {} if isinstance(shape, frozenset) else shape
    return {**fields, names[0]: _put_at(fields.get(names[0], {}), names[1:], result)}


def _common(one: Shape, other: Shape) -> Shape:
    if isinstance(one, frozenset) and isinstance(other, frozenset):
        return one | other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return {name: _common(one[name], other[name]) for name in one if name in other}
    return None


def _template_shape(template: Any, shape: Shape) -> Shape:
    if not isinstance(template, dict):
        return None
    made: dict[str, Shape] = {}
    for key, inner in template.items():
        if not key.endswith(".$"):
            made[key] = _template_shape(inner, shape)
        else:
            made[key.removesuffix(".$")] = find(shape, inner)[1] if isinstance(inner, str) else None
    return made


def _constant_shape(value: Any) -> Shape:
    return {key: _constant_shape(inner) for key, inner in value.items()} if isinstance(value, dict) else None
