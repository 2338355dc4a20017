"""Every Lambda function: its state or name, and the module whose `handler` it runs. By dotted path, so that the
infrastructure never imports a handler."""

from __future__ import annotations

import re

FLEET_RUN = ("PlanRun", "CloseRun")
DATABASE_RUN = (
    "ClaimDatabase",
    "ContinueChain",
    "PrepareTask",
    "PointEndpoint",
    "AwaitConnection",
    "StartTask",
    "PollTask",
    "StopTask",
    "SealFolder",
    "SubmitLoads",
    "PollLoads",
    "Reconcile",
    "NextStep",
    "CompareKeys",
    "RecordOutcome",
    "ReleaseDatabase",
    "Conclude",
)


def snake_case(name: str) -> str:
    """The module's name of a state.

    >>> snake_case("PointEndpoint")
    'point_endpoint'
    """
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


MODULES: dict[str, str] = {
    **{name: f"lambdas.handlers.fleet_run.{snake_case(name)}" for name in FLEET_RUN},
    **{name: f"lambdas.handlers.database_run.{snake_case(name)}" for name in DATABASE_RUN},
    "AskSource": "lambdas.handlers.ask_source",
    "Recorder": "lambdas.handlers.recorder",
    "Sweep": "lambdas.handlers.sweep",
}
