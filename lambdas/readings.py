"""Writes into Snowflake how fresh tables are (`fleet/freshness.py`). What cannot be written fails nothing."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from botocore.exceptions import BotoCoreError, ClientError

from fleet.errors import FleetError
from fleet.freshness import Reading, reading_statements
from fleet.sentences import as_clause
from lambdas.attempt_context import Opened
from lambdas.clients.snowflake import Failed, Running
from lambdas.wiring import Clients

_REQUESTS = uuid.UUID("a3f0f4f6-7f0f-4d5c-9b53-2f7f2b0f5c61")


def write_readings(opened: Opened, readings: Sequence[Reading], clients: Clients) -> str:
    """Insert *readings*; in words why not all of them are there, or nothing.

    A request has the same id each time. One that runs twice all the same writes rows twice, which shows nowhere.
    """
    attempt = opened.attempt
    for number, statement in enumerate(reading_statements(opened.settings.snowflake, attempt, readings)):
        request_id = str(uuid.uuid5(_REQUESTS, f"{attempt.run}/{attempt.database}/{attempt.number}/{number}"))
        try:
            answer = clients.snowflake(opened.settings.snowflake).run((statement,), request_id)
        except (FleetError, ClientError, BotoCoreError) as error:
            return _gap(str(error))
        if isinstance(answer, Failed):
            return _gap(f"Snowflake answers {answer.code}: {answer.cause}")
        if isinstance(answer, Running):
            return _gap("Snowflake has not ended the INSERT in time")
    return ""


def _gap(why: str) -> str:
    return f"OPS.FRESHNESS may show tables older than they are ({as_clause(why)})"
