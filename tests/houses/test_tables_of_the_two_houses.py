"""Where the product's tables and the local cloud's differ, each difference with its reason: it is a decision.

Both houses write down on their own what AWS, the engines and Snowflake say, so that a mistake in one of them shows. A
new difference fails here until its reason is listed; a difference that is gone fails until its reason is removed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import fleet.quotas
import localcloud.quotas
from fleet.dms.endpoints import SSL_MODES
from fleet.tables import columns as product
from fleet.tables.source_types import column as product_column
from fleet.tables.source_types import mysql as product_mysql
from fleet.tables.source_types import postgresql as product_postgresql
from fleet.tables.source_types import sqlserver as product_sqlserver
from localcloud.dms.engines import offered
from localcloud.dms.engines.sources import column_type
from localcloud.dms.type_tables import column as cloud_column
from localcloud.dms.type_tables import mysql, parquet, postgresql, sqlserver

# DMS's name of the engine, by the product's.
ENGINES = {"postgresql": "postgres", "mysql": "mysql", "mariadb": "mariadb", "sqlserver": "sqlserver"}

_TYPES_BEYOND_ANY_TABLE = (
    *("oid", "tsrange", "macaddr8", "citext", "name", "pg_lsn", "int4multirange", "inet6", "uuid", "vector"),
    *("sql_variant", "cursor", "table", "rowversion", "sysname", "json", "xml", "bit"),
    *("character", "character varying", "bit varying"),
    *("char", "varchar", "nchar", "nvarchar", "binary", "varbinary", "enum", "set"),
)
_DIGITS = ((1, 0), (10, 2), (18, 0), (38, 0), (38, 38), (39, 0), (65, 30), (39, 39), (5, -2), (3, 5), (30, -9))
_LENGTHS = (None, 1, 7, 8, 9, 64, 255, 4_000, 8_000, 65_535)

TYPE_DIFFERENCES: dict[tuple[str, str], str] = {
    ("sqlserver", "char"): "Cannot be declared: CHAR without a length is CHAR(1), and its length is in sys.columns.",
    ("sqlserver", "nchar"): "As CHAR.",
    ("sqlserver", "binary"): "As CHAR.",
}
QUOTA_DIFFERENCES: dict[str, str] = {}


def _declared(engine: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every type of *engine* that either house has in its table, and others, with and without numbers."""
    tables = {
        "postgresql": (product_postgresql, postgresql),
        "mysql": (product_mysql, mysql),
        "mariadb": (product_mysql, mysql),
        "sqlserver": (product_sqlserver, sqlserver),
    }
    for name in sorted({name for module in tables[engine] for name in module._TYPES}):
        yield name, {"type_name": name}
    for name in _TYPES_BEYOND_ANY_TABLE:
        for length in _LENGTHS:
            yield name if length is None else f"{name}({length})", {"type_name": name, "length": length}
    for name in ("numeric", "decimal", "decimal unsigned"):
        yield name, {"type_name": name}
        for precision, scale in _DIGITS:
            yield f"{name}({precision},{scale})", {"type_name": name, "precision": precision, "scale": scale}


def _shown(kind: Any, parquet_type: Callable[[Any], str]) -> tuple[object, ...] | None:
    if kind is None:
        return None
    return (kind.name, kind.length, kind.precision, kind.scale, kind.is_lob, parquet_type(kind))


def _types(engine: str, given: dict[str, Any]) -> tuple[object, object]:
    ours = product.dms_type(engine, product_column.Column("c", **given))  # type: ignore[arg-type]
    theirs = column_type(ENGINES[engine], cloud_column.SourceColumn("c", **given))
    return _shown(ours, product.parquet_type), _shown(theirs, parquet.parquet_type)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_source_type_is_the_same_in_both_houses_unless_the_difference_is_listed(engine: str) -> None:
    both = {written: _types(engine, given) for written, given in _declared(engine)}
    different = {(engine, written): pair for written, pair in both.items() if pair[0] != pair[1]}
    listed = {key for key in TYPE_DIFFERENCES if key[0] == engine}
    assert different.keys() == listed, f"the product's type, then the local cloud's: {different}"


def _quotas(module: Any, kind: type) -> dict[str, int]:
    return {name: one.value for name, one in vars(module).items() if isinstance(one, kind)}


def test_a_quota_is_the_same_in_both_houses_unless_the_difference_is_listed() -> None:
    ours = _quotas(fleet.quotas, fleet.quotas.Quota)
    theirs = _quotas(localcloud.quotas, localcloud.quotas.Quota)
    different = {name: (ours[name], theirs[name]) for name in ours.keys() & theirs if ours[name] != theirs[name]}
    assert different.keys() == QUOTA_DIFFERENCES.keys(), f"the product's number, then the local cloud's: {different}"


def test_the_local_cloud_keeps_no_quota_that_the_product_does_not_know() -> None:
    theirs = _quotas(localcloud.quotas, localcloud.quotas.Quota)
    assert not theirs.keys() - _quotas(fleet.quotas, fleet.quotas.Quota).keys()


def test_a_quota_of_the_local_cloud_has_a_source_words_and_a_day() -> None:
    for name, one in vars(localcloud.quotas).items():
        if isinstance(one, localcloud.quotas.Quota):
            assert one.source.startswith("https://"), name
            assert one.what, name
            assert one.read_on.count("-") == 2, name


@pytest.mark.parametrize("engine", ENGINES)
def test_the_modes_of_encryption_are_the_same_in_both_houses(engine: Any) -> None:
    settings = offered.ENGINES[ENGINES[engine]].settings
    assert offered._SSL_MODES[settings] == SSL_MODES[engine]
