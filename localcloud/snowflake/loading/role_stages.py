"""How staged objects are reached: stage → storage integration → role, assumed with the external ID → S3.

Trust policy and permissions are judged by `localcloud.authorization.iam`, with the role's own policies. As at
Snowflake an assumed role is kept for 60 minutes, so a revocation may show late. Source:
https://docs.snowflake.com/en/user-guide/data-load-s3-config-storage-integration (documented).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import localcloud.moto_import  # noqa: F401

from botocore.exceptions import ClientError
from moto.s3.models import FakeKey

from localcloud.authorization import iam
from localcloud.aws import LocalAws
from localcloud.in_process_transport import AwsError
from localcloud.snowflake.errors import SnowflakeError
from localcloud.snowflake.loading.stages import Integration, StagedObject
from localcloud.snowflake.sql.lexing import is_true

_CREDENTIALS_LIVE = timedelta(minutes=60)


class RoleStages:
    """`Stages` over one AWS account. *iam_user_arn*: the IAM user as which Snowflake assumes roles."""

    def __init__(self, aws: LocalAws, iam_user_arn: str, now: Callable[[], datetime]) -> None:
        self._iam_user_arn = iam_user_arn
        self._aws = aws
        self._now = now
        self._roles: dict[tuple[str, str], tuple[datetime, iam.Role]] = {}

    def list(self, integration: Integration, bucket: str, prefix: str) -> list[StagedObject]:
        """The objects under *prefix*, by key."""
        _require(self._role(integration), "s3:ListBucket", f"arn:aws:s3:::{bucket}", {"s3:prefix": prefix})
        if (found := self._aws.objects.find_all(bucket, prefix)) is not None:
            return [_staged(bucket, one) for one in found]
        try:
            pages = self._aws.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
            return [
                StagedObject(bucket, one["Key"], one["ETag"].strip('"'), one["Size"], one["LastModified"])
                for page in pages
                for one in page.get("Contents", [])
            ]
        except ClientError as error:
            raise _stage_failure(str(error)) from error

    def read(self, integration: Integration, bucket: str, key: str, into: Path) -> StagedObject:
        """Write the object to the file *into*; raises if it is not there or the role may not read it."""
        _require(self._role(integration), "s3:GetObject", f"arn:aws:s3:::{bucket}/{key}")
        if found := self._aws.objects.find(bucket, key):
            into.write_bytes(found.value)
            return _staged(bucket, found)
        try:
            answer = self._aws.client("s3").get_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                raise SnowflakeError(
                    "091016",
                    "02000",
                    f"Remote file 's3://{bucket}/{key}' was not found. There are several potential causes. The file "
                    "might not exist. The required credentials may be missing or invalid.",
                ) from error
            raise _stage_failure(str(error)) from error
        with into.open("wb") as file:
            shutil.copyfileobj(answer["Body"], file, 1 << 20)
        modified = answer["LastModified"].astimezone(UTC)
        return StagedObject(bucket, key, answer["ETag"].strip('"'), answer["ContentLength"], modified)

    def delete(self, integration: Integration, one: StagedObject) -> None:
        """Remove a loaded object (PURGE). What fails is passed over in silence, as the documentation says it is."""
        try:
            self._role(integration).require("s3:DeleteObject", f"arn:aws:s3:::{one.bucket}/{one.key}")
            self._aws.client("s3").delete_object(Bucket=one.bucket, Key=one.key)
        except (AwsError, ClientError, SnowflakeError):
            return

    def _role(self, integration: Integration) -> iam.Role:
        """The integration's role, assumed as Snowflake's own IAM user."""
        if not is_true(integration["ENABLED"]):
            raise SnowflakeError("003167", "42601", f"Integration {integration['NAME']} is disabled.")
        arn, external_id = integration["STORAGE_AWS_ROLE_ARN"], integration["STORAGE_AWS_EXTERNAL_ID"]
        kept = self._roles.get((arn, external_id))
        if kept is None or self._now() - kept[0] >= _CREDENTIALS_LIVE:
            try:
                role = iam.assume(self._aws, arn, principal=self._iam_user_arn, external_id=external_id)
            except AwsError as error:
                raise SnowflakeError("003167", "42601", f"Error assuming AWS_ROLE:\n{error.message}") from error
            kept = self._roles[arn, external_id] = (self._now(), role)
        return kept[1]


def _staged(bucket: str, one: FakeKey) -> StagedObject:
    modified = one.last_modified.replace(microsecond=0, tzinfo=UTC)
    return StagedObject(bucket, one.name, one.etag.strip('"'), one.size, modified)


def _require(role: iam.Role, action: str, arn: str, context: Mapping[str, str] | None = None) -> None:
    try:
        role.require(action, arn, context)
    except iam.AccessDeniedError as error:
        raise _stage_failure(f"Access Denied (Status Code: 403; Error Code: AccessDenied): {error.message}") from error


def _stage_failure(cause: str) -> SnowflakeError:
    return SnowflakeError("091003", "55000", f"Failure using stage area. Cause: [{cause}]")
