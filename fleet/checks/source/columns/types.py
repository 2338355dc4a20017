"""Which columns DMS does not carry."""

from __future__ import annotations

from fleet.checks.check import Check, Judged
from fleet.checks.source_look import SourceLook, not_looked, say
from fleet.failures import Failure
from fleet.tables.losses import accepted_columns, columns_left_out


def judge(look: SourceLook) -> Judged:
    """Those that the registry accepts are counted, and no failure."""
    if isinstance(look.census, Failure):
        return not_looked(look.census)
    found = [
        (f"{table.name}.{column.name} ({column.declared or column.type_name})", column.name, table)
        for table in look.moved
        for column in columns_left_out(look.engine, table)
    ]
    refused = [name for name, column, table in found if column not in accepted_columns(look.database, table)]
    passed = f"{len(found):,} columns are left out, as the registry accepts" if found else "DMS carries every column"
    return say(passed, refused, "columns")


CHECK = Check(
    "SRC-TYPES",
    "A column of a type that DMS does not carry does not arrive at all.",
    "Accept it in `tables` of databases.yaml (`accept`, or `losses: accept`), or give the table a column of another "
    "type.",
    "docs/facts/dms.md",
    judge,
)
