"""An HTTP request as it came and an answer as it goes, whatever service they belong to."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import Message
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Request:
    """*target*: path and query as they were sent, still quoted; *headers*: case does not matter; *body*: decoded."""

    method: str
    target: str
    headers: Message
    body: bytes

    @property
    def path(self) -> str:
        """The path, still quoted."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters; of one given twice, the last."""
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    def header(self, name: str) -> str:
        """The header's value, or nothing."""
        return str(self.headers.get(name) or "")


@dataclass(frozen=True)
class Reply:
    """*operation*: what it answers, as "dms DescribeEndpoints", for a line in the log."""

    status: int
    headers: dict[str, str]
    body: bytes
    operation: str = ""
