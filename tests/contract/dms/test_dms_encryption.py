"""How connections to sources are encrypted, and keys of one's own for the secrets that DMS logs in with."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from cases import SETTINGS
from certificates import make_certificate
from dms_cloud import Cloud, Clouds, FakeReader, allow, make_role, refused
from fleet.databases import Server
from local.aws import LocalAws
from orchestration.roles import read_secrets

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
