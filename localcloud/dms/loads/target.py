"""S3 as a target: the endpoint's settings as a load needs them, and the bucket as the endpoint's role may use it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from localcloud.authorization.facts import use_key
from localcloud.authorization.iam import Context, Role, assume
from localcloud.aws import ACCOUNT, LocalAws
from localcloud.dms.files.formats import ROW_GROUP_BYTES, Csv, Parquet
from localcloud.in_process_transport import AwsError, NotEmulatedError
from localcloud.quotas import DMS_MAX_FILE_SIZE_KB

PRINCIPAL = "dms.amazonaws.com"
# Members that change what a full load writes in a way not done here, with the one value that is. AWS says neither with
# what nor to which length `AddTrailingPaddingCharacter` pads; `PreserveTransactions` is of changes only.
_ONLY: Mapping[str, Any] = {
    "GlueCatalogGeneration": False,
    "AddTrailingPaddingCharacter": False,
    "PreserveTransactions": False,
}
_CHOICES = {
    "DataFormat": {"csv", "parquet"},
    "CompressionType": {"none", "gzip"},
    "EncodingType": {"plain", "plain-dictionary", "rle-dictionary"},
    "ParquetVersion": {"parquet-1-0", "parquet-2-0"},
    "DatePartitionSequence": {"yyyymmdd", "yyyymmddhh", "yyyymm", "mmyyyydd", "ddmmyyyy"},
    "DatePartitionDelimiter": {"slash", "underscore", "dash", "none"},
}
# Source: botocore's model of `S3Settings`. The most rows of a group are the library's own (docs/facts/dms.md 4.1).
_NUMBERS = {
    "MaxFileSize": (DMS_MAX_FILE_SIZE_KB.value, DMS_MAX_FILE_SIZE_KB.value),
    "RowGroupLength": (10_000, ROW_GROUP_BYTES),
    "DataPageSize": (1024 * 1024, 2**31 - 1),
    "DictPageSizeLimit": (1024 * 1024, 2**31 - 1),
}
# Source: AWS DMS user guide, "Limitations to using Amazon S3 as a target", and the settings' own descriptions. The code
# of the fault is assumed.
_EXCLUSIVE = {
    "DatePartitionEnabled": ("PreserveTransactions", "CdcPath"),
    "AddColumnName": ("PreserveTransactions", "CdcPath"),
    "GlueCatalogGeneration": ("PreserveTransactions", "CdcPath"),
    "CdcInsertsOnly": ("CdcInsertsAndUpdates",),
}
_ESCAPES = {"\\n": "\n", "\\r": "\r", "\\t": "\t"}


@dataclass(frozen=True)
class TargetSettings:
    """`S3Settings`, read. Enums are taken in either of AWS's spellings (docs/facts/dms.md 4.1)."""

    role_arn: str
    bucket: str
    folder: str
    include_op: bool = False
    timestamp_column: str = ""
    is_task_start_time: bool = False
    format: Parquet | Csv = field(default_factory=Csv)
    file_bytes: int = DMS_MAX_FILE_SIZE_KB.value * 1024
    put: Mapping[str, str] = field(default_factory=dict)


def read_settings(given: Mapping[str, Any]) -> TargetSettings:
    """The settings a load follows. Raises NotEmulatedError for a member that it would have to pass over."""
    for one, others in _EXCLUSIVE.items():
        if given.get(one) and (both := [name for name in others if given.get(name)]):
            raise AwsError("InvalidParameterCombinationException", f"S3Settings.{one} cannot go with {both[0]}")
    for name in ("DatePartitionSequence", "DatePartitionDelimiter"):  # of changes only: a full load is not partitioned
        _choice(given, name, "none" if name.endswith("Delimiter") else "yyyymmdd")
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
        format=_parquet(given) if _choice(given, "DataFormat", "csv") == "parquet" else _csv(given),
        # Documented for .csv; that a Parquet file is cut there too is assumed (docs/facts/dms.md 4.1).
        file_bytes=_number(given, "MaxFileSize") * 1024,
        put=put,
    )


def _parquet(given: Mapping[str, Any]) -> Parquet:
    return Parquet(
        codec=_choice(given, "CompressionType", "none"),  # type: ignore[arg-type]  one of the choices
        encoding=_choice(given, "EncodingType", "rle-dictionary"),  # type: ignore[arg-type]
        page_version="2.0" if _choice(given, "ParquetVersion", "parquet-1-0") == "parquet-2-0" else "1.0",
        row_group_rows=_number(given, "RowGroupLength"),
        data_page_bytes=_number(given, "DataPageSize"),
        dictionary_page_bytes=_number(given, "DictPageSizeLimit"),
        has_statistics=given.get("EnableStatistics", True),
        has_milliseconds=given.get("ParquetTimestampInMillisecond", False),
    )


def _csv(given: Mapping[str, Any]) -> Csv:
    return Csv(
        codec=_choice(given, "CompressionType", "none"),  # type: ignore[arg-type]  one of the choices
        delimiter=_unescaped(given.get("CsvDelimiter") or ","),
        row_delimiter=_unescaped(given.get("CsvRowDelimiter") or "\n"),
        null=given.get("CsvNullValue", "NULL"),
        is_rfc4180=given.get("Rfc4180", True),
        has_header=given.get("AddColumnName", False),
    )


def _choice(given: Mapping[str, Any], name: str, default: str) -> str:
    """The member in the model's spelling. Raises AwsError for a value that is none of AWS's."""
    value = str(given.get(name) or default).lower().replace("_", "-")
    if value not in _CHOICES[name]:
        raise AwsError("InvalidParameterValueException", f"S3Settings.{name} cannot be {given[name]}")
    return value


def _number(given: Mapping[str, Any], name: str) -> int:
    default, most = _NUMBERS[name]
    value = given.get(name, default)
    if name == "RowGroupLength":
        # Source: the model: a value larger than the maximum is set to the maximum.
        value = min(value, most)
    if not 1 <= value <= most:
        raise AwsError("InvalidParameterValueException", f"S3Settings.{name} must be from 1 to {most}, not {value}")
    return value


def _unescaped(text: str) -> str:
    """A delimiter as it is written: Terraform's provider sends `\\n` as a backslash and an n (observed in its source:
    the default of `csv_row_delimiter`; that DMS reads it so follows)."""
    for written, meant in _ESCAPES.items():
        text = text.replace(written, meant)
    return text


# What the role of an endpoint needs beside s3:PutObject and s3:ListBucket; on the key, where the endpoint names one.
# Source: https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Target.S3.html, "Prerequisites" and "Creating AWS KMS
# keys to encrypt Amazon S3 target objects" (documented; read on 2026-11-29).
_DOCUMENTED_ON_OBJECTS = ("s3:DeleteObject", "s3:PutObjectTagging")
_DOCUMENTED_ON_KEYS = ("Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo", "GenerateDataKey", "DescribeKey")
_DOCUMENTED_ON_GRANTS = ("CreateGrant", "ListGrants", "RevokeGrant")
_TEST_OBJECT = "awsdms_test_object"
# What an object may be put with that says nothing about who may put it.
_PLAIN = {"ServerSideEncryption", "SSEKMSKeyId"}


class Target:
    """A folder of a bucket, used as the endpoint's role may use it. Raises AccessDeniedError when the role cannot be
    assumed; its policies are read once, when the target is opened."""

    def __init__(self, aws: LocalAws, settings: TargetSettings) -> None:
        self.settings = settings
        self._s3 = aws.client("s3")
        self._objects = aws.objects
        self._role: Role = assume(aws, settings.role_arn, principal=PRINCIPAL, context={"aws:SourceAccount": ACCOUNT})

    def check(self, *, leaves: bool = False) -> None:
        """Do what the connection test does: list the folder, and ask whether the role has every right that AWS
        documents for it, on an object in that folder and on the key. *leaves*: put that object there, and leave it.

        That the test asks for each of them is assumed. Raises AwsError or ClientError.
        """
        self._list()
        key = self._key(_TEST_OBJECT)
        self._require_put(key)
        for action in _DOCUMENTED_ON_OBJECTS:
            self._role.require(action, f"arn:aws:s3:::{self.settings.bucket}/{key}")
        for action in _DOCUMENTED_ON_KEYS:
            self._require_key(action)
        for action in _DOCUMENTED_ON_GRANTS:
            self._require_key(action, {"kms:GrantIsForAWSResource": "true"})
        if leaves:
            self._s3.put_object(Bucket=self.settings.bucket, Key=key, Body=b"test", **self.settings.put)

    def is_empty(self) -> bool:
        """Whether nothing lies under the folder."""
        return not self._list().get("Contents")

    def put(self, schema: str, table: str, name: str, body: bytes) -> None:
        """Put *body* as `<folder>/<schema>/<table>/<name>`. Raises AwsError or ClientError."""
        key = self._key(f"{schema}/{table}/{name}")
        self._require_put(key)
        if self.settings.put.keys() <= _PLAIN and self._objects.store(
            self.settings.bucket,
            key,
            body,
            self.settings.put.get("ServerSideEncryption"),
            self.settings.put.get("SSEKMSKeyId"),
        ):
            return
        self._s3.put_object(Bucket=self.settings.bucket, Key=key, Body=body, **self.settings.put)

    def empty(self, schema: str, table: str) -> None:
        """Delete every object under `<folder>/<schema>/<table>/`. Raises AwsError or ClientError."""
        prefix = self._key(f"{schema}/{table}/")
        bucket = f"arn:aws:s3:::{self.settings.bucket}"
        self._role.require("s3:ListBucket", bucket, {"s3:prefix": prefix})
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.settings.bucket, Prefix=prefix)
        for key in [one["Key"] for page in pages for one in page.get("Contents", ())]:
            self._role.require("s3:DeleteObject", f"{bucket}/{key}")
            self._s3.delete_object(Bucket=self.settings.bucket, Key=key)

    def _key(self, rest: str) -> str:
        return f"{self.settings.folder}/{rest}" if self.settings.folder else rest

    def _require_put(self, key: str) -> None:
        self._role.require("s3:PutObject", f"arn:aws:s3:::{self.settings.bucket}/{key}")
        if "ACL" in self.settings.put:
            self._role.require("s3:PutObjectAcl", f"arn:aws:s3:::{self.settings.bucket}/{key}")
        self._require_key("GenerateDataKey", via="s3")

    def _require_key(self, action: str, context: Context | None = None, *, via: str = "") -> None:
        for need in use_key(action, self.settings.put.get("SSEKMSKeyId", ""), via=via):
            self._role.require(need.action, need.resource, {**need.context, **(context or {})})

    def _list(self) -> Mapping[str, Any]:
        prefix = self._key("")
        self._role.require("s3:ListBucket", f"arn:aws:s3:::{self.settings.bucket}", {"s3:prefix": prefix})
        owner = {key: value for key, value in self.settings.put.items() if key == "ExpectedBucketOwner"}
        return self._s3.list_objects_v2(Bucket=self.settings.bucket, Prefix=prefix, MaxKeys=1, **owner)
