"""How many databases are asked at once."""

from __future__ import annotations

import threading
from collections import Counter

import pytest

from cases import SETTINGS
from cli.gentle import ASKED_AT_ONCE, ask_gently, bears
from fleet.databases import Database, Registry, Server


def registry(servers: int, each: int, at_once: int) -> Registry:
    return Registry(
        SETTINGS,
        tuple(
            Server(f"s{number}", "postgresql", "secret", databases_at_once=at_once, connections_at_once=at_once)
            for number in range(servers)
        ),
        tuple(
            Database(f"d{number}-{place}", f"s{number}", "d", "one", ("public",))
            for number in range(servers)
            for place in range(each)
        ),
    )


class Gate:
    """Lets nobody through before *wanted* are there at once, and counts who is there, by server."""

    def __init__(self, wanted: int) -> None:
        self._barrier = threading.Barrier(wanted)
        self._lock = threading.Lock()
        self._there: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.most_of_all = 0
        self.pauses: list[None] = []

    def pass_through(self, database: Database) -> str:
        with self._lock:
            self._there[database.server] += 1
            self.most[database.server] = max(self.most[database.server], self._there[database.server])
            self.most_of_all = max(self.most_of_all, self._there.total())
        self._barrier.wait(30)
        with self._lock:
            self._there[database.server] -= 1
        return database.id

    def pause(self) -> None:
        self.pauses.append(None)


def test_of_one_server_as_many_are_asked_at_once_as_it_bears_and_a_pause_is_before_all_but_the_first() -> None:
    fleet, gate, heard = registry(1, 12, 3), Gate(3), list[int]()
    answers = ask_gently(bears(fleet), fleet.databases, gate.pass_through, gate.pause, heard.append)
    assert answers == [one.id for one in fleet.databases]
    assert gate.most == {"s0": 3}
    assert len(gate.pauses) == 11
    assert heard == list(range(1, 13))


def test_of_all_servers_together_no_more_are_asked_than_a_check_may() -> None:
    fleet = registry(20, 4, 2)
    gate = Gate(ASKED_AT_ONCE)
    assert len(ask_gently(bears(fleet), fleet.databases, gate.pass_through, gate.pause, lambda _: None)) == 80
    assert gate.most_of_all == ASKED_AT_ONCE
    assert max(gate.most.values()) <= 2


def test_an_error_of_ours_ends_it_and_what_has_not_begun_is_left() -> None:
    fleet, asked = registry(1, 50, 1), list[str]()

    def fail(database: Database) -> None:
        asked.append(database.id)
        raise KeyError(database.id)

    with pytest.raises(KeyError):
        ask_gently(bears(fleet), fleet.databases, fail, lambda: None, lambda _: None)
    assert asked == ["d0-0"]
