"""The bucket in which an assessment run leaves its results, and how it puts them there.

Source: docs/facts/dms.md 9.3, and StartReplicationTaskAssessmentRunMessage in botocore's model (BC). The names of the
files are AWS's, their content is ours; that each run has a folder of its own is assumed, and so are the codes that the
model does not list.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from localcloud.authorization.iam import AccessDeniedError, assume
from localcloud.aws import ACCOUNT, LocalAws
from localcloud.dms.loads.target import PRINCIPAL
from localcloud.dms.requests.names import refusal
from localcloud.in_process_transport import AwsError


class Results:
    """The place that a request for a run names. Raises AwsError unless the run's role may put results there."""

    def __init__(self, aws: LocalAws, parameters: Mapping[str, Any]) -> None:
        self._s3 = aws.client("s3")
        self._bucket: str = parameters["ResultLocationBucket"]
        folder = str(parameters.get("ResultLocationFolder") or "").strip("/")
        self._prefix = "/".join(filter(None, (folder, parameters["AssessmentRunName"])))
        self._encryption = _encryption(parameters.get("ResultEncryptionMode", ""), parameters.get("ResultKmsKeyArn"))
        try:
            self._s3.head_bucket(Bucket=self._bucket)
        except ClientError as error:
            raise AwsError("S3ResourceNotFoundFault", f"The bucket {self._bucket}: {error}") from error
        arn, context = parameters["ServiceAccessRoleArn"], {"aws:SourceAccount": ACCOUNT}
        try:
            role = assume(aws, arn, principal=PRINCIPAL, context=context)
        except AccessDeniedError as error:
            raise AwsError("AccessDeniedFault", str(error)) from error
        try:
            role.require("s3:PutObject", f"arn:aws:s3:::{self._bucket}/{self._key('summary')}")
        except AccessDeniedError as error:
            raise AwsError("S3AccessDeniedFault", str(error)) from error

    def put(self, name: str, content: Mapping[str, Any]) -> None:
        """Put *content* as the result called *name*."""
        body = json.dumps(content, indent=1).encode()
        self._s3.put_object(Bucket=self._bucket, Key=self._key(name), Body=body, **self._encryption)

    def _key(self, name: str) -> str:
        return f"{self._prefix}/{name}.json"


def _encryption(mode: str, key: str | None) -> dict[str, str]:
    """How the results are put."""
    if mode.upper().replace("-", "_") not in {"", "SSE_S3", "SSE_KMS"}:
        raise refusal(f"ResultEncryptionMode must be SSE_S3 or SSE_KMS, not {mode}")
    is_kms = mode.upper().endswith("KMS")
    if key and not is_kms:
        raise AwsError("InvalidParameterCombinationException", "ResultKmsKeyArn needs the ResultEncryptionMode SSE_KMS")
    if is_kms:
        return {"ServerSideEncryption": "aws:kms", **({"SSEKMSKeyId": key} if key else {})}
    return {"ServerSideEncryption": "AES256"} if mode else {}
