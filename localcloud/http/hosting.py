"""A local cloud behind an endpoint that can be made anew while the endpoint stays."""

from __future__ import annotations

import hmac
import json
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Self

from localcloud.cloud import Cloud
from localcloud.http.errors import refusal
from localcloud.http.messages import Reply, Request
from localcloud.http.routing import Router
from localcloud.in_process_transport import AwsError
from localcloud.snowflake.errors import SnowflakeError

_log = logging.getLogger(__name__)

RESET = "/_cloud/reset"  # no bucket's name begins like that
ADMINISTER = "/_cloud/snowflake"
TOKEN = "X-Cloud-Token"  # noqa: S105  a header's name


class Host:
    """Answers requests with the local cloud that *make* gives; *token* is what has to know who resets it, or who runs
    statements in Snowflake as the administrator that a new account comes with.

    *make* is called at the start and at each reset, when the cloud before has closed. Use it as a context.
    """

    def __init__(self, make: Callable[[], Cloud], token: str) -> None:
        self._make = make
        self._token = token
        self._opened: tuple[Cloud, Router] | None = None
        self._why_none = "the account is being opened"
        self._answering = 0
        self._changed = threading.Condition()

    def __enter__(self) -> Self:
        self._open()
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def answer(self, request: Request) -> Reply:
        """The answer to *request*; never raises."""
        try:
            if request.path in {RESET, ADMINISTER}:
                self._require_token(request)
                return self._answer_reset() if request.path == RESET else self._administer(request)
            with self._in_use() as (_, router):
                return router.answer(request)
        except AwsError as error:
            return refusal(error, request, "")
        except Exception as error:  # noqa: BLE001  the client gets it
            _log.exception("the reset broke")
            return refusal(AwsError("InternalFailure", f"a fault of the local cloud: {error!r}", 500), request, "")

    def reset(self) -> None:
        """Close the cloud, once every answer under way is out, and open another. Requests meanwhile get a 503."""
        with self._changed:
            closing, _ = self._require_opened()
            self._opened, self._why_none = None, "the account is being reset"
            self._changed.wait_for(lambda: self._answering == 0)
        closing.__exit__()
        self._open()

    @contextmanager
    def _in_use(self) -> Iterator[tuple[Cloud, Router]]:
        with self._changed:
            opened = self._require_opened()
            self._answering += 1
        try:
            yield opened
        finally:
            with self._changed:
                self._answering -= 1
                self._changed.notify_all()

    def _require_opened(self) -> tuple[Cloud, Router]:
        if self._opened is None:
            raise AwsError("ServiceUnavailable", self._why_none, 503)
        return self._opened

    def _require_token(self, request: Request) -> None:
        is_known = hmac.compare_digest(request.header(TOKEN).encode(), self._token.encode())
        if request.method != "POST" or not is_known:
            raise AwsError("AccessDenied", "only who started this local cloud may ask for this", 403)

    def _answer_reset(self) -> Reply:
        self.reset()
        return Reply(200, {"Content-Type": "application/json"}, json.dumps({}).encode(), "cloud reset")

    def _administer(self, request: Request) -> Reply:
        """Run the body's `statements` in the body's `database`."""
        asked = json.loads(request.body)
        try:
            with self._in_use() as (cloud, _):
                cloud.snowflake.administer(asked["statements"], database=asked["database"])
        except SnowflakeError as error:
            raise AwsError("SnowflakeError", str(error)) from error
        return Reply(200, {"Content-Type": "application/json"}, json.dumps({}).encode(), "snowflake administer")

    def _open(self) -> None:
        try:
            cloud = self._make()
            try:
                cloud.__enter__()
            except BaseException:
                cloud.__exit__()
                raise
        except Exception as error:
            self._why_none = f"the account could not be opened: {error!r}"
            raise
        with self._changed:
            self._opened = cloud, Router(cloud)

    def _close(self) -> None:
        with self._changed:
            closing, self._opened = self._opened, None
        if closing is not None:
            closing[0].__exit__()
