"""Whether a document is built like a state machine at all. The other rules take that for granted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from orchestration.lint.machine import TOP, Machine, inner_definitions
from orchestration.lint.rule import Violations, rule

_NAMES_OF_STATES = ("StartAt", "Next", "Default")
_NUMBERS = ("TimeoutSeconds", "HeartbeatSeconds")
_TEXTS = (
    "Resource", "Variable", "InputPath", "OutputPath", "ItemsPath", "SecondsPath", "TimestampPath",
    "MaxConcurrencyPath", "TimeoutSecondsPath", "HeartbeatSecondsPath", "ResultPath",
)  # fmt: skip
_MAY_BE_NULL = ("InputPath", "OutputPath", "ResultPath")


@rule(
    "malformed-document",
    title="A definition is built of states, retriers, catchers and choices as the language has them",
    why="Step Functions refuses the definition at deployment, when it is late; no other rule can read it.",
    source="https://states-language.net/spec.html",
)
def malformed_document(machine: Machine) -> Violations:
    """Fields of the wrong type, wherever another rule reads them."""
    return _scope(machine.definition, TOP)


def _scope(definition: Any, path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(definition, Mapping):
        yield path, f"is {_kind(definition)}, wanted an object with StartAt and States."
        return
    yield from _fields(definition, path)
    states = definition.get("States")
    if not isinstance(states, Mapping) or not states:
        yield path, f"has {_kind(states)} as States, wanted an object with at least one state."
        return
    for name, fields in states.items():
        yield from _state(fields, name if path == TOP else f"{path}/{name}")


def _state(fields: Any, path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(fields, Mapping) or not isinstance(fields.get("Type"), str):
        yield path, "wanted an object with a Type."
        return
    yield from _fields(fields, path)
    for field in ("Retry", "Catch"):
        for place, one in enumerate(_list(fields, field)):
            names = one.get("ErrorEquals") if isinstance(one, Mapping) else None
            if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
                yield path, f"{field}[{place}] wants ErrorEquals, a list of names of errors."
            else:
                yield from _fields(one, path, f"{field}[{place}].")
    for place, one in enumerate(_list(fields, "Choices")):
        yield from _choice(one, path, f"Choices[{place}]")
        if isinstance(one, Mapping) and "Next" not in one:
            yield path, f"Choices[{place}] has no Next."
    for field in ("Retry", "Catch", "Choices", "Branches"):
        if field in fields and not isinstance(fields[field], list):
            yield path, f"{field} is {_kind(fields[field])}, wanted a list."
    if fields["Type"] == "Choice" and not _list(fields, "Choices"):
        yield path, "has no Choices."
    if fields["Type"] == "Map" and "ItemProcessor" not in fields:
        yield path, "has no ItemProcessor; a Map with the older Iterator is not read here."
    if isinstance(fields.get("Branches", []), list):
        for inner in inner_definitions(fields):
            yield from _scope(inner, path)


def _choice(one: Any, path: str, where: str) -> Iterator[tuple[str, str]]:
    if not isinstance(one, Mapping):
        yield path, f"{where} is {_kind(one)}, wanted an object."
        return
    yield from _fields(one, path, f"{where}.")
    for field in ("And", "Or"):
        if field in one and not isinstance(one[field], list):
            yield path, f"{where}.{field} is {_kind(one[field])}, wanted a list."
        for place, inner in enumerate(_list(one, field)):
            yield from _choice(inner, path, f"{where}.{field}[{place}]")
    if "Not" in one:
        yield from _choice(one["Not"], path, f"{where}.Not")


def _fields(fields: Mapping[str, Any], path: str, where: str = "") -> Iterator[tuple[str, str]]:
    for field in _NAMES_OF_STATES:
        if field in fields and not isinstance(fields[field], str):
            yield path, f"{where}{field} is {_kind(fields[field])}, wanted the name of a state."
    for field in _NUMBERS:
        if field in fields and (isinstance(fields[field], bool) or not isinstance(fields[field], int)):
            yield path, f"{where}{field} is {_kind(fields[field])}, wanted a whole number."
    for field in _TEXTS:
        if field in fields and not isinstance(fields[field], str):
            if fields[field] is None and field in _MAY_BE_NULL:
                continue
            yield path, f"{where}{field} is {_kind(fields[field])}, wanted text."


def _list(fields: Mapping[str, Any], field: str) -> list[Any]:
    value = fields.get(field)
    return value if isinstance(value, list) else []


def _kind(value: Any) -> str:
    kinds = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "nothing"}
    return kinds.get(type(value), "a number")
