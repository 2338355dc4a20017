"""Table mappings: which tables a task loads, in which order, cut into which ranges, with which columns added. Pure.

What AWS documents is in docs/facts/dms.md 5; each place where it is silent says "assumed". `mapping_rules.py`
reads them from JSON.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from localcloud.dms.rules.filters import Filter
from localcloud.dms.rules.transformations import Shape, Transformation, UnfitRuleError, shape, target_name
from localcloud.dms.rules.wildcards import matches

TableType = Literal["table", "view", "all"]


@dataclass(frozen=True)
class Selection:
    """A selection rule. *schema* and *table* are patterns, except in an explicit rule, where they are names."""

    action: Literal["include", "exclude", "explicit"]
    schema: str
    table: str
    table_type: TableType = "table"
    load_order: int = 0
    filters: tuple[Filter, ...] = ()

    def selects(self, schema: str, table: str, *, is_view: bool) -> bool:
        """Whether the rule speaks of this table or view."""
        if self.table_type not in {"all", "view" if is_view else "table"}:
            return False
        if self.action == "explicit":
            return (schema, table) == (self.schema, self.table)
        return matches(self.schema, schema) and matches(self.table, table)


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
        """Each range with what comes before `LOAD...` in its object keys (docs/facts/dms.md 4.4)."""
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
    transformations: tuple[Transformation, ...] = ()
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

    def shape(self, schema: str, table: str, *, is_view: bool) -> Shape:
        """What the rules make of this table. Raises UnfitRuleError when its rules ask for different filters: how DMS
        combines those is not documented."""
        return shape(self.transformations, schema, table, self._filters(schema, table, is_view=is_view))

    def target_name(self, schema: str, table: str) -> tuple[str, str]:
        """Schema and table in the keys of this table's files. Raises UnfitRuleError when two rules rename one."""
        return target_name(self.transformations, schema, table)

    def _filters(self, schema: str, table: str, *, is_view: bool) -> tuple[Filter, ...]:
        if not any(rule.filters for rule in self.selections):  # thousands of tables a night come by here
            return ()
        rules = [rule for rule in self.selections if rule.selects(schema, table, is_view=is_view)]
        filters = {rule.filters for rule in rules if rule.action == "include"}
        if len(filters) > 1:
            raise UnfitRuleError(f"not emulated here: rules that select {schema}.{table} with different filters")
        return next(iter(filters), ())

    def parallel_load(self, schema: str, table: str) -> ParallelLoad | None:
        """How this table is cut, or None when it is loaded whole."""
        return next((one for one in self.parallel_loads if (one.schema, one.table) == (schema, table)), None)
