"""The rules about payload templates: the objects in which a key that ends in `.$` holds a path."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from orchestration.lint.machine import Machine, State
from orchestration.lint.rule import Violations, rule

TEMPLATES = ("Parameters", "ItemSelector", "ResultSelector")
_LOOKS_LIKE_A_PATH = re.compile(r"\$|\$\$?[.\[].*|States\.[A-Za-z0-9]+\(.*\)", re.DOTALL)
_WHOLE_PLACEHOLDER = re.compile(r"\$\{[A-Za-z][A-Za-z0-9]*\}")
_TEMPLATES_SOURCE = "https://states-language.net/spec.html#payload-template"


@rule(
    "path-without-suffix",
    title="A key that holds a path ends in `.$`",
    why='`"run": "$.run"` passes the text "$.run" on, and no public linter finds it (docs/facts/stepfunctions.md 5).',
    source=_TEMPLATES_SOURCE,
)
def path_without_suffix(machine: Machine) -> Violations:
    """Paths that are passed on as text."""
    for state in machine.states:
        for path, value in _leaves(state):
            if isinstance(value, str) and not path.endswith(".$") and _LOOKS_LIKE_A_PATH.fullmatch(value):
                yield (
                    state,
                    f"{path} holds {value!r} as mere text. If the path is meant, call the key `{_key(path)}.$`.",
                )


@rule(
    "suffix-without-path",
    title="A key that ends in `.$` holds a path or an intrinsic function",
    why="AWS refuses the definition.",
    source=_TEMPLATES_SOURCE,
)
def suffix_without_path(machine: Machine) -> Violations:
    """Keys that promise a path and hold none."""
    for state in machine.states:
        for path, value in _leaves(state):
            if path.endswith(".$") and not (isinstance(value, str) and _LOOKS_LIKE_A_PATH.fullmatch(value)):
                yield state, f"{path} holds {value!r}, wanted a path or an intrinsic function, or a key without `.$`."


@rule(
    "placeholder-in-text",
    title="A placeholder is a whole string",
    why="`bind` replaces strings that are `${Name}` and nothing else; within a longer text it would stay as it is.",
    source="orchestration/definitions.py",
)
def placeholder_in_text(machine: Machine) -> Violations:
    """Placeholders that would never be filled."""
    for state in machine.states:
        own = {key: value for key, value in state.fields.items() if key not in ("ItemProcessor", "Branches")}
        for path, value in leaves(own, ""):
            if isinstance(value, str) and "${" in value and not _WHOLE_PLACEHOLDER.fullmatch(value):
                yield state, f"{path} holds {value!r}, wanted a placeholder alone, like `${{Name}}`."


def leaves(content: Any, path: str) -> Iterator[tuple[str, Any]]:
    """What *content* holds that is neither an object nor a list, with the path to it; so do empty ones."""
    if isinstance(content, dict) and content:
        for key, inner in content.items():
            yield from leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(content, list) and content:
        for place, inner in enumerate(content):
            yield from leaves(inner, f"{path}[{place}]")
    else:
        yield path, content


def _leaves(state: State) -> Iterator[tuple[str, Any]]:
    for template in TEMPLATES:
        if template in state.fields:
            yield from _template_leaves(state.fields[template], template)


def _template_leaves(content: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Like `leaves`, but a key that ends in `.$` is looked at whatever it holds."""
    if isinstance(content, dict):
        for key, inner in content.items():
            if key.endswith(".$"):
                yield f"{path}.{key}", inner
            else:
                yield from _template_leaves(inner, f"{path}.{key}")
    elif isinstance(content, list):
        for place, inner in enumerate(content):
            yield from _template_leaves(inner, f"{path}[{place}]")
    else:
        yield path, content


def _key(path: str) -> str:
    return path.rsplit(".", 1)[-1]
