"""The rules about transitions and the paths that they make, from the start to an end. A start that is no state, and a
state with both Next and End or neither, are left to cfn-lint (E3601)."""

from __future__ import annotations

from collections import Counter

from orchestration.lint.machine import Machine
from orchestration.lint.rule import Violations, rule

_SPEC = "https://states-language.net/spec.html"
_MEASURED = "docs/facts/stepfunctions.md 5"


@rule(
    "dangling-target",
    title="Every Next and Default, also in Catch and Choices, names a state in the same scope",
    why="AWS refuses it at deployment. A state inside a Map cannot lead out of it, which emulators let pass.",
    source=_SPEC,
)
def dangling_target(machine: Machine) -> Violations:
    """Targets that are not there, or lie in another scope."""
    everywhere = {state.name: state.path for state in machine.states}
    for scope in machine.scopes:
        for state in scope.states.values():
            for field, name in state.targets():
                if name in scope.states:
                    continue
                if name in everywhere:
                    yield state, f"{field} leads to {everywhere[name]}, which lies in another scope."
                else:
                    yield state, f"{field} leads to {name!r}, which is no state."


@rule(
    "unreachable-state",
    title="A path from StartAt leads to every state",
    why="AWS refuses it, and nobody meant it: a state was renamed or a Choice lost a branch.",
    source=_MEASURED,
)
def unreachable_state(machine: Machine) -> Violations:
    """States that no path leads to."""
    for scope in machine.scopes:
        if scope.start_at in scope.states:
            for name, state in scope.states.items():
                if name not in scope.reached:
                    yield state, "no path leads here. Lead one here, or remove the state."


@rule(
    "choice-with-next",
    title="A Choice has neither Next nor End",
    why="They mean nothing there, and a Default was meant.",
    source=_SPEC,
)
def choice_with_next(machine: Machine) -> Violations:
    """Choices that say how it goes on beside their branches. cfn-lint says it of every other type of state."""
    for state in machine.states:
        if state.type == "Choice":
            for field in {"Next", "End"} & state.fields.keys():
                yield state, f"is a Choice and has {field}, which means nothing there."


@rule(
    "no-path-to-end",
    title="From every state that is reached, a path leads to an end",
    why="An execution in such a loop runs for a year or until its history is full.",
    source=_MEASURED,
)
def no_path_to_end(machine: Machine) -> Violations:
    """States that are never left for good, one finding a scope."""
    for scope in machine.scopes:
        stuck = [
            name
            for name in scope.states
            if name in scope.reached and not any(scope.states[one].ends for one in scope.reachable_from(name))
        ]
        if stuck:
            yield scope.path, f"no end can be reached from {', '.join(stuck)}."


@rule(
    "name-twice",
    title="A state's name is its own in the whole machine, inside of Maps too",
    why="The console, the history and our handlers know a state by its name alone.",
    source="docs/facts/stepfunctions.md 7.6",
)
def name_twice(machine: Machine) -> Violations:
    """Names that two scopes share; within one, JSON itself has no second."""
    for name, count in Counter(state.name for state in machine.states).items():
        if count > 1:
            paths = [state.path for state in machine.states if state.name == name]
            yield paths[-1], f"{count} states are called {name}: {', '.join(paths)}. Rename one."


@rule(
    "fail-state",
    title="No state is a Fail",
    why="A redrive re-enters a Fail and fails again. Conclude raises instead, and is run anew.",
    source="https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html",
)
def fail_state(machine: Machine) -> Violations:
    """Every Fail."""
    for state in machine.states:
        if state.type == "Fail":
            yield state, "is a Fail, which a redrive cannot heal. Let a Task raise the error."
