"""Which relations DMS does not move, and why, by engine. What is not named here is asked of DMS.

A relation that is asked of DMS and does not come fails by itself, in DMS's words; so only what AWS's pages rule out, or
what the local DMS and AWS are known to leave out without a word, belongs here.
"""

from __future__ import annotations

from collections.abc import Mapping

from fleet.databases import Engine
from fleet.spelling import list_some
from fleet.tables.catalogue import RelationKind, Table

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
    "sqlserver": {},
}


# Source: the same page. That a column so named keeps the whole table from being moved is assumed.
_UNFIT_SIGNS: Mapping[Engine, str] = {"mysql": "`'", "mariadb": "`'"}


def why_not_moved(engine: Engine, table: Table) -> str:
    """Why DMS does not move *table*, or nothing where it is asked to.

    >>> why_not_moved("postgresql", Table("s", "sums", True, (), kind="materialized view"))
    'DMS does not move materialized views'
    >>> why_not_moved("mysql", Table("s", "sums", True, (), kind="view"))
    ''
    >>> why_not_moved("mysql", Table("s", "it's", False, ()))
    "DMS supports neither ` nor ' in a name, as in it's"
    >>> from fleet.tables.columns import Column
    >>> why_not_moved("postgresql", Table("s", "t", False, (Column("tags", "array"),)))
    'DMS does not move a table with an array (tags) and without a primary key'
    """
    if why := _NOT_MOVED[engine].get(table.kind, ""):
        return why
    # Source: as `_NOT_MOVED`: such a table "gets suspended during full load". A view has no key, and none is asked.
    arrays = [column.name for column in table.columns if column.type_name == "array"]
    if engine == "postgresql" and arrays and not table.key and not table.is_view:
        return f"DMS does not move a table with an array ({list_some(arrays)}) and without a primary key"
    signs = _UNFIT_SIGNS.get(engine, "")
    names = (table.schema, table.table, *(column.name for column in table.columns))
    unfit = next((name for name in names if any(sign in name for sign in signs)), None)
    return "" if unfit is None else f"DMS supports neither {' nor '.join(signs)} in a name, as in {unfit}"
