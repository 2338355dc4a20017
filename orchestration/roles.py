"""Who may assume which role, and what it may then do: documents for stack and local cloud alike.

What a function may do is in `function_roles.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fleet.databases import Server, Settings
from fleet.names import data_key_alias, execution_arn, function_arn, machine_arn
from orchestration.functions import DATABASE_RUN, FLEET_RUN

Policy = dict[str, Any]
Statement = dict[str, Any]

WILDCARDS: Mapping[str, str] = {
    "DeliversLogs": "CloudWatch Logs' delivery of vended logs knows no resource: "
    "https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html",
    "Traces": "X-Ray's writes know no resource: https://docs.aws.amazon.com/xray/latest/devguide/security_iam_service-with-iam.html",
    "LooksAtDms": "DMS's Describe calls for tasks, endpoints and connections know no resource: "
    "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsdatabasemigrationservice.html",
    "StandsInTheNetwork": "EC2 knows no resource for DescribeNetworkInterfaces, and what Lambda makes has no name "
    "beforehand: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html",
}
"""Why a statement has the resource `*`, by the end of its Sid. No other statement may have it: a test looks."""


def policy(*statements: Statement) -> Policy:
    """A policy document of *statements*."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(sid: str, actions: str | Sequence[str], resource: str | Sequence[str], **condition: Any) -> Statement:
    """A statement that allows *actions* on *resource*; conditions by operator, as StringEquals={...}."""
    plain = actions if isinstance(actions, str) else list(actions)
    where = resource if isinstance(resource, str) else list(resource)
    statement = {"Sid": sid, "Effect": "Allow", "Action": plain, "Resource": where}
    return {**statement, "Condition": condition} if condition else statement


def trust_service(service: str, account: str = "", source_arn: str = "") -> Policy:
    """Only AWS's *service* may assume the role; only for *account*, only for *source_arn*, where they are given.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
    """
    statement: Statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    condition: dict[str, Any] = {}
    if account:
        condition["StringEquals"] = {"aws:SourceAccount": account}
    if source_arn:
        condition["ArnLike"] = {"aws:SourceArn": source_arn}
    return policy({**statement, "Condition": condition} if condition else statement)


def trust_snowflake(user_arn: str, external_id: str) -> Policy:
    """Only Snowflake's IAM user may, and only for our integration."""
    return policy(
        {
            "Effect": "Allow",
            "Principal": {"AWS": user_arn},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"sts:ExternalId": external_id}},
        }
    )


def use_data_key(sid: str, settings: Settings, actions: Sequence[str], services: Sequence[str] = ()) -> Statement:
    """The key of everything at rest, through *services* alone if there are any. Named by its alias: its id is known
    only in AWS.

    Source: https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html
    """
    via = {"kms:ViaService": [f"{service}.{settings.region}.amazonaws.com" for service in services]}
    return allow(
        sid,
        actions,
        f"arn:aws:kms:{settings.region}:{settings.account}:key/*",
        **({"StringEquals": via} if services else {}),
        **{"ForAnyValue:StringEquals": {"kms:ResourceAliases": data_key_alias(settings.prefix)}},
    )


def write_one_prefix(settings: Settings, database: str) -> Policy:
    """What an endpoint's role may: objects of its own database's prefix. A wrong folder is refused by IAM.

    All that AWS documents for such a role and no more. DMS may use the key by itself, so that the key's statements are
    not for calls through S3 alone. Source: https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Target.S3.html:
    "Prerequisites", "Security" and "Creating AWS KMS keys to encrypt Amazon S3 target objects" (documented).
    """
    bucket = f"arn:aws:s3:::{settings.landing_bucket}"
    objects = ["s3:PutObject", "s3:DeleteObject", "s3:PutObjectTagging", "s3:PutObjectAcl"]
    # The page has kms:ReEncrypt* and kms:GenerateDataKey*: here are the actions that these stand for.
    key = ["Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext"]
    key += ["GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext", "DescribeKey"]
    grants = use_data_key("GrantForAws", settings, ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"])
    for_aws = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    return policy(
        allow("WriteOwnPrefix", objects, f"{bucket}/{database}/*"),
        allow("ListForConnectionTest", "s3:ListBucket", bucket),
        use_data_key("EncryptOwnPrefix", settings, [f"kms:{one}" for one in key]),
        {**grants, "Condition": {**grants["Condition"], **for_aws}},
    )


def read_landing(settings: Settings) -> Policy:
    """What Snowflake's role may: read the landing bucket, and nothing more."""
    bucket = f"arn:aws:s3:::{settings.landing_bucket}"
    return policy(
        allow("ReadLanding", ["s3:GetObject", "s3:GetObjectVersion"], f"{bucket}/*"),
        allow("ListLanding", ["s3:ListBucket", "s3:GetBucketLocation"], bucket),
        use_data_key("DecryptLanding", settings, ["kms:Decrypt"], ["s3"]),
    )


def read_secrets(settings: Settings, secret_arns: list[str], servers: Iterable[Server]) -> Policy:
    """What DMS's secrets role may: read the secrets of *servers*."""
    return policy(
        allow("ReadSourceSecrets", ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"], secret_arns),
        *decrypt_secrets("DecryptSourceSecrets", settings, servers),
    )


def decrypt_secrets(sid: str, settings: Settings, servers: Iterable[Server]) -> list[Statement]:
    """The customers' keys that secrets of *servers* stand under, through Secrets Manager alone; nothing without one.

    Source: https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
    """
    keys = sorted({server.secret_key for server in servers if server.secret_key})
    via = {"kms:ViaService": f"secretsmanager.{settings.region}.amazonaws.com"}
    return [allow(sid, "kms:Decrypt", keys, StringEquals=via)] if keys else []


def run_databases(settings: Settings) -> Policy:
    """What the machine `database-run` may: call its functions."""
    return policy(_invoke(settings, DATABASE_RUN), *_observe())


def run_fleet(settings: Settings) -> Policy:
    """What the machine `fleet-run` may: call its functions, and run executions of `database-run` to their end.

    Step Functions hears of their end by a rule that it manages itself; without leave for that rule the machine cannot
    be made. Source: https://docs.aws.amazon.com/step-functions/latest/dg/stepfunctions-iam.html
    """
    place = settings.account, settings.region, settings.prefix
    rule = "StepFunctionsGetEventsForStepFunctionsExecutionRule"
    return policy(
        _invoke(settings, FLEET_RUN),
        allow("RunDatabaseStartsChildren", "states:StartExecution", machine_arn(*place, "database-run")),
        allow(
            "RunDatabaseFollowsChildren",
            ["states:DescribeExecution", "states:StopExecution"],
            execution_arn(*place, "database-run", "*"),
        ),
        allow(
            "RunDatabaseHearsOfTheEnd",
            ["events:PutTargets", "events:PutRule", "events:DescribeRule"],
            f"arn:aws:events:{settings.region}:{settings.account}:rule/{rule}",
        ),
        *_observe(),
    )


def _invoke(settings: Settings, names: Sequence[str]) -> Statement:
    arns = [function_arn(settings.account, settings.region, settings.prefix, name) for name in names]
    return allow("InvokesItsStates", "lambda:InvokeFunction", arns)


def _observe() -> tuple[Statement, Statement]:
    """Logging and tracing of a machine. Source: https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html"""
    deliver = ["CreateLogDelivery", "GetLogDelivery", "UpdateLogDelivery", "DeleteLogDelivery", "ListLogDeliveries"]
    deliver += ["PutResourcePolicy", "DescribeResourcePolicies", "DescribeLogGroups"]
    trace = ["PutTraceSegments", "PutTelemetryRecords", "GetSamplingRules", "GetSamplingTargets"]
    return (
        allow("DeliversLogs", [f"logs:{one}" for one in deliver], "*"),
        allow("Traces", [f"xray:{one}" for one in trace], "*"),
    )


def keep_schedules(settings: Settings, queue_arns: Sequence[str]) -> Policy:
    """What EventBridge Scheduler may: start nights, call the sweep, and lay aside what it could not deliver."""
    place = settings.account, settings.region, settings.prefix
    return policy(
        allow("StartsNights", "states:StartExecution", machine_arn(*place, "fleet-run")),
        allow("CallsTheSweep", "lambda:InvokeFunction", function_arn(*place, "Sweep")),
        allow("LaysAside", "sqs:SendMessage", queue_arns),
    )
