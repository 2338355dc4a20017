"""Faults of Snowflake, between the client and the stand-in."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from urllib3.exceptions import ReadTimeoutError

from lambdas.clients.snowflake import HttpResponse, Transport
from local.faults.calls import Calls, Invocation, Trouble
from local.faults.causes import Causes
from local.faults.operations import CANCEL, POLL, SUBMIT
from localcloud.snowflake.transport import Response

_NO_SUCH_FILE = "'a file that nobody wrote.parquet', "
_ENDLESS = re.compile(r"/api/v2/statements/(?P<handle>endless-[\w-]+?)(?P<cancel>/cancel)?(\?.*)?$")


class FaultyTransport:
    """A transport whose requests may be refused, cut off or changed. *now*: seconds on the clock."""

    def __init__(self, inner: Transport, causes: Causes, calls: Calls, now: Callable[[], float]) -> None:
        self._inner = inner
        self._causes = causes
        self._calls = calls
        self._now = now
        self._cancelled: set[str] = set()

    def request(
        self, method: str, url: str, *, body: bytes | None = None, headers: Mapping[str, str], **options: Any
    ) -> HttpResponse:
        """Answer one request."""
        with self._calls.called() as invocation:
            if invocation is None:
                return self._inner.request(method, url, body=body, headers=headers, **options)
            return self._request(invocation, method, url, body, headers, options)

    def _request(
        self,
        invocation: Invocation,
        method: str,
        url: str,
        body: bytes | None,
        headers: Mapping[str, str],
        options: Mapping[str, Any],
    ) -> HttpResponse:
        operation = POLL if method == "GET" else CANCEL if body is None else SUBMIT
        for cause in self._causes.of(invocation.database, "warehouse-down"):
            if cause.seconds_since_felt(self._now()) < int(cause.fault.values[0]):
                cause.strike()
                return _say(503, "Service unavailable.")
        if trouble := self._calls.before(invocation, operation):
            return self._answer(trouble, url)
        if endless := _ENDLESS.search(url):
            return self._go_on(endless["handle"], is_cancelled=bool(endless["cancel"]))
        if body is not None:
            body = self._spoil(invocation, body)
            if self._is_endless(invocation, body):
                return self._go_on(f"endless-{uuid.uuid4()}", is_cancelled=False)
        answer = self._inner.request(method, url, body=body, headers=headers, **options)
        if trouble := self._calls.after(invocation, operation, is_done=answer.status in {200, 202}):
            return self._answer(trouble, url)
        return answer

    def _spoil(self, invocation: Invocation, body: bytes) -> bytes:
        """The body, asking COPY for a file that is not there where COPY is to be refused."""
        content = json.loads(body)
        tag, statement = content["parameters"].get("query_tag", ""), content["statement"]
        for cause in self._causes.of(invocation.database, "refused-copy"):
            if "FILES = (" in statement and cause.choose(tag.rpartition(":")[2]):
                cause.strike()
                content["statement"] = statement.replace("FILES = (", f"FILES = ({_NO_SUCH_FILE}", 1)
                return json.dumps(content).encode()
        return body

    def _is_endless(self, invocation: Invocation, body: bytes) -> bool:
        """Whether the load that *body* asks for is the one that never ends."""
        table = json.loads(body)["parameters"].get("query_tag", "").rpartition(":")[2]
        for cause in self._causes.of(invocation.database, "load-never-ends"):
            if table and cause.choose(table):
                cause.strike()
                return True
        return False

    def _go_on(self, handle: str, *, is_cancelled: bool) -> HttpResponse:
        """A load under way; once it is cancelled, a failed one."""
        if is_cancelled:
            self._cancelled.add(handle)
        if handle in self._cancelled:
            return _say(422, "SQL execution canceled", code="000604", sqlState="57014", statementHandle=handle)
        return _say(202, "Asynchronous execution in progress.", code="333334", statementHandle=handle)

    @staticmethod
    def _answer(trouble: Trouble, url: str) -> HttpResponse:
        if trouble == "timed out":
            raise ReadTimeoutError(None, url, "Read timed out.")  # type: ignore[arg-type]  there is no pool
        return _say(429, "Too many requests.")


def _say(status: int, message: str, **members: str) -> Response:
    return Response(status, json.dumps({"message": message, **members}).encode())
