"""Where moto answers otherwise than AWS, and a stack of ours would see it: corrected on moto's own classes.

Each is held by the test that names it; a version of moto that has learned it makes the correction idle.
"""

from __future__ import annotations

import json
from typing import Any

from moto.ec2.models.security_groups import SecurityGroupRule
from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket

from local.iam import effects_of


def correct() -> None:
    """Put the corrections in force, for this process. Idempotent."""
    SecurityGroupRule.description = property(_description)  # type: ignore[method-assign]
    FakeBucket.get_permission = _bucket_permission  # type: ignore[method-assign]


def _description(rule: SecurityGroupRule) -> str | None:
    """moto forgets that of a rule whose other side is a security group."""
    return rule.ip_range.get("Description") or rule.source_group.get("Description")


def _bucket_permission(bucket: FakeBucket, action: str, resource: str) -> Any:
    """moto reads no conditions, so that "nobody without TLS" would be nobody at all.

    Requests count as having come over TLS: the endpoint stands for AWS's own.
    """
    if bucket.policy is None:
        return PermissionResult.NEUTRAL
    effects = effects_of(json.loads(bucket.policy), action, resource, {"aws:SecureTransport": "true"})
    if "Deny" in effects:
        return PermissionResult.DENIED
    return PermissionResult.PERMITTED if "Allow" in effects else PermissionResult.NEUTRAL
