"""What the client uses instead of urllib3 in the local cloud: requests go to the stand-in in the same process."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from localcloud.snowflake.server import Account


@dataclass(frozen=True)
class Response:
    """As much of urllib3's response as a client of the SQL API reads."""

    status: int
    data: bytes


class InProcessTransport:
    """`request` as urllib3.PoolManager has it, answered by *snowflake*; the host does not matter."""

    def __init__(self, snowflake: Account) -> None:
        self._snowflake = snowflake

    def request(
        self, method: str, url: str, *, body: bytes | None = None, headers: Mapping[str, str], **_: Any
    ) -> Response:
        """Answer one request. Time-outs and retries of urllib3 do not apply."""
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query))
        status, content = self._snowflake.answer(method, parts.path, query, headers, body or b"")
        return Response(status, json.dumps(content).encode())
