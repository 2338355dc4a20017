"""Values of entries, changed in the text of a list of the registry, of which nothing else changes: comments, order and
line ends stay."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import yaml
from yaml import MappingNode, Node, SequenceNode

from fleet.errors import MalformedInputError
from onboarding.findings import Way
from onboarding.nodes import load_plain

Value: TypeAlias = "str | int | bool | Sequence[Value] | Mapping[str, Value]"
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


@dataclass(frozen=True)
class EntryChange:
    """A *value* at the end of *way* in the entry of that id. What the way leads to may be missing at its last step: a
    key, or the place after a list's last item. *after*: the key behind which a new one comes; else the last."""

    entry: str
    way: Way
    value: Value
    after: str = ""


def edit(text: str, changes: Sequence[EntryChange]) -> str:
    """*text*, a list of the registry that can be read, with *changes*; those for entries that it lacks are left out.

    Raises:
        MalformedInputError: The text is written so that it cannot be changed in this way, as with an alias.

    >>> load = {"schema": "public", "table": "orders", "column": "id", "boundaries": ["10", "20"]}
    >>> print(edit("- id: shop  # ours\\n  tags: [a]\\n", [EntryChange("shop", ("parallel_loads",), [load])]))
    - id: shop  # ours
      tags: [a]
      parallel_loads:
        - schema: public
          table: orders
          column: id
          boundaries: ["10", "20"]
    <BLANKLINE>
    >>> changes = [EntryChange("shop", ("tags", 1), "b"), EntryChange("shop", ("drift",), "failed")]
    >>> print(edit("- {id: shop, tags: [a]}\\n", changes))
    - {id: shop, tags: [a, b], drift: failed}
    <BLANKLINE>
    """
    # Not libyaml's places, which are those of bytes. PyYAML's own reader refuses tabs that libyaml takes for blanks.
    root = yaml.compose(text.replace("\t", " "), Loader=yaml.SafeLoader)
    entries = {_id_of(entry): entry for entry in root.value} if isinstance(root, SequenceNode) else {}
    try:
        edits = [
            (*_edit(text, entries[one.entry], one), number)
            for number, one in enumerate(changes)
            if one.entry in entries
        ]
    except KeyError:  # a part that `<<` brings in is not in the entry's own text
        raise _not_possible(changes) from None
    after = text
    for start, end, words, _ in sorted(edits, key=lambda one: (one[0], one[1], one[3]), reverse=True):
        after = after[:start] + words + after[end:]
    _require_meant(text, after, changes)
    return after


def _require_meant(before: str, after: str, changes: Sequence[EntryChange]) -> None:
    """
    Raises:
        MalformedInputError: *after* does not say what *before* says with *changes*.
    """
    wanted: Any = _plain(load_plain(before))  # in which nothing is shared, as by aliases
    for entry in wanted or ():
        for change in (one for one in changes if one.entry == entry.get("id")):
            held: Any = entry
            for step in change.way[:-1]:
                held = held[step]
            last = change.way[-1]
            if isinstance(last, int):
                held[last : last + 1] = [change.value]  # past the last item: behind it
            else:
                held[last] = change.value
    try:
        is_meant = load_plain(after) == _plain(wanted)
    except yaml.YAMLError:
        is_meant = False
    if not is_meant:
        raise _not_possible(changes)


def _not_possible(changes: Sequence[EntryChange]) -> MalformedInputError:
    names = ", ".join(sorted({one.entry for one in changes}))
    return MalformedInputError(
        f"the text of {names} cannot be changed without changing more, and nothing was written.",
        remedy="Write it by hand; an alias (`*name`) or a block text (`|`) at that place is in the way.",
    )


def _plain(value: object) -> object:
    """*value* with lists for all sequences, as YAML's reader makes them."""
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


def _id_of(entry: Node) -> str:
    pairs = entry.value if isinstance(entry, MappingNode) else []
    return next((value.value for key, value in pairs if key.value == "id"), "")


def _edit(text: str, entry: Node, change: EntryChange) -> tuple[int, int, str]:
    held = entry
    for step in change.way[:-1]:
        held = held.value[step] if isinstance(held, SequenceNode) else dict(_named(held))[str(step)]
    last = change.way[-1]
    if isinstance(held, SequenceNode):
        items = held.value
        if isinstance(last, int) and last < len(items):
            return items[last].start_mark.index, _end(text, items[last]), flow(change.value)
        return _append(text, held, change.value)
    pairs = dict(_named(held))
    if last in pairs:
        found = pairs[str(last)]
        return found.start_mark.index, _end(text, found), flow(change.value)
    return _add(text, held, change)


def _named(node: Node) -> Iterator[tuple[str, Node]]:
    return ((key.value, value) for key, value in node.value)


def _append(text: str, held: SequenceNode, value: Value) -> tuple[int, int, str]:
    """What changes where *value* comes after the last item of *held*."""
    if held.flow_style:
        end = held.end_mark.index - 1
        while text[end - 1].isspace():
            end -= 1
        return end, end, f", {flow(value)}" if held.value else flow(value)
    end = _line_end(text, _end(text, held))
    return end, end, _lines(text, _item(value, " " * held.start_mark.column))


def _add(text: str, held: Node, change: EntryChange) -> tuple[int, int, str]:
    """What changes where the mapping *held* gets a key."""
    name, value = str(change.way[-1]), change.value
    pairs = dict(_named(held))
    after = pairs.get(change.after) or list(pairs.values())[-1]
    end = _end(text, after)
    if getattr(held, "flow_style", False):
        return end, end, f", {name}: {flow(value)}"
    end = _line_end(text, end)
    first, _ = held.value[0]
    return end, end, _lines(text, _key(name, value, " " * first.start_mark.column))


def _end(text: str, node: Node) -> int:
    """Where what *node* says ends; a collection in lines ends with its last value, not with the comments after it."""
    if isinstance(node, MappingNode | SequenceNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(text, last[1] if isinstance(last, tuple) else last)
    end = node.end_mark.index
    return len(text[:end].rstrip()) if end > node.start_mark.index else end


def _line_end(text: str, start: int) -> int:
    end = text.find("\n", start)
    end = len(text) if end < 0 else end
    return end - 1 if text[end - 1 : end] == "\r" else end


def _lines(text: str, lines: Sequence[str]) -> str:
    line_end = "\r\n" if "\r\n" in text else "\n"
    return "".join(f"{line_end}{line}" for line in lines)


def _key(name: str, value: Value, indent: str) -> list[str]:
    """The lines of a key; of a list of mappings each has lines of its own."""
    if isinstance(value, Sequence) and not isinstance(value, str) and any(isinstance(one, Mapping) for one in value):
        return [f"{indent}{name}:", *(line for one in value for line in _item(one, f"{indent}  "))]
    return [f"{indent}{name}: {flow(value)}"]


def _item(value: Value, indent: str) -> list[str]:
    if not isinstance(value, Mapping):
        return [f"{indent}- {flow(value)}"]
    inner = f"{indent}  "
    lines = [line for name, one in value.items() for line in _key(name, one, inner)]
    return [f"{indent}- {lines[0].removeprefix(inner)}", *lines[1:]]


def flow(value: Value) -> str:
    """*value* on one line, as YAML.

    >>> flow(True), flow(["10", "a b", "no", "orders"]), flow({"to": 5})
    ('true', '["10", "a b", "no", orders]', '{to: 5}')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        is_plain = _PLAIN.fullmatch(value) and yaml.safe_load(value) == value
        return value if is_plain else json.dumps(value, ensure_ascii=False)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {flow(one)}" for name, one in value.items()) + "}"
    return "[" + ", ".join(map(flow, value)) + "]"
