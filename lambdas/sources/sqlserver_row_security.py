"""Which tables of a SQL Server database have row-level security, and whether it hides rows from the login.

Source: Microsoft's manual, https://learn.microsoft.com/en-us/sql/relational-databases/security/row-level-security,
sys.security_policies, sys.security_predicates and sys.partitions, read 2026-11-30. A policy holds for everybody, the
database's owner too, unless it says otherwise itself. So the rows that the login sees are held against the server's own
count, which no policy changes and which is approximate (documented): it is read before and after.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from lambdas.sources.sqlserver_names import literal, quote

CountRows = Callable[[str, str], int | str]
"""The rows of a table that the login sees, or why they were not counted."""

# The server's own count may hold rows of a transaction that is still open, which nobody else reads.
_TRIES = 3
# 0 is a filter; the others keep people from writing.
_FILTERS = """
SELECT SCHEMA_NAME(o.schema_id), o.name, SCHEMA_NAME(f.schema_id) + '.' + f.name
FROM sys.security_predicates AS p
JOIN sys.security_policies AS f ON f.object_id = p.object_id
JOIN sys.objects AS o ON o.object_id = p.target_object_id
WHERE f.is_enabled = 1 AND p.predicate_type = 0
ORDER BY SCHEMA_NAME(o.schema_id), o.name
"""


@dataclass(frozen=True)
class RowSecurity:
    """A table or view that a *policy* filters. *is_asked*: whether its schema is one of those asked for. *why*: what it
    hides, or that this was not found out; empty where the login sees every row, or was not asked."""

    schema: str
    table: str
    policy: str
    is_asked: bool
    why: str = ""

    @property
    def name(self) -> tuple[str, str]:
        """Its two names."""
        return self.schema, self.table


def find_row_security(
    ask: Callable[[str], Sequence[Sequence[Any]]], count_rows: CountRows, schemas: Collection[str]
) -> list[RowSecurity]:
    """All that a policy filters in the database; what is in *schemas* is looked at more closely."""
    found = dict.fromkeys((schema, table, policy) for schema, table, policy in ask(_FILTERS))
    secured: list[RowSecurity] = []
    for schema, table, policy in found:
        is_asked = schema in schemas
        why = _find_hidden(ask, count_rows, schema, table, policy) if is_asked else ""
        secured.append(RowSecurity(schema, table, policy, is_asked, why))
    return secured


def _find_hidden(
    ask: Callable[[str], Sequence[Sequence[Any]]], count_rows: CountRows, schema: str, table: str, policy: str
) -> str:
    held = (
        "SELECT SUM(p.rows) FROM sys.partitions AS p "
        f"WHERE p.object_id = OBJECT_ID({literal(f'{quote(schema)}.{quote(table)}')}) AND p.index_id IN (0, 1)"
    )
    said = f"row-level security ({policy})"
    visible = after = 0
    for _ in range(_TRIES):
        before = ask(held)[0][0]
        if before is None:
            return f"{said} may hide rows of it from the login, and the server has no count of its own"
        counted = count_rows(schema, table)
        if isinstance(counted, str):
            return f"{said} may hide rows of it from the login, which were not counted: {counted}"
        visible, after = counted, ask(held)[0][0] or 0
        if visible >= min(before, after):
            return ""
    return f"{said} shows the login {visible:,} of {after:,} rows of it: the policy must let it see them all"
