"""How handlers ask a source something: by invoking AskSource, the only function that reaches it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, TypeVar

from botocore.exceptions import HTTPClientError

from fleet.asking import ASK_SOURCE_SECONDS, ASKED_AT_MOST, BROKEN, CATALOGUE_SECONDS, FACTS_SECONDS, NOT_BACK
from fleet.checks.source_facts import SourceFacts
from fleet.counts import Count
from fleet.databases import Database, Server
from fleet.deltas.key_sweep import KeyAnswer
from fleet.deltas.key_text import KeyQuestion
from fleet.deltas.logs import SourceLog
from fleet.errors import ThrottledError, TransientError
from fleet.failures import Failure
from fleet.profiles.profile import ProfileAnswer, ProfileQuestion
from fleet.sentences import as_clause
from fleet.tables.catalogue import Census, TableName
from fleet.tables.losses import CountedLosses, TableLosses
from lambdas.clients.records import adapter
from lambdas.clients.refusals import AGAIN

Answer = TypeVar("Answer")

# Raised in AskSource before the source is asked anything: the state asks again.
_PASSING = {error.__name__: error for error in (ThrottledError, TransientError)}


class Source:
    """Questions to sources. A source that does not answer is a `Failure`, because that is data.

    Raises TransientError or ThrottledError where the source was surely not asked.
    """

    def __init__(self, client: Any, function: str) -> None:
        self._lambda = client
        self._function = function

    def census(self, server: Server, database: Database) -> Census | Failure:
        """Everything under *database*'s schemas, as far as its login sees it."""
        answer = self._ask(server, database, "census", CATALOGUE_SECONDS)
        return _read(answer, Census)

    def facts(self, server: Server, database: Database, views: Sequence[TableName]) -> SourceFacts | Failure:
        """What the source says of itself, and which of *views* cannot be read; no row is read."""
        named = [[name.schema, name.table] for name in views]
        answer = self._ask(server, database, "facts", FACTS_SECONDS, tables=named)
        return _read(answer, SourceFacts)

    def counts(
        self, server: Server, database: Database, tables: Sequence[TableName], seconds_each: float
    ) -> tuple[Count, ...] | Failure:
        """How many rows each of *tables* holds now, or why it was not counted within *seconds_each*.

        As many as one call has time for, in one snapshot where the engine has one; the others are left out.
        """
        named = [[name.schema, name.table] for name in tables]
        answer = self._ask(server, database, "counts", seconds_each, tables=named)
        return _read(answer, tuple[Count, ...])

    def losses(
        self, server: Server, database: Database, asked: Sequence[TableLosses], seconds_each: float
    ) -> tuple[CountedLosses, ...] | Failure:
        """How many values each of *asked* loses now, or why they were not counted within *seconds_each* a table.

        As many tables as one call has time for; the others are left out.
        """
        losses = adapter(list[TableLosses]).dump_python(list(asked), mode="json")
        answer = self._ask(server, database, "losses", seconds_each, losses=losses)
        return _read(answer, tuple[CountedLosses, ...])

    def keys(
        self, server: Server, database: Database, asked: Sequence[KeyQuestion], seconds_each: float
    ) -> tuple[KeyAnswer, ...] | Failure:
        """The keys of the tables in *asked* now, by groups or one by one, or why not within *seconds_each* a table.

        As many tables as one call has time for; the others are left out.
        """
        keys = adapter(list[KeyQuestion]).dump_python(list(asked), mode="json")
        answer = self._ask(server, database, "keys", seconds_each, keys=keys)
        return _read(answer, tuple[KeyAnswer, ...])

    def profile(
        self, server: Server, database: Database, asked: Sequence[ProfileQuestion], seconds_each: float
    ) -> tuple[ProfileAnswer, ...] | Failure:
        """How large the tables in *asked* are and how their rows lie, or why not within *seconds_each* a table.

        As many tables as one call has time for; the others are left out.
        """
        profile = adapter(list[ProfileQuestion]).dump_python(list(asked), mode="json")
        answer = self._ask(server, database, "profile", seconds_each, profile=profile)
        return _read(answer, tuple[ProfileAnswer, ...])

    def transactions(self, server: Server, database: Database) -> tuple[str, ...] | Failure:
        """The ids of the transactions that are open in the database and may have written something."""
        answer = self._ask(server, database, "transactions", CATALOGUE_SECONDS)
        return answer if isinstance(answer, Failure) else tuple(answer)

    def log(self, server: Server, database: Database) -> SourceLog | Failure:
        """What the source says of the log that changes are read from."""
        answer = self._ask(server, database, "log", CATALOGUE_SECONDS)
        return _read(answer, SourceLog)

    def mark(self, server: Server, database: Database, attempt: int) -> bool | Failure:
        """Set the source's mark to the number of *attempt*; whether it is there now. Asked again, nothing changes."""
        return self._ask(server, database, "mark", CATALOGUE_SECONDS, attempt=attempt)

    def _ask(
        self,
        server: Server,
        database: Database,
        question: str,
        seconds_each: float,
        *,
        tables: Sequence[Sequence[str]] = (),
        losses: Sequence[Any] = (),
        keys: Sequence[Any] = (),
        profile: Sequence[Any] = (),
        attempt: int = 0,
    ) -> Any:
        event = {
            "question": question,
            "run": None,
            "database": database.id,
            "engine": server.engine,
            "secret": server.secret,
            "ssl_mode": server.ssl_mode,
            "name_at_source": database.name_at_source,
            "schemas": list(database.schemas),
            "tables": tables,
            "losses": losses,
            "keys": keys,
            "profile": profile,
            "seconds_each": seconds_each,
            "attempt": attempt,
        }
        died = ""
        for _ in range(ASKED_AT_MOST):
            try:
                answer = self._lambda.invoke(FunctionName=self._function, Payload=json.dumps(event).encode())
                payload = json.loads(answer["Payload"].read())
            except HTTPClientError as error:  # sent, and nothing came back; what was not sent is another error
                return _not_back(database, str(error))
            if not answer.get("FunctionError"):
                return Failure(**payload["failure"]) if payload["failure"] is not None else payload["answer"]
            name, words = str(payload.get("errorType", "")), str(payload.get("errorMessage", ""))
            if name in _PASSING:
                raise _PASSING[name](f"AskSource, for {database.id}: {words.removesuffix(AGAIN)}", remedy=AGAIN)
            if "timed out after" in words or name == "Sandbox.Timedout":
                return _not_back(database, words)
            died = f"{name or 'no type'}: {as_clause(words) or 'no words'}"
            if name and "." not in name:  # an exception of its own, which would come again; a process's death is dotted
                break
        text = f"AskSource broke when it was asked for the {question} of {database.id}: {died}. Read its log."
        return Failure("unknown", BROKEN, text)


def _read(answer: Any, kind: type[Answer]) -> Answer | Failure:
    """What AskSource answered, as a *kind*; or why it did not."""
    return answer if isinstance(answer, Failure) else adapter(kind).validate_python(answer)


def _not_back(database: Database, words: str) -> Failure:
    text = f"AskSource, which may run {ASK_SOURCE_SECONDS} s, gave no answer on {database.id} ({as_clause(words)})"
    return Failure("connection", NOT_BACK, text)
