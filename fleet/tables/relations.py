"""Which relations DMS does not move, and why, by engine. What is not named here is asked of DMS.

A relation that is asked of DMS and does not come fails by itself, in DMS's words; so only what AWS's pages rule out, or
what the local DMS and AWS are known to leave out without a word, belongs here.
"""

from __future__ import annotations

from collections.abc import Mapping

from fleet.databases import Engine
from fleet.tables.catalogue import RelationKind, Table

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
    "sqlserver": {},
}


def why_not_moved(engine: Engine, table: Table) -> str:
    """Why DMS does not move *table*, or nothing where it is asked to.

    >>> why_not_moved("postgresql", Table("s", "sums", True, (), kind="materialized view"))
    'DMS does not move materialized views'
    >>> why_not_moved("mysql", Table("s", "sums", True, (), kind="view"))
    ''
    """
    return _NOT_MOVED[engine].get(table.kind, "")
