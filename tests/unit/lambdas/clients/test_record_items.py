"""An attempt's record survives DynamoDB, and items of the last version are read."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, get_args, get_type_hints

import pytest
from boto3.dynamodb.types import TypeDeserializer

from fleet.attempt_record import AttemptChange, AttemptRecord, WaitedFor
from fleet.attempts import Attempt
from fleet.deltas.chain import Chain
from fleet.failures import Failure
from lambdas.clients.items import to_item
from lambdas.clients.record_items import (
    new_attempt_item,
    read_attempt_item,
    read_chain_item,
    read_claim_item,
    to_plain,
    to_values,
)

NOW = datetime(2026, 11, 29, 22, 0, 0, 123456, tzinfo=UTC)
ATTEMPT = Attempt("night-1", "shop", "full", 7, "execution", ("public.a",))
SAMPLES: dict[object, Any] = {
    bool: True,
    int: 3,
    str: "text",
    float | None: 1795989600.123456,
    datetime | None: NOW + timedelta(minutes=1),
    tuple[str, ...]: ("one", "two"),
    Failure | None: Failure("connection", "SourceLost", "gone"),
}
CLAIMED = {"attempt", "created_at", "redrive_count", "purpose"}


def made() -> dict[str, Any]:
    return new_attempt_item(ATTEMPT, NOW, 0, None)


def test_every_field_comes_back_as_it_was_written() -> None:
    kinds = get_type_hints(AttemptRecord)
    values = {name: SAMPLES[kinds[name]] for name in kinds if name not in CLAIMED}
    item = new_attempt_item(ATTEMPT, NOW, 0, None, "prime")
    item |= to_item({name: to_plain(value) for name, value in values.items()})
    assert read_attempt_item(item) == AttemptRecord(ATTEMPT, NOW, "prime", **values)


def test_what_has_no_value_has_no_attribute_and_its_default() -> None:
    assert read_attempt_item(made()) == AttemptRecord(ATTEMPT, NOW)
    assert to_plain(()) is None
    whole = replace(ATTEMPT, tables=None)
    assert read_attempt_item(new_attempt_item(whole, NOW, 2, 90)) == AttemptRecord(
        whole, NOW, redrive_count=2, server_wait_seconds=90
    )


def test_a_change_names_fields_of_the_record_with_their_types() -> None:
    record, change = get_type_hints(AttemptRecord), get_type_hints(AttemptChange)
    assert set(change) == set(record) - CLAIMED - set(get_args(WaitedFor)) - {"failure"}
    for name, kind in change.items():
        assert set(get_args(kind) or (kind,)) - {type(None)} == set(get_args(record[name]) or (record[name],)) - {
            type(None)
        }, name


def test_the_gap_of_the_last_version_is_read() -> None:
    assert read_attempt_item(made() | to_item({"gap": "not asked"})).gaps == ("not asked",)
    both = to_item({"gap": "not asked", "gaps": ["not asked", "not counted"]})
    assert read_attempt_item(made() | both).gaps == ("not asked", "not counted")


@pytest.mark.parametrize("chain", [Chain(3, "arn", "checkpoint:1", 4, "cut"), Chain(3, "arn", "", 4)])
def test_a_chain_comes_back_as_it_was_written_with_or_without_a_checkpoint(chain: Chain) -> None:
    assert read_chain_item(to_item(to_values(chain))) == chain


def test_an_attribute_that_no_field_names_is_ignored() -> None:
    assert read_attempt_item(made() | to_item({"of_next_year": 5})) == AttemptRecord(ATTEMPT, NOW)


def test_an_item_without_what_every_version_wrote_is_refused() -> None:
    item = {name: value for name, value in made().items() if name not in {"run", "created_at"}}
    with pytest.raises(ValueError, match="attempt 7 at shop has no run, created_at"):
        read_attempt_item(item)


def test_attributes_have_the_names_of_the_fields() -> None:
    names = {"pk", "sk", "run", "mode", "execution", "tables"} | {field.name for field in fields(AttemptRecord)}
    assert set(made()) <= names
    assert TypeDeserializer().deserialize(made()["created_at"]) == NOW.isoformat()


@pytest.mark.parametrize("measure", ["last_full_seconds", "last_delta_seconds"])
def test_a_database_that_a_version_before_the_gate_has_copied_is_past_it(measure: str) -> None:
    claim = to_item({"pk": "DB#shop", "sk": "CLAIM", "number": 7})
    assert not read_claim_item(claim).is_admitted
    assert read_claim_item({**claim, **to_item({measure: 60})}).is_admitted
