"""The one place where a record of the ledger becomes an item of DynamoDB, and an item a record."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, get_type_hints

from fleet.attempt_record import AttemptRecord
from fleet.attempts import Attempt
from fleet.claims import Claim
from fleet.databases import Deletes, Mode
from fleet.deltas.chain import Chain, Purpose, TableState
from fleet.failures import Failure, FailureClass
from fleet.outcome_record import OutcomeRecord
from fleet.outcomes import OutcomeName
from fleet.run_record import RunRecord
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
    frozenset[str]: frozenset,
    Failure | None: _read_failure,
    FailureClass | None: str,
    Deletes: str,
    Mode: str,
    Purpose | None: str,
    Mode | None: str,
    OutcomeName: str,
}
_KEPT_OF_ATTEMPT = ("run", "mode", "execution")


@cache
def _fields(record: type) -> Mapping[str, Callable[[Any], object]]:
    """How each field of a class of records is read; but for its `attempt`, where that is more than a number."""
    return {name: _READERS[kind] for name, kind in get_type_hints(record).items() if kind is not Attempt}


def _read_fields(record: type, plain: Mapping[str, Any]) -> dict[str, Any]:
    return {name: read(plain[name]) for name, read in _fields(record).items() if name in plain}


def attempt_key(database: str, number: int) -> dict[str, Any]:
    """The key of an attempt's item."""
    return to_item({"pk": f"DB#{database}", "sk": f"ATTEMPT#{number:06d}"})


def new_attempt_item(
    attempt: Attempt,
    created_at: datetime,
    redrive_count: int,
    server_wait_seconds: int | None,
    purpose: Purpose | None = None,
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
        "purpose": purpose,
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
    if isinstance(value, frozenset):
        return set(value) or None
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
    return AttemptRecord(attempt, **_read_fields(AttemptRecord, plain))


def read_claim_item(item: Mapping[str, Any] | None) -> Claim:
    """The claim that *item* is; of a database that nobody ever claimed, where there is none.

    A version before the gate kept of a database that was published how long that took.
    """
    plain = from_item(item)
    if "last_full_seconds" in plain or "last_delta_seconds" in plain:
        plain["is_admitted"] = True
    return Claim(**_read_fields(Claim, plain))


def read_run_item(item: Mapping[str, Any]) -> RunRecord:
    """The record that *item* is."""
    plain = from_item(item)
    return RunRecord(**{**_read_fields(RunRecord, plain), "run": plain["pk"].removeprefix("RUN#")})


def read_outcome_item(item: Mapping[str, Any]) -> OutcomeRecord:
    """The record that *item* is."""
    plain = from_item(item)
    keys = {"run": plain["pk"].removeprefix("RUN#"), "database": plain["sk"].removeprefix("DB#")}
    return OutcomeRecord(**{**_read_fields(OutcomeRecord, plain), **keys})


def read_chain_item(item: Mapping[str, Any]) -> Chain:
    """The chain that *item* is. A task that has read nothing yet has no checkpoint."""
    return Chain(**{"checkpoint": "", **_read_fields(Chain, from_item(item))})


def read_state_item(item: Mapping[str, Any]) -> TableState:
    """The state of one table that *item* is."""
    return TableState(**_read_fields(TableState, from_item(item)))


def to_values(record: RunRecord | OutcomeRecord | Chain | TableState) -> dict[str, object]:
    """The attributes of *record*, but for its key. Empty ones are left out; 0 and False are not."""
    plain = {field.name: to_plain(getattr(record, field.name)) for field in fields(record)}
    return {name: value for name, value in plain.items() if name not in {"run", "database"} and value not in ("", None)}
