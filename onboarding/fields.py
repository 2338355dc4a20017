"""A mapping of YAML as the fields of one of fleet's dataclasses: the dataclass says which keys there are."""

from __future__ import annotations

import dataclasses
import re
import typing
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from yaml import MappingNode, Node, ScalarNode, SequenceNode

from fleet.spelling import did_you_mean
from onboarding.nodes import RegistryFile, is_null, kind_of, line_of, members, shown
from onboarding.rules import FIELD_RULES
from onboarding.stack_rules import STACK_RULES

T = TypeVar("T")

_WHOLE_NUMBER = re.compile(r"-?(0|[1-9][0-9_]*)")
# YAML reads these as something else, and as written they are the text that was meant.
_TEXT_AS_WRITTEN = ("str", "int", "float", "timestamp")
_TRUE = ("true", "yes", "on")
_FALSE = ("false", "no", "off")


class _Refused(Exception):
    """The value was not taken; why is among the findings."""


@dataclass
class Entry(Generic[T]):
    """What could be read of one entry. *label* is what an error calls it.

    *fields* holds what was right or has a default, *lines* where it is. The key of *lines* is the way to a value:
    ("exclude", 0), ("parallel_loads", 1, "table").
    """

    of: type[T]
    label: str
    line: int
    fields: dict[str, Any] = field(default_factory=dict)
    lines: dict[tuple[str | int, ...], int] = field(default_factory=dict)
    complete: bool = True

    def build(self) -> T:
        """The dataclass itself. Only for a complete entry."""
        return self.of(**self.fields)

    def line_at(self, *way: str | int) -> int:
        """Where the value at *way* is, or what holds it, if it is nowhere itself."""
        while way and way not in self.lines:
            way = way[:-1]
        return self.lines.get(way, self.line)


def read_entry(node: Node, of: type[T], label: str, file: RegistryFile) -> Entry[T]:
    """The fields of *of* as *node* gives them; what is wrong is noted in *file* under *label*."""
    entry = Entry(of, label, line_of(node))
    _Reading(file, label, entry.lines).record(node, of, (), entry)
    return entry


@dataclass
class _Reading:
    """Where the reader is: in which file, in whose entry, and the lines of what it has read there."""

    file: RegistryFile
    label: str
    lines: dict[tuple[str | int, ...], int]

    def refuse(
        self, node: Node, way: tuple[str | int, ...], wanted: str, remedy: str = "", found: str = ""
    ) -> _Refused:
        text = f"{self._name(way)} is {found or shown(node)}, wanted {wanted}."
        self.file.note(node, f"{text} {remedy}".strip())
        return _Refused()

    def record(self, node: Node, of: type, way: tuple[str | int, ...], entry: Entry[Any]) -> None:
        """Fill *entry* with the fields of *of*."""
        if not isinstance(node, MappingNode):
            self.refuse(node, way, "a mapping of keys to values")
            entry.complete = False
            return
        hints = typing.get_type_hints(of)
        known = {one.name: one for one in dataclasses.fields(of)}
        written = members(node, self.file)
        for name, (key, _) in written.items():
            if name not in known:
                self.file.note(key, f"{self._owner(way)}has no key `{name}`. {did_you_mean(name, known)}")
                entry.complete = False
        for name, one in known.items():
            if name in written:
                value = written[name][1]
                self.lines[(*way, name)] = line_of(value)
                try:
                    entry.fields[name] = self.value(value, hints[name], (*way, name), (of, name))
                except _Refused:
                    entry.complete = False
            elif one.default is dataclasses.MISSING:
                self.file.note(node, f"{self._owner(way)}lacks the key `{name}`. Add `{name}: ...`.")
                entry.complete = False
            else:
                entry.fields[name] = one.default

    def value(self, node: Node, hint: Any, way: tuple[str | int, ...], rule_of: tuple[type, str]) -> Any:
        """*node* as a value of *hint*, within the field's rule. `X | None`: the field may be left out, and is an X."""
        if type(None) in typing.get_args(hint):
            hint = next(one for one in typing.get_args(hint) if one is not type(None))
        if typing.get_origin(hint) is tuple:
            return self._items(node, typing.get_args(hint)[0], way, rule_of)
        if dataclasses.is_dataclass(hint):
            inner = Entry(typing.cast("type[Any]", hint), self.label, line_of(node))
            self.record(node, inner.of, way, inner)
            if not inner.complete:
                raise _Refused
            return inner.build()
        value = self._scalar(node, hint, way)
        rule = FIELD_RULES.get(rule_of) or STACK_RULES.get(rule_of)
        if rule and not rule.accepts(value):
            found = "a text that is not shown" if rule.hidden else shown(node)
            why = f"Here {rule.explains(value)}." if rule.explains else rule.remedy
            raise self.refuse(node, way, rule.wanted, why, found)
        return value

    def _items(self, node: Node, hint: Any, way: tuple[str | int, ...], rule_of: tuple[type, str]) -> tuple[Any, ...]:
        if not isinstance(node, SequenceNode):
            known = typing.get_args(hint) if typing.get_origin(hint) is Literal else ()
            remedy = f"Write it with brackets: `{way[-1]}: [{node.value}]`." if isinstance(node, ScalarNode) else ""
            if known and getattr(node, "value", None) not in known:
                remedy = f"Name those that you want, of `{way[-1]}: [{', '.join(known)}]`; none is `[]`."
            raise self.refuse(node, way, "a list", "" if is_null(node) else remedy)
        items: list[Any] = []
        for place, item in enumerate(node.value):
            self.lines[(*way, place)] = line_of(item)
            try:
                items.append(self.value(item, hint, (*way, place), rule_of))
            except _Refused:
                continue
        if len(items) < len(node.value):
            raise _Refused
        return tuple(items)

    def _scalar(self, node: Node, hint: Any, way: tuple[str | int, ...]) -> Any:
        kind = kind_of(node)
        if hint is bool:
            if kind != "bool":
                quoted = kind == "str" and node.value.lower() in (*_TRUE, *_FALSE)
                raise self.refuse(node, way, "true or false", "Write it without quotes." if quoted else "")
            return node.value.lower() in _TRUE
        if hint is int:
            if kind != "int" or not _WHOLE_NUMBER.fullmatch(node.value):
                quoted = kind == "str" and _WHOLE_NUMBER.fullmatch(node.value)
                raise self.refuse(node, way, "a whole number", "Write it without quotes." if quoted else "")
            return int(node.value)
        if kind not in _TEXT_AS_WRITTEN:
            remedy = f"If that is the text you mean, quote it: '{node.value}'." if kind == "bool" else ""
            raise self.refuse(node, way, "text", remedy)
        if typing.get_origin(hint) is Literal and node.value not in typing.get_args(hint):
            known = typing.get_args(hint)
            remedy = did_you_mean(node.value, known) if len(known) > 1 else ""
            raise self.refuse(node, way, " or ".join(map(repr, known)), remedy)
        return node.value

    def _name(self, way: tuple[str | int, ...]) -> str:
        path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in way).lstrip(".")
        return f"{self.label}: `{path}`" if path else self.label

    def _owner(self, way: tuple[str | int, ...]) -> str:
        return f"{self._name(way)} "
