"""Asks many databases at once, and never more of one server than it bears."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

from fleet.databases import Database, Registry

ASKED_AT_ONCE = 16
"""Databases of all servers together: as many functions of the account as a check may keep busy."""
LONGEST_PAUSE_SECONDS = 0.25
"""By how much the starts at one server are spread."""

Answer = TypeVar("Answer")


def ask_gently(
    registry: Registry,
    databases: Sequence[Database],
    ask: Callable[[Database], Answer],
    pause: Callable[[], object],
    heard: Callable[[int], object],
) -> list[Answer]:
    """What *ask* brings of each of *databases*, in their order.

    At most `ASKED_AT_ONCE` are asked at once, and of one server at most its `databases_at_once`. *pause*: waits a
    little; called before each database but the first of a server. *heard*: is called with how many have answered.

    Raises:
        Exception: The first that *ask* raises; what has not begun is then left.
    """
    waiting = list(databases)
    running: dict[Future[Answer], Database] = {}
    answers: dict[str, Answer] = {}
    at_server: Counter[str] = Counter()
    met: set[str] = set()

    def ask_one(database: Database, *, is_first: bool) -> Answer:
        if not is_first:
            pause()
        return ask(database)

    with ThreadPoolExecutor(ASKED_AT_ONCE) as pool:
        while waiting or running:
            for database in list(waiting):
                if len(running) == ASKED_AT_ONCE:
                    break
                server = registry.server_of(database)
                if at_server[server.id] < min(server.databases_at_once, server.connections_at_once):
                    waiting.remove(database)
                    at_server[server.id] += 1
                    running[pool.submit(ask_one, database, is_first=server.id not in met)] = database
                    met.add(server.id)
            for done in wait(running, return_when=FIRST_COMPLETED).done:
                database = running.pop(done)
                at_server[database.server] -= 1
                answers[database.id] = done.result()
                heard(len(answers))
    return [answers[one.id] for one in databases]
