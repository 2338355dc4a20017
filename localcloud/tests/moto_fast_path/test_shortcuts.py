"""One suite over moto as it is and over our short ways into it: what the product relies on is the same in both."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from localcloud.aws import ACCOUNT, REGION, LocalAws
from localcloud.moto_fast_path import dynamodb, routes
from localcloud.moto_fast_path.s3 import PlainS3
from localcloud.moto_patches import correct

BUCKET, TABLE = "landing-of-tests", "ledger"
NAMES = ["a/LOAD1.parquet", "a/Ünïcode +&%'\".json", "a/b/c", "b/_manifest.json"]


@pytest.fixture(scope="module")
def clients() -> dict[str, dict[str, Any]]:
    """The clients of S3 and DynamoDB by the way they take. Made once: to make them takes longer than a test."""
    session = boto3.Session("a", "b", region_name=REGION)
    made = {way: {name: session.client(name) for name in ("s3", "dynamodb")} for way in ("moto", "short way")}
    routes.shorten(made["short way"]["s3"], PlainS3(ACCOUNT).answer)
    routes.shorten(made["short way"]["dynamodb"], dynamodb.answer)
    return made


@pytest.fixture(params=["moto", "short way"])
def aws(request: pytest.FixtureRequest, clients: dict[str, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The clients by name, with a bucket and a table that are new."""
    correct()
    made = clients[request.param]
    with mock_aws():
        made["s3"].create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        make_table(made["dynamodb"])
        yield made


@pytest.fixture
def s3(aws: dict[str, Any]) -> Any:
    return aws["s3"]


@pytest.fixture(name="dynamodb")
def dynamodb_client(aws: dict[str, Any]) -> Any:
    return aws["dynamodb"]


def make_table(dynamodb: Any) -> None:
    keys = (("pk", "HASH"), ("sk", "RANGE"))
    dynamodb.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
        BillingMode="PAY_PER_REQUEST",
    )


def put(s3: Any, key: str, body: Any = b"rows", **more: Any) -> Any:
    return s3.put_object(Bucket=BUCKET, Key=key, Body=body, **more)


def keys(s3: Any, **asked: Any) -> list[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, **asked)
    return [one["Key"] for page in pages for one in page.get("Contents", ())]


def refusal(call: Any, **asked: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as refused:
        call(**asked)
    answer = refused.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


@pytest.mark.parametrize("key", NAMES)
def test_an_object_comes_back_with_its_bytes_type_size_and_etag(s3: Any, key: str) -> None:
    etag = put(s3, key, b"\x00rows", ContentType="application/json")["ETag"]
    found = s3.get_object(Bucket=BUCKET, Key=key)
    read = found["Body"].read(), found["ContentType"], found["ContentLength"], found["ETag"]
    assert read == (b"\x00rows", "application/json", 5, etag)


def test_an_etag_is_the_md5_of_the_bytes(s3: Any) -> None:
    assert put(s3, "a", b"")["ETag"] == '"d41d8cd98f00b204e9800998ecf8427e"'


def test_a_file_is_put_unchanged(s3: Any, tmp_path: Any) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 100_000)
    with path.open("rb") as file:
        put(s3, "a", file)
    assert s3.get_object(Bucket=BUCKET, Key="a")["Body"].read() == path.read_bytes()


def test_an_object_without_a_type_is_a_stream_of_bytes(s3: Any) -> None:
    put(s3, "a")
    assert s3.get_object(Bucket=BUCKET, Key="a")["ContentType"] == "binary/octet-stream"


def test_a_second_put_replaces_bytes_and_type(s3: Any) -> None:
    put(s3, "a", b"old", ContentType="text/plain")
    put(s3, "a", b"new")
    found = s3.get_object(Bucket=BUCKET, Key="a")
    assert (found["Body"].read(), found["ContentType"]) == (b"new", "binary/octet-stream")


def test_a_conditional_put_is_refused_where_there_is_an_object_and_leaves_it(s3: Any) -> None:
    put(s3, "a", b"first", IfNoneMatch="*")
    refused = refusal(s3.put_object, Bucket=BUCKET, Key="a", Body=b"second", IfNoneMatch="*")
    assert (refused, s3.get_object(Bucket=BUCKET, Key="a")["Body"].read()) == (("PreconditionFailed", 412), b"first")


def test_encryption_that_was_asked_for_is_in_the_answer(s3: Any) -> None:
    asked = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "alias/landing"}
    answers = [put(s3, "a", **asked), s3.get_object(Bucket=BUCKET, Key="a")]
    assert [(one["ServerSideEncryption"], one["SSEKMSKeyId"]) for one in answers] == [("aws:kms", "alias/landing")] * 2


@pytest.mark.parametrize(
    ("bucket", "expected"), [(BUCKET, ("NoSuchKey", 404)), ("another-bucket", ("NoSuchBucket", 404))]
)
def test_what_is_not_there_is_refused_by_name(s3: Any, bucket: str, expected: tuple[str, int]) -> None:
    assert refusal(s3.get_object, Bucket=bucket, Key="a") == expected


def test_a_put_into_a_bucket_that_is_not_there_is_refused(s3: Any) -> None:
    assert refusal(s3.put_object, Bucket="another-bucket", Key="a", Body=b"") == ("NoSuchBucket", 404)


def test_a_part_of_an_object_is_served_as_asked(s3: Any) -> None:
    put(s3, "a", b"0123456789")
    assert s3.get_object(Bucket=BUCKET, Key="a", Range="bytes=2-4")["Body"].read() == b"234"


def test_metadata_comes_back(s3: Any) -> None:
    put(s3, "a", Metadata={"run": "night-1"})
    assert s3.get_object(Bucket=BUCKET, Key="a")["Metadata"] == {"run": "night-1"}


def test_a_deleted_object_is_gone_from_reads_and_listings(s3: Any) -> None:
    put(s3, "a")
    s3.delete_object(Bucket=BUCKET, Key="a")
    assert (refusal(s3.get_object, Bucket=BUCKET, Key="a"), keys(s3)) == (("NoSuchKey", 404), [])


def test_a_versioned_bucket_keeps_its_versions(s3: Any) -> None:
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    first = put(s3, "a", b"old")["VersionId"]
    put(s3, "a", b"new")
    assert s3.get_object(Bucket=BUCKET, Key="a", VersionId=first)["Body"].read() == b"old"


def test_a_listing_has_the_prefix_in_key_order_with_size_and_etag(s3: Any) -> None:
    etags = {name: put(s3, name)["ETag"] for name in reversed(NAMES)}
    found = s3.list_objects_v2(Bucket=BUCKET, Prefix="a/")
    listed = [(one["Key"], one["Size"], one["ETag"]) for one in found["Contents"]]
    assert listed == [(name, 4, etags[name]) for name in sorted(NAMES) if name.startswith("a/")]
    assert (found["KeyCount"], found["IsTruncated"]) == (3, False)


def test_a_listing_of_nothing_is_empty(s3: Any) -> None:
    found = s3.list_objects_v2(Bucket=BUCKET, Prefix="none/")
    assert (found.get("Contents"), found["KeyCount"]) == (None, 0)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8])
def test_pages_of_any_size_hold_every_object_once_and_in_order(s3: Any, size: int) -> None:
    names = [f"p/ü +&/{number}" for number in range(7)]
    for name in names:
        put(s3, name)
    assert keys(s3, Prefix="p/", PaginationConfig={"PageSize": size}) == names


def test_a_listing_shows_when_an_object_was_written(s3: Any) -> None:
    put(s3, "a")
    listed = s3.list_objects_v2(Bucket=BUCKET)["Contents"][0]["LastModified"]
    assert listed.replace(microsecond=0) == s3.get_object(Bucket=BUCKET, Key="a")["LastModified"]


def test_folders_of_a_listing_are_found(s3: Any) -> None:
    for name in NAMES:
        put(s3, name)
    found = s3.list_objects_v2(Bucket=BUCKET, Delimiter="/")["CommonPrefixes"]
    assert [one["Prefix"] for one in found] == ["a/", "b/"]


ITEM = {
    "pk": {"S": "DB#nyc"},
    "sk": {"S": "CLAIM"},
    "number": {"N": "12.5"},
    "row_count": {"N": "3"},
    "list": {"L": [{"S": "a"}, {"M": {"x": {"NULL": True}}}, {"L": []}]},
    "map": {"M": {"ü": {"N": "1"}, "deep": {"L": [{"BOOL": False}]}}},
    "names": {"SS": ["a"]},
    "bytes": {"B": b"\x00\xff"},
    "blobs": {"BS": [b"\x01"]},
    "no_text": {"S": ""},
}
KEY = {name: ITEM[name] for name in ("pk", "sk")}
ONE, FAILED = {"N": "1"}, ("ConditionalCheckFailedException", 400)
SET_ONE = {"UpdateExpression": "SET #a = :a", "ExpressionAttributeValues": {":a": ONE}}


@pytest.mark.parametrize("left_out", [[], ["bytes", "blobs"]])
def test_an_item_comes_back_as_it_was_put(dynamodb: Any, left_out: list[str]) -> None:
    item = {name: value for name, value in ITEM.items() if name not in left_out}
    dynamodb.put_item(TableName=TABLE, Item=item)
    assert dynamodb.get_item(TableName=TABLE, Key=KEY, ConsistentRead=True)["Item"] == item


def test_a_projection_names_what_comes_back(dynamodb: Any) -> None:
    dynamodb.put_item(TableName=TABLE, Item=ITEM)
    found = dynamodb.get_item(TableName=TABLE, Key=KEY, ProjectionExpression="row_count, not_there, no_text")
    assert found["Item"] == {"row_count": {"N": "3"}, "no_text": {"S": ""}}


def test_a_projection_by_placeholder_works_too(dynamodb: Any) -> None:
    dynamodb.put_item(TableName=TABLE, Item=ITEM)
    found = dynamodb.get_item(
        TableName=TABLE, Key=KEY, ProjectionExpression="#n", ExpressionAttributeNames={"#n": "number"}
    )
    assert found["Item"] == {"number": {"N": "12.5"}}


def test_a_projection_of_a_reserved_word_is_refused(dynamodb: Any) -> None:
    asked = {"TableName": TABLE, "Key": KEY, "ProjectionExpression": "row_count, number"}
    assert refusal(dynamodb.get_item, **asked) == ("ValidationException", 400)


def test_an_item_that_is_not_there_is_no_item(dynamodb: Any) -> None:
    assert "Item" not in dynamodb.get_item(TableName=TABLE, Key=KEY)


def test_what_an_update_wrote_is_read(dynamodb: Any) -> None:
    dynamodb.put_item(TableName=TABLE, Item=ITEM)
    dynamodb.update_item(
        TableName=TABLE,
        Key=KEY,
        UpdateExpression="SET no_text = :new REMOVE blobs",
        ExpressionAttributeValues={":new": {"S": "full"}},
    )
    found = dynamodb.get_item(TableName=TABLE, Key=KEY)["Item"]
    assert (found["no_text"], "blobs" in found) == ({"S": "full"}, False)


@pytest.mark.parametrize("more", [{}, {"raw": {"B": b"\x00"}}])
def test_a_write_whose_condition_does_not_hold_is_refused_and_changes_nothing(
    dynamodb: Any, more: dict[str, Any]
) -> None:
    dynamodb.put_item(TableName=TABLE, Item=ITEM)
    unless_there = {"TableName": TABLE, "ConditionExpression": "attribute_not_exists(pk)"}
    assert refusal(dynamodb.put_item, Item={**KEY, **more}, **unless_there) == FAILED
    set_it = {"Key": KEY, "UpdateExpression": "SET a = :a", "ExpressionAttributeValues": {":a": {"S": "b"}}}
    assert refusal(dynamodb.update_item, **set_it, **unless_there) == FAILED
    assert dynamodb.get_item(TableName=TABLE, Key=KEY)["Item"] == ITEM


@pytest.mark.parametrize("value", [{"S": "full"}, {"S": ""}, {"N": "-12.5"}, {"BOOL": False}, {"L": [{"S": "a"}]}, ONE])
def test_placeholders_name_what_an_update_sets_and_removes(dynamodb: Any, value: dict[str, Any]) -> None:
    dynamodb.put_item(TableName=TABLE, Item=ITEM)
    dynamodb.update_item(
        TableName=TABLE,
        Key=KEY,
        UpdateExpression="SET #number = :number, #made = :made REMOVE #blobs, #absent",
        ExpressionAttributeNames={"#number": "number", "#made": "made.up", "#blobs": "blobs", "#absent": "absent"},
        ExpressionAttributeValues={":number": value, ":made": ONE},
    )
    wanted = {name: one for name, one in ITEM.items() if name != "blobs"} | {"number": value, "made.up": ONE}
    assert dynamodb.get_item(TableName=TABLE, Key=KEY)["Item"] == wanted


def test_an_update_may_remove_alone_and_make_an_item(dynamodb: Any) -> None:
    for _ in range(2):
        dynamodb.update_item(TableName=TABLE, Key=KEY, UpdateExpression="REMOVE absent")
    assert dynamodb.get_item(TableName=TABLE, Key=KEY)["Item"] == KEY


def test_an_update_of_a_new_item_makes_it(dynamodb: Any) -> None:
    set_it = {"UpdateExpression": "SET a = :a ADD n :one", "ExpressionAttributeValues": {":a": {"S": "b"}, ":one": ONE}}
    for _ in range(2):
        dynamodb.update_item(TableName=TABLE, Key=KEY, **set_it)
    assert dynamodb.get_item(TableName=TABLE, Key=KEY)["Item"] == {**KEY, "a": {"S": "b"}, "n": {"N": "2"}}


@pytest.mark.parametrize(
    "wrong",
    [
        {"UpdateExpression": "SET number = :a", "ExpressionAttributeValues": {":a": {"S": "b"}}},
        {"UpdateExpression": "SET a = :a", "ExpressionAttributeValues": {":a": {"S": "b"}, ":unused": {"S": "b"}}},
        {"UpdateExpression": "SET pk = :a", "ExpressionAttributeValues": {":a": {"S": "b"}}},
        {"UpdateExpression": "SET a = :b"},
        {**SET_ONE, "ExpressionAttributeNames": {"#a": "pk"}},
        {**SET_ONE, "ExpressionAttributeNames": {"#a": "a", "#unused": "b"}},
        {**SET_ONE, "ExpressionAttributeNames": {"#a": "a"}, "ExpressionAttributeValues": {":b": ONE}},
        {**SET_ONE, "UpdateExpression": "SET #a = :a, #a = :a", "ExpressionAttributeNames": {"#a": "a"}},
        {**SET_ONE, "UpdateExpression": "SET #a = :a REMOVE #b", "ExpressionAttributeNames": {"#a": "a", "#b": "a"}},
        {**SET_ONE, "ExpressionAttributeNames": {"#a": "a"}, "ExpressionAttributeValues": {":a": {"S": "x" * 410_000}}},
        {"UpdateExpression": ""},
    ],
)
def test_an_update_that_makes_no_sense_is_refused(dynamodb: Any, wrong: dict[str, Any]) -> None:
    dynamodb.put_item(TableName=TABLE, Item=ITEM)
    assert refusal(dynamodb.update_item, TableName=TABLE, Key=KEY, **wrong) == ("ValidationException", 400)
    assert dynamodb.get_item(TableName=TABLE, Key=KEY)["Item"] == ITEM


def test_values_that_a_write_is_asked_for_come_back(dynamodb: Any) -> None:
    dynamodb.put_item(TableName=TABLE, Item=ITEM)
    set_it = {"UpdateExpression": "SET no_text = :a", "ExpressionAttributeValues": {":a": {"S": "b"}}}
    answer = dynamodb.update_item(TableName=TABLE, Key=KEY, ReturnValues="UPDATED_OLD", **set_it)
    assert answer["Attributes"] == {"no_text": {"S": ""}}


def test_a_transaction_writes_all_or_nothing(dynamodb: Any) -> None:
    other = {**KEY, "sk": {"S": "ATTEMPT#1"}}
    adding = {
        "TableName": TABLE,
        "Key": KEY,
        "UpdateExpression": "ADD n :one",
        "ExpressionAttributeValues": {":one": ONE},
    }
    if_new = {"TableName": TABLE, "Item": other, "ConditionExpression": "attribute_not_exists(pk)"}
    both: Any = [{"Update": adding}, {"Put": if_new}]
    dynamodb.transact_write_items(TransactItems=both)
    assert refusal(dynamodb.transact_write_items, TransactItems=both) == ("TransactionCanceledException", 400)
    assert refusal(dynamodb.transact_write_items, TransactItems=[*both, both[0]]) == ("ValidationException", 400)
    dynamodb.delete_item(TableName=TABLE, Key=KEY)
    assert refusal(dynamodb.transact_write_items, TransactItems=both) == ("TransactionCanceledException", 400)
    assert dynamodb.scan(TableName=TABLE)["Items"] == [other]


@pytest.mark.parametrize(("backward", "expected"), [(False, ["A1", "A2", "A3"]), (True, ["B1", "A3", "A2"])])
def test_a_query_finds_one_partition_in_order(dynamodb: Any, backward: bool, expected: list[str]) -> None:
    for pk in ("DB#nyc", "DB#a", "DB#z"):
        for sk in ("A2", "B1", "A1", "A3"):
            dynamodb.put_item(TableName=TABLE, Item={"pk": {"S": pk}, "sk": {"S": sk}})
    asked = {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": "DB#nyc"}}}
    found = dynamodb.query(TableName=TABLE, Limit=3, ScanIndexForward=not backward, **asked)
    assert [(one["pk"]["S"], one["sk"]["S"]) for one in found["Items"]] == [("DB#nyc", sk) for sk in expected]
    rest = dynamodb.query(
        TableName=TABLE, ExclusiveStartKey=found["LastEvaluatedKey"], ScanIndexForward=not backward, **asked
    )
    assert [one["sk"]["S"] for one in rest["Items"]] == (["A1"] if backward else ["B1"])


@pytest.mark.parametrize("left_out", [[], ["bytes", "blobs"]])
def test_a_query_gives_items_as_they_were_put(dynamodb: Any, left_out: list[str]) -> None:
    item, values = {name: ITEM[name] for name in ITEM if name not in left_out}, {":pk": KEY["pk"]}
    dynamodb.put_item(TableName=TABLE, Item=item)
    got = dynamodb.query(TableName=TABLE, KeyConditionExpression="pk = :pk", ExpressionAttributeValues=values)
    assert (got["Items"], got["Count"]) == ([item], 1)


@pytest.mark.parametrize(
    ("table", "key", "expected"),
    [
        ("another", KEY, ("ResourceNotFoundException", 400)),
        (TABLE, {"pk": KEY["pk"]}, ("ValidationException", 400)),
        (TABLE, {**KEY, "more": {"S": "x"}}, ("ValidationException", 400)),
        (TABLE, {**KEY, "sk": {"S": ""}}, ("ValidationException", 400)),
    ],
)
def test_a_read_that_makes_no_sense_is_refused(
    dynamodb: Any, table: str, key: dict[str, Any], expected: tuple[str, int]
) -> None:
    assert refusal(dynamodb.get_item, TableName=table, Key=key) == expected


def test_of_conditional_puts_at_once_exactly_one_wins() -> None:
    with mock_aws(), ThreadPoolExecutor(8) as pool:
        s3 = boto3.client("s3", region_name=REGION, aws_access_key_id="a", aws_secret_access_key="b")
        routes.shorten(s3, PlainS3(ACCOUNT).answer)
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})

        def wins(_: int) -> bool:
            try:
                put(s3, "a", IfNoneMatch="*")
            except ClientError:
                return False
            return True

        assert sum(pool.map(wins, range(40))) == 1


def test_of_conditional_puts_at_once_exactly_one_wins_whichever_way_each_takes() -> None:
    with LocalAws() as aws, ThreadPoolExecutor(8) as pool:
        s3 = aws.client("s3")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})

        codes: set[str] = set()

        def is_won(number: int) -> bool:
            more = {"Metadata": {"way": "moto"}} if number % 2 else {}  # which is not plain
            try:
                put(s3, "a", IfNoneMatch="*", **more)
            except ClientError as error:
                codes.add(error.response["Error"]["Code"])
                return False
            return True

        assert sum(pool.map(is_won, range(40))) == 1
        assert codes == {"PreconditionFailed"}


def test_of_conditional_writes_at_once_exactly_one_wins() -> None:
    with LocalAws() as aws, ThreadPoolExecutor(8) as pool:
        dynamodb = aws.client("dynamodb")
        make_table(dynamodb)
        if_new = {"TableName": TABLE, "Item": KEY, "ConditionExpression": "attribute_not_exists(pk)"}

        def is_won(number: int) -> bool:
            try:
                if number % 2:
                    dynamodb.put_item(**if_new)
                else:
                    dynamodb.transact_write_items(TransactItems=[{"Put": if_new}])
            except ClientError:
                return False
            return True

        assert sum(pool.map(is_won, range(40))) == 1
