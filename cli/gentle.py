"""Asks many databases at once, and never more of one server than is wanted."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

from fleet.databases import Database, Registry

ASKED_AT_ONCE = 16
"""Databases of all servers together: as many functions of the account as a check may keep busy."""
LONGEST_PAUSE_SECONDS = 0.25
"""By how much the starts at one server are spread."""

Answer = TypeVar("Answer")


def bears(registry: Registry) -> dict[str, int]:
    """How many databases of each server may be asked at once, as the registry says, by the server's id."""
    return {one.id: min(one.databases_at_once, one.connections_at_once) for one in registry.servers}


def ask_gently(
    at_server: Mapping[str, int],
    databases: Sequence[Database],
    ask: Callable[[Database], Answer],
    pause: Callable[[], object],
    heard: Callable[[int], object],
    at_once: int = ASKED_AT_ONCE,
) -> list[Answer]:
    """What *ask* brings of each of *databases*, in their order.

    At most *at_once* are asked at once, and of one server at most as many as *at_server* says of its id. *pause*: waits
    a little; called before each database but the first of a server. *heard*: is called with how many have answered.

    Raises:
        Exception: The first that *ask* raises; what has not begun is then left.
    """
    waiting: dict[str, list[Database]] = defaultdict(list)
    for database in reversed(databases):
        waiting[database.server].append(database)
    asked: Counter[str] = Counter()
    running: dict[Future[Answer], Database] = {}
    answers: dict[str, Answer] = {}
    met: set[str] = set()

    def ask_one(database: Database, *, is_first: bool) -> Answer:
        if not is_first:
            pause()
        return ask(database)

    with ThreadPoolExecutor(at_once) as pool:
        while len(answers) < len(databases):
            while len(running) < at_once and (
                free := [one for one in waiting if waiting[one] and asked[one] < at_server[one]]
            ):
                server = max(free, key=lambda one: len(waiting[one]) / at_server[one])  # whose end is the farthest
                asked[server] += 1
                database = waiting[server].pop()
                running[pool.submit(ask_one, database, is_first=server not in met)] = database
                met.add(server)
            for done in wait(running, return_when=FIRST_COMPLETED).done:
                database = running.pop(done)
                asked[database.server] -= 1
                answers[database.id] = done.result()
                heard(len(answers))
    return [answers[one.id] for one in databases]
