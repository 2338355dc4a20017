"""Roles of functions against good nights: they allow what is called, and nothing that could be left out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from cases import SETTINGS
from delta_case import MARK
from fleet.databases import Database, Registry, Server
from fleet.names import data_key_alias, function_name
from judged_functions import JudgedFunctions, role_of, without_each
from local.cloud import LEDGER_TABLE, LocalCloud
from localcloud.authorization.iam import AccessDeniedError, Role
from localcloud.authorization.needs import Need
from localcloud.servers.postgres import EmbeddedPostgres
from orchestration.functions import MODULES

NAMES = ("roles-one", "roles-two", "roles-uncounted", "roles-late", "roles-again", "roles-deltas")
FAULTS = {"roles-uncounted": ["slow-count:public.orders"], "roles-again": ["timed-out-after:ModifyEndpoint:1"]}
"""What a good night bears: a table that its source does not count has the connection tested once more, and an endpoint
whose change was not answered is looked at."""
CHANGE = "UPDATE orders SET what = 'changed' WHERE id = 1"
RUNS: tuple[tuple[Mapping[str, Any], tuple[str, ...]], ...] = (
    ({"mode": "full"}, (MARK,)),
    ({"mode": "delta"}, (CHANGE,)),
    ({"mode": "delta", "sweep": True}, (CHANGE,)),
    (
        {"mode": "delta"},
        (CHANGE, "SELECT pg_replication_slot_advance(slot_name, pg_current_wal_lsn()) FROM pg_replication_slots"),
    ),
)
"""The input of each run, and what happens at the database that does deltas before it. Before the one that sweeps, a row
of it is deleted in Snowflake. In the end somebody else reads its slot, so that its task is made anew."""
LATE = frozenset({"SealFolder", "StopTask", "ReleaseDatabase"})
"""Functions that are called late for `roles-late`: by then the look at its instance is too old."""
LATE_SECONDS = 20
"""Longer than a look may be old, shorter than a function may run."""
SECRET = "fleet/server/here"
NOT_CALLED = {
    "Recorder": "Called for executions that broke off: tests/unit/lambdas/test_recorder.py judges its calls.",
    "Sweep": "Called by its schedule, which starts nothing here: tests/unit/lambdas/test_sweep.py judges its calls.",
}
"""Functions that a good night never calls, and why."""
_WRITES_ITS_LOG = "Lambda itself writes what the function prints; localcloud/lambda_service/logs.py asks for it."
_JOINS = "Lambda itself makes the function's network interfaces; localcloud/lambda_service/networks.py asks for each."
_FINDS = "A role that may not list gets 'denied' for a missing document: the error would name the wrong cause."
_LEFT = "A delta that broke off before its seal is sealed before the next one starts."
_BAD_NIGHT = sorted(MODULES.keys() - NOT_CALLED.keys())
IN_A_BAD_NIGHT: Mapping[tuple[str, str], tuple[Collection[str], str]] = {
    ("WritesItsLog", "logs:CreateLogStream"): (_BAD_NIGHT, _WRITES_ITS_LOG),
    ("WritesItsLog", "logs:PutLogEvents"): (_BAD_NIGHT, _WRITES_ITS_LOG),
    ("StandsInTheNetwork", "ec2:AssignPrivateIpAddresses"): (("AskSource",), _JOINS),
    ("StandsInTheNetwork", "ec2:CreateNetworkInterface"): (("AskSource",), _JOINS),
    ("StandsInTheNetwork", "ec2:DeleteNetworkInterface"): (("AskSource",), _JOINS),
    ("StandsInTheNetwork", "ec2:DescribeNetworkInterfaces"): (("AskSource",), _JOINS),
    ("StandsInTheNetwork", "ec2:DescribeSubnets"): (("AskSource",), _JOINS),
    ("StandsInTheNetwork", "ec2:UnassignPrivateIpAddresses"): (("AskSource",), _JOINS),
    ("FindsRecords", "s3:ListBucket"): (
        (
            *("CloseRun", "ClaimDatabase", "PointEndpoint", "AwaitConnection", "StartTask", "PollTask", "StopTask"),
            *("ContinueChain", "ReleaseDatabase"),
        ),
        _FINDS,
    ),
    ("ListsTheLanding", "s3:ListBucket"): (
        ("SubmitLoads", "ContinueChain", "CompareKeys", "PollTask"),
        f"{_FINDS} And whether the mark has landed of a delta that ends there.",
    ),
    ("ReadsMarks", "s3:GetObject"): (("PollTask",), "Of a delta that ends at its mark; those here end at a time."),
    ("Seals", "s3:PutObject"): (("ContinueChain",), _LEFT),
    ("AsksHolders", "states:DescribeExecution"): (
        ("ClaimDatabase",),
        "Asked of who holds the database already: whether that execution still runs.",
    ),
    ("LooksAtDms", "dms:DescribeReplicationTasks"): (
        ("ClaimDatabase",),
        "A claim is taken over only from tasks at rest.",
    ),
    ("StopsTasks", "dms:StopReplicationTask"): (
        ("ClaimDatabase", "StopTask"),
        "In a good night every task has come to rest by itself.",
    ),
    ("CountsTables", "dms:DescribeTableStatistics"): (
        ("PollTask", "ContinueChain"),
        "Asked of a task that seems stuck: whether the rows of one large table still move. And of what broke off.",
    ),
    ("ReadsTaskLogs", "logs:FilterLogEvents"): (
        ("SealFolder",),
        "Asked why a table errored: in a good night none does.",
    ),
    ("ListsTheLedger", "dynamodb:Query"): (("PlanRun",), "A rerun asks for the outcomes of the run that it repeats."),
    ("AsksRuns", "states:DescribeExecution"): (("PlanRun",), "A rerun asks whether the run that it repeats has ended."),
    ("WritesToTheLedger", "dynamodb:UpdateItem"): (
        ("PlanRun",),
        "A rerun is noted with the run that it repeats.",
    ),
    ("WritesToTheLedger", "dynamodb:ConditionCheckItem"): (
        ("ClaimDatabase",),
        "A place at a server is taken away from a database only if its claim has none.",
    ),
    ("WritesToTheLedger", "dynamodb:PutItem"): (
        ("CloseRun", "ContinueChain"),
        "A guess, for a database that left no outcome. And the chain, where a delta broke off before its seal.",
    ),
    ("AsksExecutions", "states:DescribeExecution"): (
        ("CloseRun",),
        "Asked for a database that left no outcome: how its execution ended.",
    ),
    ("ReadsHistories", "states:GetExecutionHistory"): (
        ("CloseRun",),
        "Asked for a database that left no outcome: in which state its execution ended.",
    ),
}
"""What a good night does not need, by statement and action: whose it is, and why it is there."""


class LateFunctions(JudgedFunctions):
    """Judged functions some of which come late, and must look at DMS themselves. *pause*: lets seconds pass."""

    def __init__(self) -> None:
        super().__init__(broken=FAULTS)
        self.pause: Callable[[float], None] = lambda _: None

    def invoke(self, name: str, event: Mapping[str, Any], call: Callable[[], Any]) -> Any:
        if name in LATE and event["attempt"]["database"] == "roles-late":
            self.pause(LATE_SECONDS)
        return super().invoke(name, event, call)


def encrypt(cloud: LocalCloud) -> str:
    """Put what is at rest under the data key, as the stack does and the local deployment does but for the topic; its
    ARN."""
    key = cloud.aws.client("kms").describe_key(KeyId=data_key_alias(SETTINGS.prefix))["KeyMetadata"]["Arn"]
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    for bucket in (SETTINGS.landing_bucket, cloud.control_bucket):
        cloud.aws.client("s3").put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    dynamodb = cloud.aws.client("dynamodb")
    described = dynamodb.describe_table(TableName=LEDGER_TABLE)["Table"]
    dynamodb.delete_table(TableName=LEDGER_TABLE)  # empty before the first night; moto encrypts only what is new
    dynamodb.create_table(
        **{name: described[name] for name in ("TableName", "KeySchema", "AttributeDefinitions")},
        BillingMode="PAY_PER_REQUEST",
        SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key},
    )
    cloud.aws.client("secretsmanager").update_secret(SecretId=SECRET, KmsKeyId=key)
    return key


@pytest.fixture(scope="module")
def night(
    postgres: EmbeddedPostgres, case_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[JudgedFunctions]:
    """A good night of all databases, each call of which was judged."""
    for name in NAMES:
        postgres.create_database(name, case_template)
    databases = tuple(
        # What is seen of an instance is shared: the late one has its own.
        Database(
            name,
            "here",
            name,
            "two" if name == "roles-late" else "one",
            ("public",),
            onboarded=True,
            deltas=name == "roles-deltas",
        )
        for name in NAMES
    )
    server = Server("here", "postgresql", SECRET, ssl_mode="none", databases_at_once=1000, connections_at_once=30_000)
    secrets = {server.secret: postgres.secret("postgres")}
    functions = LateFunctions()
    registry = Registry(SETTINGS, (server,), databases)
    with LocalCloud(tmp_path_factory.mktemp("cloud"), registry, secrets, faults=functions) as cloud:
        functions.servers = (replace(server, secret_key=encrypt(cloud)),)
        cloud.deploy(replace(registry, servers=functions.servers))
        functions.start_cold(cloud)
        functions.pause = cloud.clock.pause
        for number, (content, changes) in enumerate(RUNS):
            if "sweep" in content:
                cloud.snowflake.administer(
                    'DELETE FROM "FLEET"."ROLES_DELTAS__PUBLIC"."ORDERS" WHERE "ID" = 2',
                    database="FLEET",
                    warehouse=SETTINGS.snowflake.warehouse,
                )
            with postgres.connect("roles-deltas", autocommit=True) as connection:
                for change in changes:
                    connection.execute(change.encode())
            ended: Any = cloud.machines.ended(cloud.start_run(f"night-{number}", dict(content))).result(timeout=120)
            assert ended["status"] == "SUCCEEDED", ended.get("cause")
        assert all(one.times for one in functions.struck())
        yield functions
    for name in NAMES:
        postgres.drop_database(name)


def test_every_function_of_a_good_night_was_judged(night: JudgedFunctions) -> None:
    """The night ended well, so none of them was denied anything."""
    assert night.needs.keys() == MODULES.keys() - NOT_CALLED.keys()


@pytest.mark.parametrize("function", sorted(MODULES.keys() - NOT_CALLED.keys()))
def test_a_role_without_any_one_of_its_actions_is_denied_it_in_a_good_night(
    night: JudgedFunctions, function: str
) -> None:
    not_missed = set()
    for what, action, rest in without_each(function, night.statements(function)):
        refusal = first_refusal(role_of(function, rest), night.needs[function])
        if not refusal:
            not_missed.add((what, action))
        else:
            assert f"{function_name('fleet', function)}/local is not authorized to perform: {action} " in refusal
    assert not_missed == {key for key, (functions, _) in IN_A_BAD_NIGHT.items() if function in functions}


def test_what_only_a_bad_night_needs_has_a_reason_and_is_allowed_to_whom_it_says(night: JudgedFunctions) -> None:
    for (what, action), (functions, reason) in IN_A_BAD_NIGHT.items():
        assert reason.endswith(".")
        for function in functions:
            allowed = {(one, name) for one, name, _ in without_each(function, night.statements(function))}
            assert (what, action) in allowed


def first_refusal(role: Role, needs: list[Need]) -> str:
    """What the role is denied first of *needs*; nothing if it allows them all."""
    for need in needs:
        try:
            role.require(need.action, need.resource, need.context)
        except AccessDeniedError as error:
            return error.message
    return ""
