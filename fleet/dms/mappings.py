"""The table mappings of a task: which tables and views, and the column that says whose rows they are.

Source: AWS DMS user guide, "Using table mapping to specify task settings" (docs/facts/dms.md 5).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from fleet.databases import Database, Engine, Mode, ParallelLoad, Rename
from fleet.dms.removals import Removal, find_removals
from fleet.errors import QuotaExceededError
from fleet.names import DATABASE_ID_CHARACTERS
from fleet.quotas import DMS_TABLE_MAPPING_BYTES
from fleet.tables.catalogue import Table, TableName

DATABASE_COLUMN = "_fleet_database"
"""The column added to every row; the hand-off refuses a file in which it names another database."""
POSITION_COLUMN, SEQUENCE_COLUMN = "_fleet_position", "_fleet_sequence"
"""Columns added to every change: its place in the source's log, and its number in the life of the task. Together they
are its order within an attempt; the time of its commit orders nothing (docs/facts/dms.md 4.5)."""
BEFORE_PREFIX = "_fleet_before_"
"""Begins the names of the columns that hold a key as it was before the change, which a new key would hide."""
# Source: AWS DMS user guide, "Using transformation rule expressions to define column content": 35 digits of a sequence.
_HEADERS = ((POSITION_COLUMN, "$AR_H_STREAM_POSITION", 64), (SEQUENCE_COLUMN, "$AR_H_CHANGE_SEQ", 35))

_CENSUS_KNOWS_ALIKE: frozenset[Engine] = frozenset({"postgresql"})
"""Engines whose census has the relations of schemas too that an asked one's name, read as a pattern, would match."""


def escape(name: str) -> str:
    """*name* as a locator that matches it and nothing else: `_`, `%` and `[` are wildcards there.

    AWS does not vouch for brackets on every engine ("Wildcards in table mapping", docs/facts/dms.md 5.6).

    >>> escape("order_lines"), escape("100%"), escape("a[1]")
    ('order[_]lines', '100[%]', 'a[[]1]')
    """
    return "".join(f"[{letter}]" if letter in "_%[" else letter for letter in name)


def find_locators(
    tables: Iterable[Table], names: Iterable[TableName], engine: Engine = "postgresql"
) -> dict[TableName, tuple[str, str]]:
    """Schema and table of each of *tables* as a rule names them. *names*: all relations that the source's census knows.

    A name goes as it is if it matches, read as a pattern, one relation alone; else it is escaped. So is one with a
    bracket, which begins a set, and a schema with a wildcard where the census of the *engine* says nothing of schemas
    that are not asked for.

    >>> lines, other = Table("shop", "order_lines", False, ()), TableName("shop", "orderxlines")
    >>> find_locators([lines], [lines.name])[lines.name], find_locators([lines], [lines.name, other])[lines.name]
    (('shop', 'order_lines'), ('shop', 'order[_]lines'))
    >>> first = Table("tenant_1", "order_lines", False, ())
    >>> find_locators([first], [first.name], "mysql")[first.name]
    ('tenant[_]1', 'order_lines')
    """
    known = {*names}
    of_length: dict[tuple[int, int], list[str]] = {}  # `_` is one character, so that few names are looked at
    for name in known:
        of_length.setdefault((len(name.schema), len(name.table)), []).append(_joined(name))
    every = [_joined(name) for name in known]
    locators: dict[TableName, tuple[str, str]] = {}
    for name in (table.name for table in tables):
        pattern = _joined(name)
        candidates = every if "%" in pattern else of_length.get((len(name.schema), len(name.table)), [])
        is_plain = "[" not in pattern and (
            not {"_", "%"} & {*pattern}
            or not any(map(_matches(pattern), (one for one in candidates if one != pattern)))
        )
        knows = engine in _CENSUS_KNOWS_ALIKE
        schema = name.schema if is_plain and knows else escape(name.schema)
        locators[name] = (schema, name.table if is_plain else escape(name.table))
    return locators


def _joined(name: TableName) -> str:
    return f"{name.schema}\0{name.table}"


def _matches(pattern: str) -> Callable[[str], object]:
    """What finds the names that *pattern* matches, as if case did not matter: which of an engine's names it does is not
    said."""
    letters = (".*" if letter == "%" else "[^\\0]" if letter == "_" else re.escape(letter) for letter in pattern)
    return re.compile("".join(letters), re.DOTALL | re.IGNORECASE).fullmatch


def full_load_mappings(
    database: Database, tables: Sequence[Table], names: Iterable[TableName], engine: Engine = "postgresql"
) -> str:
    """The mappings that move exactly *tables* of *database*, as the JSON text DMS takes. Equal input, equal text.

    *names*: all relations that the source's census knows.

    Raises:
        QuotaExceededError: The text is longer than DMS takes.

    >>> from fleet.tables.catalogue import Table
    >>> nyc = Database("nyc", "s", "NYC", "one", ("public",))
    >>> table = Table("public", "a_b", False, ())
    >>> text = full_load_mappings(nyc, [table], [table.name])
    >>> json.loads(text)["rules"][0]["object-locator"]
    {'schema-name': 'public', 'table-name': 'a_b', 'table-type': 'table'}
    """
    locators = find_locators(tables, names, engine)
    selections = [(*locators[table.name], "view" if table.is_view else "table") for table in tables]
    moved = {table.name for table in tables}
    loads = [load for load in database.parallel_loads if (load.schema, load.table) in moved]
    renames = [rename for rename in database.renames if (rename.schema, rename.table) in moved]
    removals = find_removals(database.exclude_columns, tables, locators, engine)
    return _write(database, selections, loads, renames, removals)


def delta_mappings(database: Database, tables: Sequence[Table], names: Iterable[TableName], engine: Engine) -> str:
    """The mappings that capture the changes of exactly *tables*, as the JSON text DMS takes. Equal input, equal text.

    Raises:
        QuotaExceededError: The text is longer than DMS takes.

    >>> from fleet.tables.catalogue import Table
    >>> nyc, table = Database("nyc", "s", "NYC", "one", ("public",)), Table("public", "t", False, (), ("id",))
    >>> rules = json.loads(delta_mappings(nyc, [table], [table.name], "postgresql"))["rules"]
    >>> [rule.get("value") or rule["rule-action"] for rule in rules[1:]]
    ['_fleet_database', '_fleet_position', '_fleet_sequence', 'add-before-image-columns']
    """
    locators = find_locators(tables, names, engine)
    moved = {table.name for table in tables}
    renames = [rename for rename in database.renames if (rename.schema, rename.table) in moved]
    selections = [(*locators[table.name], "table") for table in tables]
    removals = find_removals(database.exclude_columns, tables, locators, engine)
    return _write(database, selections, (), renames, removals, are_changes=True)


def first_mappings(database: Database, mode: Mode) -> str:
    """The mappings a task is created with, before PrepareTask names its tables: all of the database's schemas.

    Views move in full loads alone (docs/facts/dms.md 5.3).
    """
    table_type = "all" if mode == "full" else "table"
    selections = [(escape(schema), "%", table_type) for schema in database.schemas]
    removals = find_removals(database.exclude_columns, (), {})
    return _write(database, selections, (), (), removals, are_changes=mode == "delta")


def _write(
    database: Database,
    selections: Sequence[tuple[str, str, str]],
    loads: Sequence[ParallelLoad],
    renames: Sequence[Rename],
    removals: Sequence[Removal],
    *,
    are_changes: bool = False,
) -> str:
    rules: list[dict[str, Any]] = [
        {
            "rule-type": "selection",
            "object-locator": {"schema-name": schema, "table-name": table, "table-type": table_type},
            "rule-action": "include",
            "filters": [],
        }
        for schema, table, table_type in selections
    ]
    added = [(DATABASE_COLUMN, f"'{database.id}'", DATABASE_ID_CHARACTERS), *(_HEADERS if are_changes else ())]
    rules += [
        {
            "rule-type": "transformation",
            "rule-target": "column",
            "object-locator": {"schema-name": "%", "table-name": "%"},
            "rule-action": "add-column",
            "value": name,
            "expression": expression,
            "data-type": {"type": "string", "length": length},
        }
        for name, expression, length in added
    ]
    if are_changes:
        rules.append(
            {
                "rule-type": "transformation",
                "rule-target": "column",
                "object-locator": {"schema-name": "%", "table-name": "%", "column-name": "%"},
                "rule-action": "add-before-image-columns",
                "before-image-def": {"column-prefix": BEFORE_PREFIX, "column-suffix": "", "column-filter": "pk-only"},
            }
        )
    rules += [
        {
            "rule-type": "transformation",
            "rule-target": "column",
            "object-locator": {
                "schema-name": escape(rename.schema),
                "table-name": escape(rename.table),
                "column-name": escape(rename.column),
            },
            "rule-action": "rename",
            "value": rename.to,
        }
        for rename in renames
    ]
    rules += [
        {
            "rule-type": "transformation",
            "rule-target": "column",
            "object-locator": {"schema-name": schema, "table-name": table, "column-name": column},
            "rule-action": "remove-column",
        }
        for schema, table, column in removals
    ]
    rules += [
        {
            "rule-type": "table-settings",
            "object-locator": {"schema-name": load.schema, "table-name": load.table},
            "parallel-load": {
                "type": "ranges",
                "columns": [load.column],
                "boundaries": [[boundary] for boundary in load.boundaries],
            },
        }
        for load in loads
    ]
    numbered = [{"rule-id": str(number), "rule-name": str(number), **rule} for number, rule in enumerate(rules, 1)]
    text = json.dumps({"rules": numbered}, separators=(",", ":"), ensure_ascii=False)
    size = len(text.encode())
    if size > DMS_TABLE_MAPPING_BYTES.value:
        raise QuotaExceededError(
            f"{database.id}'s table mappings are {size:,} bytes for {len(selections):,} tables; "
            f"DMS takes at most {DMS_TABLE_MAPPING_BYTES.value:,} {DMS_TABLE_MAPPING_BYTES.what}.",
            remedy="Narrow `schemas` in the registry, or leave tables out with `exclude`.",
        )
    return text


def find_difference(wanted: str, found: str) -> str:
    """Where the mappings or settings that DMS gives as *found* do not say what *wanted* says, in words, or nothing.

    DMS fills in what was not said, writes null for what is empty, and may spell a key or a number in another way: only
    what is said in *wanted* is compared.

    >>> find_difference('{"a": {"b": 1}, "filters": []}', '{"A": {"b": "1", "c": 2}, "filters": null}')
    ''
    >>> find_difference('{"a": [1]}', '{"a": [1, 2]}')
    'a is [1, 2], wanted [1]'
    >>> find_difference('{"a": {"b": true}}', '{"a": {"b": false}}')
    'a.b is false, wanted true'
    """
    return _differ(json.loads(found or "null"), json.loads(wanted), "")


def _differ(found: Any, wanted: Any, way: str) -> str:
    if isinstance(wanted, dict) and isinstance(found, dict | None):
        there = {key.lower(): value for key, value in (found or {}).items()}
        differences = (_differ(there.get(key.lower()), value, f"{way}.{key}") for key, value in wanted.items())
        return next(filter(None, differences), "")
    if isinstance(wanted, list) and isinstance(found, list | None) and len(found or []) == len(wanted):
        pairs = enumerate(zip(found or [], wanted, strict=True))
        return next(filter(None, (_differ(one, other, f"{way}[{at}]") for at, (one, other) in pairs)), "")
    if _spell(found) == _spell(wanted):
        return ""
    return f"{way.lstrip('.')} is {json.dumps(found)}, wanted {json.dumps(wanted)}"


def _spell(value: Any) -> str:
    """A number or a switch as text, because DMS gives some of them back so."""
    return value if isinstance(value, str) else json.dumps(value)
