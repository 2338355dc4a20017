"""What each function may do, statement by statement, named after the function that needs it.

A statement is here because the function's code makes the call: nothing is granted to all but its own log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from fleet.databases import Server, Settings
from fleet.names import (
    ENDPOINT_ROLE_PATH,
    FLEET_TAG,
    MARK_TABLE,
    control_bucket,
    execution_arn,
    function_arn,
    function_name,
    ledger_table,
    machine_arn,
    notification_topic_arn,
    task_log_group,
)
from orchestration.roles import Policy, Statement, allow, decrypt_secrets, policy, use_data_key

Need = Callable[[Settings, str], list[Statement]]


def function_role_name(prefix: str, name: str) -> str:
    """The name of *name*'s role, which no other function has."""
    return function_name(prefix, name)


def may(settings: Settings, name: str, secret_arns: list[str], servers: Iterable[Server]) -> Policy:
    """What the function *name* may do. *secret_arns*: of the secrets of *servers*, which AskSource alone may read."""
    group = f"/aws/lambda/{function_name(settings.prefix, name)}"
    arn = f"arn:aws:logs:{settings.region}:{settings.account}:log-group:{group}:*"
    statements = [allow(f"{name}WritesItsLog", ["logs:CreateLogStream", "logs:PutLogEvents"], arn)]
    for need in _NEEDS[name]:
        statements += need(settings, name)
    if name == "AskSource":
        statements.append(allow("AskSourceReadsSecrets", "secretsmanager:GetSecretValue", secret_arns))
        statements += decrypt_secrets("AskSourceDecryptsSecrets", settings, servers)
    return policy(*statements)


def _control(settings: Settings) -> str:
    return f"arn:aws:s3:::{control_bucket(settings.prefix, settings.account)}"


def _reads_records(settings: Settings, name: str) -> list[Statement]:
    """Without leave to list, S3 answers for an object that is not there with "denied", and nothing could be optional.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html (documented).
    """
    bucket = _control(settings)
    return [
        allow(
            f"{name}ReadsRecords", "s3:GetObject", [f"{bucket}/{key}/*" for key in ("registry", "runs", "databases")]
        ),
        allow(f"{name}FindsRecords", "s3:ListBucket", bucket),
    ]


def _uses_key(settings: Settings, name: str, *, calls: tuple[str, ...], services: tuple[str, ...]) -> list[Statement]:
    return [use_data_key(f"{name}UsesTheKey", settings, [f"kms:{call}" for call in calls], services)]


_reads_encrypted: Need = partial(_uses_key, calls=("Decrypt",), services=("s3", "dynamodb"))
_encrypts: Need = partial(_uses_key, calls=("Decrypt", "GenerateDataKey"), services=("s3", "dynamodb"))
_encrypts_messages: Need = partial(_uses_key, calls=("Decrypt", "GenerateDataKey"), services=("s3", "dynamodb", "sns"))
_reads_encrypted_ledger: Need = partial(_uses_key, calls=("Decrypt",), services=("dynamodb",))


def _writes_records(settings: Settings, name: str, *, folder: str = "runs") -> list[Statement]:
    return [allow(f"{name}Writes{folder.title()}", "s3:PutObject", f"{_control(settings)}/{folder}/*")]


def _ledger(settings: Settings, name: str, *, verb: str, calls: tuple[str, ...]) -> list[Statement]:
    table = f"arn:aws:dynamodb:{settings.region}:{settings.account}:table/{ledger_table(settings.prefix)}"
    return [allow(f"{name}{verb}TheLedger", [f"dynamodb:{call}" for call in calls], table)]


_reads_ledger: Need = partial(_ledger, verb="Reads", calls=("GetItem",))
_lists_ledger: Need = partial(_ledger, verb="Lists", calls=("Query",))
_notes: Need = partial(_ledger, verb="WritesTo", calls=("UpdateItem",))
_records: Need = partial(_ledger, verb="WritesTo", calls=("PutItem",))
_puts: Need = partial(_ledger, verb="WritesTo", calls=("PutItem", "UpdateItem"))
_claims: Need = partial(_ledger, verb="WritesTo", calls=("PutItem", "UpdateItem", "ConditionCheckItem"))
_reads_measures: Need = partial(_ledger, verb="Measures", calls=("BatchGetItem",))
_keeps_states: Need = partial(_ledger, verb="KeepsStatesIn", calls=("BatchWriteItem",))


def _looks_at_dms(settings: Settings, name: str, *, at: tuple[str, ...]) -> list[Statement]:
    del settings
    return [allow(f"{name}LooksAtDms", [f"dms:Describe{one}" for one in at], "*")]


_sees_tasks: Need = partial(_looks_at_dms, at=("ReplicationTasks",))
_sees_tasks_and_endpoints: Need = partial(_looks_at_dms, at=("ReplicationTasks", "Endpoints"))
_sees_connections: Need = partial(_looks_at_dms, at=("Connections",))
_sees_tasks_and_connections: Need = partial(_looks_at_dms, at=("ReplicationTasks", "Connections"))


def _dms(settings: Settings, name: str, *, verb: str, call: str, kinds: tuple[str, ...]) -> list[Statement]:
    """A call on resources of the fleet, and of nobody else: they carry its tag."""
    return [
        allow(
            f"{name}{verb}",
            f"dms:{call}",
            [f"arn:aws:dms:{settings.region}:{settings.account}:{kind}:*" for kind in kinds],
            StringEquals={f"aws:ResourceTag/{FLEET_TAG}": settings.prefix},
        )
    ]


_counts: Need = partial(_dms, verb="CountsTables", call="DescribeTableStatistics", kinds=("task",))
_modifies_task: Need = partial(_dms, verb="ModifiesTasks", call="ModifyReplicationTask", kinds=("task",))
_modifies_endpoint: Need = partial(_dms, verb="ModifiesEndpoints", call="ModifyEndpoint", kinds=("endpoint",))
_tests: Need = partial(_dms, verb="TestsConnections", call="TestConnection", kinds=("endpoint", "rep"))
_starts: Need = partial(_dms, verb="StartsTasks", call="StartReplicationTask", kinds=("task",))
_stops: Need = partial(_dms, verb="StopsTasks", call="StopReplicationTask", kinds=("task",))


def _remakes_tasks(settings: Settings, name: str) -> list[Statement]:
    """A task is made with the fleet's tag, between what carries it.

    Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsdatabasemigrationservice.html
    (documented).
    """
    place = f"arn:aws:dms:{settings.region}:{settings.account}"
    return [
        *_dms(settings, name, verb="DeletesTasks", call="DeleteReplicationTask", kinds=("task",)),
        *_dms(settings, name, verb="MakesTasksBetween", call="CreateReplicationTask", kinds=("endpoint", "rep")),
        allow(
            f"{name}MakesTasks",
            ["dms:CreateReplicationTask", "dms:AddTagsToResource"],
            f"{place}:task:*",
            StringEquals={f"aws:RequestTag/{FLEET_TAG}": settings.prefix},
        ),
    ]


def _passes_roles(settings: Settings, name: str) -> list[Statement]:
    return [
        allow(
            f"{name}PassesEndpointRoles",
            "iam:PassRole",
            f"arn:aws:iam::{settings.account}:role{ENDPOINT_ROLE_PATH}*",
            StringEquals={"iam:PassedToService": "dms.amazonaws.com"},
        )
    ]


def _asks_sources(settings: Settings, name: str) -> list[Statement]:
    arn = function_arn(settings.account, settings.region, settings.prefix, "AskSource")
    return [allow(f"{name}AsksSources", "lambda:InvokeFunction", arn)]


def _reads_task_logs(settings: Settings, name: str) -> list[Statement]:
    """The star takes in every instance, and what IAM puts behind a group's name."""
    groups = f"arn:aws:logs:{settings.region}:{settings.account}:log-group:{task_log_group(settings.prefix, '*')}"
    return [allow(f"{name}ReadsTaskLogs", "logs:FilterLogEvents", groups)]


def _lists_landing(settings: Settings, name: str) -> list[Statement]:
    return [allow(f"{name}ListsTheLanding", "s3:ListBucket", f"arn:aws:s3:::{settings.landing_bucket}")]


def _reads_manifests(settings: Settings, name: str) -> list[Statement]:
    manifests = f"arn:aws:s3:::{settings.landing_bucket}/*/_manifest.json"
    return [*_lists_landing(settings, name), allow(f"{name}ReadsManifests", "s3:GetObject", manifests)]


def _reads_marks(settings: Settings, name: str) -> list[Statement]:
    """Of a delta that ends at its mark, what has landed of the marks' table."""
    marks = f"arn:aws:s3:::{settings.landing_bucket}/*/{MARK_TABLE}/*"
    return [*_lists_landing(settings, name), allow(f"{name}ReadsMarks", "s3:GetObject", marks)]


def _reads_landing(settings: Settings, name: str) -> list[Statement]:
    """Of files of changes the footers are read."""
    landing = f"arn:aws:s3:::{settings.landing_bucket}"
    return [*_lists_landing(settings, name), allow(f"{name}ReadsTheLanding", "s3:GetObject", f"{landing}/*")]


def _seals(settings: Settings, name: str) -> list[Statement]:
    manifests = f"arn:aws:s3:::{settings.landing_bucket}/*/_manifest.json"
    return [allow(f"{name}Seals", "s3:PutObject", manifests)]


def _signs(settings: Settings, name: str) -> list[Statement]:
    """The key of the Snowflake user, by its alias where it is named by one."""
    key, keys = settings.snowflake.key_id, f"arn:aws:kms:{settings.region}:{settings.account}:key/"
    calls = ["kms:Sign", "kms:GetPublicKey"]
    if key.startswith("alias/"):
        named = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": key}}
        return [allow(f"{name}SignsInToSnowflake", calls, f"{keys}*", **named)]
    return [allow(f"{name}SignsInToSnowflake", calls, key if key.startswith("arn:") else f"{keys}{key}")]


def _executions(settings: Settings, name: str, *, verb: str, call: str, machines: tuple[str, ...]) -> list[Statement]:
    place = settings.account, settings.region, settings.prefix
    if call == "ListExecutions":
        return [allow(f"{name}{verb}", "states:ListExecutions", [machine_arn(*place, one) for one in machines])]
    return [allow(f"{name}{verb}", f"states:{call}", [execution_arn(*place, one, "*") for one in machines])]


_BOTH = ("fleet-run", "database-run")
_asks_holders: Need = partial(_executions, verb="AsksHolders", call="DescribeExecution", machines=("database-run",))
_asks_executions: Need = partial(_executions, verb="AsksExecutions", call="DescribeExecution", machines=_BOTH)
_reads_histories: Need = partial(
    _executions, verb="ReadsHistories", call="GetExecutionHistory", machines=("database-run",)
)
_asks_runs: Need = partial(_executions, verb="AsksRuns", call="DescribeExecution", machines=("fleet-run",))
_lists_children: Need = partial(_executions, verb="ListsChildren", call="ListExecutions", machines=("database-run",))
_lists_runs: Need = partial(_executions, verb="ListsRuns", call="ListExecutions", machines=_BOTH)
_stops_children: Need = partial(_executions, verb="StopsChildren", call="StopExecution", machines=("database-run",))


def _notifies(settings: Settings, name: str) -> list[Statement]:
    arn = notification_topic_arn(settings.account, settings.region, settings.prefix)
    return [allow(f"{name}Notifies", "sns:Publish", arn)]


def _joins_the_network(settings: Settings, name: str) -> list[Statement]:
    del settings
    calls = ["CreateNetworkInterface", "DescribeNetworkInterfaces", "DeleteNetworkInterface"]
    calls += ["DescribeSubnets", "AssignPrivateIpAddresses", "UnassignPrivateIpAddresses"]
    return [allow(f"{name}StandsInTheNetwork", [f"ec2:{call}" for call in calls], "*")]


_RECORDS = (_reads_records, _reads_ledger)
_ATTEMPT = (*_RECORDS, _reads_encrypted)
_WRITES = (*_RECORDS, _encrypts, _writes_records)
_CLOSES = (
    *_RECORDS,
    _encrypts_messages,
    _writes_records,
    _lists_ledger,
    _puts,
    _notifies,
    _asks_executions,
    _reads_histories,
)
_NEEDS: Mapping[str, tuple[Need, ...]] = {
    "PlanRun": (
        *_WRITES,
        partial(_writes_records, folder="registry"),
        _lists_ledger,
        _puts,
        _reads_measures,
        _asks_runs,
        _sees_tasks,
    ),
    "CloseRun": _CLOSES,
    "ClaimDatabase": (*_ATTEMPT, _claims, _asks_holders, _sees_tasks, _stops),
    "ContinueChain": (
        *_ATTEMPT,
        _lists_ledger,
        _puts,
        _asks_sources,
        _reads_landing,
        _seals,
        _sees_tasks,
        _counts,
        _remakes_tasks,
    ),
    "PrepareTask": (
        *_WRITES,
        partial(_writes_records, folder="databases"),
        _notes,
        _asks_sources,
        _sees_tasks,
        _modifies_task,
    ),
    "PointEndpoint": (
        *_ATTEMPT,
        _notes,
        _lists_landing,
        _sees_tasks_and_endpoints,
        _modifies_endpoint,
        _passes_roles,
    ),
    "AwaitConnection": (*_ATTEMPT, _notes, _sees_connections, _tests),
    "StartTask": (*_ATTEMPT, _notes, _lists_landing, _sees_tasks_and_endpoints, _starts),
    "PollTask": (*_ATTEMPT, _notes, _sees_tasks, _counts, _reads_marks),
    "StopTask": (*_ATTEMPT, _notes, _sees_tasks, _stops),
    "SealFolder": (
        *_WRITES,
        _lists_ledger,
        _puts,
        _asks_sources,
        _reads_landing,
        _seals,
        _sees_tasks_and_connections,
        _tests,
        _counts,
        _reads_task_logs,
    ),
    "SubmitLoads": (*_WRITES, _lists_ledger, _reads_manifests, _signs),
    "PollLoads": (*_WRITES, partial(_writes_records, folder="databases"), _notes, _signs),
    "Reconcile": (*_WRITES, _lists_ledger, _notes, _keeps_states, _reads_manifests, _signs),
    "NextStep": (*_ATTEMPT, _lists_ledger, _puts),
    "CompareKeys": (*_WRITES, _lists_ledger, _notes, _keeps_states, _asks_sources, _reads_manifests, _signs),
    "RecordOutcome": (*_WRITES, partial(_writes_records, folder="databases"), _lists_ledger, _records),
    "ReleaseDatabase": (*_ATTEMPT, _notes, _sees_tasks),
    "Conclude": (_reads_ledger, _reads_encrypted_ledger),
    "AskSource": (_joins_the_network,),
    "Recorder": (*_CLOSES, _lists_children, _stops_children, _sees_tasks, _stops, _signs),
    "Sweep": (*_CLOSES, _lists_runs, _stops_children, _sees_tasks, _stops, _signs),
}
