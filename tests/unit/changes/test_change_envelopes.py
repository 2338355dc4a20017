"""Envelopes of DMS, from messages and from files: whole ones that are known in public, and broken ones."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from carriers import STREAM, as_envelope, line_changes
from changes.envelopes import ControlRecord, read_envelopes, read_message
from changes.origin import Stream
from changes.unreadable import BrokenFileError, PoisonRecordError
from fleet.tables.catalogue import Table
from fleet.tables.columns import Column

PEOPLE = Table(
    "public",
    "foo",
    False,
    (Column("id", "integer"), Column("name", "text"), Column("age", "integer"), Column("attributes", "jsonb")),
    ("id",),
)
TOPIC = Stream("people/0", "crm", "postgresql", {PEOPLE.name: PEOPLE})
# Whole messages of DMS. Source: https://github.com/crate/commons-codec, test_aws_dms.py (read
# 2026-12-01), but for what people and their addresses are called.
UPDATE_OF_A_KEY: dict[str, Any] = {
    "before-image": {"id": 46},
    "data": {"age": 31, "attributes": '{"baz": "qux"}', "id": 45, "name": "Jane"},
    "metadata": {
        "commit-timestamp": "2024-07-29T00:59:07.678294Z",
        "operation": "update",
        "partition-key-type": "schema-table",
        "record-type": "data",
        "schema-name": "public",
        "stream-position": "00000002/7C0073F8.2.00000002/7C0073F8",
        "table-name": "foo",
        "timestamp": "2024-07-29T00:59:07.686557Z",
        "transaction-id": 1141,
        "transaction-record-id": 1,
    },
}
DELETE: dict[str, Any] = {
    "data": {"age": None, "attributes": None, "id": 45, "name": None},
    "metadata": {**UPDATE_OF_A_KEY["metadata"], "operation": "delete"},
}
LOAD: dict[str, Any] = {
    "data": {"age": 30, "attributes": '{"foo": "bar"}', "id": 42, "name": "John"},
    "metadata": {
        "operation": "load",
        "partition-key-type": "primary-key",
        "partition-key-value": "public.foo.42",
        "record-type": "data",
        "schema-name": "public",
        "table-name": "foo",
        "timestamp": "2024-07-29T00:57:35.691762Z",
    },
}
DROP: dict[str, Any] = {
    "control": {},
    "metadata": {
        "operation": "drop-table",
        "partition-key-type": "task-id",
        "record-type": "control",
        "schema-name": "public",
        "table-name": "foo",
        "timestamp": "2024-07-29T00:30:47.258815Z",
    },
}


def message(envelope: Any) -> bytes:
    return json.dumps(envelope).encode()


def pretty(envelope: Any) -> bytes:
    """As the message format JSON has it, with tabs and line breaks."""
    return json.dumps(envelope, indent="\t", separators=(",", ":\t")).encode()


def test_messages_of_a_real_topic_are_read() -> None:
    load, update, delete = (
        read_message(message(one), TOPIC, at) for at, one in enumerate((LOAD, UPDATE_OF_A_KEY, DELETE))
    )
    assert load is not None
    assert (load.operation, load.key, load.committed_at) == ("load", (42,), None)
    assert load.after == {"age": 30, "attributes": '{"foo": "bar"}', "id": 42, "name": "John"}
    assert update is not None
    assert (update.operation, update.key, update.before) == ("update", (45,), {"id": 46})
    assert update.committed_at == datetime(2024, 7, 29, 0, 59, 7, 678294, UTC)
    assert delete is not None
    assert (delete.operation, delete.key, delete.before, delete.after) == ("delete", (45,), {"id": 45}, {})
    assert load.position < update.position < delete.position
    assert (update.source, update.database, update.schema, update.table) == ("people/0", "crm", "public", "foo")


def test_a_column_that_is_left_out_is_not_a_null() -> None:
    said = {**LOAD, "data": {"id": 42, "name": None}}
    change = read_message(message(said), TOPIC, 1)
    assert change is not None
    assert change.after == {"id": 42, "name": None}


def test_a_full_load_that_is_run_again_is_behind_the_changes_before_it() -> None:
    added = {"_fleet_position": "16/B374D848", "_fleet_sequence": "9" * 35, "_fleet_database": "crm"}
    change = read_message(message({**UPDATE_OF_A_KEY, "data": {**UPDATE_OF_A_KEY["data"], **added}}), TOPIC, 8)
    again = read_message(message(LOAD), TOPIC, 9)
    assert change is not None
    assert again is not None
    assert change.position < again.position
    assert not {*change.after} & {*added}


def test_control_records_are_counted_and_no_changes() -> None:
    seen: Counter[ControlRecord] = Counter()
    body = b"\n".join((message(DROP), message(LOAD), message({"metadata": DROP["metadata"]})))
    changes = list(read_envelopes(_Body(body), TOPIC, lambda one: seen.update([one])))
    assert [one.key for one in changes] == [(42,)]
    assert seen == {ControlRecord("drop-table", "public", "foo"): 2}
    assert read_message(message(DROP), TOPIC, 1) is None


@pytest.mark.parametrize(
    "joined",
    [
        lambda ones: b"\n".join(map(message, ones)),
        lambda ones: b"\r\n".join(map(message, ones)) + b"\r\n",
        lambda ones: b"\n".join(map(pretty, ones)) + b"\n",
        lambda ones: b"".join(map(message, ones)),
        lambda ones: b"".join(map(pretty, ones)),
        lambda ones: gzip.compress(b"\n\n".join(map(message, ones))),
    ],
    ids=["lines", "crlf", "pretty", "no break", "pretty without a break", "gzip"],
)
def test_envelopes_are_found_however_they_are_laid_out(joined: Any) -> None:
    brace = {**LOAD, "data": {**LOAD["data"], "name": 'a "}{" b\\'}}
    changes = line_changes(joined([LOAD, brace, UPDATE_OF_A_KEY, DELETE]), TOPIC)
    assert [one.operation for one in changes] == ["load", "load", "update", "delete"]
    assert changes[1].after["name"] == 'a "}{" b\\'
    assert [one.position.ordinal for one in changes] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (message(LOAD)[:-20], "it is no JSON"),
        (pretty(LOAD)[:-20], "it is no JSON"),
        (b"hunter2", "it is no JSON"),
        (b"[1]", "it has no 'metadata'"),
        (message(LOAD).replace(b"John", b"J\xff"), "it is no UTF-8"),
        (message({"metadata": LOAD["metadata"]}), "it has no 'data'"),
        (message({**LOAD, "metadata": {"operation": "hunter2"}}), "its operation is 'aaaaaa9'"),
        (message({**LOAD, "metadata": {"operation": ["load"]}}), "its operation is"),
        (message({**LOAD, "metadata": {"operation": "load"}}), "its metadata names no table"),
        (
            message({**LOAD, "data": {"id": "ID"}}).replace(b'"ID"', b"1e999999999"),
            "wanted integer (INT32): a double of more than 53 bits",
        ),
        (message({**LOAD, "data": {"name": "hunter2"}}), "its key has no 'id'"),
        (message({**LOAD, "data": {"id": "hunter2"}}), "column 'id' has 'aaaaaa9', wanted integer"),
        (message({**LOAD, "data": {"id": 1, "_fleet_database": "shop"}}), "it is of database 'shop', wanted 'crm'"),
    ],
)
def test_an_envelope_that_is_no_change_costs_no_other(broken: bytes, words: str) -> None:
    parked: list[PoisonRecordError] = []
    body = b"\n".join((message(LOAD), broken, message(DELETE), pretty(UPDATE_OF_A_KEY)))
    assert [one.operation for one in line_changes(body, TOPIC, parked.append)] == ["load", "delete", "update"]
    (error,) = parked
    assert (error.source, error.number) == ("people/0", 2)
    assert words in error.why
    assert "hunter2" not in str(error)
    assert error.record == broken.decode(errors="backslashreplace")
    with pytest.raises(PoisonRecordError, match="people/0, record 7"):
        read_message(broken, TOPIC, 7)


def test_numbers_lose_no_digit() -> None:
    said = json.dumps(as_envelope({"Op": "I", "id": 9007199254740993, "price": "PRICE"}))
    exact = "12345678901234567890123456789012.123456"
    change = read_message(said.replace('"PRICE"', exact).encode(), STREAM, 1)
    assert change is not None
    assert change.after == {"id": 9007199254740993, "price": Decimal(exact)}


def test_a_file_that_is_cut_or_never_ends_its_line_is_broken() -> None:
    body = gzip.compress(b"\n".join([message(LOAD)] * 99))
    with pytest.raises(BrokenFileError, match="cannot be read as gzip"):
        line_changes(body[:-9], TOPIC)
    with pytest.raises(BrokenFileError, match="a line has more than"):
        line_changes(b'{"data": "' + b"x" * 9_000_000, TOPIC)


class _Body:
    """Gives a few bytes at a time, as a network may."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def read(self, size: int, /) -> bytes:
        found, self._body = self._body[: min(size, 7)], self._body[min(size, 7) :]
        return found
