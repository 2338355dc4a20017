"""Roles as IAM judges them: who may assume one, and what it may then do. moto's IAM is the store, the verdict is ours.

moto's own evaluator takes no conditions on actions and reads `?` and `.` in an ARN as a regular expression, so a wrong
folder could pass. What is judged here: trust policies, inline and attached identity policies, and the conditions in
`_OPERATORS`. What is not (boundaries, policy variables, other conditions) is refused, because passing over it would
allow what AWS denies. Policies of resources are not asked here. Sources:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal

from botocore.exceptions import ClientError

from localcloud.aws import LocalAws
from localcloud.in_process_transport import AwsError, NotEmulatedError

Statement = Mapping[str, Any]
Context = Mapping[str, str | Sequence[str]]
"""A request's condition keys, as {"s3:prefix": "a/b"}; one that has several values, as a sequence."""


class AccessDeniedError(AwsError):
    """IAM or STS says no: who wanted to do what, to which resource."""

    def __init__(self, message: str) -> None:
        super().__init__("AccessDenied", message, 403)


class Role:
    """A role that was assumed. Its policies are read once: a change is seen by the next `assume`, not by this one."""

    def __init__(self, arn: str, statements: Sequence[Statement], *, session: str = "local") -> None:
        self.arn = arn
        self._statements = statements
        self._user = f"arn:aws:sts::{arn.split(':')[4]}:assumed-role/{arn.rpartition('/')[2]}/{session}"

    def require(self, action: str, resource_arn: str, context: Context | None = None) -> None:
        """Raise AccessDeniedError unless the role's policies allow *action* (as "s3:PutObject") on *resource_arn*,
        which is "*" for an action that knows no resource.
        """
        effects = _effects(self._statements, action, resource_arn, context or {})
        if effects == {"Allow"}:
            return
        why = "with an explicit deny in" if "Deny" in effects else "because no"
        end = "an identity-based policy" if "Deny" in effects else f"identity-based policy allows the {action} action"
        where = f'"{resource_arn}"' if action.startswith("s3:") else resource_arn  # S3 alone writes it in quotes
        raise AccessDeniedError(
            f"User: {self._user} is not authorized to perform: {action} on resource: {where} {why} {end}"
        )


class Roles:
    """The account's roles as they bind at each request: by their policies as these were last written."""

    def __init__(self, aws: LocalAws) -> None:
        self._aws = aws

    def find(self, arn: str, session: str) -> Role | None:
        """The role *arn*, as one that was assumed under the name *session*; None if the account has none such."""
        role = _find(self._aws, arn)
        return None if role is None else Role(arn, _policies(self._aws, role), session=session)


def assume(
    aws: LocalAws,
    role_arn: str,
    *,
    principal: str,
    external_id: str | None = None,
    context: Context | None = None,
) -> Role:
    """The role *role_arn*, assumed by *principal*: a service ("dms.amazonaws.com") or the ARN of a user or role.

    *context*: further condition keys of the request, as {"aws:SourceAccount": "123456789012"}. Raises AccessDeniedError
    in STS's words when the role does not exist or does not trust *principal* under these conditions.
    """
    refusal = AccessDeniedError(
        f"User: {principal} is not authorized to perform: sts:AssumeRole on resource: {role_arn}"
    )
    role = _find(aws, role_arn)
    if role is None:
        raise refusal
    keys = dict(context or {})
    if external_id is not None:
        keys["sts:ExternalId"] = external_id
    effects = {
        statement["Effect"]
        for statement in _statements(role["AssumeRolePolicyDocument"])
        if _matches_any("sts:AssumeRole", statement.get("Action", ()), is_case_sensitive=False)
        and _trusts(statement.get("Principal", {}), principal)
        and _holds(statement.get("Condition", {}), keys)
    }
    if effects != {"Allow"}:
        raise refusal
    return Role(role_arn, _policies(aws, role))


def effects_of(
    document: Mapping[str, Any], action: str, resource_arn: str, context: Context
) -> set[Literal["Allow", "Deny"]]:
    """What the statements of *document* that concern a request say to it. Principals are not read."""
    return _effects(_statements(document), action, resource_arn, context)


def _effects(statements: Iterable[Statement], action: str, resource_arn: str, context: Context) -> set[Any]:
    return {
        statement["Effect"]
        for statement in statements
        if _concerns(statement, action, resource_arn) and _holds(statement.get("Condition", {}), context)
    }


def _find(aws: LocalAws, role_arn: str) -> Mapping[str, Any] | None:
    """The role of exactly that ARN, path included."""
    known = aws.read_of_iam
    if role_arn not in known:
        known[role_arn] = _read_role(aws.client("iam"), role_arn)
    role = known[role_arn]
    if role is not None and "PermissionsBoundary" in role:
        raise NotEmulatedError(f"the permissions boundary of {role_arn}")
    return role


def _read_role(iam: Any, role_arn: str) -> Mapping[str, Any] | None:
    try:
        role = iam.get_role(RoleName=role_arn.rpartition("/")[2])["Role"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchEntity":
            return None
        raise
    return role if role["Arn"] == role_arn else None


def _policies(aws: LocalAws, role: Mapping[str, Any]) -> Sequence[Statement]:
    known, key = aws.read_of_iam, f"policies of {role['Arn']}"
    if key not in known:
        known[key] = _read_policies(aws.client("iam"), role["RoleName"])
    return known[key]


def _read_policies(iam: Any, name: str) -> list[Statement]:
    documents = [
        iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
        for page in iam.get_paginator("list_role_policies").paginate(RoleName=name)
        for policy in page["PolicyNames"]
    ]
    for page in iam.get_paginator("list_attached_role_policies").paginate(RoleName=name):
        for attached in page["AttachedPolicies"]:
            arn = attached["PolicyArn"]
            version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
            documents.append(iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"])
    return [statement for document in documents for statement in _statements(document)]


def _statements(document: str | Mapping[str, Any]) -> list[Statement]:
    parsed = json.loads(document) if isinstance(document, str) else document
    if "${" in json.dumps(parsed):
        raise NotEmulatedError("a policy variable (${...}) in a policy")
    statements = parsed["Statement"]
    return statements if isinstance(statements, list) else [statements]


def _trusts(trusted: str | Mapping[str, Any], principal: str) -> bool:
    if trusted == "*":
        return True
    if isinstance(trusted, str):
        return False
    if not principal.startswith("arn:"):
        return principal in _list(trusted.get("Service", ()))
    account = principal.split(":")[4]
    return any(
        arn in {"*", principal, account, f"arn:aws:iam::{account}:root"} for arn in _list(trusted.get("AWS", ()))
    )


def _concerns(statement: Statement, action: str, resource_arn: str) -> bool:
    if "NotAction" in statement:
        is_action = not _matches_any(action, statement["NotAction"], is_case_sensitive=False)
    else:
        is_action = _matches_any(action, statement.get("Action", ()), is_case_sensitive=False)
    if "NotResource" in statement:
        return is_action and not _matches_any(resource_arn, statement["NotResource"], is_case_sensitive=True)
    return is_action and _matches_any(resource_arn, statement.get("Resource", ()), is_case_sensitive=True)


def _holds(conditions: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    """Whether every condition holds."""
    present = {key.lower(): value for key, value in context.items()}
    for operator, tests in conditions.items():
        quantifier, _, rest = operator.rpartition(":")
        name = rest.removesuffix("IfExists")
        if name not in _OPERATORS or quantifier not in _MISSING:
            raise NotEmulatedError(f"the condition operator {operator} in a policy")
        compare, is_negated = _OPERATORS[name]
        for key, wanted in tests.items():
            value = present.get(key.lower())
            if value is None:
                if not (_MISSING[quantifier](is_negated) or rest != name):
                    return False
                continue
            met = [any(compare(one, str(want)) for want in _list(wanted)) is not is_negated for one in _list(value)]
            if not (all(met) if quantifier == "ForAllValues" else any(met)):
                return False
    return True


def _list(value: str | Iterable[str]) -> Iterable[str]:
    return [value] if isinstance(value, str | bool) else value


def _matches_any(value: str, patterns: str | Iterable[str], *, is_case_sensitive: bool) -> bool:
    return any(_pattern(one, is_case_sensitive).fullmatch(value) for one in _list(patterns))


def _like(value: str, pattern: str) -> bool:
    return _matches_any(value, pattern, is_case_sensitive=True)


@lru_cache(maxsize=4_096)
def _pattern(text: str, is_case_sensitive: bool) -> re.Pattern[str]:
    flags = re.DOTALL if is_case_sensitive else re.DOTALL | re.IGNORECASE
    return re.compile(re.escape(text).replace(r"\*", ".*").replace(r"\?", "."), flags)


# Whether a condition holds where the request lacks its key, by what comes before the operator.
_MISSING: Mapping[str, Callable[[bool], bool]] = {
    "": lambda is_negated: is_negated,
    "ForAnyValue": lambda _: False,
    "ForAllValues": lambda _: True,
}
_OPERATORS: Mapping[str, tuple[Callable[[str, str], bool], bool]] = {
    "StringEquals": (str.__eq__, False),
    "StringNotEquals": (str.__eq__, True),
    "StringLike": (_like, False),
    "StringNotLike": (_like, True),
    "ArnEquals": (_like, False),  # AWS: ArnEquals and ArnLike behave identically
    "ArnLike": (_like, False),
    "ArnNotLike": (_like, True),
    "Bool": (lambda value, wanted: value.lower() == wanted.lower(), False),
}
