"""A column of PostgreSQL's as an expression in the source's SQL, whose value is what DMS would carry.

Source: AWS DMS user guide, "Using a PostgreSQL database as an AWS DMS source", as `postgresql.py` says.
"""

from __future__ import annotations

from localcloud.dms.files.lobs import units
from localcloud.dms.files.quoting import identifier, literal
from localcloud.dms.type_tables.column import DmsType, SourceColumn
from localcloud.dms.type_tables.postgresql import UNBOUNDED_BYTES


def value_sql(column: SourceColumn, kind: DmsType, lob_bytes: int) -> str:
    """The column as an expression in the source's SQL, of a type that the scanner maps exactly."""
    name = identifier(column.name)
    match kind.name:
        case "NUMERIC":
            return _decimal(column, kind, name)
        case "DATETIME":
            # Documented: infinity becomes '9999-12-31 23:59:59' and -infinity '4713-01-01 00:00:00 BC'.
            at = f"({name} AT TIME ZONE 'UTC')" if column.type_name == "timestamp with time zone" else name
            return _within_years(at, "timestamp", " 23:59:59")
        case "DATE":
            return _within_years(name, "date")
        case "TIME":
            # The offset of a `time with time zone` is dropped, and 24:00 is the day's beginning (assumed).
            return f"CASE {name}::time WHEN '24:00' THEN '00:00' ELSE {name}::time END"
        # One unit more than is carried, so that a cut is noticed (`lobs.cut` makes it).
        case "BLOB":
            return f"substring({name} FROM 1 FOR {units(kind, lob_bytes) + 1})"
        case "NCLOB" | "CLOB":
            return f"left({name}::text, {units(kind, lob_bytes) + 1})"
        case "STRING" | "WSTRING":
            # A cast to text drops the padding of `character(n)`, as DMS does by default (TrimSpaceInChar).
            if column.length is None and kind.length == UNBOUNDED_BYTES:
                return _cut_bytes(f"{name}::text", UNBOUNDED_BYTES)
            text = f"{name}::text"
            return text if column.type_name == "character varying" else f"left({text}, {kind.length})"
        case _:
            return name


def _decimal(column: SourceColumn, kind: DmsType, name: str) -> str:
    precision, scale = kind.precision or 0, kind.scale or 0
    if column.type_name == "money":
        return f"{name}::numeric({precision},{scale})"
    # A decimal has neither NaN nor infinity, nor more digits than it has. What DMS writes for them is unknown: the
    # table errors rather than hold something made up, and the text that is no number says why.
    what = literal(f" does not fit into the DECIMAL({precision},{scale}) of column {column.name}")
    fits = f"{name} <> 'NaN'"  # a number with a precision of its own is no other that does not fit
    if column.precision is None:
        fits = f"abs(round({name}, {scale})) < 1e{precision - scale}::numeric"
    checked = f"CASE WHEN {fits} THEN {name} ELSE ({name}::text || {what})::numeric END"
    return f"({checked})::numeric({precision},{scale})"


def _within_years(value: str, kind: str, last_second: str = "") -> str:
    """What infinity becomes is documented for timestamps and assumed for dates. What becomes of other points in time
    outside of the years 1 to 9999 is assumed: the nearest end of them."""
    return (
        f"CASE WHEN {value} >= {kind} '10000-01-01' THEN {kind} '9999-12-31{last_second}' "
        f"WHEN {value} = '-infinity' THEN {kind} '4713-01-01 BC' "
        f"WHEN {value} < {kind} '0001-01-01' THEN {kind} '0001-01-01' ELSE {value} END"
    )


def _cut_bytes(text: str, most: int) -> str:
    """*text*, cut to *most* bytes of UTF-8 and then to whole characters. The first byte that goes is looked at: if it
    goes on with a character (10xxxxxx), that character goes too."""
    raw = f"convert_to({text}, 'UTF8')"
    ends = [f"WHEN get_byte({raw}, {end}) & 192 <> 128 THEN {end}" for end in (most, most - 1, most - 2, most - 3)]
    kept = f"substring({raw} FROM 1 FOR CASE {' '.join(ends)} END)"
    return f"CASE WHEN octet_length({raw}) <= {most} THEN {text} ELSE convert_from({kept}, 'UTF8') END"
