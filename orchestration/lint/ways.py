"""The rules about ways: from state to state, from the start to an end."""

from __future__ import annotations

from collections import Counter

from orchestration.lint.machine import Machine
from orchestration.lint.rule import Violations, rule

_SPEC = "https://states-language.net/spec.html"
_MEASURED = "docs/facts/stepfunctions.md 5"
_ENDS_WITHOUT_FIELD = ("Choice", "Succeed", "Fail")


@rule(
    "start-missing",
    title="StartAt names a state beside it",
    why="AWS refuses the definition; most emulators accept it and hang.",
    source=_SPEC,
)
def start_missing(machine: Machine) -> Violations:
    """A scope that cannot begin."""
    for scope in machine.scopes:
        if scope.start_at not in scope.states:
            found = "is missing" if scope.start_at is None else f"is {scope.start_at!r}, which is no state here"
            yield scope.path, f"StartAt {found}. Name one of: {', '.join(scope.states)}."


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
    title="A way from StartAt leads to every state",
    why="AWS refuses it, and nobody meant it: a state was renamed or a Choice lost a branch.",
    source=_MEASURED,
)
def unreachable_state(machine: Machine) -> Violations:
    """States that no way leads to."""
    for scope in machine.scopes:
        if scope.start_at in scope.states:
            for name, state in scope.states.items():
                if name not in scope.reached:
                    yield state, "no way leads here. Lead one here, or remove the state."


@rule(
    "next-or-end",
    title="A state has Next or End, and not both; a Choice, Succeed or Fail has neither",
    why="Without one the machine cannot go on; with both nobody knows what was meant.",
    source=_SPEC,
)
def next_or_end(machine: Machine) -> Violations:
    """States that do not say how it goes on."""
    for state in machine.states:
        goes_on, ends = "Next" in state.fields, "End" in state.fields
        if state.type in _ENDS_WITHOUT_FIELD:
            if goes_on or ends:
                yield state, f"is a {state.type} and has {'Next' if goes_on else 'End'}, which means nothing there."
        elif goes_on and ends:
            yield state, "has both Next and End. Keep one."
        elif not goes_on and state.fields.get("End") is not True:
            yield state, "has neither Next nor End: true. Say what comes after it."


@rule(
    "no-way-out",
    title="From every state that is reached, a way leads to an end",
    why="An execution in such a loop runs for a year or until its history is full.",
    source=_MEASURED,
)
def no_way_out(machine: Machine) -> Violations:
    """States that are never left for good, one finding a scope."""
    for scope in machine.scopes:
        stuck = [
            name
            for name in scope.states
            if name in scope.reached and not any(scope.states[one].ends for one in scope.ways_from(name))
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
