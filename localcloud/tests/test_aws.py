"""What our AWS adds to moto."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from botocore.exceptions import ClientError

from localcloud.aws import LocalAws

TABLE = "ledger"


def cancel_a_transaction(dynamodb: Any) -> None:
    put = {"TableName": TABLE, "Item": {"pk": {"S": "there"}}, "ConditionExpression": "attribute_not_exists(pk)"}
    with suppress(dynamodb.exceptions.TransactionCanceledException):
        dynamodb.transact_write_items(TransactItems=[{"Put": put}])


def put(dynamodb: Any, key: str) -> ClientError | None:
    try:
        dynamodb.put_item(TableName=TABLE, Item={"pk": {"S": key}})
    except ClientError as error:
        return error
    return None


def test_a_write_is_not_lost_with_another_threads_cancelled_transaction() -> None:
    with LocalAws() as aws, ThreadPoolExecutor(8) as pool:
        dynamodb = aws.client("dynamodb")
        dynamodb.create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        put(dynamodb, "there")
        keys = [f"key {number}" for number in range(120)]
        calls = []
        for key in keys:
            calls += [pool.submit(cancel_a_transaction, dynamodb), pool.submit(put, dynamodb, key)]
        assert [call.result() for call in calls] == [None] * 240
        found = dynamodb.scan(TableName=TABLE)["Items"]
        assert {item["pk"]["S"] for item in found} == {"there", *keys}
