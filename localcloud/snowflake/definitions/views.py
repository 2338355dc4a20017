"""Views: CREATE VIEW and DROP VIEW. What is kept of one is the text of its query, which is run anew for each statement
that reads it (`changes.py`), so that `CURRENT_TIMESTAMP()` is that of the reading.

A view is on stored tables alone, and each of its columns has a name. Columns named apart from the query, `*`, SECURE
and other kinds of views, and a view that is changed, are refused by name.
Source: https://docs.snowflake.com/en/sql-reference/sql/create-view (documented).
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from localcloud.snowflake.definitions.catalogue import Catalogue, Table, resolve
from localcloud.snowflake.errors import exists_already, missing, not_emulated
from localcloud.snowflake.results import Result, status
from localcloud.snowflake.session_state import SessionState
from localcloud.snowflake.sql.lexing import QUALIFIED_NAME, parts_of
from localcloud.snowflake.sql.shapes import shape
from localcloud.snowflake.sql.translation import translate

_FLAGS = re.IGNORECASE | re.DOTALL
_CREATE = re.compile(
    r"CREATE\s+(?P<replace>OR\s+REPLACE\s+)?VIEW\s+(?P<lenient>IF\s+NOT\s+EXISTS\s+)?"
    rf"(?P<name>{QUALIFIED_NAME})(?P<copies>\s+COPY\s+GRANTS)?\s+AS\s+(?P<query>SELECT\b.*)",
    _FLAGS,
)
_DROP = re.compile(rf"DROP\s+VIEW\s+(?P<lenient>IF\s+EXISTS\s+)?(?P<name>{QUALIFIED_NAME})", _FLAGS)
_NAMED = re.compile(r'"§\d+§"|[A-Z_][A-Z0-9_$]*')
_KIND = "VIEW"


@dataclass(frozen=True)
class View:
    """A view. *query*: its text; *owner*: the role that it reads with, None for the account itself; *id* is new with
    every CREATE.
    """

    key: tuple[str, str, str]
    query: str
    owner: str | None
    id: str

    @property
    def context(self) -> dict[str, str | None]:
        """Where a table is that its query names in part: beside the view.

        Source: https://docs.snowflake.com/en/sql-reference/name-resolution (documented).
        """
        return {"database": self.key[0], "schema": self.key[1]}

    @property
    def as_table(self) -> Table:
        """What privileges are granted on."""
        return Table(*self.key, {}, id=self.id)


def define(session: SessionState, text: str) -> Result:
    """Run CREATE VIEW or DROP VIEW."""
    if written := _DROP.fullmatch(text):
        return _drop(session, written)
    written = _CREATE.fullmatch(text)
    if written is None:
        raise not_emulated(f"this form of CREATE or DROP VIEW: {text[:80]}")
    if written["replace"] and written["lenient"]:
        raise not_emulated("CREATE OR REPLACE VIEW IF NOT EXISTS")
    key = resolve(session.context, parts_of(written["name"]))
    catalogue, privileges = session.engine.catalogue, session.engine.privileges
    existing = find(catalogue, key)
    if existing is not None and written["lenient"]:
        return status(f"{key[2]} already exists, statement succeeded.")
    if catalogue.find_table(key) is not None or (existing is not None and not written["replace"]):
        raise exists_already(key[2])
    catalogue.refuse_look_alike_table(key)
    view = View(key, written["query"].strip(), session.context["role"], uuid.uuid4().hex)
    _check_query(session, view)
    catalogue.put_object(session.cursor, _KIND, ".".join(key), vars(view))
    if existing is not None and written["copies"]:
        privileges.copy_grants(existing.as_table, view.as_table, view.owner)
    else:
        privileges.own_view(view.as_table, view.owner)
    return status(f"View {key[2]} successfully created.")


def find(catalogue: Catalogue, key: tuple[str, str, str]) -> View | None:
    """The view of that name, or None."""
    known = catalogue.find_object(_KIND, ".".join(key))
    return None if known is None else _view(known)


def all_in(catalogue: Catalogue, database: str) -> Iterator[View]:
    """The views of *database*."""
    return (view for view in map(_view, catalogue.objects(_KIND).values()) if view.key[0] == database)


def _view(known: dict[str, Any]) -> View:
    database, schema, name = known["key"]
    return View((database, schema, name), known["query"], known["owner"], known["id"])


def _check_query(session: SessionState, view: View) -> None:
    shaped = shape(view.query)
    translation = translate(shaped.text)
    if translation.kind != "select" or translation.names is None:
        raise not_emulated("a view of SELECT *, whose columns would be those of its CREATE")
    if not all(map(_NAMED.fullmatch, translation.names)):
        raise not_emulated("a view with a column that has no name of its own")
    if len(set(translation.names)) < len(translation.names):
        raise not_emulated("a view with two columns of one name")
    for reference in translation.tables:
        if reference.is_copy_history or reference.inferred:
            raise not_emulated("a view of a table function")
        key = resolve(view.context, tuple(map(shaped.name, reference.parts)))
        if key[1] == "INFORMATION_SCHEMA" or find(session.engine.catalogue, key) is not None:
            raise not_emulated(f"a view of what is no stored table: {'.'.join(key)}")
        session.engine.catalogue.table(key)


def _drop(session: SessionState, written: re.Match[str]) -> Result:
    key = resolve(session.context, parts_of(written["name"]))
    if find(session.engine.catalogue, key) is None:
        if written["lenient"]:
            return status("Drop statement executed successfully.")
        raise missing("View", ".".join(key))
    session.engine.catalogue.drop_object(session.cursor, _KIND, ".".join(key))
    return status(f"{key[2]} successfully dropped.")
