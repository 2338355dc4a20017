"""DuckDB's scanners, which read a source's tables. They are wheels of their own: nothing is downloaded at run time."""

from __future__ import annotations

from typing import Any

import duckdb
from duckdb_extensions import import_extension


def connect_with(scanner: str, **config: Any) -> duckdb.DuckDBPyConnection:
    """A DuckDB of its own, with *config* and the extension *scanner*.

    Its signature is not checked again, which takes 0.15 s each time: the wheel is pinned by its hash.
    """
    connection = duckdb.connect(config={**config, "allow_unsigned_extensions": "true"})
    import_extension(scanner, con=connection)  # not by the default connection, which threads share
    connection.execute(f"LOAD {scanner}")
    return connection
