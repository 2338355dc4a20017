"""What a role may do, and who may assume it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from localcloud.authorization.iam import AccessDeniedError, Roles, assume
from localcloud.aws import LocalAws
from localcloud.in_process_transport import NotEmulatedError

DMS = "dms.amazonaws.com"
OBJECTS = "arn:aws:s3:::landing/shop/*"


@pytest.fixture
def aws() -> Iterator[LocalAws]:
    with LocalAws() as aws:
        yield aws


def role(aws: LocalAws, *statements: dict[str, Any], trust: dict[str, Any] | None = None) -> str:
    iam = aws.client("iam")
    trusted = trust or {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": DMS}}
    made = iam.create_role(
        RoleName="shop",
        Path="/fleet/endpoint/",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": trusted}),
    )
    if statements:
        iam.put_role_policy(
            RoleName="shop",
            PolicyName="own",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": list(statements)}),
        )
    return made["Role"]["Arn"]


def allow(action: str | list[str], resource: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def test_a_role_may_do_what_an_inline_policy_allows_and_nothing_else(aws: LocalAws) -> None:
    assumed = assume(aws, role(aws, allow(["s3:Put*", "s3:DeleteObject"], OBJECTS)), principal=DMS)
    assumed.require("s3:PutObject", "arn:aws:s3:::landing/shop/full/a.parquet")
    with pytest.raises(AccessDeniedError, match=r"assumed-role/shop/.* s3:PutObject .*landing/other/full"):
        assumed.require("s3:PutObject", "arn:aws:s3:::landing/other/full/a.parquet")
    with pytest.raises(AccessDeniedError, match="s3:GetObject"):
        assumed.require("s3:GetObject", "arn:aws:s3:::landing/shop/full/a.parquet")


def test_an_attached_policy_counts_like_an_inline_one(aws: LocalAws) -> None:
    arn = role(aws)
    document = json.dumps({"Version": "2012-10-17", "Statement": allow("s3:PutObject", OBJECTS)})
    policy = aws.client("iam").create_policy(PolicyName="objects", PolicyDocument=document)
    aws.client("iam").attach_role_policy(RoleName="shop", PolicyArn=policy["Policy"]["Arn"])
    assume(aws, arn, principal=DMS).require("s3:PutObject", "arn:aws:s3:::landing/shop/a")


def test_a_deny_wins_over_any_allow(aws: LocalAws) -> None:
    deny = {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::landing/shop/closed/*"}
    assumed = assume(aws, role(aws, allow("*", "*"), deny), principal=DMS)
    assumed.require("s3:PutObject", "arn:aws:s3:::landing/shop/open/a")
    with pytest.raises(AccessDeniedError, match="explicit deny"):
        assumed.require("s3:PutObject", "arn:aws:s3:::landing/shop/closed/a")


def test_an_arn_is_no_regular_expression(aws: LocalAws) -> None:
    assumed = assume(aws, role(aws, allow("s3:PutObject", "arn:aws:s3:::land.ing/a?c")), principal=DMS)
    assumed.require("s3:PutObject", "arn:aws:s3:::land.ing/abc")
    for other in ("arn:aws:s3:::landXing/abc", "arn:aws:s3:::land.ing/ac", "arn:aws:s3:::land.ing/ABC"):
        with pytest.raises(AccessDeniedError):
            assumed.require("s3:PutObject", other)


def test_a_condition_on_the_prefix_narrows_a_listing(aws: LocalAws) -> None:
    only = allow("s3:ListBucket", "arn:aws:s3:::landing", Condition={"StringLike": {"s3:prefix": ["shop/*"]}})
    assumed = assume(aws, role(aws, only), principal=DMS)
    assumed.require("s3:ListBucket", "arn:aws:s3:::landing", {"s3:prefix": "shop/full"})
    for context in ({"s3:prefix": "other/full"}, {}):
        with pytest.raises(AccessDeniedError):
            assumed.require("s3:ListBucket", "arn:aws:s3:::landing", context)


def test_a_key_of_several_values_is_compared_value_by_value(aws: LocalAws) -> None:
    named = {"kms:ResourceAliases": ["alias/ours", "alias/also"]}
    some = allow("kms:Sign", "*", Condition={"ForAnyValue:StringEquals": named})
    every = allow("kms:Decrypt", "*", Condition={"ForAllValues:StringEquals": named})
    assumed = assume(aws, role(aws, some, every), principal=DMS)
    assumed.require("kms:Sign", "arn:aws:kms:::key/a", {"kms:ResourceAliases": ("alias/theirs", "alias/ours")})
    assumed.require("kms:Decrypt", "arn:aws:kms:::key/a", {"kms:ResourceAliases": ("alias/also", "alias/ours")})
    assumed.require("kms:Decrypt", "arn:aws:kms:::key/a")  # of none, all are equal
    for action, aliases in (("kms:Sign", ("alias/theirs",)), ("kms:Sign", ()), ("kms:Decrypt", ("alias/ours", "x"))):
        with pytest.raises(AccessDeniedError):
            assumed.require(action, "arn:aws:kms:::key/a", {"kms:ResourceAliases": aliases})
    with pytest.raises(AccessDeniedError):
        assumed.require("kms:Sign", "arn:aws:kms:::key/a")


def test_a_role_is_as_it_was_last_written_and_none_once_it_is_gone(aws: LocalAws) -> None:
    arn, roles, iam = role(aws), Roles(aws), aws.client("iam")

    def may() -> bool:
        found = roles.find(arn, "night")
        assert found is not None
        try:
            found.require("s3:PutObject", "arn:aws:s3:::landing/a")
        except AccessDeniedError:
            return False
        return True

    with pytest.raises(AccessDeniedError):
        assume(aws, arn, principal=DMS).require("s3:PutObject", "arn:aws:s3:::landing/a")
    assert not may()
    document = json.dumps({"Version": "2012-10-17", "Statement": allow("s3:*", "*")})
    iam.put_role_policy(RoleName="shop", PolicyName="more", PolicyDocument=document)
    assert may()
    assume(aws, arn, principal=DMS).require("s3:PutObject", "arn:aws:s3:::landing/a")
    iam.delete_role_policy(RoleName="shop", PolicyName="more")
    assert not may()
    iam.delete_role(RoleName="shop")
    assert roles.find(arn, "night") is None
    with pytest.raises(AccessDeniedError, match="not authorized to perform: sts:AssumeRole"):
        assume(aws, arn, principal=DMS)


def test_a_service_that_is_not_trusted_cannot_assume_the_role(aws: LocalAws) -> None:
    arn = role(aws, allow("*", "*"))
    with pytest.raises(AccessDeniedError, match=f"^AccessDenied: User: ec2.* sts:AssumeRole on resource: {arn}$"):
        assume(aws, arn, principal="ec2.amazonaws.com")


def test_a_role_that_does_not_exist_is_refused_like_one_that_does_not_trust(aws: LocalAws) -> None:
    with pytest.raises(AccessDeniedError, match="sts:AssumeRole"):
        assume(aws, "arn:aws:iam::123456789012:role/none", principal=DMS)
    named_without_its_path = role(aws).replace("/fleet/endpoint", "")
    with pytest.raises(AccessDeniedError, match="sts:AssumeRole"):
        assume(aws, named_without_its_path, principal=DMS)


def test_only_the_right_external_id_opens_a_role_that_asks_for_one(aws: LocalAws) -> None:
    snowflake = "arn:aws:iam::999999999999:user/abc"
    arn = role(
        aws,
        trust={
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"AWS": snowflake},
            "Condition": {"StringEquals": {"sts:ExternalId": "ours"}},
        },
    )
    assume(aws, arn, principal=snowflake, external_id="ours")
    for wrong in ("theirs", None):
        with pytest.raises(AccessDeniedError):
            assume(aws, arn, principal=snowflake, external_id=wrong)
    with pytest.raises(AccessDeniedError):
        assume(aws, arn, principal="arn:aws:iam::999999999999:user/other", external_id="ours")


def test_trusting_an_account_trusts_its_users_and_no_one_elses(aws: LocalAws) -> None:
    root = {"AWS": "arn:aws:iam::999999999999:root"}
    arn = role(aws, trust={"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": root})
    assume(aws, arn, principal="arn:aws:iam::999999999999:user/any")
    with pytest.raises(AccessDeniedError):
        assume(aws, arn, principal="arn:aws:iam::888888888888:user/any")


def test_what_is_not_judged_is_refused_by_name(aws: LocalAws) -> None:
    odd = allow("s3:PutObject", "*", Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})
    assumed = assume(aws, role(aws, odd), principal=DMS)
    with pytest.raises(NotEmulatedError, match="IpAddress"):
        assumed.require("s3:PutObject", "arn:aws:s3:::landing/a")
