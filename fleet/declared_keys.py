"""A key that the registry declares for a table without one: it is proved at each load, in Snowflake.

A source's own key needs no proof. A declared one is what a person says of the rows; where it does not hold, nobody
knows which of two rows is meant, so that nothing is loaded.
"""

from __future__ import annotations

import re

from fleet.failures import Failure
from fleet.names import warehouse_name
from fleet.tables.catalogue import Table, TableName
from fleet.warehouse_text import list_names, quote

DECLARED_KEY = "declared key: "
"""Begins what a request says that is refused because the rows that landed do not have the key of the registry."""


def key_guards(table: Table, held_in: str) -> tuple[str, ...]:
    """A statement that fails where *held_in* has two rows with the key that the registry declares for *table*, or one
    without; none for a key of the source's, which holds there.

    >>> key_guards(Table("s", "t", False, (), ("id",)), "T")
    ()
    >>> declared = Table("s", "t", False, (), ("a", "b"), is_key_declared=True)
    >>> 'PARTITION BY "A", "B"' in key_guards(declared, "T")[0]
    True
    """
    if not table.is_key_declared:
        return ()
    names = [warehouse_name(name) for name in table.key]
    keys = list(map(quote, names))
    is_whole = " AND ".join(f"{key} IS NOT NULL" for key in keys)
    return (
        f"SELECT CAST(IFF(DOUBLED + BLANK = 0, '0', '{DECLARED_KEY}' || DOUBLED || ' rows beside another one with "
        f"their key, ' || BLANK || ' rows without a whole key') AS NUMBER(9,0)) "
        f"FROM (SELECT COUNT(*) AS DOUBLED FROM (SELECT 1 AS ONE FROM {held_in} WHERE {is_whole} "
        f"QUALIFY ROW_NUMBER() OVER (PARTITION BY {list_names(names)} ORDER BY {keys[0]}) > 1)), "
        f"(SELECT COUNT_IF(NOT ({is_whole})) AS BLANK FROM {held_in})",
    )


def read_key_refusal(cause: str) -> str:
    """What Snowflake's *cause* says of rows without the key that the registry declares; nothing where it is another.

    >>> read_key_refusal("Numeric value 'declared key: 3 rows beside another one with their key, 0 rows without a "
    ... "whole key' is not recognized")
    '3 rows beside another one with their key, 0 rows without a whole key'
    """
    found = re.search(rf"{DECLARED_KEY}([^']*)", cause)
    return found[1] if found else ""


def key_refused(name: TableName, found: str) -> Failure:
    """The failure of a table of which *found* says how many rows lack the key that the registry declares."""
    text = (
        f"{name} does not have the key that the registry declares: {found}. Nothing was loaded. Add columns to `key` "
        "in `tables` until it holds, or remove it."
    )
    return Failure("table_error", "DeclaredKeyBroken", text)
