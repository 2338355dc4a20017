"""Writers of one table queue, as they do at Snowflake; here every transaction takes its locks before it begins.

Snowflake locks a table when a statement reaches it. DuckDB would then refuse the second writer, because its snapshot is
older than the first one's commit. So a transaction names all tables it will write, waits for all of them, and begins:
nobody holds a lock while waiting for another, hence no deadlock.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

Key = tuple[str, ...]
DEFINITIONS: Key = ("definitions",)
"""What all DDL takes but that of tables: definitions change one at a time."""


def definitions_of(table: Key) -> Key:
    """What DDL of *table* takes: the definitions of a schema's tables change one at a time."""
    return *DEFINITIONS, *table[:2]


class Locks:
    """Who may write which table now. A request is woken when it is its turn, not whenever another one ends: many
    loads wait at once, and to wake them all for each would keep the machine busy with waking."""

    def __init__(self) -> None:
        self._held: set[Key] = set()
        self._waiting: list[_Turn] = []
        self._lock = threading.Lock()

    @contextmanager
    def holding(self, keys: frozenset[Key], *, cancelled: threading.Event) -> Iterator[None]:
        """Wait until nobody else holds any of *keys*, or until *cancelled* is set; give them back at the end."""
        turn = _Turn(keys, cancelled)
        with self._lock:
            self._waiting.append(turn)
            self._let_in()
        turn.came.wait()
        try:
            yield
        finally:
            with self._lock:
                self._held -= turn.held
                self._let_in()

    def wake(self) -> None:
        """Let go who was cancelled while waiting."""
        with self._lock:
            self._let_in()

    def _let_in(self) -> None:
        """Give its turn to everyone who need not wait any more, first come first served."""
        still_waiting = []
        for turn in self._waiting:
            if not turn.cancelled.is_set():
                if not self._held.isdisjoint(turn.keys):
                    still_waiting.append(turn)
                    continue
                self._held |= turn.keys
                turn.held = turn.keys
            turn.came.set()
        self._waiting = still_waiting


@dataclass
class _Turn:
    """Someone who asked for *keys*; *held* are those it got, none if it was cancelled before."""

    keys: frozenset[Key]
    cancelled: threading.Event
    held: frozenset[Key] = frozenset()
    came: threading.Event = field(default_factory=threading.Event)
