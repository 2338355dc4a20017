"""Snowflake's SQL API v2 as one function: a request in, status and JSON out. No socket.

Source: https://docs.snowflake.com/en/developer-guide/sql-api/reference (documented, unless said otherwise).
"""

from __future__ import annotations

import json
import re
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from localcloud.snowflake.engine import Engine
from localcloud.snowflake.errors import SnowflakeError, not_emulated
from localcloud.snowflake.keypairs import UnauthenticatedError, authenticated_user
from localcloud.snowflake.loading.stages import Stages
from localcloud.snowflake.results import Result
from localcloud.snowflake.session import Session
from localcloud.snowflake.sql.lexing import Statement, is_true, split_statements

Answer = tuple[int, dict[str, Any]]

SYNCHRONOUS_SECONDS = 45
# Code of 429. Source: docs/facts/snowflake.md 3.9.
_TOO_MANY = {"code": "390505", "message": "Too many requests."}
# Source: https://docs.snowflake.com/en/user-guide/querying-persisted-results (documented: 24 hours), of 2026-11-29
RESULTS_KEPT_SECONDS = 86_400
_STATEMENTS = "/api/v2/statements"
_PARAMETERS = {"MULTI_STATEMENT_COUNT", "TIMEZONE", "QUERY_TAG"}
_FIELDS = {"statement", "timeout", "database", "schema", "warehouse", "role", "bindings", "parameters"}
# An account's TIMEZONE by default, to which a forgotten parameter leads (observed).
_DEFAULT_TIMEZONE = "America/Los_Angeles"


@dataclass
class _Request:
    """A submitted request. *future* ends with its results or with a SnowflakeError."""

    handle: str
    is_multiple: bool
    timeout_seconds: int
    started_at: float
    future: Future[list[Result]] = field(default_factory=Future)
    cancelled: threading.Event = field(default_factory=threading.Event)
    session: Session | None = None


class SnowflakeClock(Protocol):
    """The time of the account: what it asks of `localcloud.clock.Clock`."""

    def now(self) -> datetime:
        """The moment, aware UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds since some moment."""
        ...

    def work(self, function: Callable[..., object], *args: Any) -> object:
        """Run *function* in a pool."""
        ...


class Account(Protocol):
    """A Snowflake account: `Snowflake` here, or the one in a process of its own (`process.py`)."""

    def administer(self, statements: str, **context: str) -> list[Result]:
        """Run *statements* as an administrator who signed in by hand, before any user has a key.

        *context*: database, schema, warehouse. Raises SnowflakeError.
        """
        ...

    def answer(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes
    ) -> Answer:
        """Answer one HTTP request; never raises for what a client can do wrong."""
        ...

    def close(self) -> None:
        """Close the DuckDB files. Nothing may be under way."""
        ...


class Snowflake:
    """One account. *path*: a folder for DuckDB files, one per Snowflake database, or ":memory:".

    *iam_user_arn*: the IAM user as which Snowflake assumes roles; *account*: its identifier, as tokens name it.
    *most_under_way*: with so many requests under way, queued ones included, it takes no more; None: it takes all.
    """

    def __init__(
        self,
        path: str | Path,
        stages: Stages,
        *,
        iam_user_arn: str,
        clock: SnowflakeClock,
        account: str = "LOCAL-ACCOUNT",
        most_under_way: int | None = None,
    ) -> None:
        self._most_under_way = most_under_way
        self._under_way = 0
        self._account = account.upper().replace(".", "-")
        self._clock = clock
        self._engine = Engine(path, stages, iam_user_arn=iam_user_arn, now=clock.now)
        self._requests: dict[str, _Request] = {}
        self._by_request_id: dict[str, str] = {}
        self._results: dict[str, Result] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """As `Account` has it."""
        self._engine.close()

    def checkpoint(self) -> bool:
        """Bring into the DuckDB files what is committed; false if others did not let it now."""
        return self._engine.checkpoint()

    def finish(self) -> None:
        """Make the DuckDB files whole, for a process that then ends. Nothing may be under way."""
        self._engine.finish()

    def administer(self, statements: str, **context: str) -> list[Result]:
        """As `Account` has it."""
        whole = {"database": None, "schema": None, "warehouse": None, "role": None, "timezone": "UTC", **context}
        results = []
        for one in split_statements(statements):
            results += Session(self._engine, whole, threading.Event()).run([one], [])
        return results

    def answer(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes
    ) -> Answer:
        """As `Account` has it."""
        try:
            user = authenticated_user(headers, self._engine.catalogue, account=self._account, now=self._clock.now())
        except UnauthenticatedError as error:
            return 401, {"code": "390144", "message": str(error)}
        if not any(name.lower() == "user-agent" for name in headers):
            return 400, {"code": "391902", "message": "The User-Agent header is required."}
        if method == "POST" and path == _STATEMENTS:
            return self._submit(user, query, body)
        if found := re.fullmatch(rf"{_STATEMENTS}/([\w-]+)", path):
            return self._poll(found[1], query) if method == "GET" else (405, {"message": "Method not allowed."})
        if found := re.fullmatch(rf"{_STATEMENTS}/([\w-]+)/cancel", path):
            return self._cancel(found[1]) if method == "POST" else (405, {"message": "Method not allowed."})
        return 404, {"code": "390404", "message": f"{method} {path} is no resource of the SQL API."}

    def settle(self, handle: str) -> None:
        """Return when the request *handle* has ended, in whatever way."""
        self._requests[handle].future.exception()

    # --- POST /api/v2/statements

    def _submit(self, user: str, query: Mapping[str, str], body: bytes) -> Answer:
        if unknown := sorted(set(query) - {"async", "requestId", "retry", "nullable"}):
            return 400, _failure("391902", "0A000", f"not emulated here: the query parameter {', '.join(unknown)}")
        request_id = query.get("requestId")
        try:
            statements, bindings, context, timeout = self._read(user, body)
        except SnowflakeError as error:
            refused = _Request(str(uuid.uuid4()), False, 0, self._clock.monotonic())
            refused.future.set_exception(error)
            self._requests[refused.handle] = refused
            return self._state(refused)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return 400, _failure("391902", "22000", f"The request body is not valid: {error!r}")
        request = _Request(str(uuid.uuid4()), len(statements) > 1, timeout, self._clock.monotonic())
        with self._lock:
            self._forget_old(request.started_at - RESULTS_KEPT_SECONDS)
            earlier = self._requests.get(self._by_request_id.get(request_id or "", ""))
            if earlier is not None and is_true(query.get("retry")) and not _has_failed(earlier):
                return self._state(earlier)
            if self._most_under_way is not None and self._under_way >= self._most_under_way:
                return 429, dict(_TOO_MANY)
            self._under_way += 1
            request.future.add_done_callback(self._one_less)
            self._requests[request.handle] = request
            if request_id:
                self._by_request_id[request_id] = request.handle
        if is_true(query.get("async")):
            self._clock.work(self._execute, request, statements, bindings, context)
            return 202, self._running(request)
        self._execute(request, statements, bindings, context)
        if self._clock.monotonic() - request.started_at > SYNCHRONOUS_SECONDS:
            return 202, self._running(request)
        return self._state(request)

    def _one_less(self, _: Future[list[Result]]) -> None:
        with self._lock:
            self._under_way -= 1

    def _read(self, user: str, body: bytes) -> tuple[list[Statement], list[Any], dict[str, Any], int]:
        content = json.loads(body)
        if unknown := sorted(set(content) - _FIELDS):
            raise not_emulated(f"the field {', '.join(unknown)} of a request")
        parameters = {name.upper(): value for name, value in content.get("parameters", {}).items()}
        if unknown := sorted(set(parameters) - _PARAMETERS):
            raise not_emulated(f"the parameter {', '.join(unknown)} of a request")
        statements = split_statements(content["statement"])
        wanted = int(parameters.get("MULTI_STATEMENT_COUNT", 1))
        if wanted not in {0, len(statements)} or not statements:
            raise SnowflakeError(
                "000008",
                "0A000",
                f"Actual statement count {len(statements)} did not match the desired statement count {wanted}.",
            )
        known = self._engine.catalogue.object("USER", user)
        context = {
            "database": content.get("database"),
            "schema": content.get("schema"),
            "warehouse": content.get("warehouse") or known.get("DEFAULT_WAREHOUSE"),
            "role": content.get("role") or known.get("DEFAULT_ROLE") or "PUBLIC",
            "timezone": parameters.get("TIMEZONE") or known.get("TIMEZONE") or _DEFAULT_TIMEZONE,
        }
        return statements, _bindings(content.get("bindings", {})), context, int(content.get("timeout", 0))

    def _execute(
        self, request: _Request, statements: Sequence[Statement], bindings: list[Any], context: dict[str, Any]
    ) -> None:
        try:
            request.session = Session(self._engine, context, request.cancelled)
            results = request.session.run(statements, bindings)
            self._require_in_time(request)
        except SnowflakeError as error:
            request.future.set_exception(error)
        except Exception as error:
            request.future.set_exception(SnowflakeError("000603", "XX000", f"SQL execution internal error: {error!r}"))
            raise
        else:
            with self._lock:
                for at, result in enumerate(results):
                    self._results[_part(request, at)] = result
            request.future.set_result(results)

    def _require_in_time(self, request: _Request) -> None:
        # Looked at when all is done: what ran for too long has taken effect here; Snowflake would have stopped it.
        if request.timeout_seconds and self._clock.monotonic() - request.started_at > request.timeout_seconds:
            raise SnowflakeError(
                "000630",
                "57014",
                f"Statement reached its statement or warehouse timeout of {request.timeout_seconds} second(s) "
                "and was canceled.",
            )

    # --- GET /api/v2/statements/{handle} and POST .../cancel

    def _poll(self, handle: str, query: Mapping[str, str]) -> Answer:
        if unknown := sorted(set(query) - {"partition", "requestId"}):
            return 400, _failure("391902", "0A000", f"not emulated here: the query parameter {', '.join(unknown)}")
        if query.get("partition", "0") != "0":
            return 400, _failure("391902", "0A000", "not emulated here: a result has one partition, number 0")
        if handle in self._results:
            return 200, self._done(handle, self._results[handle])
        request = self._requests.get(handle)
        if request is None:
            return 404, _failure("000709", "02000", f"Statement {handle} not found")
        return self._state(request)

    def _cancel(self, handle: str) -> Answer:
        request = self._requests.get(handle)
        if request is None:
            return 404, _failure("000709", "02000", f"Statement {handle} not found")
        if request.future.done():
            return 422, _failure("000605", "57014", "Identified SQL statement is not currently executing.", handle)
        request.cancelled.set()
        self._engine.locks.wake()
        if request.session is not None:
            request.session.interrupt()
        return 200, _failure("000604", "57014", "SQL execution canceled", handle)

    def _forget_old(self, before: float) -> None:
        """Let go of what had begun *before*, on the clock, and has ended. Under the lock."""
        while self._requests:
            oldest = next(iter(self._requests.values()))
            if oldest.started_at >= before or not oldest.future.done():
                return
            del self._requests[oldest.handle]
            parts = 0 if oldest.future.exception() else len(oldest.future.result())
            for at in range(parts):
                self._results.pop(_part(oldest, at), None)

    def _state(self, request: _Request) -> Answer:
        if not request.future.done():
            return 202, self._running(request)
        error = request.future.exception()
        if isinstance(error, SnowflakeError):
            return 422, _failure(error.code, error.state, error.message, request.handle)
        results = request.future.result()
        if not request.is_multiple:
            return 200, self._done(request.handle, results[0])
        said = Result(["multiple statement execution"], ["VARCHAR"], [["Multiple statements executed successfully."]])
        handles = [_part(request, at) for at in range(len(results))]
        return 200, {**self._done(request.handle, said), "statementHandles": handles}

    def _running(self, request: _Request) -> dict[str, Any]:
        return {
            "code": "333334",
            "message": "Asynchronous execution in progress. Use provided query id to perform query monitoring and "
            "management.",
            "statementHandle": request.handle,
            "statementStatusUrl": f"{_STATEMENTS}/{request.handle}",
        }

    def _done(self, handle: str, result: Result) -> dict[str, Any]:
        return {
            "code": "090001",
            "sqlState": "00000",
            "message": "Statement executed successfully.",
            "statementHandle": handle,
            "statementStatusUrl": f"{_STATEMENTS}/{handle}",
            "createdOn": int(self._clock.now().timestamp() * 1_000),
            "resultSetMetaData": {
                "numRows": len(result.rows),
                "format": "jsonv2",
                "rowType": result.row_type(),
                "partitionInfo": [{"rowCount": len(result.rows)}],
            },
            "data": result.data(),
        }


def _part(request: _Request, at: int) -> str:
    return f"{request.handle}-{at}" if request.is_multiple else request.handle


def _has_failed(request: _Request) -> bool:
    return request.future.done() and request.future.exception() is not None


def _failure(code: str, state: str, message: str, handle: str | None = None) -> dict[str, Any]:
    about = {"code": code, "sqlState": state, "message": message}
    return about if handle is None else {**about, "statementHandle": handle}


def _bindings(given: Mapping[str, Mapping[str, str]]) -> list[Any]:
    """The values of `bindings`, in the order of the question marks."""
    makers = {"TEXT": str, "FIXED": int, "REAL": float, "BOOLEAN": is_true}
    values = []
    for at in range(1, len(given) + 1):
        one = given[str(at)]
        if one["type"] not in makers:
            raise not_emulated(f"a binding of type {one['type']}")
        values.append(makers[one["type"]](one["value"]))
    return values
