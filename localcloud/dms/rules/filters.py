"""Source filters: which rows of a selected table are loaded. Pure.

Source: AWS DMS user guide, "Using source filters" (docs/facts/dms.md 5.2): filters are combined by AND, the conditions
of one filter by OR; a negative operator must be alone in its filter; a LOB column cannot be filtered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

# How many values an operator takes. `ste` is the older spelling of `lte`.
OPERATORS: Mapping[str, int] = {
    "eq": 1,
    "noteq": 1,
    "gte": 1,
    "lte": 1,
    "ste": 1,
    "between": 2,
    "notbetween": 2,
    "null": 0,
    "notnull": 0,
}
NEGATIVE = {"noteq", "notbetween", "notnull"}


@dataclass(frozen=True)
class Condition:
    """An operator with as many values as it takes."""

    operator: str
    values: tuple[str, ...] = ()

    def sql(self, column: str, value: Callable[[str], str]) -> str:
        """The condition on *column* (SQL); *value* turns a text of the rule into SQL of the column's type."""
        low, *rest = [value(text) for text in self.values] or [""]
        match self.operator:
            case "eq":
                return f"{column} = {low}"
            case "noteq":
                return f"{column} <> {low}"
            case "gte":
                return f"{column} >= {low}"
            case "lte" | "ste":
                return f"{column} <= {low}"
            case "between":
                return f"{column} BETWEEN {low} AND {rest[0]}"
            case "notbetween":
                return f"{column} NOT BETWEEN {low} AND {rest[0]}"
            case "null":
                return f"{column} IS NULL"
            case _:
                return f"{column} IS NOT NULL"


@dataclass(frozen=True)
class Filter:
    """A filter on one column: any of its conditions."""

    column: str
    conditions: tuple[Condition, ...]

    def sql(self, column: str, value: Callable[[str], str]) -> str:
        """The filter as a term of a WHERE clause.

        >>> Filter("id", (Condition("lte", ("10",)), Condition("between", ("50", "75")))).sql("id", str)
        '(id <= 10 OR id BETWEEN 50 AND 75)'
        """
        return "(" + " OR ".join(condition.sql(column, value) for condition in self.conditions) + ")"
