"""The calls that a random client makes. The values in each are chosen from a few, good ones and bad ones."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from localcloud.dms.requests.model import service
from localcloud.tests.certificates import make_certificate
from localcloud.tests.dms.dms_cloud import rules
from localcloud.tests.dms.operations.dms_random_client import ROLE, TOPIC, Client, Picks

_CERTIFICATE = make_certificate()


def _wait(client: Client, picks: Picks) -> None:
    client.wait(picks.one([0, 5, 1, 12, 30, 90]))


_NAMES = ("a", "b", "C", "a-b", "1a", "a--b", "", "x" * 300)
_CLASSES = ("dms.r6i.large", "dms.t3.micro", "dms.c5.24xlarge", "dms.none")


def create_instance(client: Client, picks: Picks) -> None:
    made = client.call(
        "CreateReplicationInstance",
        picks.some(
            ReplicationInstanceIdentifier=_NAMES,
            ReplicationInstanceClass=_CLASSES,
            AllocatedStorage=[None, 50, 6_144, 0],
            EngineVersion=[None, "3.5.4", "3.5.2", "9"],
            ReplicationSubnetGroupIdentifier=[None, "nets", "none"],
            MultiAZ=[None, True],
            AvailabilityZone=[None, "eu-central-1a"],
            PreferredMaintenanceWindow=[None, "Sun:01:00-Sun:02:00", "soon"],
            ResourceIdentifier=[None, None, "own", "-"],
        ),
    )
    client.learn("rep", (made or {}).get("ReplicationInstance", {}).get("ReplicationInstanceArn"))


def _modify_instance(client: Client, picks: Picks) -> None:
    client.call(
        "ModifyReplicationInstance",
        picks.some(
            ReplicationInstanceArn=client.known("rep"),
            ApplyImmediately=[True, False, None],
            ReplicationInstanceClass=[None, *_CLASSES],
            AllocatedStorage=[None, 60, 5, 7_000],
            EngineVersion=[None, "3.5.4", "3.5.1"],
            MultiAZ=[None, True],
            ReplicationInstanceIdentifier=[None, *_NAMES],
        ),
    )


def _endpoint(client: Client, side: str, parameters: dict[str, Any]) -> None:
    made = client.call("CreateEndpoint", {"EndpointType": side, **parameters})
    client.learn(side, (made or {}).get("Endpoint", {}).get("EndpointArn"))


def create_source(client: Client, picks: Picks) -> None:
    parameters = picks.some(
        EndpointIdentifier=("s", "t", *_NAMES),
        EngineName=["postgres", "postgres", "mysql", "none"],
        DatabaseName=["shop", None],
        SslMode=[None, "require", "verify-ca", "bad"],
        ExtraConnectionAttributes=[None, None, "a=b"],
    )
    secret = picks.one(["shop", "shop", "gone"])
    settings = {"SecretsManagerAccessRoleArn": ROLE, "SecretsManagerSecretId": secret}
    _endpoint(client, "source", {**parameters, "PostgreSQLSettings": settings})


def create_target(client: Client, picks: Picks) -> None:
    name = picks.one(("f", "g", *_NAMES))
    settings = picks.some(
        ServiceAccessRoleArn=[ROLE, ROLE, None],
        BucketName=["landing", "landing", None],
        BucketFolder=["one", None, ""],
        DataFormat=["parquet", "parquet", "csv", "json"],
        EncryptionMode=[None, "SSE_S3", "sse-kms"],
    )
    _endpoint(client, "target", {"EndpointIdentifier": name, "EngineName": "s3", "S3Settings": settings})


def _modify_endpoint(client: Client, picks: Picks) -> None:
    arn = picks.one([client.known("target"), client.known("source")])
    changes = picks.one(
        [
            {"S3Settings": {"BucketFolder": "two"}},
            {"S3Settings": {"EncryptionMode": "SSE_KMS"}},
            {"S3Settings": {"BucketFolder": "two"}, "ExactSettings": True},
            {"PostgreSQLSettings": {"SecretsManagerSecretId": "gone"}},
            {"EndpointIdentifier": "s"},
            {"EngineName": "mysql"},
            {"ServiceAccessRoleArn": ROLE},
            {"SslMode": "verify-full"},
            {},
        ]
    )
    client.call("ModifyEndpoint", {"EndpointArn": picks.one(arn), **changes})


_SETTINGS = (
    None,
    "{}",
    json.dumps({"ErrorBehavior": {"FailOnNoTablesCaptured": True}}),
    json.dumps({"FullLoadSettings": {"MaxFullLoadSubTasks": 1}}),
    json.dumps({"ErrorBehavior": {"TableErrorPolicy": "STOP_TASK"}}),
    json.dumps({"TargetMetadata": {"FullLobMode": True, "LimitedSizeLobMode": True}}),
    json.dumps({"Speed": {}}),
    "no json",
)
_MAPPINGS = (rules(), rules("orders"), rules("none"), rules("o%", "view"), "{}", '{"rules": []}', "[")


def create_task(client: Client, picks: Picks) -> None:
    made = client.call(
        "CreateReplicationTask",
        picks.some(
            SourceEndpointArn=client.known("source"),
            TargetEndpointArn=client.known("target"),
            ReplicationInstanceArn=client.known("rep"),
            ReplicationTaskIdentifier=_NAMES,
            MigrationType=["full-load", "full-load", "cdc", "half"],
            TableMappings=_MAPPINGS,
            ReplicationTaskSettings=_SETTINGS,
            CdcStartPosition=[None, None, "2026-11-21T00:00:00"],
            CdcStartTime=[None, None, 1_790_000_000],
        ),
    )
    client.learn("task", (made or {}).get("ReplicationTask", {}).get("ReplicationTaskArn"))


def _modify_task(client: Client, picks: Picks) -> None:
    client.call(
        "ModifyReplicationTask",
        picks.some(
            ReplicationTaskArn=client.known("task"),
            TableMappings=[None, *_MAPPINGS],
            ReplicationTaskSettings=_SETTINGS,
            MigrationType=[None, "full-load", "cdc"],
            ReplicationTaskIdentifier=[None, None, *_NAMES],
        ),
    )


def _start_task(client: Client, picks: Picks) -> None:
    client.call(
        "StartReplicationTask",
        picks.some(
            ReplicationTaskArn=client.known("task"),
            StartReplicationTaskType=["start-replication", "reload-target", "resume-processing", "again"],
            CdcStopPosition=[None, None, "server_time:2026-11-21T00:00:00"],
        ),
    )


def _move_task(client: Client, picks: Picks) -> None:
    chosen = picks.some(ReplicationTaskArn=client.known("task"), TargetReplicationInstanceArn=client.known("rep"))
    client.call("MoveReplicationTask", chosen)


def _test_connection(client: Client, picks: Picks) -> None:
    endpoints = [*client.known("target"), *client.known("source")]
    pair = picks.some(EndpointArn=endpoints, ReplicationInstanceArn=client.known("rep"))
    client.call(picks.one(["TestConnection", "TestConnection", "DeleteConnection", "RefreshSchemas"]), pair)


def _fill_disk(client: Client, picks: Picks) -> None:
    """Not a call: something takes the whole disk of an instance, or gives it back."""
    shown = (client.call("DescribeReplicationInstances", {}) or {})["ReplicationInstances"]
    if shown:
        size = picks.one([10**15, 0])
        client.trace.append(f"the disk of {shown[0]['ReplicationInstanceIdentifier']} holds {size} bytes")
        client.dms.hold_storage(shown[0]["ReplicationInstanceIdentifier"], "test", size)


def subnet_group(client: Client, picks: Picks) -> None:
    operation = picks.one(["CreateReplicationSubnetGroup", "ModifyReplicationSubnetGroup"])
    parameters = picks.some(
        ReplicationSubnetGroupIdentifier=["nets", "Default", "no/name"],
        ReplicationSubnetGroupDescription=["d"],
        SubnetIds=[["subnet-a", "subnet-b"], ["subnet-a"], ["subnet-z"], []],
    )
    client.call(operation, parameters)


def certificate(client: Client, picks: Picks) -> None:
    made = client.call(
        "ImportCertificate",
        picks.some(
            CertificateIdentifier=_NAMES,
            CertificatePem=[_CERTIFICATE, "no certificate", None],
            CertificateWallet=[None, None, "AAAA"],
        ),
    )
    client.learn("cert", (made or {}).get("Certificate", {}).get("CertificateArn"))


def subscription(client: Client, picks: Picks) -> None:
    operation = picks.one(["CreateEventSubscription", "ModifyEventSubscription", "DeleteEventSubscription"])
    parameters = picks.some(SubscriptionName=["es", "es", "es", ""])
    if operation != "DeleteEventSubscription":
        parameters |= picks.some(
            SnsTopicArn=[TOPIC, TOPIC, "arn:aws:sns:none"],
            SourceType=[None, "replication-task", "replication-instance", "other"],
            EventCategories=[None, ["failure"], ["low storage"]],
            Enabled=[None, False],
        )
    client.call(operation, parameters)


def _assess(client: Client, picks: Picks) -> None:
    made = client.call(
        "StartReplicationTaskAssessmentRun",
        picks.some(
            ReplicationTaskArn=client.known("task"),
            AssessmentRunName=["one", "two", "three"],
            ServiceAccessRoleArn=[ROLE],
            ResultLocationBucket=["results"],
            ResultEncryptionMode=[None, None, "SSE_KMS", "SSE_X"],
            ResultKmsKeyArn=[None, None, None, "arn:aws:kms:none"],
            IncludeOnly=[None, None, ["unsupported-data-types-in-source"], ["none"]],
            Exclude=[None, None, ["unsupported-data-types-in-source"]],
        ),
    )
    client.learn("run", (made or {}).get("ReplicationTaskAssessmentRun", {}).get("ReplicationTaskAssessmentRunArn"))


def _tags(client: Client, picks: Picks) -> None:
    arn = picks.one([arn for kind in client.arns for arn in client.known(kind)])
    operation, more = picks.one(
        [
            ("AddTagsToResource", {"Tags": [{"Key": "a", "Value": "1"}]}),
            ("AddTagsToResource", {"Tags": [{"Key": "aws:a", "Value": "1"}]}),
            ("RemoveTagsFromResource", {"TagKeys": ["a"]}),
            ("ListTagsForResource", {}),
        ]
    )
    client.call(operation, {"ResourceArn": arn, **more})


def _malformed(client: Client, picks: Picks) -> None:
    """A request that no SDK would send: a member of the wrong type, one too few, one too many."""
    operation = picks.one(sorted(client.dms.operations))
    shape = service().operation_model(operation).input_shape
    name = picks.one(sorted(shape.members) or ["None"])
    client.call(operation, {name: picks.one([None, 1, "x", [], {}, True, ["x"], {"x": 1}])})


def any_call(client: Client, operation: str, picks: Picks) -> None:
    """A call whose members are ARNs, names, pages and filters, all of which the model lists."""
    shape = service().operation_model(operation).input_shape
    everything = [arn for arns in client.arns.values() for arn in arns]
    pools: dict[str, Sequence[Any]] = {
        "ReplicationTaskArn": client.known("task"),
        "ReplicationInstanceArn": client.known("rep"),
        "EndpointArn": [*client.known("source"), *client.known("target")],
        "CertificateArn": client.known("cert"),
        "ReplicationSubnetGroupIdentifier": ["nets", "nets", "none"],
        "ReplicationTaskAssessmentRunArn": client.known("run"),
        "TablesToReload": [[{"SchemaName": "public", "TableName": "orders"}], []],
        "MaxRecords": [None, None, 20, 100, 19, 101, -1],
        "Marker": [None, None, "0", "20", "x", "9" * 40],
        "SourceType": [None, "replication-task", "replication-instance", "x"],
        "Duration": [None, 5, 10**9],
        "EndTime": [None, None, 1_800_000_000],
        "ForceFailover": [None, True],
        "WithoutSettings": [None, True],
        "Filters": [
            None,
            None,
            [{"Name": "endpoint-arn", "Values": everything[:3]}],
            [{"Name": "replication-task-arn", "Values": client.arns["task"][-1:]}],
            [{"Name": "replication-instance-id", "Values": ["a", "b"]}],
            [{"Name": "none", "Values": ["x"]}],
            [{"Name": "endpoint-id", "Values": []}],
        ],
    }
    client.call(operation, picks.some(**{name: pools[name] for name in shape.members if name in pools}))


_CALLS = (
    "DescribeReplicationInstances",
    "RebootReplicationInstance",
    "DeleteReplicationInstance",
    "DescribeOrderableReplicationInstances",
    "DescribeReplicationInstanceTaskLogs",
    "DescribePendingMaintenanceActions",
    "DescribeReplicationSubnetGroups",
    "DeleteReplicationSubnetGroup",
    "DescribeEndpoints",
    "DeleteEndpoint",
    "DescribeEndpointTypes",
    "DescribeConnections",
    "DescribeRefreshSchemasStatus",
    "DescribeSchemas",
    "DescribeCertificates",
    "DeleteCertificate",
    "DescribeReplicationTasks",
    "StopReplicationTask",
    "StopReplicationTask",
    "DeleteReplicationTask",
    "DeleteReplicationTask",
    "DeleteEndpoint",
    "DeleteReplicationInstance",
    "DescribeTableStatistics",
    "ReloadTables",
    "StartReplicationTaskAssessment",
    "DescribeReplicationTaskAssessmentResults",
    "DescribeReplicationTaskAssessmentRuns",
    "DescribeReplicationTaskIndividualAssessments",
    "CancelReplicationTaskAssessmentRun",
    "DeleteReplicationTaskAssessmentRun",
    "DescribeApplicableIndividualAssessments",
    "DescribeEvents",
    "DescribeEventCategories",
    "DescribeEventSubscriptions",
    "DescribeAccountAttributes",
    "DescribeEngineVersions",
)
ACTS: tuple[str | Callable[[Client, Picks], None], ...] = (
    *[_wait] * 12,
    *[_test_connection, _start_task] * 5,
    *[_modify_endpoint, _modify_task, create_task] * 3,
    *[_modify_instance, create_instance, create_source, create_target, _move_task] * 2,
    _fill_disk,
    _assess,
    _assess,
    subnet_group,
    subscription,
    subscription,
    certificate,
    _tags,
    _malformed,
    _malformed,
    *_CALLS,
)
