"""What a statement sees and changes of its session: current objects, temporary tables, loads, what a commit brings."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import duckdb

from localcloud.snowflake.definitions.catalogue import Table, resolve
from localcloud.snowflake.engine import Engine
from localcloud.snowflake.errors import SnowflakeError, missing, no_warehouse
from localcloud.snowflake.loading.load_memory import Loads
from localcloud.snowflake.privileges import BUILT_IN_ROLES
from localcloud.snowflake.results import Result
from localcloud.snowflake.sql.lexing import literal


class SessionState:
    """The session of one request, as its statements have it.

    *context*: its current database, schema, role and warehouse, and its timezone; *cancelled* ends it before its next
    statement.
    """

    def __init__(self, engine: Engine, context: dict[str, Any], cancelled: threading.Event) -> None:
        self.engine = engine
        self.context = context
        self.cancelled = cancelled
        self.cursor = engine.connection.cursor()
        self.temporary: dict[tuple[str, str, str], Table] = {}
        self.after_commit: list[Callable[[], None]] = []
        self.now = engine.now()
        self._loads: dict[str, Loads] = {}

    def find_table(self, parts: tuple[str, ...]) -> Table | None:
        """The table of that name here, or None; a temporary one comes before a stored one."""
        key = resolve(self.context, parts)
        return self.temporary.get(key) or self.engine.catalogue.find_table(key)

    def table(self, parts: tuple[str, ...]) -> Table:
        """The table of that name here."""
        key = resolve(self.context, parts)
        return self.temporary.get(key) or self.engine.catalogue.table(key)

    def loads(self, table: Table) -> Loads:
        """What was loaded into *table*, as this transaction sees it."""
        found = self._loads.get(table.id)
        return self.engine.loads.of(table.id) if found is None else found

    def change_loads(self, table: Table, loads: Loads) -> None:
        """From now on for this transaction, and once it is committed for all, *loads* were loaded into *table*.

        Its statement holds the table's lock: nobody else has changed them meanwhile.
        """
        self._loads[table.id] = loads

    def require_warehouse(self) -> None:
        """Refuse what needs compute unless the session's warehouse exists."""
        name = self.context["warehouse"]
        if name is None or self.engine.catalogue.find_object("WAREHOUSE", name) is None:
            raise no_warehouse()

    def require_role(self, name: str) -> None:
        """Refuse a role that does not exist."""
        if name not in BUILT_IN_ROLES and self.engine.catalogue.find_object("ROLE", name) is None:
            raise missing("Role", name)

    def require(self, privilege: str, table: Table) -> None:
        """Refuse what the session's role may not do with *table*; a temporary one is the session's own."""
        if not table.is_temporary:
            self.engine.privileges.require(self.context["role"], privilege, table)

    def set_timezone(self, name: str) -> None:
        """Give times without a zone the zone *name*."""
        try:
            self.cursor.execute(f"SET TimeZone = {literal(name)}")
        except duckdb.Error as error:
            self.require_not_cancelled()
            raise SnowflakeError("002063", "22023", f"invalid value [{name}] for parameter 'TIMEZONE'") from error
        self.context["timezone"] = name

    def in_transaction(self, change: Callable[[], Result]) -> Result:
        """Run *change* in a transaction of its own."""
        self.cursor.begin()
        result = change()
        self.commit()
        return result

    def commit(self) -> None:
        """Commit what DuckDB has open, and what was put off until then."""
        try:
            self.cursor.commit()
            for table_id, loads in self._loads.items():
                self.engine.loads.put(table_id, loads)
            for remember in self.after_commit:
                remember()
        finally:
            self.forget_changes()

    def forget_changes(self) -> None:
        """Drop what was put off until a commit."""
        self.after_commit.clear()
        self._loads.clear()

    def require_not_cancelled(self) -> None:
        """Refuse to go on once the request is cancelled."""
        if self.cancelled.is_set():
            raise SnowflakeError("000604", "57014", "SQL execution canceled")
