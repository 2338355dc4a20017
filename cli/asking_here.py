"""Questions to a source from this machine, with the drivers that AskSource has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from fleet.databases import Database, Engine, Registry
from fleet.failures import Failure
from lambdas.handlers.ask_source import SPEAKERS, Speaker, get_secret
from lambdas.source_looks import Questions
from lambdas.wiring import Clients

Answer = TypeVar("Answer")


def ask_here(engine: Engine, ask: Callable[[Speaker], Answer]) -> Answer | Failure:
    """What *ask* hears of a source of *engine*, or why that does not answer."""
    speaker = SPEAKERS[engine]
    try:
        return ask(speaker)
    except speaker.errors as error:
        return speaker.describe_failure(error)


def ask_from_here(registry: Registry, database: Database, clients: Clients) -> Questions:
    """The questions, asked from this machine, with the secret that its credentials may read."""
    server, name, schemas = registry.server_of(database), database.name_at_source, list(database.schemas)
    mode = server.ssl_mode

    def ask(question: Callable[[Speaker, Mapping[str, Any]], Answer]) -> Answer | Failure:
        secret = get_secret(server.secret, clients)
        if isinstance(secret, Failure):
            return secret
        return ask_here(server.engine, lambda speaker: question(speaker, secret))

    return Questions(
        lambda: ask(lambda speaker, secret: speaker.census(secret, name, schemas, mode)),
        lambda views: ask(lambda speaker, secret: speaker.facts(secret, name, schemas, views, mode, _has_time)),
        lambda: ask(lambda speaker, secret: speaker.log(secret, name, mode)),
        lambda asked, seconds_each: ask(
            lambda speaker, secret: tuple(speaker.losses(secret, name, asked, mode, seconds_each, _has_time))
        ),
    )


def _has_time() -> bool:
    """No function's end is near: each statement has a time-out of its own."""
    return True
