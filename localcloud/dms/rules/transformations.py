"""What a task's rules make of one table: which columns its files hold, under which names and types. Pure.

Source: AWS DMS user guide, "Transformation rules and actions" and "Using transformation rule expressions to define
column content" (docs/facts/dms.md 5.4). Where the guide is silent it says "assumed" here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from localcloud.dms.rules.before_images import BeforeImage, before_name
from localcloud.dms.rules.expressions import Expression
from localcloud.dms.rules.filters import Filter
from localcloud.dms.rules.wildcards import matches
from localcloud.dms.type_tables.column import DmsType

RENAMING = {
    "rename",
    "convert-lowercase",
    "convert-uppercase",
    "add-prefix",
    "add-suffix",
    "remove-prefix",
    "remove-suffix",
    "replace-prefix",
    "replace-suffix",
}
_ADDING = {"add-column", "add-before-image-columns"}
# Source: the guide, "Limitations": `#`, `\`, `/`, `-` are its examples; right-to-left names are its next sentence.
_NOT_TRANSFORMABLE = re.compile(r"[#\\/\-\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")


class UnfitRuleError(Exception):
    """The rules of the task cannot be applied to this table."""


@dataclass(frozen=True)
class Transformation:
    """A transformation rule. *schema*, *table* and *column* are patterns; *carried* narrows them to one DMS type.

    *rule*: its id. *before*: the columns that it adds for what others held before. *value* and *old_value*: a name or a
    part of one. *kind*: the type that a column gets.
    """

    rule: str
    target: str
    action: str
    schema: str
    table: str = "%"
    column: str = "%"
    carried: str = ""
    value: str = ""
    old_value: str = ""
    kind: DmsType | None = None
    expression: Expression | None = None
    before: BeforeImage | None = None

    def concerns(self, schema: str, table: str) -> bool:
        """Whether the rule speaks of this table, or of a column of it."""
        return matches(self.schema, schema) and matches(self.table, table)

    def concerns_column(self, name: str, kind: DmsType) -> bool:
        """Whether the rule speaks of this column of a table that it speaks of."""
        return matches(self.column, name) and self.carried in {"", kind.name}

    def renamed(self, name: str) -> str:
        """*name* as the rule's action leaves it.

        >>> Transformation("1", "table", "replace-prefix", "%", old_value="Pre_", value="New_").renamed("Pre_a")
        'New_a'
        """
        match self.action:
            case "rename":
                return self.value
            case "convert-lowercase":
                return name.lower()
            case "convert-uppercase":
                return name.upper()
            case "add-prefix":
                return self.value + name
            case "add-suffix":
                return name + self.value
            case "remove-prefix":
                return name.removeprefix(self.value)
            case "remove-suffix":
                return name.removesuffix(self.value)
            case "replace-prefix" if name.startswith(self.old_value):
                return self.value + name[len(self.old_value) :]
            case "replace-suffix" if name.endswith(self.old_value):
                return name[: len(name) - len(self.old_value)] + self.value
            case _:
                return name


@dataclass(frozen=True)
class Field:
    """A column of the files: *source* is the source's column, or None where *expression* or nothing (NULL) fills it.

    *carried*: the type in which the source's column arrives, *kind*: the one in which it is written.
    """

    name: str
    kind: DmsType
    source: str | None = None
    carried: DmsType | None = None
    expression: Expression | None = None


@dataclass(frozen=True)
class Shape:
    """What the rules make of the table *schema*.*table* of the source. *columns*: the rules on columns of it."""

    schema: str = ""
    table: str = ""
    columns: tuple[Transformation, ...] = ()
    filters: tuple[Filter, ...] = field(default=())

    def fields(
        self, carried: Sequence[tuple[str, DmsType]], key: Sequence[str] = (), *, are_changes: bool = False
    ) -> list[Field]:
        """The columns of the files that come from the source's *carried* ones, then what those held before, then the
        added ones. *key*: the primary key's columns.

        Raises UnfitRuleError where two rules change one column, two columns get one name, or a rule is not allowed on
        a column that it matches.
        """
        fields = [one for name, kind in carried if (one := self._field(name, kind)) is not None]
        for rule, name, kind in self.before_images(carried, key):
            source = None if kind.is_lob or not are_changes else before_name(name)  # a void column of a LOB: the guide
            fields.append(Field(rule.named(name), kind, source, kind))
        fields += [
            Field(rule.value, rule.kind, expression=rule.expression)
            for rule in self.columns
            if rule.action == "add-column" and rule.kind is not None
        ]
        self._require_single_names(fields)
        return fields

    def before_images(
        self, carried: Sequence[tuple[str, DmsType]], key: Sequence[str]
    ) -> Iterator[tuple[BeforeImage, str, DmsType]]:
        """The source's columns whose values before an update are wanted, each with what names it."""
        for rule in self.columns:
            if rule.before is not None:
                concerned = [(name, kind) for name, kind in carried if rule.concerns_column(name, kind)]
                for name, kind in rule.before.chosen(concerned, key):
                    yield rule.before, name, kind

    def _field(self, name: str, kind: DmsType) -> Field | None:
        rules = [rule for rule in self.columns if rule.action not in _ADDING and rule.concerns_column(name, kind)]
        if any(rule.action == "remove-column" for rule in rules):
            self._require_allowed(name, kind, rules)
            return None
        # Source: the guide's table of actions: `include-column` drops every column that no such rule names.
        if any(rule.action == "include-column" for rule in self.columns):
            if not any(rule.action == "include-column" for rule in rules):
                return None
            rules = [rule for rule in rules if rule.action != "include-column"]
        if not rules:
            return Field(name, kind, name, kind)
        self._require_allowed(name, kind, rules)
        (rule,) = rules
        if rule.action == "change-data-type":
            assert rule.kind is not None  # noqa: S101  the reader of the rules asks for it
            return Field(name, rule.kind, name, kind)
        return Field(rule.renamed(name), kind, name, kind)

    def _require_allowed(self, name: str, kind: DmsType, rules: Sequence[Transformation]) -> None:
        where = f"column {name} of {self.schema}.{self.table}"
        if len(rules) > 1:
            named = ", ".join(f"{rule.rule} ({rule.action})" for rule in rules)
            raise UnfitRuleError(f"rules {named} change {where}: AWS DMS applies one action to an object")
        rule = rules[0]
        if kind.is_lob and rule.action != "remove-column":
            raise UnfitRuleError(f"rule {rule.rule} ({rule.action}) on {where}: a {kind.name} can only be removed")
        if _NOT_TRANSFORMABLE.search(name):
            raise UnfitRuleError(f"rule {rule.rule} ({rule.action}) on {where}: its name holds a special character")

    def _require_single_names(self, fields: Sequence[Field]) -> None:
        seen: set[str] = set()
        for one in fields:
            # Source: the guide, "Limitations": `ID` beside an added `id` is ambiguous and not supported.
            folded = one.name.casefold() if one.source is None else one.name
            taken = {name.casefold() for name in seen} if one.source is None else seen
            if folded in taken:
                raise UnfitRuleError(f"two columns of {self.schema}.{self.table} get the name {one.name}")
            seen.add(one.name)


def shape(rules: Sequence[Transformation], schema: str, table: str, filters: tuple[Filter, ...] = ()) -> Shape:
    """What *rules* and *filters* make of one table."""
    columns = tuple(rule for rule in rules if rule.target == "column" and rule.concerns(schema, table))
    return Shape(schema, table, columns, filters)


def target_name(rules: Sequence[Transformation], schema: str, table: str) -> tuple[str, str]:
    """Schema and table in the keys of the files. Raises UnfitRuleError when two rules rename the same one."""
    return _renamed(rules, "schema", schema, table), _renamed(rules, "table", schema, table)


def _renamed(rules: Sequence[Transformation], target: str, schema: str, table: str) -> str:
    found = list(_renaming(rules, target, schema, table))
    if len(found) > 1:
        named = ", ".join(f"{rule.rule} ({rule.action})" for rule in found)
        raise UnfitRuleError(f"rules {named} rename the {target} of {schema}.{table}: AWS DMS applies one action to it")
    name = schema if target == "schema" else table
    return found[0].renamed(name) if found else name


def _renaming(rules: Sequence[Transformation], target: str, schema: str, table: str) -> Iterator[Transformation]:
    for rule in rules:
        if rule.target == target and rule.action in RENAMING and rule.concerns(schema, table):
            yield rule
