"""
State "PollLoads" of database-run.asl.json: looks at every load under way once.

Takes   AttemptRequest
Returns Response: `loading`; `more` where the budget has room for a table that waits; `loaded` when all are over
Raises  ClaimLostError
"""

from __future__ import annotations

from typing import Literal

from fleet.errors import ClaimLostError, FleetError
from fleet.failures import Failure
from fleet.outcomes import LoadResult
from lambdas.clients.snowflake import Failed, Running, SqlApi, SqlApiError, Succeeded
from lambdas.entrypoint import Model, entrypoint
from lambdas.loads import Load, read_loads, write_loads
from lambdas.opened import AttemptRequest, open_attempt
from lambdas.wiring import Clients

Request = AttemptRequest


class Response(Model):
    """How the loads stand."""

    verdict: Literal["loading", "more", "loaded"]
    wait_seconds: int = 0


RAISES: tuple[type[FleetError], ...] = (ClaimLostError,)


def run(request: Request, clients: Clients) -> Response:
    """Fetch the answers that are there; asking twice for one changes nothing."""
    opened = open_attempt(request.attempt, clients)
    api = clients.snowflake(opened.settings.snowflake)
    before = read_loads(opened.attempt, clients)
    loads = tuple(_look(load, api) if load.state == "under way" else load for load in before)
    if loads != before:
        write_loads(opened.attempt, loads, clients)
    under_way = sum(load.state == "under way" for load in loads)
    if any(load.state == "waiting" for load in loads) and under_way < opened.plan.loads_per_database:
        return Response(verdict="more")
    if under_way:
        return Response(verdict="loading", wait_seconds=opened.plan.load_poll_seconds)
    if not opened.record.get("loaded_at"):
        clients.ledger.note(opened.attempt, loaded_at=clients.now().isoformat())
    return Response(verdict="loaded")


def _look(load: Load, api: SqlApi) -> Load:
    try:
        answer = api.poll(load.handle, load.wanted)
    except SqlApiError as error:
        return load.refused(error)
    if isinstance(answer, Running):
        return load
    if isinstance(answer, Failed):
        text = f"{load.name}: Snowflake answers {answer.code}: {answer.cause}"
        return load.over(LoadResult(0, 0, Failure("warehouse", "LoadRefused", text)))
    return load.over(_read_rows(answer))


def _read_rows(answer: Succeeded) -> LoadResult:
    """Rows that COPY parsed, over all its answers, and the count that the request's last statement gave."""
    results = [rows for rows in answer.results if rows]
    parsed = sum(int(row["rows_parsed"] or 0) for rows in results for row in rows if "rows_parsed" in row)
    return LoadResult(rows_parsed=parsed, rows_published=int(results[-1][0]["row_count"] or 0))


handler = entrypoint("PollLoads", Request, run)
