"""Writers of one table queue, as they do at Snowflake; here every transaction takes its locks before it begins.

Snowflake locks a table when a statement reaches it. DuckDB would then refuse the second writer, because its snapshot is
older than the first one's commit. So a transaction names all tables it will write, waits for all of them, and begins:
nobody holds a lock while waiting for another, hence no deadlock.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

Key = tuple[str, ...]
DEFINITIONS: Key = ("definitions",)  # the key that all DDL takes: definitions change one at a time


class Locks:
    """Who may write which table now."""

    def __init__(self) -> None:
        self._held: set[Key] = set()
        self._changed = threading.Condition()

    @contextmanager
    def holding(self, keys: frozenset[Key], *, cancelled: threading.Event) -> Iterator[None]:
        """Wait until nobody else holds any of *keys*, or until *cancelled* is set; give them back at the end."""
        with self._changed:
            self._changed.wait_for(lambda: cancelled.is_set() or self._held.isdisjoint(keys))
            if not cancelled.is_set():
                self._held |= keys
                mine = keys
            else:
                mine = frozenset()
        try:
            yield
        finally:
            with self._changed:
                self._held -= mine
                self._changed.notify_all()

    def wake(self) -> None:
        """Let everyone who waits look again, because something was cancelled."""
        with self._changed:
            self._changed.notify_all()
