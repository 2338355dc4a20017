"""Snowflake's SQL API v2: submit statements, look at their state. Needs nothing beside the Lambda runtime.

Nothing here waits: a state machine polls. How a statement ended is data; only the API's own failures are raised.
Source: https://docs.snowflake.com/en/developer-guide/sql-api/reference
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import urlencode

from urllib3 import PoolManager, Timeout
from urllib3.exceptions import HTTPError

from fleet.errors import FleetError, ThrottledError, TransientError

Row = dict[str, str | None]

_STATEMENTS = "/api/v2/statements"
_TRANSIENT = {408, 500, 502, 503, 504}
# A token may live for an hour; it is renewed before that, so that none expires on its way.
_TOKEN_SECONDS = 3_000
_RENEWED_BEFORE_SECONDS = 300
# How a request of several statements wraps what went wrong inside.
_FRAME = re.compile(
    r"Execution of multiple statements failed on statement .*? \(at line \d+, position \d+\)\.\n"
    r"(?P<cause>.*) in SYSTEM\$MULTISTMT at ",
    re.DOTALL,
)


class SqlApiError(FleetError):
    """The SQL API refused a request itself: a wrong token, address or body. No retry helps."""


@dataclass(frozen=True)
class Running:
    """The statements are under way, or queued."""

    handle: str


@dataclass(frozen=True)
class Succeeded:
    """The statements are done. *results*: rows per statement, None for one that was not asked for.

    A row maps the lower-case names of its columns to text, as the SQL API writes values.
    """

    handle: str
    results: tuple[list[Row] | None, ...]


@dataclass(frozen=True)
class Failed:
    """A statement failed, and with it the request. *code*, *state*, *message*: Snowflake's."""

    handle: str
    code: str
    state: str
    message: str

    @property
    def cause(self) -> str:
        """What went wrong, without the frame that a request of several statements puts around it."""
        found = _FRAME.search(self.message)
        return found["cause"] if found else self.message


Progress = Running | Succeeded | Failed


class HttpResponse(Protocol):
    """What a transport answers."""

    @property
    def status(self) -> int: ...
    @property
    def data(self) -> bytes: ...


class Transport(Protocol):
    """urllib3.PoolManager in AWS; the local cloud passes its own."""

    def request(self, method: str, url: str, **options: Any) -> HttpResponse: ...


class KeyPairToken:
    """A token signed by a KMS key (RSA, SIGN_VERIFY), whose private half nobody has. Made anew when it nears its end.

    The key's public half must be the user's RSA_PUBLIC_KEY; *now* returns the moment, aware UTC.
    Source: https://docs.snowflake.com/en/developer-guide/sql-api/authenticating
    """

    kind = "KEYPAIR_JWT"

    def __init__(self, kms: Any, key_id: str, *, account: str, user: str, now: Callable[[], datetime]) -> None:
        self._kms = kms
        self._key_id = key_id
        self._subject = f"{account.upper().replace('.', '-')}.{user.upper()}"
        self._now = now
        self._issuer = ""
        self._token = ""
        self._expires_at = 0

    def token(self) -> str:
        """A token that lives for at least five minutes more."""
        moment = int(self._now().timestamp())
        if moment >= self._expires_at - _RENEWED_BEFORE_SECONDS:
            self._expires_at = moment + _TOKEN_SECONDS
            self._token = self._signed(moment)
        return self._token

    def forget(self) -> None:
        """Make a new token at the next call, because this one was refused."""
        self._expires_at = 0

    def _signed(self, moment: int) -> str:
        if not self._issuer:
            public_key = self._kms.get_public_key(KeyId=self._key_id)["PublicKey"]
            fingerprint = base64.b64encode(hashlib.sha256(public_key).digest()).decode()
            self._issuer = f"{self._subject}.SHA256:{fingerprint}"
        claims = {"iss": self._issuer, "sub": self._subject, "iat": moment, "exp": self._expires_at}
        text = f"{_url_safe(_json({'alg': 'RS256', 'typ': 'JWT'}))}.{_url_safe(_json(claims))}"
        signature = self._kms.sign(
            KeyId=self._key_id,
            Message=text.encode(),
            MessageType="RAW",
            SigningAlgorithm="RSASSA_PKCS1_V1_5_SHA_256",
        )["Signature"]
        return f"{text}.{_url_safe(signature)}"


class SqlApi:
    """One account's SQL API, as one user, role and warehouse.

    *context*: database, schema, role and warehouse of every request, case-sensitive; *parameters*: session parameters,
    as {"timezone": "UTC"}.
    """

    def __init__(
        self,
        url: str,
        token: KeyPairToken,
        *,
        context: Mapping[str, str],
        parameters: Mapping[str, str],
        transport: Transport | None = None,
    ) -> None:
        self._url = url.rstrip("/")
        self._token = token
        self._context = dict(context)
        self._parameters = dict(parameters)
        self._http: Transport = transport or PoolManager(maxsize=16)

    def submit(
        self,
        statements: Sequence[str],
        request_id: str,
        *,
        is_resend: bool = False,
        query_tag: str | None = None,
        timeout_seconds: int | None = None,
    ) -> str:
        """Send *statements* as one request that runs by itself; its handle comes back.

        *request_id*: a UUID. With *is_resend*, a request of that id that Snowflake has already taken is not run again.
        *timeout_seconds*: after which Snowflake cancels a statement by itself; without, as the account says.
        Raises ThrottledError, TransientError, SqlApiError.
        """
        sent = {"is_resend": is_resend, "query_tag": query_tag, "timeout_seconds": timeout_seconds}
        status, answer = self._post(statements, request_id, is_async=True, **sent)
        if "statementHandle" not in answer:
            raise SqlApiError(f"Snowflake answered {status} to request {request_id} without a handle: {answer}")
        return answer["statementHandle"]

    def run(self, statements: Sequence[str], request_id: str) -> Progress:
        """Send *statements* and let Snowflake hold the answer for up to 45 s: for short ones, such as a definition."""
        status, answer = self._post(statements, request_id, is_async=False)
        return self._progress(status, answer, None)

    def poll(self, handle: str, wanted: Collection[int] | None = None) -> Progress:
        """The request's state. *wanted*: numbers of the statements, from 0, whose rows to fetch; None means all.

        Where Snowflake answers that it is asked too often, the request counts as under way: nothing says that it ended.
        """
        try:
            return self._progress(*self._call("GET", f"{_STATEMENTS}/{handle}"), wanted)
        except ThrottledError:
            return Running(handle)

    def cancel(self, handle: str) -> None:
        """Ask Snowflake to stop the request; one that has ended is left as it is. Raises as `submit` does."""
        self._call("POST", f"{_STATEMENTS}/{handle}/cancel")

    def _post(
        self,
        statements: Sequence[str],
        request_id: str,
        *,
        is_async: bool,
        is_resend: bool = False,
        query_tag: str | None = None,
        timeout_seconds: int | None = None,
    ) -> tuple[int, dict[str, Any]]:
        parameters = {**self._parameters, "MULTI_STATEMENT_COUNT": str(len(statements))}
        if query_tag is not None:
            parameters["query_tag"] = query_tag
        body = {"statement": ";\n".join(statements), "parameters": parameters, **self._context}
        if timeout_seconds is not None:
            body["timeout"] = timeout_seconds
        query = {"requestId": request_id, "async": str(is_async).lower()}
        # Where no answer came, nobody knows whether the request arrived: sent like this, it runs at most once.
        again = {**query, "retry": "true"}
        first = again if is_resend else query
        return self._call("POST", f"{_STATEMENTS}?{urlencode(first)}", body, again=f"{_STATEMENTS}?{urlencode(again)}")

    def _progress(self, status: int, answer: Mapping[str, Any], wanted: Collection[int] | None) -> Progress:
        handle = answer.get("statementHandle", "")
        if status == 202:
            return Running(handle)
        if status in {404, 422}:
            return Failed(handle, str(answer.get("code")), answer.get("sqlState", ""), answer.get("message", ""))
        if "statementHandles" not in answer:
            return Succeeded(handle, (self._rows(handle, answer),))
        results = [
            self._result(part) if wanted is None or at in wanted else None
            for at, part in enumerate(answer["statementHandles"])
        ]
        return Succeeded(handle, tuple(results))

    def _result(self, handle: str) -> list[Row]:
        return self._rows(handle, self._fetch(f"{_STATEMENTS}/{handle}"))

    def _fetch(self, path: str) -> dict[str, Any]:
        """A part of a finished request's results."""
        status, answer = self._call("GET", path)
        if status == 202:
            raise ThrottledError(f"Snowflake does not give {path} yet, though its request has finished.")
        if status != 200:
            raise SqlApiError(f"Snowflake answered {status} for {path} of a finished request: {answer}")
        return answer

    def _rows(self, handle: str, answer: Mapping[str, Any]) -> list[Row]:
        metadata = answer["resultSetMetaData"]
        names = [column["name"].lower() for column in metadata["rowType"]]
        data = list(answer["data"])
        for partition in range(1, len(metadata.get("partitionInfo", []))):
            data += self._fetch(f"{_STATEMENTS}/{handle}?partition={partition}")["data"]
        return [dict(zip(names, row, strict=True)) for row in data]

    def _call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, again: str | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Status and content of an answer that says something about statements; everything else is raised.

        *again*: the path to ask a second time where the connection broke, if it is another one.
        """
        answer = self._send(method, path, again or path, body)
        if answer.status == 401:
            self._token.forget()
            answer = self._send(method, path, again or path, body)
        if answer.status == 429:
            # With a handle it is an answer about statements that run: observed, never documented.
            if handle := _read_handle(answer.data):
                return 202, {"statementHandle": handle}
            raise ThrottledError(f"Snowflake answered 429 to {method} {path}: too many requests.")
        if answer.status in _TRANSIENT:
            raise TransientError(f"Snowflake answered {answer.status} to {method} {path}: {answer.data[:200]!r}")
        if answer.status not in {200, 202, 404, 422}:
            raise SqlApiError(f"Snowflake answered {answer.status} to {method} {path}: {answer.data[:500]!r}")
        return answer.status, json.loads(answer.data)

    def _send(self, method: str, path: str, again: str, body: Mapping[str, Any] | None) -> HttpResponse:
        try:
            return self._request(method, path, body)
        except HTTPError:
            try:
                return self._request(method, again, body)
            except HTTPError as error:
                raise TransientError(f"The connection to Snowflake broke twice at {method} {path}: {error}") from error

    def _request(self, method: str, path: str, body: Mapping[str, Any] | None) -> HttpResponse:
        headers = {
            "Authorization": f"Bearer {self._token.token()}",
            "X-Snowflake-Authorization-Token-Type": self._token.kind,
            "Content-Type": "application/json",
            "Accept": "application/json",
            "User-Agent": "fleet-replicator/1.0",
        }
        return self._http.request(
            method,
            self._url + path,
            body=None if body is None else _json(body),
            headers=headers,
            retries=False,
            timeout=Timeout(connect=5, read=60),
        )


def _read_handle(body: bytes) -> str:
    """The statement handle in an answer that may not be JSON; nothing if there is none."""
    try:
        content = json.loads(body)
    except ValueError:
        return ""
    return str(content.get("statementHandle") or "") if isinstance(content, dict) else ""


def _json(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode()


def _url_safe(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
