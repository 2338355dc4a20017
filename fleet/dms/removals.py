"""The columns that a task's mappings leave out: which rules `remove-column` say that, and no two for one column.

DMS applies one action to one column, and reads `%` and `_` as wildcards in a column's name, too. Source: AWS DMS user
guide, "Transformation rules and actions", "Limitations" and "Remove a column", whose example is `col%`
(docs/facts/dms.md 5.4). That a rule for a column that is not there does no harm is assumed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from fleet.databases import Engine
from fleet.tables.catalogue import Table, TableName

_CASE_AS_THERE: frozenset[Engine] = frozenset({"sqlserver"})
"""Engines with which the collation of the source decides whether a rule counts case (docs/facts/dms.md 5.6)."""


class Removal(NamedTuple):
    """A rule's three names, wildcards among them."""

    schema: str
    table: str
    column: str


def find_removals(
    patterns: Sequence[str],
    tables: Sequence[Table],
    locators: Mapping[TableName, tuple[str, str]],
    engine: Engine = "postgresql",
) -> tuple[Removal, ...]:
    """The rules that leave out what the registry's *patterns* name. *tables*: those that are moved, without their left
    out columns; *locators*: schema and table of each as a rule names them.

    A pattern goes as it is, so that it also holds for a column that comes to the source after its catalogue was read:
    if it is no wider there than here, surely matches all that it may, and no other one matches the same. Each column
    that is left has a rule of its own.

    >>> from fleet.tables.columns import Column
    >>> users = Table("s", "users", False, (Column("id", "integer"),), ("id",), left_out=("pin", "Password"))
    >>> for removal in find_removals(["*.*.pi*", "s.*.password"], [users], {users.name: ("s", "users")}):
    ...     print(*removal)
    % % pi%
    s % password
    s users Password
    """
    kept = [_joined(*table.name, column.name) for table in tables for column in table.columns]
    left = {(table.name, name): _joined(*table.name, name) for table in tables for name in table.left_out}
    found: list[Removal] = []
    covered: set[str] = set()
    for removal in filter(None, map(_as_rule, patterns)):
        surely, perhaps = _matcher(removal), _matcher(removal, re.IGNORECASE)
        matched = set(filter(surely, left.values()))
        may_match = set(filter(perhaps, left.values())) if engine in _CASE_AS_THERE else matched
        is_wider = any(map(perhaps, kept))
        if not is_wider and matched == may_match and not covered & matched and removal not in found:
            found.append(removal)
            covered |= matched
    others = {table.name: [*table.left_out, *(one.name for one in table.columns)] for table in tables}
    found += [
        Removal(*locators[name], _locator(column, others[name]))
        for (name, column), joined in left.items()
        if joined not in covered
    ]
    return tuple(found)


def _as_rule(pattern: str) -> Removal | None:
    """*pattern* in DMS's wildcards; None where it does not say which dot ends a name, or has a wildcard of DMS's."""
    parts = pattern.split(".")
    return (
        None if len(parts) != 3 or re.search(r"[%\[]", pattern) else Removal(*(one.replace("*", "%") for one in parts))
    )


def _joined(schema: str, table: str, column: str) -> str:
    return f"{schema}\0{table}\0{column}"


def _matcher(removal: Removal, flags: re.RegexFlag = re.NOFLAG) -> Callable[[str], object]:
    return re.compile("\0".join(map(_expression, removal)), re.DOTALL | flags).fullmatch


def _expression(locator: str) -> str:
    letters = ("[^\0]*" if letter == "%" else "[^\0]" if letter == "_" else re.escape(letter) for letter in locator)
    return "".join(letters)


def _locator(column: str, columns: Sequence[str]) -> str:
    """*column* as a rule names it alone of *columns*: in brackets, of which AWS says less, only where it must be."""
    is_plain = not re.search(r"[%\[]", column) and not any(
        re.fullmatch(_expression(column), other, re.DOTALL | re.IGNORECASE) for other in columns if other != column
    )
    return column if is_plain else "".join(f"[{letter}]" if letter in "_%[" else letter for letter in column)
