"""The rules about a state and the handler behind it: its name, what it is given, what it answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from orchestration.lint.machine import Machine, State
from orchestration.lint.payloads import TEMPLATES
from orchestration.lint.rule import Violations, rule
from orchestration.lint.shapes import Shape, beyond_shapes, find, shapes_before, template_paths

_PATH_FIELDS = (
    "ItemsPath", "MaxConcurrencyPath", "SecondsPath", "TimestampPath", "TimeoutSecondsPath", "HeartbeatSecondsPath",
)  # fmt: skip


@rule(
    "no-handler",
    title="A state that calls a handler has its module's name, in the state's own spelling",
    why="A reader of the console finds the code by the state's name, and the deployment binds it by that name.",
    source="docs/design.md 8",
)
def no_handler(machine: Machine) -> Violations:
    """States whose name, resource and handler do not agree."""
    for state in machine.states:
        if not state.is_lambda:
            continue
        wanted, found = f"${{{state.name}}}", state.fields["Resource"]
        if found != wanted:
            yield state, f"calls {found}, wanted {wanted}: the state and its handler have one name."
        contract = machine.contracts.get(state.name)
        if contract is None:
            yield state, f"no handler has this name. There are: {', '.join(sorted(machine.contracts)) or 'none'}."
        elif contract.state != state.name:
            yield state, f"its handler is written for the state {contract.state}."


@rule(
    "payload-differs",
    title="A state passes exactly the fields that its handler's request has",
    why="A handler refuses a field that it does not know and misses one that it needs, on the first night.",
    source="lambdas/entrypoint.py",
)
def payload_differs(machine: Machine) -> Violations:
    """Fields passed and not wanted, or wanted and not passed."""
    for state in machine.states:
        contract = machine.contracts.get(state.name)
        if not state.is_lambda or contract is None:
            continue
        payload = state.fields.get("Parameters")
        if not isinstance(payload, dict):
            yield state, "has no Parameters, so the handler is given the whole input. Name the fields it takes."
            continue
        passed = {key.removesuffix(".$") for key in payload}
        if missing := sorted(contract.request - passed):
            yield state, f"does not pass {', '.join(missing)}, which the handler's request has."
        if unknown := sorted(passed - contract.request):
            yield state, f"passes {', '.join(unknown)}, which the handler's request has not."


@rule(
    "missing-path",
    title="What a state reads is there on every path to it",
    why="A path that finds nothing is States.Runtime, which States.ALL does not catch: the execution is lost.",
    source="https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html",
)
def missing_path(machine: Machine) -> Violations:
    """Paths of Choice, Wait, Map and payloads into what no handler before them has answered."""
    before = shapes_before(machine)
    for state in machine.states:
        if state.path not in before or beyond_shapes(state):
            continue
        for field, path in _reads(state):
            if not find(before[state.path], path)[0]:
                beside = _beside(before[state.path], path)
                yield state, f"{field} reads {path}, which is not there on every path to the state. {beside}"


@rule(
    "verdict-not-covered",
    title="A Choice without Default has a branch for every verdict that can arrive",
    why="A verdict without a branch is States.NoChoiceMatched, in the middle of a night.",
    source="https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html",
)
def verdict_not_covered(machine: Machine) -> Violations:
    """Verdicts that lead nowhere, and Choices of which nobody can say."""
    before = shapes_before(machine)
    for state in machine.states:
        if state.type != "Choice" or "Default" in state.fields or state.path not in before:
            continue
        choices = state.fields["Choices"]
        variables = {one.get("Variable") for one in choices}
        verdicts = _verdicts(before[state.path], variables)
        if verdicts is None or not all(isinstance(one.get("StringEquals"), str) for one in choices):
            yield state, "has no Default, and its branches are not the verdicts of one handler. Add a Default."
            continue
        if left := sorted(verdicts - {one["StringEquals"] for one in choices}):
            yield state, f"has no branch for {', '.join(map(repr, left))}, which its handler may answer. Add one."


@rule(
    "verdict-unknown",
    title="A Choice compares a verdict only with what the handler may answer",
    why="A misspelt verdict is a branch that is never taken.",
    source="docs/design.md 8",
)
def verdict_unknown(machine: Machine) -> Violations:
    """Branches for verdicts that never come."""
    before = shapes_before(machine)
    for state in machine.states:
        if state.type != "Choice" or state.path not in before:
            continue
        for one in _comparisons(state.fields["Choices"]):
            verdicts = _verdicts(before[state.path], {one.get("Variable")})
            if (
                verdicts is not None
                and isinstance(one.get("StringEquals"), str)
                and one["StringEquals"] not in verdicts
            ):
                found = ", ".join(map(repr, sorted(verdicts)))
                yield state, f"has a branch for {one['StringEquals']!r}; its handler answers {found}."


def _verdicts(shape: Shape, variables: set[Any]) -> frozenset[str] | None:
    """The texts that the one variable may hold; None if nobody knows, or there are several variables."""
    if len(variables) != 1:
        return None
    variable = variables.pop()
    values = find(shape, variable)[1] if isinstance(variable, str) else None
    return values if isinstance(values, frozenset) else None


def _comparisons(choices: list[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for one in choices:
        inner = [*one.get("And", []), *one.get("Or", []), *([one["Not"]] if "Not" in one else [])]
        if inner:
            yield from _comparisons(inner)
        else:
            yield one


def _reads(state: State) -> Iterator[tuple[str, str]]:
    """Field and path of everything that the state reads from its input."""
    for field in _PATH_FIELDS:
        if field in state.fields and not str(state.fields[field]).startswith("$$"):
            yield field, state.fields[field]
    for field in TEMPLATES:
        # What ResultSelector reads is the result, not the input.
        if field in state.fields and field != "ResultSelector":
            for path in template_paths(state.fields[field]):
                yield field, path
    for one in _comparisons(state.fields.get("Choices", [])):
        for field, value in one.items():
            # IsPresent is how a Choice asks whether something is there.
            reads = (field == "Variable" and "IsPresent" not in one) or field.endswith("Path")
            if reads and isinstance(value, str) and not value.startswith("$$"):
                yield field, value


def _beside(shape: Shape, path: str) -> str:
    """What is where *path* first leads astray."""
    reached = "$"
    for name in path.split(".")[1:]:
        found, inner = find(shape, f"{reached}.{name}")
        if not found:
            break
        reached = f"{reached}.{name}"
    inner = find(shape, reached)[1]
    fields = ", ".join(sorted(inner)) if isinstance(inner, Mapping) else ""
    return f"{reached} has {fields or 'no fields'}."
