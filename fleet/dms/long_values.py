"""What a task may have cut off: DMS moves long values to S3 in limited LOB mode only, and never says where it cuts."""

from __future__ import annotations

from collections.abc import Sequence

from fleet.databases import Engine
from fleet.tables.catalogue import Table
from fleet.tables.columns import Column, dms_type

_NAMED = 3


def describe_cuts(engine: Engine, tables: Sequence[Table], limit_kilobytes: int) -> str | None:
    """A gap that names the columns of *tables* whose values may have been cut at *limit_kilobytes*; None without any.

    Source: docs/facts/dms.md 4.8 (LobMaxSize; FullLobMode is not possible with S3).

    >>> orders = Table("public", "orders", False, (Column("id", "integer"), Column("what", "text")))
    >>> describe_cuts("postgresql", [orders], 32)
    'whether values longer than 32 KB were cut (lob_max_kilobytes): public.orders.what'
    >>> describe_cuts("postgresql", [Table("public", "t", False, (Column("id", "integer"),))], 32) is None
    True
    """
    long = [f"{table.name}.{column.name}" for table in tables for column in table.columns if is_long(engine, column)]
    if not long:
        return None
    more = f" and {len(long) - _NAMED:,} more columns" if len(long) > _NAMED else ""
    named = ", ".join(long[:_NAMED])
    return f"whether values longer than {limit_kilobytes} KB were cut (lob_max_kilobytes): {named}{more}"


def is_long(engine: Engine, column: Column) -> bool:
    """Whether DMS moves *column* as a large object, which it cuts at a length and takes memory for."""
    kind = dms_type(engine, column)
    return kind is not None and kind.is_lob
