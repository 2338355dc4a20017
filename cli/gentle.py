"""Asks many databases at once, and never more of one server than it bears."""

from __future__ import annotations

from collections import Counter, defaultdict
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
    waiting: dict[str, list[Database]] = defaultdict(list)
    for database in reversed(databases):
        waiting[database.server].append(database)
    bears = {one.id: min(one.databases_at_once, one.connections_at_once) for one in registry.servers}
    at_server: Counter[str] = Counter()
    running: dict[Future[Answer], Database] = {}
    answers: dict[str, Answer] = {}
    met: set[str] = set()

    def ask_one(database: Database, *, is_first: bool) -> Answer:
        if not is_first:
            pause()
        return ask(database)

    with ThreadPoolExecutor(ASKED_AT_ONCE) as pool:
        while len(answers) < len(databases):
            while len(running) < ASKED_AT_ONCE and (
                free := [one for one in waiting if waiting[one] and at_server[one] < bears[one]]
            ):
                server = max(free, key=lambda one: len(waiting[one]) / bears[one])  # whose end is the farthest
                at_server[server] += 1
                database = waiting[server].pop()
                running[pool.submit(ask_one, database, is_first=server not in met)] = database
                met.add(server)
            for done in wait(running, return_when=FIRST_COMPLETED).done:
                database = running.pop(done)
                at_server[database.server] -= 1
                answers[database.id] = done.result()
                heard(len(answers))
    return [answers[one.id] for one in databases]
