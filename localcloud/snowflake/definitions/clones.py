"""CREATE TABLE ... CLONE: a table with another's columns and rows, in the place of one that is there or a new one."""

from __future__ import annotations

import re

from localcloud.snowflake.definitions.catalogue import Table, resolve
from localcloud.snowflake.definitions.tables import create_text, own, store
from localcloud.snowflake.errors import SnowflakeError, exists_already
from localcloud.snowflake.results import Result, status
from localcloud.snowflake.session_state import SessionState
from localcloud.snowflake.sql.lexing import QUALIFIED_NAME, parts_of

CLONE = re.compile(
    r"CREATE\s+(?P<replace>OR\s+REPLACE\s+)?(?P<transient>TRANSIENT\s+)?TABLE\s+"
    rf"(?P<table>{QUALIFIED_NAME})\s+CLONE\s+(?P<of>{QUALIFIED_NAME})(?P<grants>\s+COPY\s+GRANTS)?",
    re.IGNORECASE | re.DOTALL,
)


def clone(session: SessionState, written: re.Match[str]) -> Result:
    """Make a table with another's columns and rows, in one transaction; what was loaded into that is not remembered.

    Source: https://docs.snowflake.com/en/sql-reference/sql/create-table (documented: readers see the table that is
    replaced or the new one; COPY GRANTS takes the grants of the replaced table, else those of the cloned one).
    """
    key = resolve(session.context, parts_of(written["table"]))
    source, existing = session.table(parts_of(written["of"])), session.engine.catalogue.find_table(key)
    if existing is not None and not written["replace"]:
        raise exists_already(key[2])
    if (source.is_transient or source.is_temporary) and not written["transient"]:
        # Source: https://docs.snowflake.com/en/user-guide/tables-temp-transient (documented; the words are observed).
        raise SnowflakeError(
            "002118", "0A000", "SQL compilation error:\nTransient object cannot be cloned to a permanent object."
        )
    session.engine.catalogue.refuse_look_alike_table(key)
    table = Table(*key, source.columns, is_transient=bool(written["transient"]), is_evolving=source.is_evolving)
    own(session, table, (existing or source) if written["grants"] else None)

    def change() -> Result:
        if existing is not None:
            session.cursor.execute(f"DROP TABLE {existing.duckdb}")
        session.cursor.execute(create_text(table))
        session.cursor.execute(f"INSERT INTO {table.duckdb} FROM {source.duckdb}")
        store(session, table)
        return status(f"Table {table.name} successfully created.")

    return session.in_transaction(change)
