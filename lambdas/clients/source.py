"""How handlers ask a source something: by invoking AskSource, the only function that reaches it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from fleet.databases import Database, Server
from fleet.errors import TransientError
from fleet.failures import Failure
from fleet.tables.catalogue import Table, TableName
from lambdas.clients.records import adapter


class Source:
    """Questions to sources. A source that does not answer is a `Failure`, because that is data."""

    def __init__(self, client: Any, function: str) -> None:
        self._lambda = client
        self._function = function

    def catalogue(self, server: Server, database: Database) -> tuple[Table, ...] | Failure:
        """The tables and views of *database*'s schemas that the source's user may read."""
        answer = self._ask(server, database, "catalogue", [])
        return answer if isinstance(answer, Failure) else adapter(tuple[Table, ...]).validate_python(answer)

    def counts(self, server: Server, database: Database, tables: Sequence[TableName]) -> dict[TableName, int] | Failure:
        """How many rows each of *tables* holds now, all read in one snapshot."""
        answer = self._ask(server, database, "counts", [[name.schema, name.table] for name in tables])
        if isinstance(answer, Failure):
            return answer
        return {TableName(schema, table): rows for schema, table, rows in answer}

    def _ask(self, server: Server, database: Database, question: str, tables: Sequence[Sequence[str]]) -> Any:
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
        }
        answer = self._lambda.invoke(FunctionName=self._function, Payload=json.dumps(event).encode())
        payload = json.loads(answer["Payload"].read())
        if answer.get("FunctionError"):
            raise TransientError(
                f"AskSource failed for {database.id}: {payload.get('errorType')}: {payload.get('errorMessage')}.",
                remedy="It is tried again.",
            )
        if payload["failure"] is not None:
            return Failure(**payload["failure"])
        return payload["answer"]
