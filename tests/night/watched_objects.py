"""S3 with an ear for what is put there from inside of AWS, which no client of boto3 hears of."""

from __future__ import annotations

from collections.abc import Callable

from localcloud.aws import ACCOUNT
from localcloud.moto_fast_path.s3 import PlainS3


class WatchedObjects(PlainS3):
    """Calls *heard* with each key before the object is there. To be given to a cloud as `cloud.aws.objects`."""

    def __init__(self, heard: Callable[[str], object]) -> None:
        super().__init__(ACCOUNT)
        self._heard = heard

    def store(self, bucket: str, key: str, body: bytes, encryption: str | None, kms_key_id: str | None) -> bool:
        """As PlainS3 does."""
        self._heard(key)
        return super().store(bucket, key, body, encryption, kms_key_id)
