"""What the registry says of a table's columns: those that are left out, and those that are its key."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from fleet.databases import Database
from fleet.failures import Failure
from fleet.folders import LandedFile
from fleet.parquet_footer import Footer
from fleet.spelling import list_some
from fleet.tables.catalogue import Table, TableName
from fleet.tables.patterns import matcher, may_match_within

# Source: AWS DMS user guide, "Transformation rules and actions", "Limitations" (docs/facts/dms.md 5.4): of special
# characters `#`, `\`, `/` and `-` are its examples, and right-to-left names are its sentence before.
_BEYOND_RULES = re.compile(r"[#\\/\-\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")


def is_left_out(database: Database, name: TableName, column: str) -> bool:
    """Whether `exclude_columns` names the *column* of that table. Case makes no difference: that is the safe side."""
    return bool(database.exclude_columns) and bool(matcher(database.exclude_columns)(f"{name}.{column}"))


def may_leave_out(database: Database, name: TableName) -> bool:
    """Whether a column of that table might be left out, whatever its name."""
    return any(may_match_within(pattern, str(name)) for pattern in database.exclude_columns)


def by_registry(database: Database, table: Table) -> Table:
    """*table* as it is moved: without the columns that are left out, and with the key that the registry declares.

    >>> from fleet.databases import TableRules
    >>> from fleet.tables.columns import Column
    >>> rules = TableRules("s", "t", key=("a",))
    >>> shop = Database("shop", "s", "Shop", "one", ("s",), exclude_columns=("*.*.pin",), tables=(rules,))
    >>> found = by_registry(shop, Table("s", "t", False, (Column("a", "integer"), Column("PIN", "text"))))
    >>> [column.name for column in found.columns], found.left_out, found.key, found.is_key_declared
    (['a'], ('PIN',), ('a',), True)
    """
    if database.exclude_columns:
        left_out = tuple(one.name for one in table.columns if is_left_out(database, table.name, one.name))
        kept = tuple(one for one in table.columns if one.name not in left_out)
        table = replace(table, columns=kept, left_out=left_out)
    declared = database.rules_of(table.name).key
    return replace(table, key=declared, is_key_declared=True) if declared and not table.key else table


def why_not_without(table: Table) -> str:
    """Why *table* cannot be moved without the columns that are left out, in words; nothing where it can.

    A row without its key could be neither changed by a delta nor kept after its deletion, and a copy whose rows nobody
    can tell apart is not what was asked for.

    >>> from fleet.tables.columns import Column
    >>> why_not_without(Table("s", "t", False, (), left_out=("ssn",)))
    '`exclude_columns` leaves out all of its columns'
    >>> one = (Column("id", "integer"),)
    >>> why_not_without(Table("s", "t", False, one, ("ssn", "id"), left_out=("ssn",)))
    "`exclude_columns` names its key column 'ssn'"
    >>> why_not_without(Table("s", "t", False, one, left_out=("card-no",)))
    "`exclude_columns` names its column 'card-no', and DMS applies no rule to a column with '-' in its name"
    """
    if table.left_out and not table.columns:
        return "`exclude_columns` leaves out all of its columns"
    if key := next((name for name in table.key if name in table.left_out), ""):
        return f"`exclude_columns` names its key column {key!r}"
    for name in table.left_out:
        if found := _BEYOND_RULES.search(name):
            return (
                f"`exclude_columns` names its column {name!r}, and DMS applies no rule to a column with {found[0]!r} "
                "in its name"
            )
    return ""


def judge_left_out(
    database: Database,
    name: TableName,
    known: Collection[str],
    files: Sequence[LandedFile],
    footers: Mapping[str, Footer],
) -> Failure | None:
    """A failure, if one of a table's *files* has a column that is left out: one that came to the source after its
    catalogue was read. *known*: the columns that the files are to have. *footers*: by key; not of all files.
    """
    landed: dict[str, list[str]] = {}
    for file in files:
        for column in footers[file.key].columns if file.key in footers else ():
            if column not in known and is_left_out(database, name, column):
                landed.setdefault(column, []).append(file.key)
    if not landed:
        return None
    columns = list_some([repr(column) for column in sorted(landed)], "columns")
    keys = list_some(sorted({key for found in landed.values() for key in found}), "files")
    text = (
        f"{name}: column {columns} landed, which `exclude_columns` leaves out: it was not in the source's catalogue "
        f"before the start. Nothing of the table is loaded. It is in {keys}: delete the table's files of this attempt, "
        "then rerun."
    )
    return Failure("landing_mismatch", "LeftOutLanded", text)
