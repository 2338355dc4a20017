"""Who may assume which role, and what it may then do: documents for stack and local cloud alike."""

from __future__ import annotations

from typing import Any

from fleet.databases import Settings

Policy = dict[str, Any]


def _policy(*statements: dict[str, Any]) -> Policy:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def trust_service(service: str) -> Policy:
    """Only AWS's *service* may assume the role."""
    return _policy({"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"})


def trust_snowflake(user_arn: str, external_id: str) -> Policy:
    """Only Snowflake's IAM user may, and only for our integration."""
    return _policy(
        {
            "Effect": "Allow",
            "Principal": {"AWS": user_arn},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"sts:ExternalId": external_id}},
        }
    )


def write_one_prefix(settings: Settings, database: str) -> Policy:
    """What an endpoint's role may: objects of its own database's prefix. A wrong folder is refused by IAM.

    Source: AWS DMS user guide, "Prerequisites for using Amazon S3 as a target" (reference/dms.md 4.9).
    """
    bucket = f"arn:aws:s3:::{settings.landing_bucket}"
    return _policy(
        {
            "Sid": "WriteOwnPrefix",
            "Effect": "Allow",
            "Action": ["s3:PutObject", "s3:DeleteObject", "s3:PutObjectTagging"],
            "Resource": f"{bucket}/{database}/*",
        },
        {"Sid": "ListForConnectionTest", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": bucket},
    )


def read_landing(settings: Settings) -> Policy:
    """What Snowflake's role may: read the landing bucket, and nothing more."""
    bucket = f"arn:aws:s3:::{settings.landing_bucket}"
    return _policy(
        {
            "Sid": "ReadLanding",
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:GetObjectVersion"],
            "Resource": f"{bucket}/*",
        },
        {
            "Sid": "ListLanding",
            "Effect": "Allow",
            "Action": ["s3:ListBucket", "s3:GetBucketLocation"],
            "Resource": bucket,
        },
    )


def read_secrets(secret_arns: list[str]) -> Policy:
    """What DMS's secrets role may: read the sources' secrets."""
    return _policy(
        {
            "Sid": "ReadSourceSecrets",
            "Effect": "Allow",
            "Action": "secretsmanager:GetSecretValue",
            "Resource": secret_arns,
        }
    )
