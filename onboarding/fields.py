"""A mapping of YAML as the fields of one of fleet's dataclasses: the dataclass says which keys there are."""

from __future__ import annotations

import dataclasses
import re
import typing
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from yaml import MappingNode, Node, ScalarNode, SequenceNode

from fleet.databases import EndpointSetting
from fleet.errors import MalformedSettingError, RegistryError
from fleet.spelling import did_you_mean
from onboarding.findings import FilePlace, Finding, Way
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

    *fields* holds what was right, *places* where it is. The key of *places* is the way to a value: ("exclude", 0),
    ("parallel_loads", 1, "table"). A value in another place than *file* is inherited.
    """

    of: type[T]
    label: str
    line: int
    file: RegistryFile
    fields: dict[str, Any] = field(default_factory=dict)
    places: dict[Way, FilePlace] = field(default_factory=dict)
    complete: bool = True
    is_mapping: bool = True

    def build(self) -> T:
        """The dataclass itself. Only for a complete entry."""
        return self.of(**self.fields)

    def place_at(self, *way: str | int) -> FilePlace:
        """Where the value at *way* is, or what holds it, if it is nowhere itself."""
        while way and way not in self.places:
            way = way[:-1]
        return self.places.get(way) or FilePlace(self.file.path, self.line, self.label)

    def note(self, way: Way, text: str, kind: type[RegistryError] = MalformedSettingError) -> None:
        """Keep a finding about the value at *way*. *text* begins after the entry's label."""
        place = self.place_at(*way)
        inherited = text if place.label != self.label else ""
        self.file.findings.append(Finding(place.file, place.line, f"{self.label}{text}", kind, inherited))

    def fill(self, way: Way = (), name: str = "") -> None:
        """Give the fields that were left out their defaults, and note those that have none.

        *way*, *name*: of what is within an entry, as an error calls it.
        """
        if not self.is_mapping:
            return
        for one in dataclasses.fields(typing.cast("Any", self.of)):
            if one.name in self.fields or (*way, one.name) in self.places:
                continue
            if one.default is dataclasses.MISSING:
                text = f"{name or self.label} lacks the key `{one.name}`. Add `{one.name}: ...`."
                self.file.note(self.line, text)
                self.complete = False
            else:
                self.fields[one.name] = one.default


def read_entry(node: Node, of: type[T], label: str, file: RegistryFile, besides: Collection[str] = ()) -> Entry[T]:
    """The fields of *of* as *node* gives them, or their defaults; what is wrong is noted in *file* under *label*.

    *besides*: keys that are right there and read elsewhere.
    """
    entry = Entry(of, label, line_of(node), file)
    _Reading(entry, besides).record(node, entry, ())
    entry.fill()
    return entry


def read_part(node: Node, of: type[T], label: str, file: RegistryFile, without: Collection[str] = ()) -> Entry[T]:
    """The fields of *of* that *node* gives; what is wrong is noted in *file* under *label*.

    *without*: fields that are not taken there.
    """
    entry = Entry(of, label, line_of(node), file)
    _Reading(entry).record(node, entry, (), without)
    return entry


@dataclass
class _Reading:
    """The entry that is being read, and keys of it that others read."""

    entry: Entry[Any]
    besides: Collection[str] = ()

    def refuse(self, node: Node, way: Way, wanted: str, remedy: str = "", found: str = "") -> _Refused:
        text = f"{self._name(way)} is {found or shown(node)}, wanted {wanted}."
        self.entry.file.note(node, f"{text} {remedy}".strip())
        return _Refused()

    def record(self, node: Node, into: Entry[Any], way: Way, without: Collection[str] = ()) -> None:
        """Fill *into*, the entry or what is at *way* in it, with what *node* gives."""
        if not isinstance(node, MappingNode):
            self.refuse(node, way, "a mapping of keys to values")
            into.complete = into.is_mapping = False
            return
        hints = typing.get_type_hints(into.of)
        known = [one.name for one in dataclasses.fields(into.of) if one.name not in without]
        for name, (key, value) in members(node, into.file).items():
            if not way and name in self.besides:
                continue
            if name not in known:
                right = known if way else [*known, *self.besides]
                into.file.note(key, f"{self._name(way)} has no key `{name}`. {did_you_mean(name, right)}")
                into.complete = False
                continue
            into.places[(*way, name)] = self._place(value)
            try:
                into.fields[name] = self.value(value, hints[name], (*way, name), (into.of, name))
            except _Refused:
                into.complete = False

    def _place(self, node: Node) -> FilePlace:
        return FilePlace(self.entry.file.path, line_of(node), self.entry.label)

    def value(self, node: Node, hint: Any, way: Way, rule_of: tuple[type, str]) -> Any:
        """*node* as a value of *hint*, within the field's rule. `X | None`: the field may be left out, and is an X."""
        if type(None) in typing.get_args(hint):
            hint = next(one for one in typing.get_args(hint) if one is not type(None))
        if hint == tuple[EndpointSetting, ...]:
            return self._settings(node, way)
        if typing.get_origin(hint) is tuple:
            return self._items(node, typing.get_args(hint)[0], way, rule_of)
        if dataclasses.is_dataclass(hint):
            inner = Entry(typing.cast("type[Any]", hint), self.entry.label, line_of(node), self.entry.file)
            inner.places = self.entry.places
            self.record(node, inner, way)
            inner.fill(way, self._name(way))
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

    def _items(self, node: Node, hint: Any, way: Way, rule_of: tuple[type, str]) -> tuple[Any, ...]:
        if not isinstance(node, SequenceNode):
            known = typing.get_args(hint) if typing.get_origin(hint) is Literal else ()
            remedy = f"Write it with brackets: `{way[-1]}: [{node.value}]`." if isinstance(node, ScalarNode) else ""
            if known and getattr(node, "value", None) not in known:
                remedy = f"Name those that you want, of `{way[-1]}: [{', '.join(known)}]`; none is `[]`."
            raise self.refuse(node, way, "a list", "" if is_null(node) else remedy)
        items: list[Any] = []
        for place, item in enumerate(node.value):
            self.entry.places[(*way, place)] = self._place(item)
            try:
                items.append(self.value(item, hint, (*way, place), rule_of))
            except _Refused:
                continue
        if len(items) < len(node.value):
            raise _Refused
        return tuple(items)

    def _settings(self, node: Node, way: Way) -> tuple[EndpointSetting, ...]:
        """A mapping of names to single values, each by its form a switch, a number or a text. Those that are right are
        kept beside others, so that all are looked at."""
        if not isinstance(node, MappingNode):
            raise self.refuse(node, way, "a mapping of names to values", f"Write `{way[-1]}: {{ExecuteTimeout: 120}}`.")
        found: list[EndpointSetting] = []
        pairs = members(node, self.entry.file)
        for name, (_, value) in pairs.items():
            self.entry.places[(*way, name)] = self._place(value)
            hint = {"bool": bool, "int": int, "str": str}.get(kind_of(value))
            try:
                if hint is None:
                    raise self.refuse(value, (*way, name), "true, false, a whole number or a text")
                found.append(EndpointSetting(name, self._scalar(value, hint, (*way, name))))
            except _Refused:
                continue
        if len(found) < len(pairs):
            self.entry.complete = False
        return tuple(found)

    def _scalar(self, node: Node, hint: Any, way: Way) -> Any:
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

    def _name(self, way: Way) -> str:
        path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in way).lstrip(".")
        return f"{self.entry.label}: `{path}`" if path else self.entry.label
