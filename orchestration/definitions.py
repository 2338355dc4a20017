"""The state machines as they stand in `asl/`, and with their placeholders filled in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fleet.errors import FleetError

_FOLDER = Path(__file__).with_name("asl")
_PLACEHOLDER = re.compile(r"\$\{([A-Za-z][A-Za-z0-9]*)\}")


class DefinitionNotFoundError(FleetError):
    """No file holds a state machine of that name."""


class DefinitionNotBoundError(FleetError):
    """A placeholder has no value, or a value has no placeholder."""


def load(name: str) -> Mapping[str, Any]:
    """The definition in `asl/<name>.asl.json`, placeholders and all.

    Raises:
        DefinitionNotFoundError: There is no such file.

    >>> load("fleet-run")["StartAt"]
    'PlanRun'
    """
    known = sorted(file.name.removesuffix(".asl.json") for file in _FOLDER.glob("*.asl.json"))
    if name not in known:
        raise DefinitionNotFoundError(
            f"no state machine is called {name!r}.", remedy=f"Known: {', '.join(known)} (orchestration/asl)."
        )
    definition: dict[str, Any] = json.loads((_FOLDER / f"{name}.asl.json").read_text(encoding="utf-8"))
    return definition


def placeholders(definition: Any) -> frozenset[str]:
    """The names that want a value: of every string that is `${Name}` and nothing else.

    >>> sorted(placeholders({"a": "${A}", "b": ["${B}", "text ${C}"]}))
    ['A', 'B']
    """
    return frozenset(_names(definition))


def bind(definition: Mapping[str, Any], values: Mapping[str, str | int]) -> Mapping[str, Any]:
    """A copy of *definition* with the value of each placeholder in its place; a number becomes a JSON number.

    Raises:
        DefinitionNotBoundError: A placeholder has no value, or a value has no placeholder; lists both.

    >>> bind({"Resource": "${PlanRun}", "TimeoutSeconds": "${Seconds}"}, {"PlanRun": "arn:x", "Seconds": 60})
    {'Resource': 'arn:x', 'TimeoutSeconds': 60}
    """
    wanted = placeholders(definition)
    unbound, unused = sorted(wanted - values.keys()), sorted(values.keys() - wanted)
    if unbound or unused:
        found = [f"{what}: {', '.join(names)}" for what, names in (("no value", unbound), ("unused", unused)) if names]
        raise DefinitionNotBoundError(
            f"the definition's placeholders and the values given for them differ; {'; '.join(found)}.",
            remedy="Give exactly one value for each placeholder.",
        )
    return {key: _bound(inner, values) for key, inner in definition.items()}


def _bound(content: Any, values: Mapping[str, str | int]) -> Any:
    if isinstance(content, dict):
        return {key: _bound(inner, values) for key, inner in content.items()}
    if isinstance(content, list):
        return [_bound(inner, values) for inner in content]
    name = _name_of(content)
    return content if name is None else values[name]


def _names(content: Any) -> Iterator[str]:
    if isinstance(content, Mapping):
        for inner in content.values():
            yield from _names(inner)
    elif isinstance(content, list):
        for inner in content:
            yield from _names(inner)
    else:
        name = _name_of(content)
        if name is not None:
            yield name


def _name_of(content: Any) -> str | None:
    match = _PLACEHOLDER.fullmatch(content) if isinstance(content, str) else None
    return match.group(1) if match else None
