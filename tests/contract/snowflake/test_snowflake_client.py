"""What the client of the SQL API does when the API, or the way to it, fails."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from urllib3.exceptions import ProtocolError

from fleet.errors import FleetError, ThrottledError, TransientError
from lambdas.clients.snowflake import Failed, KeyPairToken, Running, SqlApi, SqlApiError, Succeeded

NOW = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)


@dataclass
class Reply:
    status: int
    content: dict[str, Any] | None = None

    @property
    def data(self) -> bytes:
        return json.dumps(self.content or {}).encode()


class Script:
    """A transport that answers what it was given, in order; None breaks the connection."""

    def __init__(self, replies: Sequence[Reply | None]) -> None:
        self._replies = list(replies)
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.tokens: list[str] = []

    def request(self, method: str, url: str, **options: Any) -> Reply:
        parts = urlsplit(url)
        self.asked.append((method, parts.path, dict(parse_qsl(parts.query))))
        self.tokens.append(options["headers"]["Authorization"])
        reply = self._replies.pop(0)
        if reply is None:
            raise ProtocolError("connection aborted")
        return reply


class Signer:
    """KMS, as far as a token needs it."""

    def __init__(self) -> None:
        self.signed = 0

    def get_public_key(self, **_: str) -> dict[str, bytes]:
        return {"PublicKey": b"a key"}

    def sign(self, **_: Any) -> dict[str, bytes]:
        self.signed += 1
        return {"Signature": str(self.signed).encode()}


def client(*replies: Reply | None, now: Callable[[], datetime] = lambda: NOW) -> tuple[SqlApi, Script]:
    script = Script(replies)
    token = KeyPairToken(Signer(), "key", account="acme.eu", user="loader", now=now)
    return SqlApi("https://acme", token, context={"database": "RAW"}, parameters={}, transport=script), script


TAKEN = Reply(202, {"statementHandle": "h"})


@pytest.mark.parametrize(
    ("status", "error"), [(429, ThrottledError), (503, TransientError), (504, TransientError), (403, SqlApiError)]
)
def test_a_status_of_the_api_becomes_an_error_of_ours(status: int, error: type[FleetError]) -> None:
    api, _ = client(Reply(status))
    with pytest.raises(FleetError) as raised:
        api.submit(["SELECT 1"], "id")
    assert type(raised.value) is error


def test_a_429_at_a_look_says_nothing_of_the_statements_which_go_on() -> None:
    api, _ = client(Reply(429), Reply(429, {"statementHandle": "other"}))
    assert [api.poll("h"), api.poll("h")] == [Running("h"), Running("other")]


def test_a_429_at_the_rows_of_a_finished_request_is_looked_at_again() -> None:
    parts = Reply(200, {"statementHandle": "h", "statementHandles": ["h-0"]})
    for refused in (Reply(429), Reply(429, {"statementHandle": "h-0"})):
        api, _ = client(parts, refused)
        assert api.poll("h") == Running("h")


def test_a_429_that_carries_a_handle_is_a_request_that_was_taken() -> None:
    api, _ = client(Reply(429, {"statementHandle": "h"}))
    assert api.submit(["SELECT 1"], "id") == "h"


def test_a_broken_connection_is_answered_by_one_resend_that_cannot_run_twice() -> None:
    api, script = client(None, TAKEN)
    assert api.submit(["SELECT 1"], "id") == "h"
    queries = [query for _, _, query in script.asked]
    assert queries == [{"requestId": "id", "async": "true"}, {"requestId": "id", "async": "true", "retry": "true"}]


def test_a_connection_that_breaks_twice_is_transient_by_its_exact_name() -> None:
    api, _ = client(None, None)
    with pytest.raises(TransientError) as raised:
        api.submit(["SELECT 1"], "id")
    assert type(raised.value) is TransientError


def test_a_refused_token_is_replaced_once() -> None:
    api, script = client(Reply(401), TAKEN)
    assert api.submit(["SELECT 1"], "id") == "h"
    assert script.tokens[0] != script.tokens[1]
    api, _ = client(Reply(401), Reply(401))
    with pytest.raises(SqlApiError):
        api.submit(["SELECT 1"], "id")


def test_a_token_is_kept_until_it_nears_its_end() -> None:
    minutes = iter((0, 40, 50, 51))
    api, script = client(TAKEN, TAKEN, TAKEN, TAKEN, now=lambda: NOW + timedelta(minutes=next(minutes)))
    for _ in range(4):
        api.submit(["SELECT 1"], "id")
    first, second, third, fourth = script.tokens
    assert first == second
    assert second != third
    assert third == fourth


def test_a_failed_statement_is_data() -> None:
    api, _ = client(Reply(422, {"statementHandle": "h", "code": "1", "sqlState": "2", "message": "no"}))
    assert api.poll("h") == Failed("h", "1", "2", "no")


def test_all_partitions_of_a_result_are_read() -> None:
    metadata = {"rowType": [{"name": "A"}], "partitionInfo": [{"rowCount": 1}, {"rowCount": 1}]}
    first = Reply(200, {"statementHandle": "h", "resultSetMetaData": metadata, "data": [["1"]]})
    api, script = client(first, Reply(200, {"data": [["2"]]}))
    assert api.poll("h") == Succeeded("h", ([{"a": "1"}, {"a": "2"}],))
    assert script.asked[1] == ("GET", "/api/v2/statements/h", {"partition": "1"})
