"""A server's secret that does not connect: named by what it lacks, never by what it holds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from cases import Case
from fleet.failures import Failure
from lambdas.sources.secret import read_secret

WHOLE = {"host": "h", "port": 5432, "username": "u", "password": "p"}


def read(text: str) -> Mapping[str, Any] | Failure:
    return read_secret("fleet/server/s", {"SecretString": text})


@pytest.mark.parametrize("member", WHOLE)
@pytest.mark.parametrize("found", ["absent", None, ""])
def test_a_member_that_is_missing_is_named(member: str, found: str | None) -> None:
    secret = {key: value for key, value in WHOLE.items() if key != member}
    failure = read(json.dumps(secret if found == "absent" else {**secret, member: found}))
    assert isinstance(failure, Failure)
    assert (failure.failure_class, failure.name) == ("credentials", "SecretUnusable")
    assert failure.text.startswith(f"secret 'fleet/server/s' cannot be used: it has no `{member}`. ")


@pytest.mark.parametrize(
    ("member", "found"),
    [
        *(("port", wrong) for wrong in ("abc", "5432x", -1, 0, 65_536, 5432.5, True, [5432], "٣")),
        *(
            (name, wrong)
            for name in ("host", "username", "password")
            for wrong in (17, ["s3cret"], {"s3cret": 1}, True)
        ),
        ("host", "source example"),
        ("host", "quelle.example\n"),
        ("host", "bücher.example"),
        ("certificate", 17),
    ],
)
def test_a_member_of_a_wrong_type_is_named_and_its_value_is_not_shown(member: str, found: object) -> None:
    failure = read(json.dumps({**WHOLE, member: found}))
    assert isinstance(failure, Failure)
    assert f"its `{member}` " in failure.text
    assert "s3cret" not in failure.text
    assert repr(found) not in failure.text.replace("from 1 to 65535", "")


@pytest.mark.parametrize("text", ["", "s3cret", "{", '"s3cret"', "[1]", "null", "17"])
def test_a_secret_that_is_no_json_object_is_said_to_be_none(text: str) -> None:
    failure = read(text)
    assert isinstance(failure, Failure)
    assert "cannot be used: it is " in failure.text
    assert "s3cret" not in failure.text


def test_a_binary_secret_is_said_to_be_binary() -> None:
    failure = read_secret("s", {"SecretBinary": b"s3cret"})
    assert isinstance(failure, Failure)
    assert "it is binary" in failure.text


def test_everything_that_is_wrong_is_said_at_once() -> None:
    failure = read("{}")
    assert isinstance(failure, Failure)
    assert all(f"it has no `{member}`" in failure.text for member in WHOLE)


def test_a_port_in_digits_and_members_that_nobody_reads_are_taken() -> None:
    assert read(json.dumps({**WHOLE, "port": "5432", "engine": "postgres", "certificate": None})) == WHOLE


def test_an_attempt_whose_secret_lacks_its_user_is_refused_by_that_name(case: Case) -> None:
    assert case.claim()["verdict"] == "claimed"
    case.put_secret(username=None)
    assert case.settle("PrepareTask")["verdict"] == "refused"
    assert case.failure is not None
    assert (case.failure["failure_class"], case.failure["name"]) == ("credentials", "SecretUnusable")
    assert "it has no `username`" in case.failure["text"]
