"""S3 as a target: the endpoint's settings as a load needs them, and the bucket as the endpoint's role may use it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fleet.quotas import DMS_MAX_FILE_SIZE_KB
from local.aws import ACCOUNT, LocalAws
from local.iam import Role, assume
from local.wire import NotEmulatedError

PRINCIPAL = "dms.amazonaws.com"
# Members that change what a full load writes in a way not done here, with the one value that is.
_ONLY: Mapping[str, Any] = {
    "ParquetTimestampInMillisecond": False,
    "GlueCatalogGeneration": False,
    "AddTrailingPaddingCharacter": False,
}


@dataclass(frozen=True)
class TargetSettings:
    """`S3Settings`, read. Enums are taken in either of AWS's spellings (reference/dms.md 4.1)."""

    role_arn: str
    bucket: str
    folder: str
    include_op: bool = False
    timestamp_column: str = ""
    is_task_start_time: bool = False
    codec: str = "uncompressed"
    row_group_rows: int = 10_000
    file_bytes: int = DMS_MAX_FILE_SIZE_KB.value * 1024
    put: Mapping[str, str] = field(default_factory=dict)


def read_settings(given: Mapping[str, Any]) -> TargetSettings:
    """The settings a load follows. Raises NotEmulatedError for a member that it would have to pass over."""
    if (data_format := str(given.get("DataFormat", "csv")).lower()) != "parquet":
        raise NotEmulatedError(f"S3Settings.DataFormat = {data_format}")
    for name, only in _ONLY.items():
        if given.get(name, only) != only:
            raise NotEmulatedError(f"S3Settings.{name} = {given[name]}")
    put = {}
    if mode := str(given.get("EncryptionMode", "")).lower().replace("_", "-"):
        put["ServerSideEncryption"] = "aws:kms" if mode == "sse-kms" else "AES256"
    if key := given.get("ServerSideEncryptionKmsKeyId"):
        put["SSEKMSKeyId"] = key
    if owner := given.get("ExpectedBucketOwner"):
        put["ExpectedBucketOwner"] = owner
    if (acl := str(given.get("CannedAclForObjects", "none")).lower()) != "none":
        put["ACL"] = acl
    return TargetSettings(
        role_arn=given["ServiceAccessRoleArn"],
        bucket=given["BucketName"],
        folder=str(given.get("BucketFolder", "")).strip("/"),
        include_op=given.get("IncludeOpForFullLoad", False),
        timestamp_column=given.get("TimestampColumnName", ""),
        is_task_start_time=given.get("UseTaskStartTimeForFullLoadTimestamp", False),
        codec="gzip" if str(given.get("CompressionType", "none")).lower() == "gzip" else "uncompressed",
        row_group_rows=given.get("RowGroupLength", 10_000),
        # Documented for .csv; that a Parquet file is cut there too is assumed (reference/dms.md 4.1).
        file_bytes=given.get("MaxFileSize", DMS_MAX_FILE_SIZE_KB.value) * 1024,
        put=put,
    )


class Target:
    """A folder of a bucket, used as the endpoint's role may use it. Raises AccessDeniedError when the role cannot be
    assumed; its policies are read once, when the target is opened."""

    def __init__(self, aws: LocalAws, settings: TargetSettings) -> None:
        self.settings = settings
        self._s3 = aws.client("s3")
        self._role: Role = assume(aws, settings.role_arn, principal=PRINCIPAL, context={"aws:SourceAccount": ACCOUNT})

    def check(self) -> None:
        """Do what the connection test does: list the folder and ask whether an object could be put there.

        That the test asks for exactly these two is assumed. Raises AwsError or ClientError.
        """
        self._list()
        self._require_put(self._key("awsdms_test_object"))

    def is_empty(self) -> bool:
        """Whether nothing lies under the folder."""
        return not self._list().get("Contents")

    def put(self, schema: str, table: str, name: str, path: Path) -> None:
        """Put the file at *path* as `<folder>/<schema>/<table>/<name>`. Raises AwsError or ClientError."""
        key = self._key(f"{schema}/{table}/{name}")
        self._require_put(key)
        with path.open("rb") as body:
            self._s3.put_object(Bucket=self.settings.bucket, Key=key, Body=body, **self.settings.put)

    def _key(self, rest: str) -> str:
        return f"{self.settings.folder}/{rest}" if self.settings.folder else rest

    def _require_put(self, key: str) -> None:
        self._role.require("s3:PutObject", f"arn:aws:s3:::{self.settings.bucket}/{key}")
        if "ACL" in self.settings.put:
            self._role.require("s3:PutObjectAcl", f"arn:aws:s3:::{self.settings.bucket}/{key}")

    def _list(self) -> Mapping[str, Any]:
        prefix = self._key("")
        self._role.require("s3:ListBucket", f"arn:aws:s3:::{self.settings.bucket}", {"s3:prefix": prefix})
        owner = {key: value for key, value in self.settings.put.items() if key == "ExpectedBucketOwner"}
        return self._s3.list_objects_v2(Bucket=self.settings.bucket, Prefix=prefix, MaxKeys=1, **owner)
