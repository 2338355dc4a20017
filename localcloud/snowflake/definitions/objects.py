"""Definitions other than of tables: databases, schemas, integrations, stages, formats, users, roles, warehouses, USE.

An option that is not listed here is refused by name. GRANT and REVOKE are in `grants.py`.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

from localcloud.snowflake.definitions import altering, clones, grants, streams, tables, views
from localcloud.snowflake.definitions.catalogue import resolve
from localcloud.snowflake.errors import SnowflakeError, exists_already, missing, not_emulated
from localcloud.snowflake.loading.formats import check_format
from localcloud.snowflake.loading.stages import require_allowed
from localcloud.snowflake.results import Result, status, texts
from localcloud.snowflake.session_state import SessionState
from localcloud.snowflake.sql.lexing import NAME, QUALIFIED_NAME, TEXT, name_of, options, parts_of, text_of

_FLAGS = re.IGNORECASE | re.DOTALL
_CREATE = re.compile(
    r"CREATE\s+(?P<replace>OR\s+REPLACE\s+)?(?:TRANSIENT\s+)?"
    r"(?P<kind>DATABASE|SCHEMA|STORAGE\s+INTEGRATION|STAGE|FILE\s+FORMAT|USER|ROLE|WAREHOUSE)\s+"
    rf"(?P<lenient>IF\s+NOT\s+EXISTS\s+)?(?P<name>{QUALIFIED_NAME})(?P<options>.*)",
    _FLAGS,
)
_CREATE_LENIENT = re.compile(
    rf"CREATE\s+(?:TRANSIENT\s+)?(?P<kind>SCHEMA|TABLE)\s+IF\s+NOT\s+EXISTS\s+(?P<name>{QUALIFIED_NAME})", _FLAGS
)
_ALTER = re.compile(
    r"ALTER\s+(?P<kind>STORAGE\s+INTEGRATION|USER|WAREHOUSE)\s+(?:IF\s+EXISTS\s+)?"
    rf"(?P<name>{NAME})\s+SET\s+(?P<options>.*)",
    _FLAGS,
)
_DESCRIBE = re.compile(
    rf"DESC(?:RIBE)?\s+(?:STORAGE\s+)?(?P<kind>INTEGRATION|TABLE)\s+(?P<name>{QUALIFIED_NAME})", _FLAGS
)
_USE = re.compile(rf"USE\s+(?:(?P<kind>DATABASE|SCHEMA|WAREHOUSE|ROLE)\s+)?(?P<name>{QUALIFIED_NAME})", _FLAGS)
_SET = re.compile(rf"ALTER\s+SESSION\s+SET\s+(?P<name>\w+)\s*=\s*(?P<value>{TEXT})", _FLAGS)

_OPTIONS = {
    "DATABASE": {"DATA_RETENTION_TIME_IN_DAYS", "COMMENT"},
    "SCHEMA": {"DATA_RETENTION_TIME_IN_DAYS", "COMMENT"},
    "INTEGRATION": {
        "TYPE",
        "STORAGE_PROVIDER",
        "ENABLED",
        "STORAGE_AWS_ROLE_ARN",
        "STORAGE_AWS_EXTERNAL_ID",
        "STORAGE_ALLOWED_LOCATIONS",
        "STORAGE_BLOCKED_LOCATIONS",
        "COMMENT",
    },
    "STAGE": {"URL", "STORAGE_INTEGRATION", "COMMENT"},
    "FILE FORMAT": {"TYPE", "USE_VECTORIZED_SCANNER", "COMPRESSION", "BINARY_AS_TEXT", "USE_LOGICAL_TYPE"},
    "USER": {
        "TYPE",
        "LOGIN_NAME",
        "DEFAULT_ROLE",
        "DEFAULT_WAREHOUSE",
        "DEFAULT_NAMESPACE",
        "RSA_PUBLIC_KEY",
        "RSA_PUBLIC_KEY_2",
        "WORKLOAD_IDENTITY",
        "TIMEZONE",
        "COMMENT",
    },
    "ROLE": {"COMMENT"},
    "WAREHOUSE": {
        "WAREHOUSE_SIZE",
        "WAREHOUSE_TYPE",
        "AUTO_SUSPEND",
        "AUTO_RESUME",
        "INITIALLY_SUSPENDED",
        "MIN_CLUSTER_COUNT",
        "MAX_CLUSTER_COUNT",
        "SCALING_POLICY",
        "MAX_CONCURRENCY_LEVEL",
        "STATEMENT_TIMEOUT_IN_SECONDS",
        "STATEMENT_QUEUED_TIMEOUT_IN_SECONDS",
        "COMMENT",
    },
}
_REQUIRED = {
    "INTEGRATION": {"TYPE", "STORAGE_PROVIDER", "ENABLED", "STORAGE_AWS_ROLE_ARN", "STORAGE_ALLOWED_LOCATIONS"},
    "STAGE": {"URL", "STORAGE_INTEGRATION"},
    "FILE FORMAT": {"TYPE"},
}
_DONE = "Statement executed successfully."


def is_temporary(text: str) -> bool:
    """Whether *text* defines something that is the session's own, so that no lock is needed."""
    return re.match(r"CREATE\s+(OR\s+REPLACE\s+)?TEMP(ORARY)?\s", text, re.IGNORECASE) is not None


def define(session: SessionState, text: str) -> Result:
    """Run CREATE, ALTER, DROP, GRANT or REVOKE."""
    if written := clones.CLONE.fullmatch(text):
        return clones.clone(session, written)
    if re.match(r"ALTER\s+TABLE\b", text, re.IGNORECASE):
        return altering.alter(session, text)
    if re.match(r"(CREATE\s+(OR\s+REPLACE\s+)?(\w+\s+)?|DROP\s+)TABLE\b", text, re.IGNORECASE):
        return tables.define(session, text)
    if re.match(r"(CREATE\s+(OR\s+REPLACE\s+)?(\w+\s+)?|DROP\s+)VIEW\b", text, re.IGNORECASE):
        return views.define(session, text)
    if re.match(r"CREATE\s+(OR\s+REPLACE\s+)?STREAM\b", text, re.IGNORECASE):
        return streams.create(session, text)
    if written := _CREATE.fullmatch(text):
        return _create(session, written)
    if written := _ALTER.fullmatch(text):
        return _alter(session, written)
    if re.match(r"(GRANT|REVOKE)\b", text, re.IGNORECASE):
        return grants.grant(session, text)
    raise not_emulated(f"the statement {' '.join(text.split()[:3])}")


def find_existing(session: SessionState, text: str) -> Result | None:
    """The answer to a CREATE ... IF NOT EXISTS of a schema or table that is there; None for everything else."""
    written = _CREATE_LENIENT.match(text)
    if written is None:
        return None
    parts = parts_of(written["name"])
    if written["kind"].upper() == "TABLE":
        is_there = session.find_table(parts) is not None
    else:
        database = parts[0] if len(parts) == 2 else session.context["database"]
        is_there = database is not None and session.engine.catalogue.has_schema(database, parts[-1])
    return status(f"{parts[-1]} already exists, statement succeeded.") if is_there else None


def describe(session: SessionState, text: str) -> Result:
    """Run DESCRIBE of a table or an integration."""
    written = _DESCRIBE.fullmatch(text)
    if written is None:
        raise not_emulated(f"the statement {' '.join(text.split()[:3])}")
    if written["kind"].upper() == "TABLE":
        return tables.describe(session.table(parts_of(written["name"])))
    known = session.engine.catalogue.object("INTEGRATION", name_of(written["name"]))
    properties = {**known, "STORAGE_AWS_IAM_USER_ARN": session.engine.iam_user_arn}
    shown = [name for name in properties if name != "NAME"]
    return texts(
        ["property", "property_type", "property_value", "property_default"],
        [[name, _property_type(properties[name]), _property_value(properties[name]), ""] for name in shown],
    )


def set_context(session: SessionState, text: str) -> Result:
    """Run USE or ALTER SESSION SET."""
    if written := _SET.fullmatch(text):
        name = written["name"].upper()
        if name == "TIMEZONE":
            session.set_timezone(text_of(written["value"]))
        elif name != "QUERY_TAG":
            raise not_emulated(f"the session parameter {name}")
        return status(_DONE)
    written = _USE.fullmatch(text)
    if written is None:
        raise not_emulated(f"the statement {' '.join(text.split()[:4])}")
    use(session, (written["kind"] or "DATABASE").upper(), parts_of(written["name"]))
    return status(_DONE)


def use(session: SessionState, kind: str, parts: tuple[str, ...]) -> None:
    """Make something the session's current one; it must exist."""
    catalogue = session.engine.catalogue
    if kind == "SCHEMA":
        database = parts[0] if len(parts) == 2 else session.context["database"]
        if not catalogue.has_schema(database, parts[-1]):
            raise missing("Schema", ".".join(parts))
        session.context.update(database=database, schema=parts[-1])
    elif kind == "DATABASE":
        if not catalogue.has_database(parts[0]):
            raise missing("Database", parts[0])
        session.context.update(database=parts[0], schema="PUBLIC")
    elif kind == "ROLE":
        session.require_role(parts[0])
        session.context["role"] = parts[0]
    else:
        catalogue.object("WAREHOUSE", parts[0])
        session.context["warehouse"] = parts[0]


def _create(session: SessionState, written: re.Match[str]) -> Result:
    kind = " ".join(written["kind"].upper().split()).removeprefix("STORAGE ")
    parts = parts_of(written["name"])
    given = options(re.sub(r"^\s*WITH\b", "", written["options"], flags=re.IGNORECASE))
    if unknown := sorted(set(given) - _OPTIONS[kind]):
        raise not_emulated(f"the option {', '.join(unknown)} of CREATE {kind}")
    if lacking := sorted(_REQUIRED.get(kind, set()) - set(given)):
        raise SnowflakeError(
            "002029", "42601", f"SQL compilation error:\nMissing option(s): [{', '.join(lacking)}] of CREATE {kind}"
        )
    if kind in {"DATABASE", "SCHEMA"}:
        return _create_space(session, kind, parts, written)
    name = ".".join(resolve(session.context, parts)) if kind in {"STAGE", "FILE FORMAT"} else parts[-1]
    if session.engine.catalogue.find_object(kind, name) is not None:
        if written["lenient"]:
            return status(f"{name} already exists, statement succeeded.")
        if not written["replace"]:
            raise exists_already(name)
    properties = _PREPARE.get(kind, lambda _session, _name, options_: options_)(session, name, given)
    session.engine.catalogue.put_object(session.cursor, kind, name, properties)
    session.engine.privileges.forget(f"{kind} {name}")
    return status(f"{kind.capitalize()} {name} successfully created.")


def _create_space(session: SessionState, kind: str, parts: tuple[str, ...], written: re.Match[str]) -> Result:
    catalogue = session.engine.catalogue
    if written["replace"]:
        raise not_emulated(f"CREATE OR REPLACE {kind}")
    if kind == "SCHEMA":
        database = parts[0] if len(parts) == 2 else session.context["database"]
        if database is None or not catalogue.has_database(database):
            raise missing("Database", str(database))
        is_there = catalogue.has_schema(database, parts[-1])
    else:
        database, is_there = parts[0], catalogue.has_database(parts[0])
    if is_there and not written["lenient"]:
        raise exists_already(parts[-1])
    if is_there:
        return status(f"{parts[-1]} already exists, statement succeeded.")
    if kind == "SCHEMA":
        catalogue.create_schema(session.cursor, database, parts[-1])
        session.engine.privileges.own_schema(database, parts[-1], session.context["role"])
    else:
        catalogue.create_database(session.cursor, database)
        session.engine.privileges.own_database(database, session.context["role"])
    return status(f"{kind.capitalize()} {parts[-1]} successfully created.")


def _integration(_: SessionState, name: str, given: dict[str, Any]) -> dict[str, Any]:
    if (given["TYPE"].upper(), given["STORAGE_PROVIDER"].upper()) != ("EXTERNAL_STAGE", "S3"):
        raise not_emulated(f"a storage integration with {given['TYPE']} of {given['STORAGE_PROVIDER']}")
    # Left out, Snowflake chooses one, another one with every CREATE OR REPLACE.
    return {"STORAGE_AWS_EXTERNAL_ID": f"LOCAL_SFCRole=2_{uuid.uuid4().hex}", **given, "NAME": name}


def _stage(session: SessionState, _: str, given: dict[str, Any]) -> dict[str, Any]:
    integration = name_of(given["STORAGE_INTEGRATION"])
    if not given["URL"].startswith("s3://"):
        raise not_emulated(f"a stage at {given['URL']}: only s3://")
    require_allowed(session.engine.catalogue.object("INTEGRATION", integration), given["URL"])
    return {**given, "STORAGE_INTEGRATION": integration}


def _file_format(_: SessionState, __: str, given: dict[str, Any]) -> dict[str, Any]:
    check_format({name: value for name, value in given.items() if name != "COMMENT"})
    return given


_PREPARE: dict[str, Callable[[SessionState, str, dict[str, Any]], dict[str, Any]]] = {
    "INTEGRATION": _integration,
    "STAGE": _stage,
    "FILE FORMAT": _file_format,
}


def _alter(session: SessionState, written: re.Match[str]) -> Result:
    kind = " ".join(written["kind"].upper().split()).removeprefix("STORAGE ")
    name = name_of(written["name"])
    given = options(written["options"])
    if unknown := sorted(set(given) - _OPTIONS[kind]):
        raise not_emulated(f"the option {', '.join(unknown)} of ALTER {kind}")
    known = session.engine.catalogue.object(kind, name)
    session.engine.catalogue.put_object(session.cursor, kind, name, {**known, **given})
    return status(_DONE)


def _property_type(value: object) -> str:
    if isinstance(value, list):
        return "List"
    return "Boolean" if str(value).upper() in {"TRUE", "FALSE"} else "String"


def _property_value(value: object) -> str:
    return ",".join(value) if isinstance(value, list) else str(value)
