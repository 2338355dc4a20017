"""How connections to sources are encrypted, and keys of one's own for the secrets that DMS logs in with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from cases import SETTINGS
from fleet.databases import Server
from fleet.names import data_key_alias
from localcloud.aws import LocalAws
from localcloud.tests.certificates import make_certificate
from localcloud.tests.dms.dms_cloud import BUCKET, Cloud, Clouds, FakeReader, allow, make_role, refused
from orchestration.roles import read_secrets, use_data_key, write_one_prefix

SECRET = {"username": "dms", "password": "p", "host": "/run/postgresql", "port": 1}
PRINCIPAL = "dms.eu-central-1.amazonaws.com"


@pytest.fixture(scope="module")
def clouds() -> Iterator[Clouds]:
    with LocalAws() as aws:
        yield Clouds(aws, SECRET)


@pytest.fixture
def cloud(clouds: Clouds) -> Iterator[Cloud]:
    with clouds.open(FakeReader({"orders": 10})) as cloud:
        yield cloud


@pytest.mark.parametrize(
    ("mode", "why"), [("require", "a socket has no encryption"), ("verify-full", "a connection with SslMode verify")]
)
def test_no_connection_counts_as_encrypted_that_is_not(cloud: Cloud, mode: str, why: str) -> None:
    arn = cloud.dms.import_certificate(CertificateIdentifier="root", CertificatePem=make_certificate())
    changes = {"SslMode": mode, "CertificateArn": arn["Certificate"]["CertificateArn"]}
    cloud.dms.modify_endpoint(EndpointArn=cloud.source, **changes)
    assert cloud.test(cloud.source) == ["failed"]
    assert why in cloud.connection(cloud.source)["LastFailureMessage"]


def test_a_target_of_s3_has_no_mode_of_encryption(cloud: Cloud) -> None:
    with refused("InvalidParameterCombinationException", "SslMode require is not supported for engine s3"):
        cloud.dms.modify_endpoint(EndpointArn=cloud.target, SslMode="require")


def test_a_secret_under_a_key_of_ones_own_is_read_by_the_role_that_may_use_the_key(cloud: Cloud) -> None:
    key = cloud.aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    manager = cloud.aws.client("secretsmanager")
    secret = manager.create_secret(Name="kept", SecretString=json.dumps(SECRET), KmsKeyId=key)["ARN"]
    server = Server("one", "postgresql", "kept", secret_key=key)
    may = {
        "reads-alone": [allow("secretsmanager:GetSecretValue", secret)],
        "decrypts": read_secrets(SETTINGS, [secret], [server])["Statement"],
    }
    tested: dict[str, str] = {}
    for name, statements in may.items():
        role = make_role(cloud.aws, name, PRINCIPAL, *statements)
        source = cloud.create_source(name, SecretsManagerAccessRoleArn=role, SecretsManagerSecretId="kept")
        tested[name] = cloud.connection(source)["LastFailureMessage"] if cloud.test(source) == ["failed"] else ""
    assert f"kms:Decrypt on resource: {key}" in tested["reads-alone"]
    assert tested["decrypts"] == ""


def targets_under_a_key(cloud: Cloud, roles: dict[str, list[dict[str, Any]]]) -> dict[str, str]:
    """Why the test of a target that encrypts with the fleet's key fails, by the name of its role; nothing if it does
    not."""
    kms = cloud.aws.client("kms")
    if data_key_alias("fleet") not in {one["AliasName"] for one in kms.list_aliases()["Aliases"]}:
        kms.create_alias(AliasName=data_key_alias("fleet"), TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"])
    key = kms.describe_key(KeyId=data_key_alias("fleet"))["KeyMetadata"]["Arn"]
    failures: dict[str, str] = {}
    for name, statements in roles.items():
        role = make_role(cloud.aws, name, "dms.amazonaws.com", *statements)
        target = cloud.create_target(
            name, ServiceAccessRoleArn=role, EncryptionMode="sse-kms", ServerSideEncryptionKmsKeyId=key
        )
        failures[name] = cloud.connection(target)["LastFailureMessage"] if cloud.test(target) == ["failed"] else ""
    return failures


def test_the_role_that_the_stack_makes_has_every_right_that_dms_documents_for_a_target_under_a_key(
    cloud: Cloud,
) -> None:
    may = write_one_prefix(replace(SETTINGS, landing_bucket=BUCKET), "shop")["Statement"]
    assert targets_under_a_key(cloud, {"stack": may}) == {"stack": ""}


@pytest.mark.parametrize(
    "action",
    [
        "s3:PutObject",
        "s3:DeleteObject",
        "s3:PutObjectTagging",
        "s3:ListBucket",
        "kms:Encrypt",
        "kms:Decrypt",
        "kms:ReEncryptFrom",
        "kms:ReEncryptTo",
        "kms:GenerateDataKey",
        "kms:DescribeKey",
        "kms:CreateGrant",
        "kms:ListGrants",
        "kms:RevokeGrant",
    ],
)
def test_a_target_fails_its_test_without_any_one_right_that_dms_documents(cloud: Cloud, action: str) -> None:
    may = write_one_prefix(replace(SETTINGS, landing_bucket=BUCKET), "shop")["Statement"]
    lacking = [{**one, "Action": [other for other in as_list(one["Action"]) if other != action]} for one in may]
    name = f"no-{action.replace(':', '-')}"
    (failure,) = targets_under_a_key(cloud, {name: [one for one in lacking if one["Action"]]}).values()
    assert f"is not authorized to perform: {action}" in failure


def test_a_key_that_may_be_used_through_s3_alone_is_too_little_for_dms(cloud: Cloud) -> None:
    may = write_one_prefix(replace(SETTINGS, landing_bucket=BUCKET), "shop")["Statement"]
    through_s3 = use_data_key("EncryptOwnPrefix", SETTINGS, ["kms:GenerateDataKey", "kms:Decrypt"], ["s3"])
    assert "kms:" in targets_under_a_key(cloud, {"through-s3": [*may[:2], through_s3]})["through-s3"]


def as_list(value: str | list[str]) -> list[str]:
    """IAM's one-or-many as many."""
    return [value] if isinstance(value, str) else value
