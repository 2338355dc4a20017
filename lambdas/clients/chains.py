"""The chains of deltas, in the ledger: how far a database's log is read, and how far each of its tables is applied.

DB#<database> / CHAIN                      its newest chain
DB#<database> / TABLE#<n>#<schema>.<table> how far one table is in Snowflake; <n>: how long the schema's name is

Who holds the database's claim alone writes here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fleet.deltas.chain import Chain, TableState
from fleet.tables.catalogue import TableName
from lambdas.clients.items import to_item
from lambdas.clients.record_items import read_chain_item, read_state_item, to_values

_WRITTEN_AT_ONCE = 25
"""Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html (documented)."""


class Chains:
    """Reads are consistent."""

    def __init__(self, dynamodb: Any, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def find(self, database: str) -> Chain | None:
        """The database's newest chain, broken or not; None where it never had one."""
        answer = self._dynamodb.get_item(TableName=self._table, Key=_chain_key(database), ConsistentRead=True)
        return read_chain_item(answer["Item"]) if "Item" in answer else None

    def put(self, database: str, chain: Chain) -> None:
        """Keep *chain* in place of what was there."""
        self._dynamodb.put_item(TableName=self._table, Item={**_chain_key(database), **to_item(to_values(chain))})

    def break_off(self, database: str, why: str) -> None:
        """Say that the chain cannot go on; the first reason stays."""
        self._dynamodb.update_item(
            TableName=self._table,
            Key=_chain_key(database),
            UpdateExpression="SET broken = if_not_exists(broken, :why)",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeValues=to_item({":why": why}),
        )

    def states(self, database: str) -> dict[TableName, TableState]:
        """How far each table is that was ever loaded in a chain."""
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :table)",
            ExpressionAttributeValues=to_item({":pk": f"DB#{database}", ":table": "TABLE#"}),
            ConsistentRead=True,
        )
        states = (read_state_item(item) for page in pages for item in page["Items"])
        return {state.name: state for state in states}

    def put_states(self, database: str, states: Iterable[TableState]) -> None:
        """Keep *states*, each in place of what was known of its table."""
        puts = [{"PutRequest": {"Item": _state_item(database, state)}} for state in states]
        while puts:
            now, puts = puts[:_WRITTEN_AT_ONCE], puts[_WRITTEN_AT_ONCE:]
            answer = self._dynamodb.batch_write_item(RequestItems={self._table: now})
            puts += answer.get("UnprocessedItems", {}).get(self._table, [])


def _chain_key(database: str) -> dict[str, Any]:
    return to_item({"pk": f"DB#{database}", "sk": "CHAIN"})


def _state_item(database: str, state: TableState) -> dict[str, Any]:
    key = f"TABLE#{len(state.schema)}#{state.schema}.{state.table}"
    return to_item({"pk": f"DB#{database}", "sk": key, **to_values(state)})
