"""S3, as far as the product uses it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from fleet.folders import LandedFile
from lambdas.clients.refusals import code_of


@dataclass(frozen=True)
class Listed:
    """An object as S3 lists it, with the time it was written."""

    file: LandedFile
    written_at: datetime


class Objects:
    """Objects of any bucket the role may touch."""

    def __init__(self, s3: Any) -> None:
        self._s3 = s3

    def list(self, bucket: str, prefix: str) -> Iterator[Listed]:
        """Every object under *prefix*, in key order."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        for page in pages:
            for item in page.get("Contents", ()):
                file = LandedFile(item["Key"], item["Size"], item["ETag"].strip('"'))
                yield Listed(file, item["LastModified"])

    def read(self, bucket: str, key: str) -> bytes | None:
        """The object's bytes, or None if there is none."""
        try:
            return self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        except ClientError as error:
            if code_of(error) in {"NoSuchKey", "404"}:
                return None
            raise

    def read_end(self, bucket: str, key: str, size: int) -> bytes:
        """The last *size* bytes of an object that is there; all of one that is shorter."""
        return self._s3.get_object(Bucket=bucket, Key=key, Range=f"bytes=-{size}")["Body"].read()

    def write(self, bucket: str, key: str, body: bytes, content_type: str = "application/json") -> None:
        """Put the object, whatever was there."""
        self._s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type)

    def write_new(self, bucket: str, key: str, body: bytes) -> bool:
        """Put the object if there is none, in one step; whether it was put."""
        try:
            self._s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json", IfNoneMatch="*")
        except ClientError as error:
            if code_of(error) in {"PreconditionFailed", "412"}:
                return False
            raise
        return True
