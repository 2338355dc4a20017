"""Tags, on every resource that has an ARN."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localcloud.dms.resources import Resources, tags_of
from localcloud.in_process_transport import AwsError

Parameters = Mapping[str, Any]


class Tags:
    """The operations on tags. `Resources.new_arn` keeps those that a resource is created with."""

    def __init__(self, resources: Resources) -> None:
        self._of = resources

    def add(self, parameters: Parameters) -> dict[str, Any]:
        tags = self._tags(parameters["ResourceArn"])
        tags.update(tags_of(parameters["Tags"]))
        return {}

    def remove(self, parameters: Parameters) -> dict[str, Any]:
        """A key that is not there is passed over (assumed)."""
        tags = self._tags(parameters["ResourceArn"])
        for key in parameters["TagKeys"]:
            tags.pop(key, None)
        return {}

    def list(self, parameters: Parameters) -> dict[str, Any]:
        """Of one resource, or of several; only then does an answer say whose a tag is (BC:Tag.ResourceArn)."""
        if arns := parameters.get("ResourceArnList"):
            return {
                "TagList": [
                    {"Key": key, "Value": value, "ResourceArn": arn}
                    for arn in arns
                    for key, value in self._tags(arn).items()
                ]
            }
        tags = self._tags(parameters.get("ResourceArn", ""))
        return {"TagList": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def _tags(self, arn: str) -> dict[str, str]:
        if arn not in self._of.tags:
            raise AwsError("ResourceNotFoundFault", f"Resource {arn} not found")
        return self._of.tags[arn]
