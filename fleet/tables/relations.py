"""Which relations DMS does not move, and why, by engine. What is not named here is asked of DMS.

A relation that is asked of DMS and does not come fails by itself, in DMS's words; so only what AWS's pages rule out, or
what the local DMS and AWS are known to leave out without a word, belongs here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from fleet.databases import Engine
from fleet.quotas import DMS_SQLSERVER_COLUMNS
from fleet.tables.catalogue import Feature, RelationKind, Table

# Source of SQL Server's: https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.SQLServer.html, "Limitations" and
# "Source data types", read 2026-11-30. Views are moved, schema-bound or not. External tables, FileTables, ledger and
# graph tables are not on the page: DMS is asked for them.
_NOT_MOVED: Mapping[Engine, Mapping[RelationKind, str]] = {
    # Source: https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.PostgreSQL.html, "Limitations", read
    # 2026-11-30.
    "postgresql": {"materialized view": "DMS does not move materialized views"},
    # Source: https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html, "Limitations", read 2026-11-21.
    "mysql": {},
    "mariadb": {
        "view": "DMS does not move views of MariaDB",
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
    >>> why_not_moved("sqlserver", Table("s", "o'clock", False, ()))
    'DMS does not move what has "\\'" in its name'
    """
    why = _NOT_MOVED[engine].get(table.kind, "")
    return why or (_why_not_of_sqlserver(table) if engine == "sqlserver" else "")


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
