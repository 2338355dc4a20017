"""
The one handler that speaks to a source: it alone stands in the source's network and may read its secret.

Takes   Request: a question (`catalogue` or `counts`), the server's engine, secret and ssl_mode, and the database there
Returns Response: the answer, or the failure as data, because a source that is down is no fault of ours
Raises  nothing of its own
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Literal

import pg8000.exceptions
import pymysql
import pytds
from botocore.exceptions import ClientError

from fleet.databases import Engine, SslMode
from fleet.errors import FleetError
from fleet.failures import Failure
from fleet.tables.catalogue import Table
from lambdas.clients.records import adapter
from lambdas.clients.refusals import code_of, message_of
from lambdas.entrypoint import Model, entrypoint
from lambdas.sources import mysql, postgresql, sqlserver
from lambdas.wiring import Clients


class Request(Model):
    """One question. *tables*: pairs of schema and table, for `counts`."""

    question: Literal["catalogue", "counts"]
    run: str | None
    database: str
    engine: Engine
    secret: str
    ssl_mode: SslMode
    name_at_source: str
    schemas: list[str]
    tables: list[tuple[str, str]]


class Response(Model):
    """The answer (tables as `fleet.tables.catalogue.Table`, or [schema, table, rows]), or why there is none."""

    answer: list[Any] | None = None
    failure: dict[str, str] | None = None


RAISES: tuple[type[FleetError], ...] = ()


@dataclass(frozen=True)
class Speaker:
    """How one engine is asked. *errors*: what its driver raises when the source is at fault."""

    catalogue: Callable[[Mapping[str, Any], str, list[str], SslMode], tuple[Table, ...]]
    counts: Callable[[Mapping[str, Any], str, list[tuple[str, str]], SslMode], list[list[Any]]]
    describe_failure: Callable[[BaseException], Failure]
    errors: tuple[type[Exception], ...]


_MYSQL = (mysql.ask_counts, mysql.describe_failure, (pymysql.Error, OSError))
SPEAKERS: Mapping[Engine, Speaker] = {
    "postgresql": Speaker(
        postgresql.ask_catalogue,
        postgresql.ask_counts,
        postgresql.describe_failure,
        (pg8000.exceptions.Error, OSError),
    ),
    "mysql": Speaker(partial(mysql.ask_catalogue, has_views=True), *_MYSQL),
    "mariadb": Speaker(partial(mysql.ask_catalogue, has_views=False), *_MYSQL),
    "sqlserver": Speaker(
        sqlserver.ask_catalogue,
        sqlserver.ask_counts,
        sqlserver.describe_failure,
        (pytds.Error, OSError, ValueError),  # the last: encryption without pyOpenSSL
    ),
}


def run(request: Request, clients: Clients) -> Response:
    """Ask the source; nothing is ever written there."""
    try:
        secret = json.loads(clients.secrets.get_secret_value(SecretId=request.secret)["SecretString"])
    except ClientError as error:
        failure = _describe_secret(request.secret, error)
        return Response(failure=asdict(failure))
    speaker = SPEAKERS[request.engine]
    try:
        if request.question == "catalogue":
            tables = speaker.catalogue(secret, request.name_at_source, request.schemas, request.ssl_mode)
            return Response(answer=adapter(tuple[Table, ...]).dump_python(tables, mode="json"))
        counts = speaker.counts(secret, request.name_at_source, request.tables, request.ssl_mode)
        return Response(answer=counts)
    except speaker.errors as error:
        return Response(failure=asdict(speaker.describe_failure(error)))


def _describe_secret(secret: str, error: ClientError) -> Failure:
    """Why *secret* was not given. Whoever may not read a secret is not told whether it exists: the role names the
    secrets that stood there when it was deployed, and one made anew has another ARN.

    Raises:
        ClientError: *error*, where it says nothing of the secret.
    """
    if code_of(error) == "ResourceNotFoundException":
        return Failure("credentials", "SecretMissing", f"secret {secret!r} does not exist.")
    if code_of(error) == "AccessDeniedException":
        text = f"secret {secret!r} does not exist, was made anew since the last deploy, or is not AskSource's to read"
        return Failure("credentials", "SecretDenied", f"{text}: {message_of(error)}. Mend it, then deploy.")
    raise error


handler = entrypoint("AskSource", Request, run)
