"""Questions to a source from this machine, with the drivers that AskSource has."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from fleet.databases import Engine
from fleet.failures import Failure
from lambdas.handlers.ask_source import SPEAKERS, Speaker

Answer = TypeVar("Answer")


def ask_here(engine: Engine, ask: Callable[[Speaker], Answer]) -> Answer | Failure:
    """What *ask* hears of a source of *engine*, or why that does not answer."""
    speaker = SPEAKERS[engine]
    try:
        return ask(speaker)
    except speaker.errors as error:
        return speaker.describe_failure(error)
