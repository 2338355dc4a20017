"""The ledger's items as DynamoDB has them, and as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize


def to_item(values: Mapping[str, Any]) -> dict[str, Any]:
    """*values* as DynamoDB takes them; those that are None are left out."""
    return {name: _serialize(value) for name, value in values.items() if value is not None}


def from_item(item: Mapping[str, Any] | None) -> dict[str, Any]:
    """The plain values of *item*, none where there is no item. Numbers come back as Decimal."""
    return {name: _deserialize(value) for name, value in (item or {}).items()}


def claim_key(database: str) -> dict[str, Any]:
    """The key of *database*'s claim."""
    return to_item({"pk": f"DB#{database}", "sk": "CLAIM"})
