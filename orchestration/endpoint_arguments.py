"""What DMS's API calls a member, as Terraform's provider calls it: stack and local cloud make endpoints of one text.

Source: the provider's documentation of `aws_dms_endpoint` and `aws_dms_s3_endpoint` (5.100 and 6.x).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from orchestration.literals import literal


def snake_case(member: str) -> str:
    """The provider's name of an API's member.

    >>> snake_case("UseTaskStartTimeForFullLoadTimestamp"), snake_case("BucketName")
    ('use_task_start_time_for_full_load_timestamp', 'bucket_name')
    """
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", member).lower()


def target_arguments(s3_settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """The arguments of `aws_dms_s3_endpoint` that say what *s3_settings* says.

    >>> target_arguments({"BucketName": "b", "CompressionType": "GZIP", "CdcInsertsOnly": False})
    {'bucket_name': 'b', 'compression_type': 'GZIP', 'cdc_inserts_only': False}
    """
    return {snake_case(member): value for member, value in s3_settings.items()}


def source_arguments(members: Mapping[str, Any], secret_arn: str) -> Mapping[str, Any]:
    """The arguments of `aws_dms_endpoint` that say what *members* of a source endpoint say.

    The provider puts role and secret into the settings of the engine by itself. *secret_arn*: it takes no names.

    >>> members = {"EngineName": "mariadb", "MySQLSettings": {"SecretsManagerAccessRoleArn": "role"}}
    >>> source_arguments(members, "secret")["secrets_manager_access_role_arn"]
    'role'
    """
    settings = next(value for value in members.values() if isinstance(value, Mapping))
    plain = {snake_case(member): literal(value) for member, value in members.items() if isinstance(value, str)}
    return {
        **plain,
        "secrets_manager_arn": secret_arn,
        "secrets_manager_access_role_arn": settings["SecretsManagerAccessRoleArn"],
    }
