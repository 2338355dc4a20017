"""One request: its statements in order, its transactions, its temporary tables and its settings.

DDL commits an open transaction and belongs to none; a transaction left open is rolled back at the end. Source:
https://docs.snowflake.com/en/sql-reference/transactions (documented).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import duckdb

from localcloud.snowflake import changes
from localcloud.snowflake.definitions import objects as definitions
from localcloud.snowflake.definitions import showing_grants, streams
from localcloud.snowflake.definitions.catalogue import resolve
from localcloud.snowflake.engine import TIMEZONE, Engine
from localcloud.snowflake.errors import (
    SnowflakeError,
    failed_inside,
    from_duckdb,
    not_emulated,
    syntax_error,
)
from localcloud.snowflake.loading import copying, listing
from localcloud.snowflake.locks import DEFINITIONS, Key, definitions_of
from localcloud.snowflake.results import Result, status
from localcloud.snowflake.session_state import SessionState
from localcloud.snowflake.sql.lexing import QUALIFIED_NAME, Statement, parts_of

_BEGIN = re.compile(r"(BEGIN|START)(\s+(TRANSACTION|WORK))?(\s+NAME\s+\w+)?", re.IGNORECASE)
_END = re.compile(r"(COMMIT|ROLLBACK)(\s+WORK)?", re.IGNORECASE)
_QUERY = re.compile(r"\(|(SELECT|WITH|INSERT|UPDATE|DELETE|MERGE)\b", re.IGNORECASE)
_READ = re.compile(r"(SELECT|SHOW|DESC(RIBE)?|LIST|LS)\b", re.IGNORECASE)  # in DuckDB's own transaction
_SETTING = re.compile(r"(USE|ALTER\s+SESSION)\b", re.IGNORECASE)
_DEFINITION = re.compile(r"(CREATE|ALTER|DROP|GRANT|REVOKE)\b", re.IGNORECASE)
# Statements that take a lock on a table. INSERT takes none: inserts do not disturb each other.
_WRITE = re.compile(
    r"(?:DELETE\s+FROM|UPDATE|MERGE\s+INTO|COPY\s+INTO|INSERT\s+OVERWRITE\s+INTO|TRUNCATE(?:\s+TABLE)?(?:\s+IF\s+EXISTS)?|"
    r"(?:ALTER|DROP)\s+TABLE(?:\s+IF\s+EXISTS)?|"
    r"CREATE\s+(?:OR\s+REPLACE\s+)?(?:TRANSIENT\s+)?TABLE(?:\s+IF\s+NOT\s+EXISTS)?)"
    rf"\s+({QUALIFIED_NAME})(?:\s+SWAP\s+WITH\s+({QUALIFIED_NAME}))?",
    re.IGNORECASE,
)


class Session(SessionState):
    """Runs the statements of one request."""

    def __init__(self, engine: Engine, context: dict[str, Any], cancelled: threading.Event) -> None:
        super().__init__(engine, context, cancelled)
        self._transaction: ExitStack | None = None
        self._is_explicit = False

    def run(self, statements: Sequence[Statement], bindings: list[Any]) -> list[Result]:
        """The statements' results. The first failure ends the request and rolls back what is open."""
        try:
            self._enter()
            if len(statements) == 1:
                return [self._run(statements, 0, bindings)]
            if bindings:
                raise not_emulated("bindings in a request of several statements (Snowflake has none there either)")
            self.require_warehouse()
            return [self._run_inside(statements, at) for at in range(len(statements))]
        finally:
            self._end("rollback")
            self.cursor.close()

    def interrupt(self) -> None:
        """Break off the statement that runs now, if one does."""
        try:
            self.cursor.interrupt()
        except duckdb.ConnectionException:
            return  # the session has just ended

    # --- the course of a request

    def _enter(self) -> None:
        if self.context["role"] is not None:
            self.require_role(self.context["role"])
        if self.context["timezone"] != TIMEZONE:
            self.set_timezone(self.context["timezone"])

    def _run_inside(self, statements: Sequence[Statement], at: int) -> Result:
        try:
            return self._run(statements, at, [])
        except SnowflakeError as error:
            one = statements[at]
            raise failed_inside(one.text, one.line, one.position, error) from error

    def _run(self, statements: Sequence[Statement], at: int, bindings: list[Any]) -> Result:
        text = statements[at].text
        self.now = self.engine.now()
        self.require_not_cancelled()
        try:
            if _BEGIN.fullmatch(text) or _END.fullmatch(text):
                return self._control(statements, at)
            if _SETTING.match(text):
                return definitions.set_context(self, text)
            if _DEFINITION.match(text):
                return self._define(text)
            if self._transaction is not None or _READ.match(text):
                return self._execute(text, bindings)
            self._begin(self._written([text]))
            result = self._execute(text, bindings)
            self._end("commit")
            return result
        except duckdb.Error as error:
            self.require_not_cancelled()
            raise from_duckdb(error) from error
        finally:
            if self._transaction is not None and not self._is_explicit:
                self._end("rollback")

    def _control(self, statements: Sequence[Statement], at: int) -> Result:
        text = statements[at].text
        word = text.split()[0].upper()
        if len(statements) == 1:
            raise SnowflakeError(
                "391911", "0A000", f"The statement {word} is supported only in a request of several statements."
            )
        if word in {"COMMIT", "ROLLBACK"}:
            self._end(word.lower())
        elif self._transaction is None:
            self._begin(self._written([one.text for one in _until_end(statements[at + 1 :])]), is_explicit=True)
        return status("Statement executed successfully.")

    def _define(self, text: str) -> Result:
        self._end("commit")
        # Every load begins so, and nearly always for nothing: it need not wait while another session defines something.
        if there := definitions.find_existing(self, text):
            return there
        tables = self._written([text])
        keys = tables | (frozenset(map(definitions_of, tables)) or {DEFINITIONS})
        if definitions.is_temporary(text):
            keys = frozenset()
        with self.engine.locks.holding(keys, cancelled=self.cancelled):
            self.require_not_cancelled()
            try:
                return definitions.define(self, text)
            except BaseException:
                self._roll_back()
                raise

    def _execute(self, text: str, bindings: list[Any]) -> Result:
        if _QUERY.match(text):
            return changes.run_translated(self, text, bindings)
        if re.match(r"COPY\b", text, re.IGNORECASE):
            return copying.copy_into(self, text)
        if re.match(r"TRUNCATE\b", text, re.IGNORECASE):
            return changes.truncate(self, text)
        if re.match(r"DESC(RIBE)?\b", text, re.IGNORECASE):
            return definitions.describe(self, text)
        if re.match(r"SHOW\s+STREAMS\b", text, re.IGNORECASE):
            return streams.show(self, text)
        if re.match(r"SHOW\s+(FUTURE\s+)?GRANTS\b", text, re.IGNORECASE):
            return showing_grants.show(self, text)
        if re.match(r"(LIST|LS)\b", text, re.IGNORECASE):
            return listing.list_stage(self, text)
        if re.match(r"[A-Za-z]", text):
            raise not_emulated(f"the statement {' '.join(text.split()[:2])}")
        raise syntax_error(f"unexpected {text[:20]!r}")

    # --- transactions

    def _written(self, texts: Sequence[str]) -> frozenset[Key]:
        """The stored tables that *texts* lock; a name that cannot be resolved fails later, in its own statement."""
        keys: set[Key] = set()
        for text in texts:
            for name in (found for match in [_WRITE.match(text)] if match for found in match.groups() if found):
                try:
                    key = resolve(self.context, parts_of(name))
                except SnowflakeError:
                    continue
                if key not in self.temporary:
                    keys.add(key)
        return frozenset(keys)

    def _begin(self, keys: frozenset[Key], *, is_explicit: bool = False) -> None:
        with ExitStack() as stack:
            stack.enter_context(self.engine.locks.holding(keys, cancelled=self.cancelled))
            self.require_not_cancelled()
            self.cursor.begin()
            self._transaction = stack.pop_all()
            self._is_explicit = is_explicit

    def _end(self, how: str) -> None:
        if self._transaction is None:
            return
        transaction, self._transaction = self._transaction, None
        with transaction:
            if how == "commit":
                self.commit()
            else:
                self._roll_back()

    def _roll_back(self) -> None:
        self.forget_changes()
        try:
            self.cursor.rollback()
        except duckdb.Error:
            return  # nothing was open, or a failure or a cancellation has ended it


def _until_end(statements: Sequence[Statement]) -> Sequence[Statement]:
    """The statements of a transaction that has just begun."""
    for at, one in enumerate(statements):
        if _END.fullmatch(one.text) or _DEFINITION.match(one.text):
            return statements[:at]
    return statements
