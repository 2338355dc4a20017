"""Streams, as far as SHOW STREAMS lists them: on which table each is, and whether that table was replaced.

The rows of a stream are not emulated: no query finds a table of its name.
Source: https://docs.snowflake.com/en/user-guide/streams-intro (documented).
"""

from __future__ import annotations

import re

from localcloud.snowflake.definitions.catalogue import resolve
from localcloud.snowflake.errors import exists_already, not_emulated
from localcloud.snowflake.results import Result, status, texts
from localcloud.snowflake.session_state import SessionState
from localcloud.snowflake.sql.lexing import QUALIFIED_NAME, parts_of

_FLAGS = re.IGNORECASE | re.DOTALL
_CREATE = re.compile(
    r"CREATE\s+(?P<replace>OR\s+REPLACE\s+)?STREAM\s+(?P<lenient>IF\s+NOT\s+EXISTS\s+)?"
    rf"(?P<name>{QUALIFIED_NAME})\s+ON\s+TABLE\s+(?P<table>{QUALIFIED_NAME})",
    _FLAGS,
)
_SHOW = re.compile(r"SHOW\s+STREAMS\s+IN\s+ACCOUNT(?:\s+LIMIT\s+(?P<limit>\d+))?", _FLAGS)
_COLUMNS = ("name", "database_name", "schema_name", "owner", "table_name", "source_type", "type", "stale", "mode")


def create(session: SessionState, text: str) -> Result:
    """Run CREATE STREAM ... ON TABLE."""
    written = _CREATE.fullmatch(text)
    if written is None:
        raise not_emulated(f"this form of CREATE STREAM: {text[:80]}")
    table = session.table(parts_of(written["table"]))
    name = ".".join(resolve(session.context, parts_of(written["name"])))
    if session.engine.catalogue.find_object("STREAM", name) is not None:
        if written["lenient"]:
            return status(f"{name} already exists, statement succeeded.")
        if not written["replace"]:
            raise exists_already(name)
    properties = {
        "PLACE": resolve(session.context, parts_of(written["name"])),
        "TABLE": table.key,
        "TABLE_ID": table.id,
        "OWNER": session.context["role"] or "ACCOUNTADMIN",
    }
    session.engine.catalogue.put_object(session.cursor, "STREAM", name, properties)
    return status(f"Stream {name} successfully created.")


def show(session: SessionState, text: str) -> Result:
    """Run SHOW STREAMS IN ACCOUNT. Which role sees which stream is not judged: all are shown."""
    written = _SHOW.fullmatch(text)
    if written is None:
        raise not_emulated(f"the statement {' '.join(text.split()[:4])}")
    catalogue = session.engine.catalogue
    alive = {table.id for database in catalogue.databases() for table in catalogue.tables(database)}
    rows = []
    for name, one in sorted(catalogue.objects("STREAM").items()):
        database, schema, _ = one["PLACE"]
        stale = "false" if one["TABLE_ID"] in alive else "true"
        shown = name.split(".")[-1]
        rows.append([shown, database, schema, one["OWNER"], ".".join(one["TABLE"]), "Table", "DELTA", stale, "DEFAULT"])
    return texts(_COLUMNS, rows[: int(written["limit"] or 10_000)])
