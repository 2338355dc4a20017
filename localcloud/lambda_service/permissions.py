"""Who else may call a function: its resource policy.

Source: https://docs.aws.amazon.com/lambda/latest/dg/permissions-function-services.html (documented)
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from localcloud.in_process_transport import AwsError, NotEmulatedError
from localcloud.lambda_service.functions import Function

_KNOWN = frozenset({"FunctionName", "StatementId", "Action", "Principal", "SourceArn", "SourceAccount", "RevisionId"})


def add(function: Function, parameters: Mapping[str, Any]) -> str:
    """Take the statement that *parameters* ask for; its JSON."""
    for name in parameters:
        if name not in _KNOWN:
            raise NotEmulatedError(f"the parameter {name} of AddPermission")
    principal, sid = parameters["Principal"], parameters["StatementId"]
    if sid in function.statements:
        raise AwsError(
            "ResourceConflictException",
            f"The statement id ({sid}) provided already exists. Please provide a new statement id, or remove the "
            "existing statement.",
            409,
        )
    is_service = principal.endswith(".amazonaws.com")
    statement: dict[str, Any] = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service" if is_service else "AWS": principal},
        "Action": parameters["Action"],
        "Resource": function.arn,
    }
    condition: dict[str, Any] = {}
    if "SourceAccount" in parameters:
        condition["StringEquals"] = {"AWS:SourceAccount": parameters["SourceAccount"]}
    if "SourceArn" in parameters:
        condition["ArnLike"] = {"AWS:SourceArn": parameters["SourceArn"]}
    if condition:
        statement["Condition"] = condition
    function.statements[sid] = statement
    return _text(statement)


def policy(function: Function) -> str:
    """The function's policy; raises AWS's refusal if it has none."""
    if not function.statements:
        raise AwsError("ResourceNotFoundException", "The resource you requested does not exist.", 404)
    statements = list(function.statements.values())
    return _text({"Version": "2012-10-17", "Id": "default", "Statement": statements})


def remove(function: Function, sid: str) -> None:
    """Take the statement *sid* away."""
    if function.statements.pop(sid, None) is None:
        raise AwsError("ResourceNotFoundException", f"Statement {sid} is not found in resource policy.", 404)


def _text(document: Any) -> str:
    return json.dumps(document, separators=(",", ":"))


def allows(function: Function, service: str, source_arn: str) -> bool:
    """Whether a statement lets *service* call *function* for *source_arn*."""
    account = source_arn.split(":")[4]
    for statement in function.statements.values():
        condition = statement.get("Condition", {})
        wanted = condition.get("ArnLike", {}).get("AWS:SourceArn", "*")
        if (
            statement["Principal"].get("Service") == service
            and statement["Action"] in {"lambda:InvokeFunction", "lambda:*"}
            and fnmatchcase(source_arn, wanted)
            and condition.get("StringEquals", {}).get("AWS:SourceAccount", account) == account
        ):
            return True
    return False
