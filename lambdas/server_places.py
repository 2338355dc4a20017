"""The place of an attempt at its server, looked at once more before the load begins."""

from __future__ import annotations

from fleet.blackouts import next_start, say_in_blackout
from fleet.failures import Failure
from fleet.outcomes import SERVER_BLACKOUT, SERVER_FULL
from fleet.server_places import Place, count_places, say_places
from fleet.waits import Wait
from lambdas.attempt_context import Opened
from lambdas.waiting import keep_waiting
from lambdas.wiring import Clients


def keep_place(opened: Opened, clients: Clients) -> int | Failure:
    """0 where the attempt has its place; else in how many seconds to look again, or the failure once that is too long.

    ClaimDatabase took the place, and outside of the server's blackouts. Only an execution that was dead for a while and
    then redriven has lost it, or comes in a blackout; or one whose preparation took longer than was reckoned with.
    """
    server, profile, now = opened.server, opened.registry.profile_at(opened.server.id), clients.now()
    start = next_start(server.blackouts, now, 0)
    if start.at > now:
        missing = say_in_blackout(server.id, start)
        return _wait(opened, Wait(SERVER_BLACKOUT, missing, "server_wait_seconds", "blackout"), clients)
    place_at = clients.ledger.claim(opened.database.id).place_at
    if place_at == server.id:
        return 0
    if clients.places.take_again(opened.attempt, Place(server.id, count_places(server, profile), place_at)):
        return 0
    missing = f"no place came free at its server: {say_places(server, profile)}"
    return _wait(opened, Wait(SERVER_FULL, missing, "server_wait_seconds", "server_full"), clients)


def _wait(opened: Opened, wait: Wait, clients: Clients) -> int | Failure:
    left = keep_waiting(opened, wait, clients)
    if isinstance(left, int):
        clients.ledger.add_seconds(opened.attempt, "server_wait_seconds", left)
    return left
