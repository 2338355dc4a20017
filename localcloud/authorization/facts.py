"""What IAM's judgement must know of the account beside the request: tags, keys at rest, which key an alias means.

moto's services are read where it keeps them, and not through their APIs: every call of a night is judged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import localcloud.moto_import  # noqa: F401

from moto.dynamodb.models import dynamodb_backends
from moto.kms.models import kms_backends
from moto.s3.models import FakeKey, s3_backends
from moto.secretsmanager.models import FakeSecret, secretsmanager_backends
from moto.sns.models import sns_backends

from localcloud.authorization.iam import Context
from localcloud.authorization.needs import Need
from localcloud.aws import ACCOUNT, REGION
from localcloud.in_process_transport import NotEmulatedError

_OF_AWS = "alias/aws/"


class Facts:
    """Of one local cloud's account, as they are now. *dms_tags*: gives the tags of a resource of DMS."""

    def __init__(self, dms_tags: Callable[[str], Mapping[str, str]]) -> None:
        self._dms_tags = dms_tags

    def dms_tags(self, arn: str) -> Context:
        """The keys `aws:ResourceTag/<tag>` of a resource of DMS; none for one that does not exist."""
        return {f"aws:ResourceTag/{key}": value for key, value in self._dms_tags(arn).items()}

    def has_object(self, bucket: str, key: str) -> bool:
        """Whether the object is there."""
        found = s3_backends[ACCOUNT]["aws"].buckets.get(bucket)
        return found is not None and isinstance(found.keys.get(key), FakeKey)  # and no marker of a deleted one

    def bucket_key(self, bucket: str) -> str:
        """The key that the bucket's objects are encrypted with, or nothing if S3's own is."""
        found = s3_backends[ACCOUNT]["aws"].buckets.get(bucket)
        if found is None or found.encryption is None:
            return ""
        encryption = found.encryption["Rule"]["ApplyServerSideEncryptionByDefault"]
        return encryption.get("KMSMasterKeyID", f"{_OF_AWS}s3") if encryption["SSEAlgorithm"] == "aws:kms" else ""

    def table_key(self, table: str) -> str:
        """The key that the table is encrypted with, or nothing if DynamoDB's own is."""
        found = dynamodb_backends[ACCOUNT][REGION].tables.get(table)
        encryption = found.sse_specification if found is not None else None
        return encryption["KMSMasterKeyId"] if encryption and encryption.get("Enabled") else ""

    def topic_key(self, arn: str) -> str:
        """The key that the topic's messages are encrypted with, or nothing."""
        topic = sns_backends[ACCOUNT][REGION].topics.get(arn)
        return topic.kms_master_key_id if topic is not None else ""

    def secret(self, name_or_arn: str) -> tuple[str, str]:
        """The secret's ARN, and the key that it is encrypted with or nothing. One that does not exist has no ending
        of six letters."""
        found = secretsmanager_backends[ACCOUNT][REGION].secrets.get(name_or_arn)
        if found is None:
            return f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name_or_arn}", ""
        return found.arn, found.kms_key_id or "" if isinstance(found, FakeSecret) else ""

    def use_key(self, action: str, key_id: str, *, via: str = "") -> list[Need]:
        """As `use_key` of this module."""
        return use_key(action, key_id, via=via)


def use_key(action: str, key_id: str, *, via: str = "") -> list[Need]:
    """*action* of KMS on the key (id, ARN or alias), called by the service *via* on behalf of its caller.

    Nothing for no key, and for AWS's own, whose policies let everyone in the account use them through their
    service. Source: https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
    """
    alias = key_id.rpartition(":")[2]
    if not key_id or alias.startswith(_OF_AWS):
        return []
    backend = kms_backends[ACCOUNT][REGION]
    found = backend.keys.get(backend.any_id_to_key_id(key_id))
    if found is None:
        raise NotEmulatedError(f"a key that the account does not have: {key_id}")
    aliases = tuple(found.aliases)
    if any(one.startswith(_OF_AWS) for one in aliases):
        return []
    context = {"kms:CallerAccount": ACCOUNT, "kms:ResourceAliases": aliases}
    if alias.startswith("alias/"):
        context["kms:RequestAlias"] = alias
    if via:
        context["kms:ViaService"] = f"{via}.{REGION}.amazonaws.com"
    return [Need(f"kms:{action}", found.arn, context)]
