"""SHOW GRANTS TO ROLE and SHOW FUTURE GRANTS TO ROLE: what a role was granted itself, and not by another role.

Source: https://docs.snowflake.com/en/sql-reference/sql/show-grants (documented: the columns). That a FILE FORMAT is
written with an underscore, and how the name of a future grant is written, is assumed. Which role may ask is not judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from localcloud.snowflake.definitions import views
from localcloud.snowflake.errors import not_emulated
from localcloud.snowflake.results import Result, texts
from localcloud.snowflake.session_state import SessionState
from localcloud.snowflake.sql.lexing import NAME, name_of

_SHOW = re.compile(rf"SHOW\s+(?P<future>FUTURE\s+)?GRANTS\s+TO\s+ROLE\s+(?P<role>{NAME})", re.IGNORECASE | re.DOTALL)
_COLUMNS = ("created_on", "privilege", "granted_on", "name", "granted_to", "grantee_name", "grant_option", "granted_by")
_FUTURE_COLUMNS = ("created_on", "privilege", "grant_on", "name", "grant_to", "grantee_name", "grant_option")
_PLAIN = re.compile(r"[A-Z_][A-Z0-9_$]*")
_KINDS = ("DATABASE", "SCHEMA", "TABLE", "STAGE", "FILE FORMAT", "WAREHOUSE", "INTEGRATION")
_MADE = {"SCHEMAS": "SCHEMA", "TABLES": "TABLE"}


def show(session: SessionState, text: str) -> Result:
    """Run SHOW (FUTURE) GRANTS TO ROLE."""
    written = _SHOW.fullmatch(text)
    if written is None:
        raise not_emulated(f"the statement {' '.join(text.split()[:4])}")
    role = name_of(written["role"])
    session.require_role(role)
    if written["future"]:
        rows = sorted(_future(session, role))
        return texts(_FUTURE_COLUMNS, [["", *row, "ROLE", role, "false"] for row in rows])
    return texts(_COLUMNS, [["", *row, "ROLE", role, "false", ""] for row in sorted(_granted(session, role))])


def _future(session: SessionState, role: str) -> Iterator[tuple[str, str, str]]:
    for privilege, place in session.engine.privileges.future_of(role):
        made, _, name = place.split(" ", 2)
        yield privilege, _MADE[made], f"{_written(name.split('.'))}.<{_MADE[made]}>"


def _granted(session: SessionState, role: str) -> Iterator[tuple[str, str, str]]:
    """Privilege, kind and name. A place of a table is its id, of a view too."""
    catalogue = session.engine.catalogue
    tables = {one.id: one.key for database in catalogue.databases() for one in catalogue.tables(database)}
    seen = {one.id: one.key for database in catalogue.databases() for one in views.all_in(catalogue, database)}
    for privilege, place in session.engine.privileges.granted_to(role):
        kind = next(one for one in _KINDS if place.startswith(f"{one} "))
        name = place.removeprefix(f"{kind} ")
        if kind != "TABLE":
            yield privilege, kind.replace(" ", "_"), _written(tuple(name.split(".")))
        elif name in tables:
            yield privilege, "TABLE", _written(tables[name])
        elif name in seen:
            yield privilege, "VIEW", _written(seen[name])
    for below in session.engine.privileges.roles_of(role):
        yield "USAGE", "ROLE", _written([below])


def _written(parts: list[str] | tuple[str, ...]) -> str:
    """A name, with quotes where it needs them."""
    return ".".join(one if _PLAIN.fullmatch(one) else '"' + one.replace('"', '""') + '"' for one in parts)
