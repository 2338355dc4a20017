"""The rules of names: what AWS takes as an identifier, and what it makes of it."""

from __future__ import annotations

import re

from localcloud.in_process_transport import AwsError

_PLAIN = re.compile(r"[A-Za-z](-?[A-Za-z0-9])*")
_SUBNET_GROUP = re.compile(r"[A-Za-z0-9._ -]+")


def identifier(member: str, text: str, *, most: int = 255) -> str:
    """*text* as AWS keeps it, in lower case. *member*: whose value it is.

    Source: the documentation of these members in the API reference (BC:CreateReplicationInstanceMessage,
    CreateEndpointMessage, CreateReplicationTaskMessage, ImportCertificateMessage); the code is assumed.
    """
    if not _PLAIN.fullmatch(text) or len(text) > most:
        raise refusal(
            f"The parameter {member} must begin with a letter, hold only letters, digits and hyphens, at most {most}, "
            f"and neither end with a hyphen nor hold two in a row: {text}"
        )
    return text.lower()


def subnet_group(text: str) -> str:
    """The name of a subnet group, in lower case. Source: BC:CreateReplicationSubnetGroupMessage."""
    if not _SUBNET_GROUP.fullmatch(text) or len(text) > 255 or text.lower() == "default":
        raise refusal(
            "The parameter ReplicationSubnetGroupIdentifier must hold only letters, digits, periods, underscores, "
            f"spaces and hyphens, at most 255, and not be `default`: {text}"
        )
    return text.lower()


def resource_identifier(text: str) -> str:
    """The last part of an ARN that the caller chose. Source: BC:CreateEndpointMessage.ResourceIdentifier."""
    if not _PLAIN.fullmatch(text) or len(text) > 31:
        raise refusal(
            "The parameter ResourceIdentifier must begin with a letter, hold only letters, digits and hyphens, at "
            f"most 31, and neither end with a hyphen nor hold two in a row: {text}"
        )
    return text


def refusal(why: str) -> AwsError:
    """The error for a value that may not be; DMS's documents name no code for it (the code is observed)."""
    return AwsError("InvalidParameterValueException", why)
