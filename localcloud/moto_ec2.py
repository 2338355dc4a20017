"""moto's EC2, imported at the first request to it: the instance types and offers of every Region take 0.4 s to read."""

from __future__ import annotations

from functools import partial

import localcloud.moto_import  # noqa: F401

import boto3

from localcloud.aws import own_session

# moto asks a session for all Regions while it is imported, and a profile of the user's may be nowhere.
_session = boto3.Session
boto3.Session = partial(boto3.Session, botocore_session=own_session())  # type: ignore[assignment]
try:
    from moto.ec2.models.security_groups import SecurityGroupRule
finally:
    boto3.Session = _session


def _description(rule: SecurityGroupRule) -> str | None:
    """moto forgets that of a rule whose other side is a security group."""
    return rule.ip_range.get("Description") or rule.source_group.get("Description")


SecurityGroupRule.description = property(_description)  # type: ignore[method-assign]
