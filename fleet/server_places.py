"""How many databases of one server may be read at once, and what is said where there is no place for one more.

A server is what the registry calls one: two entries for one host do not know of each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fleet.databases import Limits, Server, TaskProfile
from fleet.quotas import DMS_CONNECTIONS_PER_TABLE

CONTROL_CONNECTIONS = 1
"""What a DMS task opens at a source beside those for its tables. Assumed: no page of AWS's gives a number."""
ASK_SOURCE_CONNECTIONS = 1
"""What we open ourselves: one question at a time, of one database."""
_FULL = "no place came free at its server: "


@dataclass(frozen=True)
class Place:
    """A place for one database at *server*, which has *most*. *left*: the server at which its claim has one so far."""

    server: str
    most: int
    left: str = ""


@dataclass(frozen=True)
class Taken:
    """The databases that have a place at a server, and since when others wait for one (ISO time, UTC), by execution."""

    databases: frozenset[str] = frozenset()
    waits: Mapping[str, str] = field(default_factory=dict)

    def admits(self, database: str, most: int) -> bool:
        """Whether *database* has a place, or would be one of at most *most*.

        >>> taken = Taken(frozenset({"a", "b"}))
        >>> taken.admits("a", 1), taken.admits("c", 2), taken.admits("c", 3)
        (True, False, True)
        """
        return database in self.databases or len(self.databases) < most


def count_connections(profile: TaskProfile) -> int:
    """How many connections the full load of one database opens at its server, at most.

    >>> count_connections(TaskProfile(tables_at_once=8))
    26
    """
    return profile.tables_at_once * DMS_CONNECTIONS_PER_TABLE.value + CONTROL_CONNECTIONS + ASK_SOURCE_CONNECTIONS


def count_places(server: Server, profile: TaskProfile) -> int:
    """How many of *server*'s databases may be read at once. The registry's reader refuses a server that bears none.

    >>> count_places(Server("s", "postgresql", "secret"), TaskProfile())
    3
    >>> count_places(Server("s", "postgresql", "secret", connections_at_once=1000), TaskProfile())
    4
    """
    return min(server.databases_at_once, server.connections_at_once // count_connections(profile))


def say_places(server: Server, profile: TaskProfile) -> str:
    """What *server* bears, and why it is not more.

    >>> say_places(Server("s", "postgresql", "secret"), TaskProfile())
    "'s' is read for at most 3 databases at once (databases_at_once 4, connections_at_once 100, 26 for each)"
    """
    return (
        f"{server.id!r} is read for at most {count_places(server, profile)} databases at once (databases_at_once "
        f"{server.databases_at_once}, connections_at_once {server.connections_at_once}, {count_connections(profile)} "
        "for each)"
    )


def say_full(server: Server, profile: TaskProfile, held: Sequence[str], waited_seconds: float, limits: Limits) -> str:
    """Why a database that waited for a place at *server* is not read. *held*: who has the places, in words."""
    holders = ", ".join(held) if held else "nobody any more"
    return (
        f"{_FULL}{say_places(server, profile)}: held by {holders}; waited {waited_seconds:.0f} s of "
        f"{limits.server_wait_seconds} s (server_wait_seconds)."
    )


def is_full(words: str) -> bool:
    """Whether *words*, why an attempt was not made, are those of `say_full`.

    >>> server = Server("s", "postgresql", "secret")
    >>> is_full(say_full(server, TaskProfile(), ["shop"], 5, Limits())), is_full("claimed: attempt 1 holds it")
    (True, False)
    """
    return words.startswith(_FULL)
