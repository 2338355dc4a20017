"""GRANT and REVOKE: of roles, and of privileges on one thing, on all of a kind, and on those made in the future."""

from __future__ import annotations

import re

from localcloud.snowflake.definitions import views
from localcloud.snowflake.definitions.catalogue import resolve
from localcloud.snowflake.errors import missing, not_emulated
from localcloud.snowflake.privileges import Made
from localcloud.snowflake.results import Result, status
from localcloud.snowflake.session_state import SessionState
from localcloud.snowflake.sql.lexing import NAME, QUALIFIED_NAME, name_of, parts_of

_FLAGS = re.IGNORECASE | re.DOTALL
_OF_ROLE = re.compile(
    rf"(?P<word>GRANT|REVOKE)\s+ROLE\s+(?P<role>{NAME})\s+(?:TO|FROM)\s+(?P<kind>ROLE|USER)\s+(?P<to>{NAME})", _FLAGS
)
_OF_PRIVILEGES = re.compile(
    r"(?P<word>GRANT|REVOKE)\s+(?P<privileges>[A-Z][A-Z ,]*?)\s+ON\s+"
    r"(?:(?P<which>ALL|FUTURE)\s+(?P<made>SCHEMAS|TABLES)\s+IN\s+)?"
    r"(?P<kind>DATABASE|SCHEMA|TABLE|VIEW|STAGE|FILE\s+FORMAT|WAREHOUSE|INTEGRATION)\s+"
    rf"(?P<name>{QUALIFIED_NAME})\s+(?:TO|FROM)\s+ROLE\s+(?P<role>{NAME})",
    _FLAGS,
)
# Source: https://docs.snowflake.com/en/user-guide/security-access-control-privileges (documented).
_PRIVILEGES = {
    "DATABASE": {"USAGE", "CREATE SCHEMA", "MONITOR"},
    "SCHEMA": {"USAGE", "CREATE TABLE", "MONITOR"},
    "TABLE": {"SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE"},
    "VIEW": {"SELECT"},
    "STAGE": {"USAGE"},
    "FILE FORMAT": {"USAGE"},
    "WAREHOUSE": {"USAGE", "OPERATE", "MONITOR"},
    "INTEGRATION": {"USAGE"},
}
_DONE = "Statement executed successfully."


def grant(session: SessionState, text: str) -> Result:
    """Run GRANT or REVOKE. Privileges of stages, formats, warehouses and integrations are shown, and not judged."""
    if written := _OF_ROLE.fullmatch(text):
        return _grant_role(session, written)
    written = _OF_PRIVILEGES.fullmatch(text)
    if written is None:
        raise not_emulated(f"this form of {text.split()[0].upper()}: {text[:80]}")
    role = name_of(written["role"])
    session.require_role(role)
    kind = " ".join(written["kind"].upper().split())
    of = {"SCHEMAS": "SCHEMA", "TABLES": "TABLE"}[written["made"].upper()] if written["made"] else kind
    wanted = [" ".join(one.split()).upper() for one in written["privileges"].split(",")]
    if unknown := sorted(set(wanted) - _PRIVILEGES[of]):
        raise not_emulated(f"the privilege {', '.join(unknown)} on {of}")
    if written["which"] and (kind not in {"DATABASE", "SCHEMA"} or (of, kind) == ("SCHEMA", "SCHEMA")):
        raise not_emulated(f"{of}S in {kind}")
    is_revoked = written["word"].upper() == "REVOKE"
    place = _place(session, kind, parts_of(written["name"]))
    privileges = session.engine.privileges
    is_future = (written["which"] or "").upper() == "FUTURE"
    privileges.require_grantor(session.context["role"], None if written["which"] else place)
    for one in wanted:
        if is_future:
            made: Made = "SCHEMAS" if of == "SCHEMA" else "TABLES"
            privileges.grant_future(made, place, (one, role), is_revoked=is_revoked)
        else:
            for each in _all(session, of, place) if written["which"] else [place]:
                privileges.grant(each, (one, role), is_revoked=is_revoked)
    return status(_DONE)


def _grant_role(session: SessionState, written: re.Match[str]) -> Result:
    role, to = name_of(written["role"]), name_of(written["to"])
    session.require_role(role)
    session.engine.privileges.require_grantor(session.context["role"], None)
    if written["kind"].upper() == "USER":
        session.engine.catalogue.object("USER", to)  # that a user was granted the role is not asked
        return status(_DONE)
    session.require_role(to)
    session.engine.privileges.grant_role(role, to, is_revoked=written["word"].upper() == "REVOKE")
    return status(_DONE)


def _place(session: SessionState, kind: str, parts: tuple[str, ...]) -> str:
    """Where the privilege is, as `Privileges` names it; raises if it is not there."""
    catalogue = session.engine.catalogue
    if kind == "DATABASE":
        if not catalogue.has_database(parts[0]):
            raise missing("Database", parts[0])
        return f"DATABASE {parts[0]}"
    if kind == "SCHEMA":
        database = parts[0] if len(parts) == 2 else session.context["database"]
        if not catalogue.has_schema(database, parts[-1]):
            raise missing("Schema", ".".join(parts))
        return f"SCHEMA {database}.{parts[-1]}"
    if kind == "TABLE":
        return f"TABLE {session.table(parts).id}"
    if kind == "VIEW":
        view = views.find(catalogue, resolve(session.context, parts))
        if view is None:
            raise missing("View", ".".join(parts))
        return f"TABLE {view.id}"
    name = ".".join(resolve(session.context, parts)) if kind in {"STAGE", "FILE FORMAT"} else parts[-1]
    catalogue.object(kind, name)
    return f"{kind} {name}"


def _all(session: SessionState, of: str, place: str) -> list[str]:
    """All schemas or tables in *place* as they are now."""
    catalogue = session.engine.catalogue
    database, _, schema = place.partition(" ")[2].partition(".")
    if of == "SCHEMA":
        return [f"SCHEMA {database}.{name}" for name in catalogue.schemas(database)]
    return [f"TABLE {table.id}" for table in catalogue.tables(database) if schema in {"", table.schema}]
