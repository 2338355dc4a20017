"""COPY INTO <table> FROM @<stage>: Parquet files by column name, all of them or none.

Done as documented at https://docs.snowflake.com/en/sql-reference/sql/copy-into-table: load memory by file and ETag,
FORCE, FILES (at most 1,000), PATTERN, MATCH_BY_COLUMN_NAME=CASE_INSENSITIVE, INCLUDE_METADATA, PURGE, schema evolution,
and the result's columns. Only the vectorized scanner is done: the older one reads times in another way. A conversion
that is not in `_FITTING` is refused, because the real COPY "does not validate data type conversions for Parquet".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from localcloud.quotas import SNOWFLAKE_COPY_FILES
from localcloud.snowflake.changes import too_long
from localcloud.snowflake.definitions.catalogue import Column, Table, resolve
from localcloud.snowflake.definitions.column_types import ColumnType
from localcloud.snowflake.errors import SnowflakeError, from_duckdb, not_emulated
from localcloud.snowflake.loading.formats import FORMAT, check_format
from localcloud.snowflake.loading.load_memory import LoadedFile
from localcloud.snowflake.loading.stages import Integration, StagedObject, require_allowed
from localcloud.snowflake.results import Result, status
from localcloud.snowflake.session_state import SessionState
from localcloud.snowflake.sql.lexing import (
    QUALIFIED_NAME,
    TEXT,
    is_true,
    literal,
    name_of,
    options,
    parts_of,
    quoted,
    text_of,
)

_COPY = re.compile(
    rf"COPY\s+INTO\s+(?P<table>{QUALIFIED_NAME})\s+FROM\s+(?P<source>@{QUALIFIED_NAME}(?:/[^\s']*)?|{TEXT})(?P<options>.*)",
    re.IGNORECASE | re.DOTALL,
)
_SOURCE = re.compile(rf"@(?P<stage>{QUALIFIED_NAME})(?:/(?P<path>.*))?", re.DOTALL)
_OPTIONS = {
    "FILES",
    "PATTERN",
    "FILE_FORMAT",
    "MATCH_BY_COLUMN_NAME",
    "INCLUDE_METADATA",
    "FORCE",
    "ON_ERROR",
    "PURGE",
    "LOAD_UNCERTAIN_FILES",
}
_METADATA = {
    "METADATA$FILENAME": "{key}",
    "METADATA$FILE_ROW_NUMBER": "file_row_number + 1",
    "METADATA$FILE_CONTENT_KEY": "{etag}",
    "METADATA$FILE_LAST_MODIFIED": "TIMESTAMPTZ {modified}",
    "METADATA$START_SCAN_TIME": "TIMESTAMPTZ {now}",
}
# Parquet types, as DuckDB names them, that a column of a kind takes.
_NUMBERS = r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DECIMAL.*|FLOAT|DOUBLE"
_FITTING = {
    "NUMBER": rf"{_NUMBERS}|VARCHAR|BOOLEAN",
    "FLOAT": rf"{_NUMBERS}|VARCHAR",
    "VARCHAR": rf"{_NUMBERS}|VARCHAR|BOOLEAN|DATE|TIMESTAMP|TIME",
    "BINARY": "BLOB",
    "BOOLEAN": "BOOLEAN|VARCHAR",
    "DATE": "DATE|VARCHAR|TIMESTAMP",
    "TIME": "TIME|VARCHAR",
    "TIMESTAMP_NTZ": "TIMESTAMP|TIMESTAMP WITH TIME ZONE|VARCHAR|DATE",
    "TIMESTAMP_LTZ": "TIMESTAMP|TIMESTAMP WITH TIME ZONE|VARCHAR|DATE",
    "VARIANT": ".*",
}
_RESULT = {
    "file": "VARCHAR",
    "status": "VARCHAR",
    "rows_parsed": "BIGINT",
    "rows_loaded": "BIGINT",
    "error_limit": "BIGINT",
    "errors_seen": "BIGINT",
    "first_error": "VARCHAR",
    "first_error_line": "BIGINT",
    "first_error_character": "BIGINT",
    "first_error_column_name": "VARCHAR",
}


@dataclass(frozen=True)
class _Copy:
    """A COPY as it is written."""

    table: tuple[str, ...]
    stage: tuple[str, ...]
    path: str
    options: Mapping[str, Any]

    @property
    def is_forced(self) -> bool:
        return is_true(self.options.get("FORCE", "FALSE"))

    @property
    def metadata(self) -> dict[str, str]:
        """METADATA$… by the column that takes it."""
        return {name_of(column): item.upper() for column, item in self.options.get("INCLUDE_METADATA", {}).items()}


def copy_into(session: SessionState, text: str) -> Result:
    """Load the staged files that a COPY names; the session's transaction makes it all or nothing."""
    session.require_warehouse()
    copy = _read_copy(text)
    _check_options(session, copy)
    table = session.table(copy.table)
    session.require("INSERT", table)
    for column in copy.metadata:
        if column not in table.columns:
            raise SnowflakeError("000904", "42000", f"SQL compilation error:\ninvalid identifier '{column}'")
    stage = session.engine.catalogue.object("STAGE", ".".join(resolve(session.context, copy.stage)))
    integration = session.engine.catalogue.object("INTEGRATION", stage["STORAGE_INTEGRATION"])
    url = f"{stage['URL'].rstrip('/')}/{copy.path}"
    require_allowed(integration, url)
    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    keys = _keys(session, integration, bucket, prefix, copy)
    loaded: list[tuple[StagedObject, int]] = []
    for key in keys:
        file = session.engine.scratch_file()
        try:
            one = session.engine.stages.read(integration, bucket, key, file)
            if copy.is_forced or not _is_loaded(session, table, one):
                table, rows = _load(session, table, copy, one, file)
                loaded.append((one, rows))
        finally:
            file.unlink(missing_ok=True)
    if not loaded:
        return status("Copy executed with 0 files processed.")
    _record(session, table, loaded)
    if is_true(copy.options.get("PURGE", "FALSE")):
        for one, _ in loaded:
            session.engine.stages.delete(integration, one)
    rows = [[one.uri, "LOADED", count, count, 1, 0, None, None, None, None] for one, count in loaded]
    return Result(list(_RESULT), list(_RESULT.values()), rows)


def _read_copy(text: str) -> _Copy:
    written = _COPY.fullmatch(text)
    if written is None:
        raise not_emulated(f"this form of COPY (COPY INTO <table> FROM @<stage>/<path> options): {text[:80]}")
    source = written["source"]
    place = _SOURCE.fullmatch(text_of(source) if source.startswith("'") else source)
    if place is None:
        raise not_emulated(f"COPY from {source}: only from @<stage>")
    return _Copy(parts_of(written["table"]), parts_of(place["stage"]), place["path"] or "", options(written["options"]))


def _check_options(session: SessionState, copy: _Copy) -> None:
    given = copy.options
    if unknown := sorted(set(given) - _OPTIONS):
        raise not_emulated(f"the COPY option {', '.join(unknown)}")
    format_ = dict(given.get("FILE_FORMAT", {}))
    if name := format_.pop("FORMAT_NAME", None):
        full = ".".join(resolve(session.context, parts_of(name)))
        format_ = {**session.engine.catalogue.object("FILE FORMAT", full), **format_}
    check_format(format_)
    for option in ("TYPE", "USE_VECTORIZED_SCANNER"):
        if option not in format_:
            raise not_emulated(f"COPY without {option}={next(iter(FORMAT[option]))} in its file format")
    if str(given.get("MATCH_BY_COLUMN_NAME", "NONE")).upper() != "CASE_INSENSITIVE":
        raise not_emulated("COPY without MATCH_BY_COLUMN_NAME=CASE_INSENSITIVE")
    if str(given.get("ON_ERROR", "ABORT_STATEMENT")).upper() != "ABORT_STATEMENT":
        raise not_emulated(f"ON_ERROR={given['ON_ERROR']}")
    if len(given.get("FILES", [])) > SNOWFLAKE_COPY_FILES.value:
        raise SnowflakeError(
            "001003",
            "42000",
            f"SQL compilation error:\nFILES holds {len(given['FILES'])} names; at most 1000 are allowed.",
        )
    if unknown := sorted(set(copy.metadata.values()) - set(_METADATA)):
        raise not_emulated(f"INCLUDE_METADATA of {', '.join(unknown)}")


def _keys(session: SessionState, integration: Integration, bucket: str, prefix: str, copy: _Copy) -> list[str]:
    if "FILES" in copy.options:
        joint = "" if not prefix or prefix.endswith("/") else "/"
        return [f"{prefix}{joint}{name}" for name in copy.options["FILES"]]
    keys = [one.key for one in session.engine.stages.list(integration, bucket, prefix)]
    if "PATTERN" in copy.options:
        keys = [key for key in keys if re.fullmatch(copy.options["PATTERN"], f"s3://{bucket}/{key}")]
    return keys


def _is_loaded(session: SessionState, table: Table, one: StagedObject) -> bool:
    return not table.is_temporary and (one.uri, one.etag) in session.loads(table)


def _load(session: SessionState, table: Table, copy: _Copy, one: StagedObject, file: Path) -> tuple[Table, int]:
    """Insert one file; the table comes back too, for it may have grown."""
    try:
        relation = session.cursor.read_parquet(str(file))
        source = dict(zip(relation.columns, (str(kind) for kind in relation.types), strict=True))
    except duckdb.Error as error:
        raise SnowflakeError(
            "100069", "22000", f"Error parsing the parquet file: {error}\n  File '{one.uri}'"
        ) from error
    columns = {name.upper(): name for name in source}
    if len(columns) < len(source):
        raise SnowflakeError("001041", "42601", f"Ambiguous column names in file '{one.uri}': {sorted(source)}")
    table = _evolved(session, table, source)
    values: dict[str, str] = {}
    lengths: list[str] = []
    for column in table.columns.values():
        if column.name in copy.metadata:
            values[column.name] = _metadata(session, copy.metadata[column.name], one)
        elif found := columns.get(column.name.upper()):
            values[column.name] = _value(column, found, source[found], one)
            lengths += too_long(column, quoted(found))
    if not values:
        raise SnowflakeError("001003", "42000", f"No column of {table.name} is in file '{one.uri}': {sorted(source)}")
    targets = ", ".join(quoted(name) for name in values)
    rows = f"FROM read_parquet({literal(str(file))}, file_row_number = true)"
    if lengths:  # one condition for all: a CASE round each value costs more than the load
        rows += f" WHERE CASE {' '.join(lengths)} ELSE true END"
    try:
        row = session.cursor.execute(
            f"INSERT INTO {table.duckdb} ({targets}) SELECT {', '.join(values.values())} {rows}"
        ).fetchone()
    except duckdb.Error as error:
        failure = from_duckdb(error)
        raise SnowflakeError(failure.code, failure.state, f"{failure.message}\n  File '{one.uri}'") from error
    return table, row[0] if row else 0


def _metadata(session: SessionState, item: str, one: StagedObject) -> str:
    return _METADATA[item].format(
        key=literal(one.key),
        etag=literal(one.etag),
        modified=literal(one.modified_at.isoformat()),
        now=literal(session.now.isoformat()),
    )


def _value(column: Column, name: str, kind: str, one: StagedObject) -> str:
    if not re.fullmatch(_FITTING[column.type.kind], kind):
        raise not_emulated(
            f"loading Parquet {kind} into column {column.name} {column.type.snowflake} of file '{one.uri}'"
        )
    return f"to_json({quoted(name)})" if column.type.kind == "VARIANT" else quoted(name)


def _evolved(session: SessionState, table: Table, source: Mapping[str, str]) -> Table:
    """The table with the file's new columns, where ENABLE_SCHEMA_EVOLUTION asks for it."""
    present = {name.upper() for name in table.columns}
    new = {name.upper(): _evolved_type(kind) for name, kind in source.items() if name.upper() not in present}
    if not new or not table.is_evolving:
        return table
    for name, kind in new.items():
        session.cursor.execute(f"ALTER TABLE {table.duckdb} ADD COLUMN {quoted(name)} {kind.duckdb}")
    columns = {**table.columns, **{name: Column(name, kind) for name, kind in new.items()}}
    grown = replace(table, columns=columns)
    session.after_commit.append(lambda: session.engine.catalogue.remember(grown))
    return grown


def _evolved_type(kind: str) -> ColumnType:
    """The type of a column that a file brings (assumed: numbers as they are, text without a length)."""
    if found := re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", kind):
        return ColumnType("NUMBER", int(found[1]), int(found[2]))
    if re.fullmatch(r"U?(TINY|SMALL|BIG)?INT(EGER)?", kind):
        return ColumnType("NUMBER", 38, 0)
    kinds = {
        "VARCHAR": ColumnType("VARCHAR", length=16_777_216),
        "BLOB": ColumnType("BINARY", length=8_388_608),
        "FLOAT": ColumnType("FLOAT"),
        "DOUBLE": ColumnType("FLOAT"),
        "BOOLEAN": ColumnType("BOOLEAN"),
        "DATE": ColumnType("DATE"),
        "TIME": ColumnType("TIME", scale=9),
        "TIMESTAMP": ColumnType("TIMESTAMP_NTZ", scale=9),
        "TIMESTAMP WITH TIME ZONE": ColumnType("TIMESTAMP_LTZ", scale=9),
    }
    if kind not in kinds:
        raise not_emulated(f"schema evolution by a Parquet column of type {kind}")
    return kinds[kind]


def _record(session: SessionState, table: Table, loaded: list[tuple[StagedObject, int]]) -> None:
    if table.is_temporary:
        return
    at = session.now.replace(tzinfo=None)
    new = {(one.uri, one.etag): LoadedFile(one.uri, one.etag, one.size_bytes, count, at) for one, count in loaded}
    session.change_loads(table, {**session.loads(table), **new})
