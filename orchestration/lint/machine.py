"""A definition taken apart into scopes and states, and what the handlers behind it promise."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

_LAMBDA_RESOURCE = re.compile(r"\$\{\w+\}|arn:aws:lambda:.*|arn:aws:states:::lambda:invoke.*")
_START_RESOURCE = "arn:aws:states:::states:startExecution"
TOP = "(the machine)"


@dataclass(frozen=True)
class Contract:
    """What the handler behind *state* takes, answers and raises. *verdicts*: the values of its field `verdict`."""

    state: str
    request: frozenset[str]
    response: frozenset[str]
    verdicts: frozenset[str]
    raises: frozenset[str]


@dataclass(frozen=True)
class State:
    """One state. *path*: its name behind those of the states that hold it. *fields*: as in the definition."""

    name: str
    path: str
    fields: Mapping[str, Any]

    @property
    def type(self) -> str:
        """`Task`, `Choice` and so on."""
        return str(self.fields["Type"])

    @property
    def is_lambda(self) -> bool:
        """Whether it calls a handler of ours."""
        return self.type == "Task" and _LAMBDA_RESOURCE.fullmatch(str(self.fields.get("Resource"))) is not None

    @property
    def is_start(self) -> bool:
        """Whether it runs another execution."""
        return self.type == "Task" and str(self.fields.get("Resource")).startswith(_START_RESOURCE)

    @property
    def ends(self) -> bool:
        """Whether the scope can end here."""
        return self.type in ("Succeed", "Fail") or self.fields.get("End") is True

    def handlers(self, kind: str) -> list[Mapping[str, Any]]:
        """Its retriers or catchers; *kind* is `Retry` or `Catch`."""
        return self.fields.get(kind, [])

    def targets(self) -> Iterator[tuple[str, str]]:
        """Every field that names the next state, and the name in it."""
        for field in ("Next", "Default"):
            if field in self.fields:
                yield field, self.fields[field]
        for field in ("Catch", "Choices"):
            for place, one in enumerate(self.fields.get(field, [])):
                if "Next" in one:
                    yield f"{field}[{place}].Next", one["Next"]


@dataclass(frozen=True)
class Scope:
    """States that may name each other: the machine itself, or the inside of a Map or of a branch."""

    path: str
    start_at: str | None
    states: Mapping[str, State]
    holder: State | None

    @cached_property
    def reached(self) -> frozenset[str]:
        """The names of the states that can be reached from the start."""
        return frozenset(self.reachable_from(self.start_at)) if self.start_at in self.states else frozenset()

    def reachable_from(self, name: str | None) -> set[str]:
        """The names of the states that can be reached from *name*, itself included."""
        seen: set[str] = set()
        left = [name]
        while left:
            one = left.pop()
            if one is not None and one in self.states and one not in seen:
                seen.add(one)
                left += [target for _, target in self.states[one].targets()]
        return seen


@dataclass(frozen=True)
class Machine:
    """A definition with sound structure (`structure.py`), and the contracts of the handlers by state."""

    definition: Mapping[str, Any]
    contracts: Mapping[str, Contract]

    @cached_property
    def scopes(self) -> tuple[Scope, ...]:
        """The machine's own scope first, then each inner one."""
        return tuple(_scopes(self.definition, "", None))

    @cached_property
    def states(self) -> tuple[State, ...]:
        """Every state, inner ones included."""
        return tuple(state for scope in self.scopes for state in scope.states.values())


def inner_definitions(fields: Mapping[str, Any]) -> list[Any]:
    """The definitions inside a state: the processor of a Map, the branches of a Parallel."""
    return [fields["ItemProcessor"]] if "ItemProcessor" in fields else list(fields.get("Branches", []))


def _scopes(definition: Mapping[str, Any], path: str, holder: State | None) -> Iterator[Scope]:
    states = {
        name: State(name, f"{path}/{name}" if path else name, fields) for name, fields in definition["States"].items()
    }
    yield Scope(path or TOP, definition.get("StartAt"), states, holder)
    for state in states.values():
        for inner in inner_definitions(state.fields):
            yield from _scopes(inner, state.path, state)
