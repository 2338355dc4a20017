"""What a call needs of its caller's role: an action of IAM's, on a resource, under condition keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from localcloud.authorization.iam import Context

Parameters = Mapping[str, Any]


@dataclass(frozen=True)
class Need:
    """*action*: as "s3:GetObject". *resource*: an ARN, or "*" for an action that knows no resource. *context*: the
    condition keys that the service passes to IAM; a condition on any other key meets a request without it."""

    action: str
    resource: str
    context: Context = field(default_factory=dict)
