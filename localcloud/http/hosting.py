"""A local cloud behind an endpoint that can be made anew while the endpoint stays."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Self

from localcloud.cloud import Cloud
from localcloud.http.errors import refusal
from localcloud.http.messages import Reply, Request
from localcloud.http.routing import Router
from localcloud.in_process_transport import AwsError

_log = logging.getLogger(__name__)

Serve = Callable[["Host", Request], Reply]
"""Answers a request to a path of the caller's own; an `AwsError` that it raises becomes a refusal."""


class Host:
    """Answers requests with the local cloud that *make* gives. *admin*: paths that AWS does not have, and what answers
    a request to each.

    *make* is called at the start and at each reset, when the cloud before has closed. Use it as a context.
    """

    def __init__(self, make: Callable[[], Cloud], admin: Mapping[str, Serve] = MappingProxyType({})) -> None:
        self._make = make
        self._admin = admin
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
            if serve := self._admin.get(request.path):
                return serve(self, request)
            with self.in_use() as (_, router):
                return router.answer(request)
        except AwsError as error:
            return refusal(error, request, "")
        except Exception as error:  # noqa: BLE001  the client gets it
            _log.exception("an answer broke")
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
    def in_use(self) -> Iterator[tuple[Cloud, Router]]:
        """The cloud of now and its router; a reset waits until they are not in use any more.

        Raises:
            AwsError: There is none, because one is being opened or could not be.
        """
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
