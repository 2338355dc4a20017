"""What is known of a database's tables in Snowflake: as they were last loaded by us. Kept in the control bucket."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fleet.drift import KnownTable
from fleet.names import known_tables_key
from fleet.tables.catalogue import TableName
from lambdas.loads import Load
from lambdas.wiring import Clients


def read_known_tables(database: str, clients: Clients) -> Mapping[TableName, KnownTable]:
    """The tables of *database*, by name; none where nothing was loaded yet."""
    known = clients.records.read_settled(known_tables_key(database), tuple[KnownTable, ...]) or ()
    return {table.name: table for table in known}


def keep_known_tables(database: str, loads: Sequence[Load], clients: Clients) -> None:
    """Take what *loads*, which are over, have learnt. A table whose load failed is looked at anew the next time.

    An attempt's loads may be of some tables only: the others stay as they are. A delta changes no column.
    """
    before = read_known_tables(database, clients)
    known = dict(before)
    for load in loads:
        if load.result is not None and load.result.failure is None and load.learnt is not None:
            known[load.name] = load.learnt
        elif load.result is not None and load.result.failure is not None and not load.folders:
            known.pop(load.name, None)
    if known != before:
        clients.records.write(known_tables_key(database), tuple(known.values()), tuple[KnownTable, ...])
