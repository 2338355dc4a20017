"""Table mappings: which tables a task loads, in which order, cut into which ranges, with which columns added. Pure.

What AWS documents is in reference/dms.md section 5; each place where it is silent says "assumed". `mapping_rules.py`
reads them from JSON.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

TableType = Literal["table", "view", "all"]


@dataclass(frozen=True)
class Selection:
    """A selection rule. *schema* and *table* are patterns, except in an explicit rule, where they are names."""

    action: Literal["include", "exclude", "explicit"]
    schema: str
    table: str
    table_type: TableType = "table"
    load_order: int = 0

    def selects(self, schema: str, table: str, *, is_view: bool) -> bool:
        """Whether the rule speaks of this table or view."""
        if self.table_type not in {"all", "view" if is_view else "table"}:
            return False
        if self.action == "explicit":
            return (schema, table) == (self.schema, self.table)
        return matches(self.schema, schema) and matches(self.table, table)


@dataclass(frozen=True)
class AddedColumn:
    """A column that a transformation adds to every table its patterns match."""

    schema: str
    table: str
    name: str
    expression: str
    length: int

    def value(self, schema: str, table: str) -> str:
        """What the column holds in every row of this table, cut to the declared length (the cut is assumed)."""
        if self.expression == "$AR_M_SOURCE_SCHEMA":
            return schema[: self.length]
        if self.expression == "$AR_M_SOURCE_TABLE_NAME":
            return table[: self.length]
        return self.expression[1:-1].replace("''", "'")[: self.length]


@dataclass(frozen=True)
class Range:
    """A slice of a table: rows whose *columns* lie above *above* and not above *upto* (None: no bound on that side)."""

    columns: tuple[str, ...]
    above: tuple[str, ...] | None
    upto: tuple[str, ...] | None


@dataclass(frozen=True)
class ParallelLoad:
    """A `parallel-load` of type `ranges` for one table."""

    schema: str
    table: str
    columns: tuple[str, ...]
    boundaries: tuple[tuple[str, ...], ...]
    segment_names: tuple[str, ...] = ()

    def segments(self) -> list[tuple[str, Range]]:
        """Each range with what stands before `LOAD...` in its object keys (reference/dms.md 4.4)."""
        above = (None, *self.boundaries)
        upto = (*self.boundaries, None)
        ranges = [Range(self.columns, low, high) for low, high in zip(above, upto, strict=True)]
        if self.segment_names:
            return [(f"{name}/", one) for name, one in zip(self.segment_names, ranges, strict=True)]
        return [(f"SEGMENT{number}_", one) for number, one in enumerate(ranges, start=1)]


@dataclass(frozen=True)
class Mappings:
    """The rules of one task."""

    selections: tuple[Selection, ...]
    added_columns: tuple[AddedColumn, ...] = ()
    parallel_loads: tuple[ParallelLoad, ...] = ()

    def load_order(self, schema: str, table: str, *, is_view: bool) -> int | None:
        """The order of this table (higher loads earlier), or None when it is not selected. Any exclude wins (assumed
        for explicit rules, documented for include)."""
        rules = [rule for rule in self.selections if rule.selects(schema, table, is_view=is_view)]
        if not rules or any(rule.action == "exclude" for rule in rules):
            return None
        return max(rule.load_order for rule in rules)

    def explicit_names(self) -> list[tuple[str, str]]:
        """Schema and name of every table that an explicit rule names."""
        return [(rule.schema, rule.table) for rule in self.selections if rule.action == "explicit"]

    def added(self, schema: str, table: str) -> list[tuple[str, str]]:
        """Name and value of each column added to this table, in the order of the rules."""
        return [
            (column.name, column.value(schema, table))
            for column in self.added_columns
            if matches(column.schema, schema) and matches(column.table, table)
        ]

    def parallel_load(self, schema: str, table: str) -> ParallelLoad | None:
        """How this table is cut, or None when it is loaded whole."""
        return next((one for one in self.parallel_loads if (one.schema, one.table) == (schema, table)), None)


def matches(pattern: str, name: str) -> bool:
    """Whether DMS's wildcards in *pattern* match the whole of *name*, case-sensitively.

    >>> matches("order_", "orders"), matches("order[_]", "orders"), matches("[a-d]%", "batch")
    (True, False, True)
    """
    return _regex(pattern).fullmatch(name) is not None


@lru_cache(maxsize=4_096)
def _regex(pattern: str) -> re.Pattern[str]:
    parts = []
    for sign in re.findall(r"\[[^\]]+\]|.", pattern, re.DOTALL):
        if sign == "%":
            parts.append(".*")
        elif sign == "_":
            parts.append(".")
        elif len(sign) > 1:
            parts.append("[" + re.sub(r"([\\^\[])", r"\\\1", sign[1:-1]) + "]")
        else:
            parts.append(re.escape(sign))
    return re.compile("".join(parts), re.DOTALL)
