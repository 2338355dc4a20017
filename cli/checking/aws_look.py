"""What AWS says of buckets, roles, keys and secrets."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import unquote

from cli.checking.asking import AskedAccount, seen
from fleet.checks.account_facts import BucketFacts, KeyFacts, RoleFacts, SecretFacts, Seen, Trusted, Unseen
from fleet.failures import Failure
from lambdas.sources.secret import read_secret

_EVERY_BLOCK = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
_SECRETS_AT_ONCE = 8
# The secret is there, and gives nothing: it is to be deleted, or its key does not decrypt.
_NOT_GIVEN = ("InvalidRequestException", "DecryptionFailure")


def look_at_bucket(account: AskedAccount, name: str) -> Seen[BucketFacts | None]:
    """The bucket; None if there is none. One of another account is refused, as one without leave is."""
    place = account.find("s3", "get_bucket_location", ("NoSuchBucket", "404"), Bucket=name)
    if place is None or isinstance(place, Unseen):
        return place

    def find(operation: str, *absent: str) -> Seen[Mapping[str, Any]]:
        found = account.find("s3", operation, absent, Bucket=name)
        return {} if found is None else found

    return BucketFacts(
        region=place.get("LocationConstraint") or "us-east-1",  # the oldest Region has no name there
        is_private=seen(find("get_public_access_block", "NoSuchPublicAccessBlockConfiguration"), _is_blocked),
        key=seen(find("get_bucket_encryption", "ServerSideEncryptionConfigurationNotFoundError"), _read_key),
        is_tls_only=seen(find("get_bucket_policy", "NoSuchBucketPolicy"), _is_tls_only),
        keeps_versions=seen(find("get_bucket_versioning"), lambda answer: answer.get("Status") == "Enabled"),
        expires_days=seen(find("get_bucket_lifecycle_configuration", "NoSuchLifecycleConfiguration"), _read_expiration),
    )


def _is_blocked(answer: Mapping[str, Any]) -> bool:
    block = answer.get("PublicAccessBlockConfiguration", {})
    return all(block.get(name) for name in _EVERY_BLOCK)


def _read_key(answer: Mapping[str, Any]) -> str:
    for rule in answer.get("ServerSideEncryptionConfiguration", {}).get("Rules", ()):
        default = rule.get("ApplyServerSideEncryptionByDefault", {})
        if str(default.get("SSEAlgorithm", "")).startswith("aws:kms"):
            return default.get("KMSMasterKeyID", "")
    return ""


def _is_tls_only(answer: Mapping[str, Any]) -> bool:
    """Whether a statement denies everything to everybody who comes without TLS."""
    return any(
        one["Effect"] == "Deny"
        and one.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport") in ("false", ["false"])
        for one in _statements(answer.get("Policy", "{}"))
    )


def _read_expiration(answer: Mapping[str, Any]) -> int:
    """The shortest of the rules for all objects; 0 where none ever expires."""
    days = [
        one["Expiration"]["Days"]
        for one in answer.get("Rules", ())
        if one["Status"] == "Enabled" and one.get("Expiration", {}).get("Days")
    ]
    return min(days, default=0)


def look_at_role(account: AskedAccount, name: str, *, with_policies: bool = False) -> Seen[RoleFacts | None]:
    """The role; None if there is none. *with_policies*: with their names, for two requests more."""
    found = account.find("iam", "get_role", ("NoSuchEntity",), RoleName=name)
    if found is None or isinstance(found, Unseen):
        return found
    trusted = _read_trust(found["Role"])
    if not with_policies:
        return RoleFacts(trusted)
    attached = account.ask("iam", "list_attached_role_policies", RoleName=name)
    own = account.ask("iam", "list_role_policies", RoleName=name)
    for answer in (attached, own):
        if isinstance(answer, Unseen):
            return RoleFacts(trusted, answer)
    names = [one["PolicyName"] for one in seen(attached, lambda answer: answer["AttachedPolicies"])]
    return RoleFacts(trusted, (*names, *seen(own, lambda answer: answer["PolicyNames"])))


def look_at_roles_under(account: AskedAccount, path: str) -> Seen[Mapping[str, RoleFacts]]:
    """All roles under *path* by name, a thousand to a request."""
    found: dict[str, RoleFacts] = {}
    parameters: dict[str, Any] = {"PathPrefix": path, "MaxItems": 1000}
    while True:
        page = account.ask("iam", "list_roles", **parameters)
        if isinstance(page, Unseen):
            return page
        found |= {one["RoleName"]: RoleFacts(_read_trust(one)) for one in page["Roles"]}
        if not page.get("IsTruncated"):
            return found
        parameters["Marker"] = page["Marker"]


def _read_trust(role: Mapping[str, Any]) -> tuple[Trusted, ...]:
    """Who may assume the role, by its statements that allow it."""
    return tuple(
        Trusted(who, next(iter(_texts(one.get("Condition", {}).get("StringEquals", {}).get("sts:ExternalId"))), ""))
        for one in _statements(role["AssumeRolePolicyDocument"])
        if one["Effect"] == "Allow" and "sts:AssumeRole" in _texts(one.get("Action"))
        for who in _principals(one.get("Principal"))
    )


def _principals(principal: str | Mapping[str, Any] | None) -> Iterator[str]:
    if isinstance(principal, str):
        yield principal
    for who in (principal or {}).values() if isinstance(principal, Mapping) else ():
        yield from _texts(who)


def _texts(value: str | list[str] | None) -> list[str]:
    return [] if value is None else [value] if isinstance(value, str) else value


def _statements(document: str | Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Of a policy, which IAM writes as text that is escaped for a URL, and boto3 reads where it knows of it."""
    read = json.loads(unquote(document)) if isinstance(document, str) else document
    found = read.get("Statement", [])
    return [found] if isinstance(found, Mapping) else found


def look_at_key(account: AskedAccount, name: str) -> Seen[KeyFacts | None]:
    """The key of that id, ARN or alias; None if there is none."""
    found = account.find("kms", "describe_key", ("NotFoundException",), KeyId=name)
    if found is None or isinstance(found, Unseen):
        return found
    metadata = found["KeyMetadata"]
    return KeyFacts(metadata.get("KeyState", ""), metadata.get("KeyUsage", ""), metadata.get("KeySpec", ""))


def look_at_secrets(account: AskedAccount, names: Iterable[str]) -> dict[str, Seen[SecretFacts | None]]:
    """Of each secret what may be known without showing it."""
    wanted = list(names)
    with ThreadPoolExecutor(_SECRETS_AT_ONCE) as pool:
        return dict(zip(wanted, pool.map(lambda name: _look_at_secret(account, name), wanted), strict=True))


def _look_at_secret(account: AskedAccount, name: str) -> Seen[SecretFacts | None]:
    described = account.find("secretsmanager", "describe_secret", ("ResourceNotFoundException",), SecretId=name)
    if described is None:
        return None
    given = account.find("secretsmanager", "get_secret_value", _NOT_GIVEN, SecretId=name)
    complaint: Seen[str]
    if isinstance(given, Unseen):
        complaint = given
    elif given is None:
        complaint = f"secret {name!r} gives nothing: it is to be deleted, or its key does not decrypt"
    else:
        members = read_secret(name, given)
        complaint = members.text if isinstance(members, Failure) else ""
    return SecretFacts(complaint, seen(described, _read_secret_key))


def _read_secret_key(described: Mapping[str, Any]) -> str:
    key = described.get("KmsKeyId") or ""
    return "" if key.endswith("alias/aws/secretsmanager") else key
