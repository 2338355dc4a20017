"""moto with its routes remembered: it looks for the service and builds the service's table of URLs at each request.

The same handlers of moto get the same requests; only the search is done once for a host and once for a service.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from moto import backend_index, backends
from moto.core.base_backend import BackendDict
from moto.core.models import DEFAULT_ACCOUNT_ID, botocore_stubber
from moto.core.request import normalize_request
from werkzeug.exceptions import HTTPException

from local.wire import response

# Where moto looks for who asks; nobody computes the signature that would follow.
_AUTHORIZATION = "AWS4-HMAC-SHA256 Credential=local/20260101/eu-central-1/any/aws4_request"

Routes = list[tuple[re.Pattern[str], Any]]


def shorten(client: Any, first: Callable[[AWSPreparedRequest, str], AWSResponse | None] = lambda *_: None) -> None:
    """Let *client*'s requests go to *first*, with the operation's name, and by remembered routes to moto if that
    answers None."""

    def before_send(request: AWSPreparedRequest, event_name: str, **_: Any) -> AWSResponse:
        return first(request, event_name.rpartition(".")[2]) or answer(request)

    # botocore asks every handler, so moto's own would still run.
    client.meta.events.unregister("before-send", botocore_stubber)
    client.meta.events.register_first("before-send", before_send)


def answer(request: AWSPreparedRequest) -> AWSResponse:
    """What moto answers to *request*."""
    if not botocore_stubber.enabled:
        raise RuntimeError(f"moto is off, so nothing may be sent to {request.url}")
    url = request.url.partition("?")[0]
    for pattern, handle in _routes(_service("/".join(url.split("/", 3)[:3]))):
        if pattern.match(url):
            if "Authorization" not in request.headers:  # over HTTP it says who asks
                request.headers["Authorization"] = _AUTHORIZATION
            plain = normalize_request(request)
            try:
                status, headers, body = handle(plain, plain.raw_url, plain.headers)
            except HTTPException as error:
                status, headers, body = error.code or 500, error.get_headers(), error.get_body()
            return response(request.url, status, body.encode() if isinstance(body, str) else body, dict(headers))
    raise RuntimeError(f"moto has no route for {url}")


@lru_cache(maxsize=1_024)
def _service(host: str) -> str:
    for service, pattern in backend_index.backend_url_patterns:
        if pattern.match(host):
            return service
    raise RuntimeError(f"moto serves nothing at {host}")


@lru_cache(maxsize=64)
def _routes(service: str) -> Routes:
    found: Any = backends.get_backend(service)  # type: ignore[call-overload]  any service's name
    of_account = found[DEFAULT_ACCOUNT_ID] if isinstance(found, BackendDict) else found
    backend = next(of_account[name] for name in ("us-east-1", "aws", "global") if name in of_account)
    return [(re.compile(url), handle) for url, handle in backend.urls.items()]
