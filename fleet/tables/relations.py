"""Which relations DMS does not move, and why, by engine. What is not named here is asked of DMS.

A relation that is asked of DMS and does not come fails by itself, in DMS's words; so only what AWS's pages rule out, or
what the local DMS and AWS are known to leave out without a word, belongs here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from fleet.databases import Engine
from fleet.quotas import DMS_SQLSERVER_COLUMNS
from fleet.spelling import list_some
from fleet.tables.catalogue import Feature, RelationKind, Table

# Source of SQL Server's: https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.SQLServer.html, "Limitations" and
# "Source data types", read 2026-11-30. Views are moved, schema-bound or not. External tables, FileTables, ledger and
# graph tables are not on the page: DMS is asked for them.
_NOT_MOVED: Mapping[Engine, Mapping[RelationKind, str]] = {
    # Source: https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.PostgreSQL.html, "Limitations", read
    # 2026-11-30.
    "postgresql": {"materialized view": "DMS does not move materialized views"},
    # Source: https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html, "Limitations", read 2026-11-30.
    "mysql": {},
    "mariadb": {
        "view": "DMS does not move views of MariaDB",
        "system-versioned table": "DMS does not move system-versioned tables of MariaDB",
        "sequence": "DMS does not move sequences",
    },
    "sqlserver": {
        "memory-optimized table": "DMS does not move memory-optimized tables",
        "system-versioned table": "DMS does not move temporal tables",
        "history table": "DMS does not move temporal tables, and this one holds the history of one",
    },
}
_NOT_WITH: Mapping[Feature, str] = {
    "columnstore index": "DMS does not move tables with a columnstore index",
    "sparse columns": "DMS does not move tables with sparse columns",
    "encrypted columns": "DMS does not move tables with encrypted columns",
}
_FORBIDDEN_TYPES = frozenset({"sql_variant"})
_FORBIDDEN_IN_NAMES = re.compile(r"""\\|--|[\n"\b\r'\t;]""")


def why_not_moved(engine: Engine, table: Table) -> str:
    """Why DMS does not move *table*, or nothing where it is asked to.

    >>> why_not_moved("postgresql", Table("s", "sums", True, (), kind="materialized view"))
    'DMS does not move materialized views'
    >>> why_not_moved("mysql", Table("s", "sums", True, (), kind="view"))
    ''
    >>> from fleet.tables.columns import Column
    >>> why_not_moved("postgresql", Table("s", "t", False, (Column("tags", "array"),)))
    'DMS does not move a table with an array (tags) and without a primary key'
    >>> why_not_moved("mysql", Table("s", "it's", False, ()))
    "DMS supports neither ` nor ' in a name, as in it's"
    >>> why_not_moved("sqlserver", Table("s", "o'clock", False, ()))
    'DMS does not move what has "\\'" in its name'
    """
    return _NOT_MOVED[engine].get(table.kind, "") or _OF_ENGINE[engine](table)


def _why_not_of_postgresql(table: Table) -> str:
    """Source: as `_NOT_MOVED`: such a table "gets suspended during full load". A view has no key, and none is asked."""
    arrays = [column.name for column in table.columns if column.type_name == "array"]
    if arrays and not table.key and not table.is_view:
        return f"DMS does not move a table with an array ({list_some(arrays)}) and without a primary key"
    return ""


def _why_not_of_mysql(table: Table) -> str:
    """Source: as `_NOT_MOVED`. That a column so named keeps the whole table from being moved is assumed."""
    names = (table.schema, table.table, *(column.name for column in table.columns))
    unfit = next((name for name in names if "`" in name or "'" in name), None)
    return "" if unfit is None else f"DMS supports neither ` nor ' in a name, as in {unfit}"


def _why_not_of_sqlserver(table: Table) -> str:
    if table.features:
        return _NOT_WITH[table.features[0]]
    for column in table.columns:
        if column.type_name in _FORBIDDEN_TYPES:
            return f"DMS does not move tables with a column of type {column.type_name}, which {column.name} is"
    if len(table.columns) > DMS_SQLSERVER_COLUMNS.value:
        return (
            f"it has {len(table.columns):,} columns, and DMS moves at most {DMS_SQLSERVER_COLUMNS.value:,} of a table"
        )
    if found := _FORBIDDEN_IN_NAMES.search(table.schema):
        return f"DMS does not move what is in a schema with {found[0]!r} in its name"
    if found := _FORBIDDEN_IN_NAMES.search(table.table):
        return f"DMS does not move what has {found[0]!r} in its name"
    return ""


_OF_ENGINE: Mapping[Engine, Callable[[Table], str]] = {
    "postgresql": _why_not_of_postgresql,
    "mysql": _why_not_of_mysql,
    "mariadb": _why_not_of_mysql,
    "sqlserver": _why_not_of_sqlserver,
}
