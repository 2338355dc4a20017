"""
State "PollLoads" of database-run.asl.json: looks at every load under way once.

Takes   AttemptRequest
Returns Response: `loading`; `more` where the budget has room for a table that waits; `loaded` when all are over
Raises  ClaimLostError
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from fleet.declared_keys import key_refused, read_key_refusal
from fleet.deltas.change_sql import INCOMPLETE, KEYLESS
from fleet.drift import TableLook, read_streams
from fleet.errors import ClaimLostError, FleetError, ThrottledError
from fleet.failures import Failure
from fleet.names import warehouse_name, warehouse_schema
from fleet.outcomes import LoadResult
from fleet.waits import CANCEL_GRACE_SECONDS, Wait, judge_wait, next_load_look_seconds, next_look_seconds, seconds_since
from fleet.warehouse_columns import read_landed, read_present
from lambdas.attempt_context import AttemptRequest, Opened, find_stop_request, open_attempt
from lambdas.change_loads import needs_full
from lambdas.clients.snowflake import Failed, Running, SqlApi, SqlApiError, Succeeded
from lambdas.entrypoint import Model, entrypoint
from lambdas.known_tables import keep_known_tables
from lambdas.loads import Load, read_loads, write_loads
from lambdas.wiring import Clients

Request = AttemptRequest
_SHARE_OF_HAND_OFF = 300
"""A pause is at least this part of the time since the seal, so that half a day of loads fits into 25,000 events."""


class Response(Model):
    """How the loads stand."""

    verdict: Literal["loading", "more", "loaded"]
    wait_seconds: int = 0


RAISES: tuple[type[FleetError], ...] = (ClaimLostError,)


def run(request: Request, clients: Clients) -> Response:
    """Fetch the answers that are there, and cancel what takes too long or is not wanted any more.

    Asking twice for an answer changes nothing.
    """
    opened = open_attempt(request.attempt, clients)
    api = clients.snowflake(opened.settings.snowflake)
    before, stopped = read_loads(opened.attempt, clients), find_stop_request(opened, clients)
    now = clients.now()
    loads = tuple(_follow(load, opened, stopped, now, api) for load in before)
    if loads != before:
        write_loads(opened.attempt, loads, clients)
    under_way = [load for load in loads if load.state == "under way"]
    has_room = len(under_way) < opened.plan.loads_per_database
    if has_room and any(load.state in {"waiting", "sending"} for load in loads):
        return Response(verdict="more")
    if under_way:
        newest = min(load.seconds_since_touched(now) for load in under_way)
        planned = max(
            next_load_look_seconds(opened.plan.load_poll_seconds, newest),
            round(seconds_since(opened.record.sealed_at, now)) // _SHARE_OF_HAND_OFF,
        )
        look = next_look_seconds(planned, newest, opened.settings.limits.load_deadline_seconds + 1)
        return Response(verdict="loading", wait_seconds=look)
    if not opened.record.loaded_at:
        keep_known_tables(opened.database.id, loads, clients)
        clients.ledger.note(opened.attempt, loaded_at=clients.now())
    return Response(verdict="loaded")


def _follow(load: Load, opened: Opened, stopped: Failure | None, now: datetime, api: SqlApi) -> Load:
    """*load* as it is now."""
    if load.state == "waiting" and stopped:
        return load.failed(stopped)
    if load.state != "under way":
        return load
    try:
        answer = api.poll(load.handle, load.wanted)
        return _end(load, opened, stopped, now, api) if isinstance(answer, Running) else _answer(load, opened, answer)
    except SqlApiError as error:
        return load.refused(error)


def _end(load: Load, opened: Opened, stopped: Failure | None, now: datetime, api: SqlApi) -> Load:
    """*load*, which still runs: left alone, cancelled, or given up where a cancelled statement does not end."""
    if load.cancelled:
        if load.seconds_since_touched(now) <= CANCEL_GRACE_SECONDS:
            return load
        text = f"{load.cancelled.text} Snowflake did not end it within {CANCEL_GRACE_SECONDS} s: it may still commit."
        return load.failed(Failure(load.cancelled.failure_class, load.cancelled.name, text))
    wait = Wait("LoadTooLong", f"{load.name}: its load did not end", "load_deadline_seconds", "warehouse")
    why = stopped or judge_wait(wait, load.seconds_since_sent(now), 0, opened.settings.limits)
    if not isinstance(why, Failure):
        return load
    try:
        api.cancel(load.handle)
    except ThrottledError:  # asked again at the next look
        return load
    return load.cancel(why, now)


def _answer(load: Load, opened: Opened, answer: Succeeded | Failed) -> Load:
    if isinstance(answer, Failed) and load.cancelled:
        return load.failed(load.cancelled)
    if isinstance(answer, Failed) and load.folders and INCOMPLETE in answer.cause:
        return load.failed(needs_full(load.name, "its updates may leave out long values that they do not change"))
    if isinstance(answer, Failed) and load.folders and KEYLESS in answer.cause:
        return load.failed(
            needs_full(load.name, "changes of it lack the key, so that nobody knows which rows they are of")
        )
    if isinstance(answer, Failed) and (found := read_key_refusal(answer.cause)):
        return load.failed(key_refused(load.name, found))
    if isinstance(answer, Failed):
        text = f"{load.name}: Snowflake answers {answer.code}: {answer.cause}"
        return load.failed(Failure("warehouse", "LoadRefused", text))
    if load.is_looking:
        rows = answer.results[0] or ()
        return load.looked(TableLook(read_landed(rows), read_present(rows)))
    return load.over(_read_rows(load, opened, answer))


def _read_rows(load: Load, opened: Opened, answer: Succeeded) -> LoadResult:
    """Rows that COPY parsed, over all its answers, and the count that the request's last statement gave."""
    results = [rows for rows in answer.results if rows]
    parsed = sum(int(row["rows_parsed"] or 0) for rows in results for row in rows if "rows_parsed" in row)
    streams = read_streams([row for rows in results for row in rows if "stale" in row], _stored(load, opened))
    changes = load.changes + ((f"streams that are stale: {', '.join(streams)}",) if streams else ())
    repeated = sum(int(row["rows_repeated"] or 0) for rows in results for row in rows if "rows_repeated" in row)
    if repeated:
        changes += (f"{repeated:,} rows landed beside another one with their key, and the last one of each key counts",)
    return LoadResult(
        rows_parsed=parsed,
        rows_published=int(results[-1][0]["row_count"] or 0),
        changes=changes,
        drift=load.drift,
        rows_repeated=repeated,
    )


def _stored(load: Load, opened: Opened) -> tuple[str, str, str]:
    """Snowflake's database, schema and table of *load*."""
    schema = warehouse_schema(opened.database.id, load.schema)
    return opened.settings.snowflake.database, schema, warehouse_name(load.table)


handler = entrypoint("PollLoads", Request, run)
