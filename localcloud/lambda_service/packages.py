"""The uploaded packages: fetched, judged and unpacked, each content once."""

from __future__ import annotations

import base64
import hashlib
import io
import threading
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from localcloud.aws import LocalAws
from localcloud.in_process_transport import AwsError, NotEmulatedError
from localcloud.quotas import LAMBDA_UNPACKED_BYTES, LAMBDA_UPLOAD_BYTES


@dataclass(frozen=True)
class Package:
    """Uploaded code. *folder*: where it lies unpacked; *sha256*: in base64, as Lambda writes it."""

    folder: Path
    sha256: str
    size_bytes: int


class Packages:
    """What was uploaded, below *folder*."""

    def __init__(self, folder: Path, aws: LocalAws) -> None:
        self._folder = folder
        self._aws = aws
        self._lock = threading.Lock()

    def take(self, code: Mapping[str, Any]) -> Package:
        """The package that *code* (FunctionCode, or what UpdateFunctionCode holds of it) gives or names.

        Raises:
            AwsError: It is not there, no zip file, or too large.
        """
        if "ImageUri" in code:
            raise NotEmulatedError("functions from container images")
        content = code["ZipFile"] if "ZipFile" in code else self._fetch(code)
        digest = hashlib.sha256(content).digest()
        folder = self._folder / digest.hex()[:16]
        with self._lock:
            if not folder.exists():
                _unpack(content, folder)
        return Package(folder, base64.b64encode(digest).decode(), len(content))

    def _fetch(self, code: Mapping[str, Any]) -> bytes:
        if not {"S3Bucket", "S3Key"} <= code.keys():
            raise AwsError("InvalidParameterValueException", "Please provide a source for function code.")
        version = {"VersionId": code["S3ObjectVersion"]} if code.get("S3ObjectVersion") else {}
        try:
            found = self._aws.client("s3").get_object(Bucket=code["S3Bucket"], Key=code["S3Key"], **version)
        except ClientError as error:
            said = error.response["Error"]
            raise AwsError(
                "InvalidParameterValueException",
                f"Error occurred while GetObject. S3 Error Code: {said['Code']}. S3 Error Message: {said['Message']}",
            ) from error
        return found["Body"].read()


def _unpack(content: bytes, folder: Path) -> None:
    """Unpack *content* to *folder*, which is whole as soon as it is there."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            size = sum(one.file_size for one in archive.infolist())
            if size > LAMBDA_UNPACKED_BYTES.value:
                raise AwsError(
                    "InvalidParameterValueException",
                    f"Unzipped size must be smaller than {LAMBDA_UNPACKED_BYTES.value} bytes",
                )
            partial = folder.with_suffix(".partial")
            archive.extractall(partial)
    except zipfile.BadZipFile:
        raise AwsError(
            "InvalidParameterValueException",
            "Could not unzip uploaded file. Please check your file, then try to upload again.",
        ) from None
    partial.rename(folder)


def require_uploadable(code: Mapping[str, Any]) -> None:
    """Refuse a package in the request that is larger than Lambda takes there."""
    size = len(code.get("ZipFile", b""))
    if size > LAMBDA_UPLOAD_BYTES.value:
        raise AwsError(
            "RequestEntityTooLargeException", f"Request must be smaller than {LAMBDA_UPLOAD_BYTES.value} bytes", 413
        )
