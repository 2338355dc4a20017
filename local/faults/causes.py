"""What is wrong with which database at this moment, and how often it was felt. Shared by all places; thread-safe."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from local.faults.requests import Fault


class Cause:
    """One fault of one database, until it is gone."""

    def __init__(self, database: str, fault: Fault, lock: threading.RLock) -> None:
        self.database = database
        self.fault = fault
        self.times = 0
        self.is_gone = False
        self.chosen = ""
        self.felt_at: float | None = None
        self._counted: Counter[str] = Counter()
        self._undo: Callable[[], object] | None = None
        self._lock = lock

    def strike(self) -> None:
        """Note that the night has felt it."""
        with self._lock:
            self.times += 1

    def strike_at_most(self, times: int) -> bool:
        """Strike, unless it has struck so often already; whether it did."""
        with self._lock:
            if self.times >= times:
                return False
            self.times += 1
            return True

    def count(self, what: str) -> int:
        """The number of this one of *what*, from 1."""
        with self._lock:
            self._counted[what] += 1
            return self._counted[what]

    def counted(self, what: str) -> int:
        """The number of *what* so far."""
        with self._lock:
            return self._counted[what]

    def choose(self, name: str) -> bool:
        """Whether the fault concerns the thing of that name: the one it was asked for, else the first to come up."""
        with self._lock:
            self.chosen = self.chosen or (self.fault.values[0] if self.fault.values else "") or name
            return self.chosen == name

    def seconds_since_felt(self, now: float) -> float:
        """Seconds of the clock since this was first asked, which is when the fault begins."""
        with self._lock:
            self.felt_at = now if self.felt_at is None else self.felt_at
            return now - self.felt_at

    def undo_by(self, undo: Callable[[], object]) -> None:
        """Let *undo* be called when the cause goes."""
        self._undo = undo

    def go(self) -> None:
        """Take the cause away."""
        with self._lock:
            self.is_gone, undo, self._undo = True, self._undo, None
        if undo is not None:
            undo()


@dataclass(frozen=True)
class Struck:
    """How often one fault of a database was felt by the night; 0: never."""

    database: str
    fault: str
    times: int


class Causes:
    """All causes, by database and by the fault's name; and the calls and effects of handlers."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._causes: list[Cause] = []
        self._effects: Counter[tuple[str, str]] = Counter()
        self._calls: Counter[tuple[str, str, str]] = Counter()

    def add(self, database: str, fault: Fault) -> None:
        with self._lock:
            self._causes.append(Cause(database, fault, self._lock))

    def clear(self, database: str) -> None:
        for cause in self.of(database):
            cause.go()

    def of(self, database: str | None, *names: str) -> Iterator[Cause]:
        """The causes that work on *database*, those of *names* if any are given."""
        with self._lock:
            found = [one for one in self._causes if one.database == database and not one.is_gone]
        return (one for one in found if not names or one.fault.name in names)

    def named(self, *names: str) -> Iterator[Cause]:
        """The causes of *names*, whatever the database."""
        with self._lock:
            found = [one for one in self._causes if one.fault.name in names and not one.is_gone]
        return iter(found)

    def struck(self) -> tuple[Struck, ...]:
        with self._lock:
            return tuple(Struck(one.database, one.fault.text, one.times) for one in self._causes)

    def count_effect(self, database: str, state: str) -> int:
        """The number of this effect of *state* on *database*, from 1."""
        with self._lock:
            self._effects[database, state] += 1
            return self._effects[database, state]

    def effects(self, database: str) -> dict[str, int]:
        with self._lock:
            return {state: count for (of, state), count in self._effects.items() if of == database}

    def count_call(self, database: str, state: str, operation: str) -> None:
        with self._lock:
            self._calls[database, state, operation] += 1

    def calls(self, database: str) -> Counter[tuple[str, str]]:
        with self._lock:
            return Counter({(state, name): count for (of, state, name), count in self._calls.items() if of == database})
