"""What the stand-in answers when a statement fails: Snowflake's code, SQLSTATE and, as far as known, its sentence.

Codes and sentences are observed in public error reports unless said otherwise; the exact texts are approximations
(docs/facts/snowflake.md 5, point 9).
"""

from __future__ import annotations

import re

import duckdb


class SnowflakeError(Exception):
    """A statement failed. *code* and *state* as the SQL API gives them (`code`, `sqlState`)."""

    def __init__(self, code: str, state: str, message: str) -> None:
        super().__init__(code, state, message)  # as it was made: it may have to cross to another process
        self.code = code
        self.state = state
        self.message = message

    def __str__(self) -> str:
        return f"{self.code} ({self.state}): {self.message}"


def not_emulated(what: str) -> SnowflakeError:
    """Legal at Snowflake perhaps, but not done here: the refusal names it."""
    return SnowflakeError(
        "000002", "0A000", f"Unsupported feature: not emulated here: {what} (local/COVERAGE.md lists what is)"
    )


def syntax_error(detail: str) -> SnowflakeError:
    """The statement cannot be read."""
    return SnowflakeError("001003", "42000", f"SQL compilation error:\nsyntax error {detail}")


def missing(kind: str, name: str) -> SnowflakeError:
    """A *kind* ("Table", "Schema", "Integration", ...) of that name is not there."""
    state = "42S02" if kind in {"Object", "Table"} else "02000"
    return SnowflakeError("002003", state, f"SQL compilation error:\n{kind} '{name}' does not exist or not authorized.")


def exists_already(name: str) -> SnowflakeError:
    """CREATE without IF NOT EXISTS of something that is there."""
    return SnowflakeError("002002", "42710", f"SQL compilation error:\nObject '{name}' already exists.")


def invalid_identifier(name: str) -> SnowflakeError:
    """A column that no table of the statement has."""
    return SnowflakeError("000904", "42000", f"SQL compilation error:\ninvalid identifier '{name}'")


def no_warehouse() -> SnowflakeError:
    """A statement that needs compute, in a session whose warehouse is not there."""
    return SnowflakeError(
        "000606",
        "57P03",
        "No active warehouse selected in the current session. "
        "Select an active warehouse with the 'use warehouse' command.",
    )


def failed_inside(statement: str, line: int, position: int, cause: SnowflakeError) -> SnowflakeError:
    """*cause* as a request of several statements reports it: they run in a procedure, whose frame is put around the
    words.

    Source: https://docs.snowflake.com/en/developer-guide/sql-api/submitting-multiple-statements (documented; that a
    statement is cut after 30 characters is read from its example).
    """
    shown = statement if len(statement) <= 30 else statement[:30] + "..."
    return SnowflakeError(
        "100132",
        "P0000",
        "JavaScript execution error: Uncaught Execution of multiple statements failed on statement "
        f'"{shown}" (at line {line}, position {position}).\n{cause.message} in SYSTEM$MULTISTMT at '
        "'    throw `Execution of multiple statements failed on statement {0} (at line {1}, position {2}).`"
        ".replace('{1}', LINES[i])' position 4\nstackstrace: \nSYSTEM$MULTISTMT line: 10",
    )


_NOT_RECOGNIZED = (
    (r"DECIMAL|INT|DOUBLE|FLOAT", "100038", "22018", "Numeric value"),
    (r"BOOL", "100037", "22018", "Boolean value"),
)
# A value and the type that cannot hold it.
_OUT_OF_RANGE = (
    r"Could not cast value (.*?) to (\S+)",
    r'Casting value "(.*?)" to type (\S+) failed: value is out of range',
    r"value (\S+) .*out of range for the destination type (\S+)",
)
# DuckDB's sentence, Snowflake's code and SQLSTATE, and its sentence.
_SENTENCES = (
    (r'invalid timestamp field format: "(.*)", expected', "100035", "22007", "Timestamp '{0}' is not recognized"),
    (r'timestamp field value out of range: "(.*)"', "100035", "22007", "Timestamp '{0}' is not recognized"),
    (r'invalid date field format: "(.*)", expected', "100040", "22007", "Date '{0}' is not recognized"),
    (r'date field value out of range: "(.*)"', "100040", "22007", "Date '{0}' is not recognized"),
    (r'time field value out of range: "(.*?)"', "100108", "22007", "Time '{0}' is not recognized"),
    (r"NOT NULL constraint failed: .*\.(.*)", "100072", "22000", "NULL result in a non-nullable column {0}"),
    (r'Referenced column "(.*?)" not found', "000904", "42000", "SQL compilation error:\ninvalid identifier '{0}'"),
    (r"Invalid Input Error: SNOWFLAKE (\w+) (\w+) (.*)", "{0}", "{1}", "{2}"),
)
_TWO_DATABASES = "a single transaction can only write to a single attached database"
_CODES = {
    "BinderException": ("000904", "42000"),
    "CatalogException": ("002003", "42S02"),
    "ConstraintException": ("100072", "22000"),
    "ParserException": ("001003", "42000"),
    "InterruptException": ("000604", "57014"),
    "TransactionException": ("000625", "57014"),
}


def from_duckdb(error: duckdb.Error) -> SnowflakeError:
    """The failure of the engine underneath in Snowflake's words, or in its own where no sentence is known."""
    text = str(error).split("\n\nLINE ")[0]
    if found := re.search(r"Could not convert string [\"'](.*)[\"'] to (\w+)", text, re.DOTALL):
        for kind, code, state, subject in _NOT_RECOGNIZED:
            if re.match(kind, found[2]):
                return SnowflakeError(code, state, f"{subject} '{found[1]}' is not recognized")
    if found := next((found for pattern in _OUT_OF_RANGE if (found := re.search(pattern, text))), None):
        return SnowflakeError(
            "100046", "22003", f"Number out of representable range: type {found[2]}, value {found[1]}"
        )
    if _TWO_DATABASES in text:
        return not_emulated("a transaction that writes to two databases")
    for pattern, code, state, sentence in _SENTENCES:
        if found := re.search(pattern, text, re.DOTALL):
            parts = found.groups()
            return SnowflakeError(code.format(*parts), state.format(*parts), sentence.format(*parts))
    return SnowflakeError(*_CODES.get(type(error).__name__, ("100183", "22000")), text)


def raising(code: str, state: str, message: str) -> str:
    """DuckDB SQL that fails with this error when, and only when, it is evaluated."""
    escaped = message.replace("'", "''")
    return f"error('SNOWFLAKE {code} {state} {escaped}')"
