"""Events of the binary log on their way to changes: which belong to a transaction, and which of them DMS reads."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from localcloud.dms.engines.binlog import statements, stream, tables
from localcloud.dms.engines.binlog.server import file_number
from localcloud.dms.engines.binlog.stream import LoggedEvent, LogPlace
from localcloud.dms.engines.changes import ChangedTable, ChangeRun, Committed, Event, Passed, Truncated

_LOG = logging.getLogger(__name__)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HELD_CHANGES = 20_000
"""How many changes of one transaction wait for its commit, whose time they have; of a longer one they have the time of
their statement (assumed)."""
_RUN_CHANGES = 2_000  # of one run: what a capture holds before it looks at its bounds
_STANDALONE, _PREPARED = 1, 64  # flags of MariaDB's beginnings: a statement without an end; the first half of an XA's
# Source: the guide, "Limitations". That DMS passes over such changes, and its words, are assumed.
_XA = "changes of an XA transaction are not captured"
_COMPRESSED = "changes in compressed events of the binary log (log_bin_compress) are not captured"
_PARTIAL = "changes of parts of a JSON (binlog_row_value_options) are not captured"
_NOT_FULL = "changes of a session whose binlog_row_image is not FULL are not captured"
_PARTITIONS = "its partitions were changed, which DMS does not support"


@dataclass
class _Held:
    """Changes of one table that follow each other."""

    table: ChangedTable | None
    operations: str = ""
    rows: list[bytes] = field(default_factory=list)
    size: int = 0


class LogReading:
    """One answer of the server. *table*: of a table map event, None where nobody wants it. *named*: of a name.
    *position*: up to where all was said."""

    def __init__(
        self,
        table: Callable[[bytes], ChangedTable | None],
        named: Callable[[str, str], ChangedTable | None],
        after: int,
    ) -> None:
        self.position = after
        self._table = table
        self._named = named
        self._file = LogPlace.of(after).number
        self._at = after
        self._tables: dict[int, ChangedTable | None] = {}
        self._held: list[_Held] = []
        self._savepoints: dict[str, int] = {}  # of each, how much was held
        self._held_changes = 0
        self._count = 0
        self._is_within = self._is_xa = False

    def events(self, logged: Iterator[LoggedEvent], upto: int, most: int) -> Iterator[Event]:
        """What *logged* says, up to the transaction that is enough."""
        for event in logged:
            if event.end:
                self._at = LogPlace(self._file, event.end).position()
                if not self._is_within and (self._at - event.size >= upto or self._count > most):
                    break
            yield from self._said(event)
            if not self._is_within and event.kind != stream.MARIADB_GTID:
                self.position = max(self.position, self._at)
        else:
            self.position = max(self.position, upto)
        yield Committed(self.position)

    def _said(self, event: LoggedEvent) -> Iterator[Event]:
        data, kind = event.data, event.kind
        if kind in stream.ROWS:
            yield from self._hold(event)
            if self._held_changes > _HELD_CHANGES and not self._is_xa:
                yield from self._let_go(event.seconds)
            return
        match kind:
            case stream.TABLE_MAP:
                number = tables.table_id(data)
                self._tables[number] = found = self._table(data)
                if found is not None and found.about.unfit:
                    self._tables[number] = None
                    yield Passed(found, found.about.unfit, is_final=True)
            case stream.MARIADB_GTID:
                self._is_within, self._is_xa = not data[12] & _STANDALONE, bool(data[12] & _PREPARED)
            case stream.XID:
                yield from self._ended(event.seconds)
            case stream.QUERY:
                yield from self._statement(event)
            case stream.XA_PREPARE:
                yield from self._passed(_XA)
            case stream.ROTATE:
                file, offset = stream.rotated_to(data)
                self._file = file_number(file)
                self._at = LogPlace(self._file, offset).position()
                self._tables = {}
            case stream.FORMAT_DESCRIPTION:
                self._tables = {}
            case stream.PARTIAL_UPDATE:
                yield from self._passed_of(data, _PARTIAL)
            case kind if kind in stream.COMPRESSED_ROWS:
                yield from self._passed_of(data, _COMPRESSED)
            case stream.COMPRESSED_QUERY | stream.COMPRESSED_TRANSACTION:
                _LOG.warning("a compressed event before position %s of the binary log is passed over", event.end)
            case _:
                pass

    def _statement(self, event: LoggedEvent) -> Iterator[Event]:
        schema, text = stream.query_of(event.data)
        if text == "BEGIN":
            self._is_within = True
        elif text.startswith(("XA START", "XA BEGIN")):
            self._is_within = self._is_xa = True
        elif text == "ROLLBACK":  # what was undone is in the log where a table without transactions was changed too
            self._taken()
            yield from self._ended(event.seconds)
        elif text.startswith("SAVEPOINT "):
            self._savepoints[text.partition(" ")[2]] = len(self._held)
            self._held.append(_Held(None))  # what follows is apart from what was before
        elif text.startswith("ROLLBACK TO "):  # seen with 10.11 where the transaction also changed a table without any
            del self._held[self._savepoints.get(text.removeprefix("ROLLBACK TO "), len(self._held)) :]
        elif text == "COMMIT" or not self._is_within:
            if (name := statements.truncated(text, schema)) and (table := self._named(*name)):
                yield Truncated(table)
            elif (name := statements.of_partitions(text, schema)) and (table := self._named(*name)):
                yield Passed(table, _PARTITIONS, is_final=True)
            yield from self._ended(event.seconds)

    def _hold(self, event: LoggedEvent) -> Iterator[Passed]:
        table = self._tables[tables.table_id(event.data)]
        if table is None:
            return
        at = 8 if event.kind not in stream.ROWS_OF_VERSION_2 else 8 + int.from_bytes(event.data[8:10], "little")
        operation = stream.ROWS[event.kind]
        found = table.about.taker.rows(operation, event.data, at, self._at - event.size)
        if found is None:
            yield Passed(table, _NOT_FULL)
            return
        if not self._held or self._held[-1].table is not table or len(self._held[-1].rows) >= _RUN_CHANGES:
            self._held.append(_Held(table))
        held = self._held[-1]
        held.operations += operation * len(found)
        held.rows += found
        held.size += event.size
        self._held_changes += len(found)
        self._count += len(found)

    def _ended(self, seconds: int) -> Iterator[Event]:
        yield from self._let_go(seconds)
        self._is_within = self._is_xa = False
        self.position = self._at
        yield Committed(self._at)

    def _taken(self) -> list[_Held]:
        held, self._held, self._held_changes = self._held, [], 0
        self._savepoints.clear()
        return held

    def _let_go(self, seconds: int) -> Iterator[ChangeRun]:
        at = _EPOCH + timedelta(seconds=seconds)
        for one in self._taken():
            if one.table is not None:
                yield ChangeRun(one.table, at, one.operations, one.rows, one.size)

    def _passed(self, why: str) -> Iterator[Event]:
        for table in dict.fromkeys(one.table for one in self._taken()):
            if table is not None:
                yield Passed(table, why)
        yield from self._ended(0)

    def _passed_of(self, data: bytes, why: str) -> Iterator[Passed]:
        table = self._tables[tables.table_id(data)]
        if table is not None:
            yield Passed(table, why)
