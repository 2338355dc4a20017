"""The one place where an attempt's record becomes an item of DynamoDB, and an item a record."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any, get_type_hints

from fleet.attempt_record import AttemptRecord
from fleet.attempts import Attempt
from fleet.failures import Failure
from lambdas.clients.items import from_item, to_item


def _read_failure(text: str) -> Failure:
    return Failure(**json.loads(text))


_READERS: Mapping[object, Callable[[Any], object]] = {
    bool: bool,
    int: int,
    str: str,
    float | None: float,
    datetime: datetime.fromisoformat,
    datetime | None: datetime.fromisoformat,
    tuple[str, ...]: tuple,
    Failure | None: _read_failure,
}
_FIELDS = {name: _READERS[kind] for name, kind in get_type_hints(AttemptRecord).items() if name != "attempt"}
_KEPT_OF_ATTEMPT = ("run", "mode", "execution")


def attempt_key(database: str, number: int) -> dict[str, Any]:
    """The key of an attempt's item."""
    return to_item({"pk": f"DB#{database}", "sk": f"ATTEMPT#{number:06d}"})


def new_attempt_item(
    attempt: Attempt, created_at: datetime, redrive_count: int, server_wait_seconds: int | None
) -> dict[str, Any]:
    """The item that a claim begins."""
    values = {
        "run": attempt.run,
        "mode": attempt.mode,
        "execution": attempt.execution,
        # To an attempt at no table at all an empty list belongs: without the attribute it is at all of them.
        "tables": None if attempt.tables is None else list(attempt.tables),
        "created_at": created_at.isoformat(),
        "redrive_count": redrive_count,
        "server_wait_seconds": server_wait_seconds,
    }
    return {**attempt_key(attempt.database, attempt.number), **to_item(values)}


def to_plain(value: object) -> object:
    """*value* of a record's field as boto3 serializes it; None where the field has no attribute then."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float):
        return Decimal(str(value))
    if isinstance(value, tuple):
        return list(value) or None
    if isinstance(value, Failure):
        return json.dumps(asdict(value))
    return value


def read_attempt_item(item: Mapping[str, Any]) -> AttemptRecord:
    """The record that *item* is, whichever version wrote it (`fleet/attempt_record.py`).

    Raises:
        ValueError: It lacks what every version has written.
    """
    plain = from_item(item)
    database, number = plain["pk"].removeprefix("DB#"), int(plain["sk"].removeprefix("ATTEMPT#"))
    if missing := [name for name in (*_KEPT_OF_ATTEMPT, "created_at") if name not in plain]:
        raise ValueError(f"attempt {number} at {database} has no {', '.join(missing)} in the ledger")
    if "gaps" not in plain and "gap" in plain:
        plain["gaps"] = [plain["gap"]]
    tables = tuple(plain["tables"]) if "tables" in plain else None
    attempt = Attempt(plain["run"], database, plain["mode"], number, plain["execution"], tables)
    values: dict[str, Any] = {name: read(plain[name]) for name, read in _FIELDS.items() if name in plain}
    return AttemptRecord(attempt, **values)
