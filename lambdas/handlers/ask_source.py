"""
The one handler that speaks to a source: it alone runs in the source's network and may read its secret.

Takes   Request: a question (`census`, `facts`, `counts`, `losses`, `keys`, `profile`, `transactions` or `log`) or the
        wish to set the `mark`, the server's engine, secret and ssl_mode, and the database there
Returns Response: the answer, or the failure as data, because a source that is down is no fault of ours
Raises  nothing of its own
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import pg8000.exceptions
import pymysql
import pytds
from botocore.exceptions import ClientError

from fleet.checks.source_facts import SourceFacts
from fleet.counts import Count
from fleet.databases import Engine, SslMode
from fleet.deltas.key_sweep import KeyAnswer
from fleet.deltas.key_text import KeyQuestion
from fleet.deltas.logs import SourceLog
from fleet.errors import ApiRefusedError, FleetError
from fleet.failures import Failure
from fleet.profiles.profile import ProfileAnswer, ProfileQuestion
from fleet.sentences import as_clause
from fleet.tables.catalogue import Census
from fleet.tables.losses import CountedLosses, TableLosses
from lambdas.clients.records import adapter
from lambdas.clients.refusals import code_of, message_of, translate
from lambdas.entrypoint import Model, entrypoint
from lambdas.sources import (
    logs,
    marks,
    mysql,
    mysql_profile,
    postgresql,
    postgresql_profile,
    sqlserver,
    sqlserver_profile,
    transactions,
)
from lambdas.sources.counting import HasTime, within
from lambdas.sources.mysql_facts import ask_mysql_facts
from lambdas.sources.postgresql_facts import ask_postgresql_facts
from lambdas.sources.secret import read_secret
from lambdas.sources.sqlserver_facts import ask_sqlserver_facts
from lambdas.wiring import Clients


class Request(Model):
    """One question. *tables*: pairs of schema and table, for `counts`, or the views to try, for `facts`; *losses*: what
    to count, for `losses`; *keys*: what to read of tables' keys, for `keys`; *profile*: what to measure, for `profile`;
    *seconds_each*: for one table or view; *attempt*: whose number the mark gets."""

    question: Literal["census", "facts", "counts", "losses", "keys", "profile", "transactions", "log", "mark"]
    run: str | None
    database: str
    engine: Engine
    secret: str
    ssl_mode: SslMode
    name_at_source: str
    schemas: list[str]
    tables: tuple[tuple[str, str], ...] = ()
    losses: tuple[TableLosses, ...] = ()
    keys: tuple[KeyQuestion, ...] = ()
    profile: tuple[ProfileQuestion, ...] = ()
    seconds_each: float
    attempt: int = 0


class Response(Model):
    """The answer (a `Census`, `SourceFacts`, lists of `Count`, `CountedLosses`, `KeyAnswer` or `ProfileAnswer`, the ids
    of open transactions, a `SourceLog`, whether the mark is set), or why there is none. Tables that are missing in a
    list are left to another call."""

    answer: Any = None
    failure: dict[str, str] | None = None


RAISES: tuple[type[FleetError], ...] = ()


@dataclass(frozen=True)
class Speaker:
    """How one engine is asked. *errors*: what its driver raises when the source is at fault."""

    census: Callable[[Mapping[str, Any], str, list[str], SslMode], Census]
    facts: Callable[[Mapping[str, Any], str, Sequence[str], Sequence[tuple[str, str]], SslMode, HasTime], SourceFacts]
    counts: Callable[[Mapping[str, Any], str, Sequence[tuple[str, str]], SslMode, float, HasTime], list[Count]]
    losses: Callable[[Mapping[str, Any], str, Sequence[TableLosses], SslMode, float, HasTime], list[CountedLosses]]
    keys: Callable[[Mapping[str, Any], str, Sequence[KeyQuestion], SslMode, float, HasTime], list[KeyAnswer]]
    profile: Callable[[Mapping[str, Any], str, Sequence[ProfileQuestion], SslMode, float, HasTime], list[ProfileAnswer]]
    transactions: Callable[[Mapping[str, Any], str, SslMode], list[str] | Failure]
    log: Callable[[Mapping[str, Any], str, SslMode], SourceLog]
    mark: Callable[[Mapping[str, Any], str, str, int, SslMode], bool]
    describe_failure: Callable[[BaseException], Failure]
    errors: tuple[type[Exception], ...]


_MYSQL = Speaker(
    mysql.ask_census,
    ask_mysql_facts,
    mysql.ask_counts,
    mysql.ask_losses,
    mysql.ask_keys,
    mysql_profile.ask_profile,
    transactions.open_on_mysql,
    logs.ask_mysql_log,
    marks.mark_mysql,
    mysql.describe_failure,
    (pymysql.Error, OSError, UnicodeError),
)
SPEAKERS: Mapping[Engine, Speaker] = {
    "postgresql": Speaker(
        postgresql.ask_census,
        ask_postgresql_facts,
        postgresql.ask_counts,
        postgresql.ask_losses,
        postgresql.ask_keys,
        postgresql_profile.ask_profile,
        transactions.open_on_postgresql,
        logs.ask_postgresql_log,
        marks.mark_postgresql,
        postgresql.describe_failure,
        (pg8000.exceptions.Error, OSError, UnicodeError),
    ),
    "mysql": _MYSQL,
    "mariadb": _MYSQL,
    "sqlserver": Speaker(
        sqlserver.ask_census,
        ask_sqlserver_facts,
        sqlserver.ask_counts,
        sqlserver.ask_losses,
        sqlserver.ask_keys,
        sqlserver_profile.ask_profile,
        transactions.open_on_sqlserver,
        logs.ask_sqlserver_log,
        marks.mark_sqlserver,
        sqlserver.describe_failure,
        (pytds.Error, OSError, UnicodeError),
    ),
}


def run(request: Request, clients: Clients) -> Response:
    """Ask the source; nothing but the mark is ever written there."""
    has_time = within(request.seconds_each, clients.now)
    secret = get_secret(request.secret, clients)
    if isinstance(secret, Failure):
        return Response(failure=asdict(secret))
    speaker = SPEAKERS[request.engine]
    asked = secret, request.name_at_source
    try:
        match request.question:
            case "census":
                answer, kind = speaker.census(*asked, request.schemas, request.ssl_mode), Census
            case "facts":
                how = request.schemas, request.tables, request.ssl_mode, has_time
                answer, kind = speaker.facts(*asked, *how), SourceFacts
            case "counts":
                how = request.tables, request.ssl_mode, request.seconds_each, has_time
                answer, kind = speaker.counts(*asked, *how), list[Count]
            case "losses":
                how = request.losses, request.ssl_mode, request.seconds_each, has_time
                answer, kind = speaker.losses(*asked, *how), list[CountedLosses]
            case "keys":
                how = request.keys, request.ssl_mode, request.seconds_each, has_time
                answer, kind = speaker.keys(*asked, *how), list[KeyAnswer]
            case "profile":
                how = request.profile, request.ssl_mode, request.seconds_each, has_time
                answer, kind = speaker.profile(*asked, *how), list[ProfileAnswer]
            case "transactions":
                answer, kind = speaker.transactions(*asked, request.ssl_mode), list[str]
            case "log":
                answer, kind = speaker.log(*asked, request.ssl_mode), SourceLog
            case "mark":
                answer, kind = speaker.mark(*asked, request.schemas[0], request.attempt, request.ssl_mode), bool
        if isinstance(answer, Failure):
            return Response(failure=asdict(answer))
        return Response(answer=adapter(kind).dump_python(answer, mode="json"))
    except speaker.errors as error:
        return Response(failure=asdict(speaker.describe_failure(error)))


def get_secret(name: str, clients: Clients) -> Mapping[str, Any] | Failure:
    """The secret's members, or why there are none.

    Raises:
        ClientError: Secrets Manager failed in a way that passes.
    """
    try:
        answer = clients.secrets.get_secret_value(SecretId=name)
    except ClientError as error:
        if not isinstance(translate(error), ApiRefusedError):
            raise
        return _describe_secret(name, error)
    return read_secret(name, answer)


def _describe_secret(secret: str, error: ClientError) -> Failure:
    """Why *secret* was not given. A role that may not read a secret does not learn whether it exists: the role names
    the secrets that there were when it was deployed, and one made anew has another ARN.
    """
    if code_of(error) == "ResourceNotFoundException":
        return Failure("credentials", "SecretMissing", f"secret {secret!r} does not exist.")
    if code_of(error) == "AccessDeniedException":
        text = f"secret {secret!r} does not exist, was made anew since the last deploy, or is not AskSource's to read"
        return Failure("credentials", "SecretDenied", f"{text}: {as_clause(message_of(error))}. Mend it, then deploy.")
    # It is to be deleted, has no value yet, its key is disabled, ...
    text = f"secret {secret!r} was not given: {code_of(error)}: {as_clause(message_of(error))}. Mend it."
    return Failure("credentials", "SecretUnusable", text)


handler = entrypoint("AskSource", Request, run)
