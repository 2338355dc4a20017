"""A stand-in for a SQL Server's driver. No server was reached: its answers have the shapes that Microsoft documents.

Source: Microsoft's manual, "System catalog views (Transact-SQL)": sys.columns gives `max_length` in bytes, -1 for a
type declared with `(max)`, 16 for the pointer of `text` and `image`; `precision` and `scale` are 0 where a type has
none.
The Python types of values are those that the driver's documents promise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

Rows = Sequence[Sequence[Any]]

# schema, table, is a view, column, type, max_length, precision, scale, is_nullable, ordinal in the primary key
CATALOGUE: Rows = [
    ("dbo", "Everything", 0, "Id", "bigint", 8, 19, 0, False, 2),
    ("dbo", "Everything", 0, "Part", "int", 4, 10, 0, False, 1),
    ("dbo", "Everything", 0, "Small", "smallint", 2, 5, 0, True, None),
    ("dbo", "Everything", 0, "Tiny", "tinyint", 1, 3, 0, True, None),
    ("dbo", "Everything", 0, "Flag", "bit", 1, 1, 0, True, None),
    ("dbo", "Everything", 0, "Price", "decimal", 9, 18, 4, True, None),
    ("dbo", "Everything", 0, "Wide", "numeric", 17, 38, 10, True, None),
    ("dbo", "Everything", 0, "Cash", "money", 8, 19, 4, True, None),
    ("dbo", "Everything", 0, "Change", "smallmoney", 4, 10, 4, True, None),
    ("dbo", "Everything", 0, "Single", "real", 4, 24, 0, True, None),
    ("dbo", "Everything", 0, "Twice", "float", 8, 53, 0, True, None),
    ("dbo", "Everything", 0, "Day", "date", 3, 10, 0, True, None),
    ("dbo", "Everything", 0, "Clock", "time", 5, 16, 7, True, None),
    ("dbo", "Everything", 0, "Old", "datetime", 8, 23, 3, True, None),
    ("dbo", "Everything", 0, "New", "datetime2", 8, 27, 7, True, None),
    ("dbo", "Everything", 0, "Rough", "smalldatetime", 4, 16, 0, True, None),
    ("dbo", "Everything", 0, "Zoned", "datetimeoffset", 10, 34, 7, True, None),
    ("dbo", "Everything", 0, "Fixed", "char", 5, 0, 0, True, None),
    ("dbo", "Everything", 0, "Words", "varchar", 50, 0, 0, True, None),
    ("dbo", "Everything", 0, "WideFixed", "nchar", 10, 0, 0, True, None),
    ("dbo", "Everything", 0, "WideWords", "nvarchar", 80, 0, 0, True, None),
    ("dbo", "Everything", 0, "Text", "varchar", -1, 0, 0, True, None),
    ("dbo", "Everything", 0, "WideText", "nvarchar", -1, 0, 0, True, None),
    ("dbo", "Everything", 0, "OldText", "text", 16, 0, 0, True, None),
    ("dbo", "Everything", 0, "OldWideText", "ntext", 16, 0, 0, True, None),
    ("dbo", "Everything", 0, "Doc", "xml", -1, 0, 0, True, None),
    ("dbo", "Everything", 0, "Short", "binary", 4, 0, 0, True, None),
    ("dbo", "Everything", 0, "Bytes", "varbinary", 20, 0, 0, True, None),
    ("dbo", "Everything", 0, "Blob", "varbinary", -1, 0, 0, True, None),
    ("dbo", "Everything", 0, "Image", "image", 16, 0, 0, True, None),
    ("dbo", "Everything", 0, "Stamp", "timestamp", 8, 0, 0, False, None),
    ("dbo", "Everything", 0, "Guid", "uniqueidentifier", 16, 0, 0, True, None),
    ("dbo", "Everything", 0, "Node", "hierarchyid", 892, 0, 0, True, None),
    ("dbo", "Everything", 0, "Spot", "geometry", -1, 0, 0, True, None),
    ("dbo", "Everything", 0, "Place", "geography", -1, 0, 0, True, None),
    ("dbo", "Versioned", 0, "Id", "int", 4, 10, 0, False, 1),
    ("dbo", "Anything", 0, "Id", "int", 4, 10, 0, False, 1),
    ("dbo", "Anything", 0, "Any", "sql_variant", 8016, 0, 0, True, None),
    ("sales", "Open orders", 1, "Id", "int", 4, 10, 0, True, None),
]
UNSUPPORTED: Rows = [("dbo", "Versioned", "temporal")]
OLD = ("tables.object_id", "columns.is_sparse")
HAS: Rows = [
    (name,)
    for name in (
        *OLD,
        "tables.is_memory_optimized",
        "tables.temporal_type",
        "columns.encryption_type",
        "columns.graph_type",
    )
]
"""Columns of the catalogue itself; *OLD* are those of them that SQL Server 2012 has."""


class DocumentedServer:
    """The server: `connect` is what a driver offers. *answers*: rows for the first query that holds the key.

    *refuses*: what a connection raises. *asked*: every statement, with its values in place of `%s`.
    """

    def __init__(self, answers: Mapping[str, Rows] | None = None, refuses: Exception | None = None) -> None:
        self._answers = {
            "FROM sys.objects": CATALOGUE,
            "FROM sys.system_objects": HAS,
            "FROM sys.tables": UNSUPPORTED,
            **(answers or {}),
        }
        self._refuses = refuses
        self.asked: list[str] = []
        self.logins: list[dict[str, Any]] = []
        self.open = 0

    def connect(self, **login: Any) -> DocumentedConnection:
        """As `pytds.connect`."""
        self.logins.append(login)
        if self._refuses:
            raise self._refuses
        self.open += 1
        return DocumentedConnection(self._answer, self._closed)

    def _closed(self) -> None:
        self.open -= 1

    def _answer(self, query: str, values: Sequence[str]) -> Rows:
        self.asked.append(query % tuple(f"N'{value}'" for value in values) if values else query)
        for part, rows in self._answers.items():
            if part in query:
                if isinstance(rows, Exception):
                    raise rows
                return rows
        return []


class DocumentedConnection:
    """A connection of the DB-API."""

    def __init__(self, answer: Callable[[str, Sequence[str]], Rows], closed: Callable[[], None]) -> None:
        self._answer = answer
        self.close = closed

    def cursor(self) -> DocumentedCursor:
        """As the DB-API."""
        return DocumentedCursor(self._answer)


class DocumentedCursor:
    """A cursor of the DB-API, which is a context too."""

    def __init__(self, answer: Callable[[str, Sequence[str]], Rows]) -> None:
        self._answer = answer
        self._rows: list[Sequence[Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._rows = []

    def execute(self, query: str, values: Sequence[str] = ()) -> None:
        """As the DB-API."""
        self._rows = list(self._answer(query, values))

    def fetchone(self) -> Sequence[Any] | None:
        """As the DB-API."""
        return self._rows.pop(0) if self._rows else None

    def fetchmany(self, size: int) -> list[Sequence[Any]]:
        """As the DB-API."""
        rows, self._rows = self._rows[:size], self._rows[size:]
        return rows

    def fetchall(self) -> list[Sequence[Any]]:
        """As the DB-API."""
        return self.fetchmany(len(self._rows))
