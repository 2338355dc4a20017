"""Updates and reads of DynamoDB's items without moto leave and answer what moto leaves and answers."""

from __future__ import annotations

import random
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from localcloud.aws import REGION
from localcloud.moto_fast_path import dynamodb, routes, updates
from localcloud.moto_patches import correct

KEY = {"pk": {"S": "DB#one"}, "sk": {"S": "CLAIM"}}
THERE = {"number": {"N": "1"}, "held": {"S": "one"}, "taken": {"SS": ["one", "three"]}}
EXPRESSIONS = (
    "SET #n = :a, held = :b",
    "SET #n = :a REMOVE held, since",
    "REMOVE #n",
    "SET why = if_not_exists(why, :b)",
    "SET why = if_not_exists(held, :b)",
    "SET why = if_not_exists(why, :b), held = :a ADD taken :a",
    "SET why = held",
    "SET held = held + :a",
    "SET #n = #n + :a",
    "SET #n = #n - :a, held = :b",
    "SET #n = :a + #n",
    "ADD taken :b",
    "ADD #n :a, taken :b",
    "DELETE taken :b",
    "SET a.b = :a",
    "SET pk = :a",
    "SET held = :a, held = :b",
    "SET held :a",
)
CONDITIONS = (
    None,
    "attribute_exists(pk)",
    "attribute_not_exists(pk)",
    "held = :b",
    "#n = :a AND (attribute_not_exists(held) OR held <> :b)",
    "NOT #n < :a",
    "contains(taken, :b) OR size(taken) < :a",
    "held BETWEEN :a AND :b",
    "held IN (:a, :b)",
    "begins_with(held, :b)",
)
VALUES = (
    {"N": "1"},
    {"N": "2.5"},
    {"S": "one"},
    {"S": "on"},
    {"S": ""},
    {"SS": ["one", "two"]},
    {"SS": ["one"]},
    {"BOOL": True},
    {"NULL": True},
    {"L": [{"S": "one"}]},
    {"M": {"b": {"N": "1"}}},
    {"S": "x" * 150_000},
)


def request(draw: random.Random, update: str, condition: str | None) -> dict[str, Any]:
    """An update that may make sense; every name and value that it gives is in it, but for a few."""
    text = f"{update} {condition}"
    asked: dict[str, Any] = {"Key": KEY, "UpdateExpression": update}
    usual = {":a": VALUES[:2], ":b": VALUES[5:7] if "taken :b" in update else VALUES[2:4]}
    values = {
        name: draw.choice(VALUES if draw.random() < 0.2 else usual[name])
        for name in usual
        if name in text or draw.random() < 0.02
    }
    asked |= {"ExpressionAttributeValues": values} if values else {}
    asked |= {"ConditionExpression": condition} if condition else {}
    asked |= (
        {"ExpressionAttributeNames": {"#n": draw.choice(("number", "number", "number", "taken"))}}
        if "#n" in text
        else {}
    )
    if returned := draw.choice(("", "", "NONE", "ALL_NEW", "ALL_OLD", "UPDATED_NEW")):
        asked["ReturnValues"] = returned
    return asked


def in_order(item: dict[str, Any] | None) -> dict[str, Any] | None:
    """The item with its sets in one order: they have none."""
    return item and {name: {"SS": sorted(value["SS"])} if "SS" in value else value for name, value in item.items()}


def answer(client: Any, **asked: Any) -> Any:
    """What an update is answered: its attributes, or the refusal."""
    try:
        return client.update_item(**asked).get("Attributes")
    except ClientError as refused:
        return refused.response["Error"]
    except routes.UnreadByMotoError as broken:
        return repr(broken)


def test_updates_of_all_kinds_end_as_moto_ends_them(monkeypatch: pytest.MonkeyPatch) -> None:
    correct()
    session, draw = boto3.Session("a", "b", region_name=REGION), random.Random(1)  # noqa: S311  the same each time
    monkeypatch.setattr(updates, "_plans", {})
    moto, short = session.client("dynamodb"), session.client("dynamodb")
    routes.shorten(moto)
    routes.shorten(short, dynamodb.answer)
    alone = []

    def apply(body: dict[str, Any], length: int) -> dict[str, Any] | None:
        alone.append(True)
        done = carried_out(body, length)  # it may refuse
        alone[-1] = done is not None
        return done

    carried_out = updates.apply
    monkeypatch.setattr(updates, "apply", apply)
    with mock_aws():
        for client, table in ((moto, "moto"), (short, "short")):
            client.create_table(
                TableName=table,
                KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
                AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
                BillingMode="PAY_PER_REQUEST",
            )
        for number in range(300):
            if number % 40 == 0:
                few = draw.sample(EXPRESSIONS, 4), draw.sample(CONDITIONS, 2)
            if number % 8 == 0:
                for client, table in ((moto, "moto"), (short, "short")):
                    client.delete_item(TableName=table, Key=KEY)
                    if number % 32:
                        client.put_item(TableName=table, Item=KEY | THERE)
            asked = request(draw, draw.choice(few[0]), draw.choice(few[1]))
            wanted = answer(moto, TableName="moto", **asked)
            assert answer(short, TableName="short", **asked) == wanted, asked
            for names in ({}, {"ProjectionExpression": "held, a, taken"}, {"ProjectionExpression": "nowhere"}):
                reads = ((moto, "moto"), (moto, "short"), (short, "short"))
                items = [
                    in_order(client.get_item(TableName=table, Key=KEY, **names).get("Item")) for client, table in reads
                ]
                assert items[1:] == items[:2], asked
    assert sum(alone) > 20  # else nothing is shown
