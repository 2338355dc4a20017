"""Faults of sources and of the instances that read them: a reader around DMS's, for the databases that are broken."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

import pyarrow as pa
import pyarrow.parquet as pq

from local.faults.causes import Cause, Causes
from localcloud.dms.engines.changes import CapturingReader, ChangeReader, Changes, IsWanted
from localcloud.dms.engines.reader import (
    Layout,
    Login,
    Reader,
    RunEndedError,
    Source,
    SourceTable,
    SourceUnreachableError,
    TableHeldError,
    TableUnreadableError,
    Written,
)
from localcloud.dms.rules.mappings import Range

WRONG_PASSWORD = "not the password"  # noqa: S105  it is none
_IN_THE_MIDDLE = ("lost-source", "half-loaded", "disk-full", "out-of-memory", "task-stuck", "task-never-ends")
_LOST = "server closed the connection unexpectedly"


@dataclass(frozen=True)
class FaultContext:
    """What a fault in the middle of a load reaches for.

    *database_of*: the database behind a login; *stop*: stops its task from outside; *held_seconds*: how long a table
    that does not move is left alone, which is less than the fleet waits for one.
    """

    database_of: Callable[[Login], str | None]
    stop: Callable[[str], object]
    held_seconds: float


class FaultyReader:
    """A reader whose sources are as broken as *causes* say."""

    def __init__(self, inner: Reader, causes: Causes, context: FaultContext) -> None:
        self._inner = inner
        self._causes = causes
        self._context = context

    def check(self, login: Login) -> None:
        """As the reader does, unless the source is out of reach. Raises SourceUnreachableError."""
        self._inner.check(self._reach(login))

    def open(self, login: Login) -> Source:
        """As the reader does, unless the source is out of reach. Raises SourceUnreachableError."""
        source = self._inner.open(self._reach(login))
        database = self._context.database_of(login)
        if database is None or next(self._causes.of(database), None) is None:
            return source
        return FaultySource(source, database, self._causes, self._context)

    def changes(self) -> ChangeReader | None:
        """What reads changes as the reader does, unless the source is out of reach."""
        inner = self._inner.changes() if isinstance(self._inner, CapturingReader) else None
        return None if inner is None else FaultyChangeReader(inner, self._reach)

    def _reach(self, login: Login) -> Login:
        """The login that is really tried."""
        database = self._context.database_of(login)
        for cause in self._causes.of(database, "bad-password", "source-test-fails", "lost-source"):
            if cause.fault.name == "bad-password":
                cause.strike()
                return replace(login, password=WRONG_PASSWORD)
            if cause.fault.name == "source-test-fails":
                cause.strike()
                raise SourceUnreachableError(_unreachable(login, "Connection timed out"))
            if cause.times:
                raise SourceUnreachableError(_unreachable(login, "Connection refused"))
        return login


class FaultyChangeReader:
    """The logs of an engine's databases. *reach*: the login that is really tried."""

    def __init__(self, inner: ChangeReader, reach: Callable[[Login], Login]) -> None:
        self._inner = inner
        self._reach = reach

    def prepare(self, login: Login, name: str, tables: Sequence[SourceTable]) -> int:
        """As the reader does. Raises SourceUnreachableError."""
        return self._inner.prepare(self._reach(login), name, tables)

    def open(self, login: Login, name: str, position: int, is_wanted: IsWanted) -> Changes:
        """As the reader does. Raises SourceUnreachableError."""
        return self._inner.open(self._reach(login), name, position, is_wanted)

    def drop(self, login: Login, name: str) -> None:
        """As the reader does. Raises SourceUnreachableError."""
        self._inner.drop(self._reach(login), name)


class FaultySource:
    """One database, open for one run of its task."""

    def __init__(self, inner: Source, database: str, causes: Causes, context: FaultContext) -> None:
        self._inner = inner
        self._database = database
        self._causes = causes
        self._context = context
        self._tables = 0

    def catalogue(self) -> list[SourceTable]:
        """What the source shows."""
        for cause in self._causes.of(self._database, "mapping-empty"):
            cause.strike()
            return []
        tables = self._inner.catalogue()
        self._tables = len(tables)
        return tables

    def write(self, table: SourceTable, layout: Layout, within: Range | None, folder: Path) -> Sequence[Written]:
        """The rows as Parquet, as many as come. Raises what a Source may."""
        name = f"{table.schema}.{table.name}"
        for cause in self._causes.of(self._database, "errored-table"):
            if cause.choose(name):
                cause.strike()
                raise TableUnreadableError(f"invalid page in block 7 of relation {name}")
        for cause in self._causes.of(self._database, *_IN_THE_MIDDLE):
            # The first table comes through where there are several, so that there is a middle to speak of.
            if self._tables == 1 or not cause.choose(name):
                self._break(cause, name)
        written = self._inner.write(table, layout, within, folder)
        for cause in self._causes.of(self._database, "source-lost-in-peace"):
            if written and cause.choose(name):
                cause.strike()
                return _cut(written)
        return written

    def check(self) -> None:
        """Raise SourceUnreachableError if the source was lost, or the real one is."""
        if any(cause.times for cause in self._causes.of(self._database, "lost-source")):
            raise SourceUnreachableError(_LOST)
        self._inner.check()

    def close(self) -> None:
        """Give back what is held."""
        self._inner.close()

    def _break(self, cause: Cause, table: str) -> NoReturn:
        cause.strike()
        match cause.fault.name:
            case "lost-source":
                raise TableUnreadableError(_LOST)
            case "disk-full":
                raise RunEndedError("stopped", "STOPPED_DUE_TO_LOW_DISK")
            case "out-of-memory":
                raise RunEndedError("failed", "FATAL_ERROR", "Replication task out of memory.")
            case "half-loaded":
                self._context.stop(self._database)
                raise TableHeldError(self._context.held_seconds)
            case "task-never-ends":
                states = ("Full load", "Table is being reloaded")
                raise TableHeldError(self._context.held_seconds, states[cause.count(table) % 2])
            case _:
                raise TableHeldError(self._context.held_seconds)


def _unreachable(login: Login, why: str) -> str:
    return f'connection to server at "{login.host}", port {login.port} failed: {why}'


def _cut(written: Sequence[Written]) -> list[Written]:
    """The first half of the rows: whole files, and a part of one."""
    left = sum(file.rows for file in written) // 2
    kept = []
    for file in written:
        rows = min(file.rows, left)
        left -= rows
        if rows == file.rows:
            kept.append(file)
            continue
        if rows:
            part = pa.BufferOutputStream()
            pq.write_table(pq.read_table(pa.BufferReader(file.read())).slice(0, rows), part)
            kept.append(Written(part.getvalue().to_pybytes(), rows))
    return kept


def slow_down(
    counts: Sequence[Mapping[str, Any]], seconds_each: float, causes: Iterable[Cause]
) -> list[Mapping[str, Any]]:
    """The *counts* that AskSource would answer with, had they taken as long as *causes* say."""
    left = list(counts)
    for cause in causes:
        if cause.fault.name == "slow-counts":
            cause.strike()
            left = left[:1]
        elif cause.fault.name == "slow-count":
            for number, count in enumerate(left):
                if cause.choose(f"{count['schema']}.{count['table']}"):
                    cause.strike()
                    left[number] = {**count, "rows": None, "why": f"no answer within {seconds_each:g} s"}
    return left


def lost_secret(secret: Mapping[str, object]) -> dict[str, object]:
    """The secret with a place at which nobody listens."""
    return {**secret, "host": "127.0.0.1", "port": 1}
