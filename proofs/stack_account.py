"""A local cloud in a process of its own for a stack to be applied to: what it holds before, and what is left after."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import yaml

from cli.sample_registry import SAMPLE_REGISTRY
from cli.snowflake_setup import administer
from fleet.databases import Registry, Settings
from fleet.errors import FleetError
from fleet.warehouse import administration, public_key_text
from local.deploy import EXTERNAL_ID, SNOWFLAKE_USER, snowflake_user_arn
from local.sources.demo_fleet import write_registry
from local.sources.sample_fleet import BuiltDatabase
from localcloud.aws import own_session
from localcloud.lambda_service.processes import host_architecture
from onboarding.reader import DATABASES_FILE, SETTINGS_FILE
from orchestration.package import host_python

DELTAS = 2
"""So many of the databases do deltas, the first ones."""
FLEET = str(Path(sys.executable).parent / "fleet")


class NotProvenError(FleetError):
    """A step ended otherwise than it must."""


@dataclass(frozen=True)
class Account:
    """An account that is up on *folder*. *environment*: what points a client at it."""

    folder: Path
    endpoint: str
    environment: dict[str, str]

    def client(self, service: str) -> Any:
        """A boto3 client of it."""
        return boto3.Session(botocore_session=own_session()).client(
            service,
            endpoint_url=self.endpoint,
            region_name=self.environment["AWS_REGION"],
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
        )


@contextmanager
def empty_account(folder: Path) -> Iterator[Account]:
    """`fleet up` on *folder*, with nothing in it and no wait waited for."""
    folder.mkdir(parents=True)
    command = [FLEET, "up", "--folder", str(folder / "cloud"), "--port", "0", "--clock", "virtual", "--json", "--log"]
    with (
        (folder / "calls.log").open("w", encoding="utf-8") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as running,
    ):
        try:
            answered = running.stdout.readline() if running.stdout else ""
            if not answered:
                raise NotProvenError(f"fleet up ended with {running.wait()}: {folder}/calls.log")
            document = json.loads(answered)
            yield Account(folder / "cloud", document["endpoint"], document["environment"])
        finally:
            running.terminate()


def write_fleet(
    built: Sequence[BuiltDatabase], account: Account, folder: Path, instances: Sequence[str] = ("one", "two")
) -> Path:
    """A registry of *built* in *folder*, in turn on *instances*, for functions that run here; no data is kept."""
    write_registry(built, SAMPLE_REGISTRY, folder)
    settings = yaml.safe_load((folder / SETTINGS_FILE).read_text(encoding="utf-8"))
    settings["snowflake"]["account_url"] = account.endpoint
    user_arn = f"arn:aws:iam::{settings['account']}:user/{SNOWFLAKE_USER}"
    settings["stack"] = {
        **settings.get("stack", {}),
        "keep_data": False,
        "functions": {"architecture": host_architecture(), "python": host_python()},
        "snowflake_trust": {"user_arn": user_arn, "external_id": EXTERNAL_ID},
        "nights": [
            {"name": "nightly", "mode": "full", "expression": "cron(0 1 * * ? *)", "time_zone": "Europe/Berlin"}
        ],
        "emails": ["data@example.org"],
    }
    (folder / SETTINGS_FILE).write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    databases = yaml.safe_load((folder / DATABASES_FILE).read_text(encoding="utf-8"))
    for number, database in enumerate(databases):
        database["instance"] = instances[number % len(instances)]
        database["deltas"] = number < DELTAS
    (folder / DATABASES_FILE).write_text(yaml.safe_dump(databases, sort_keys=False), encoding="utf-8")
    return folder


def prepare(account: Account, registry: Registry, secret: Mapping[str, Any]) -> None:
    """What the account holds before anything is deployed: the servers' secrets, and somebody for Snowflake's user."""
    for name in sorted({server.secret for server in registry.servers}):
        account.client("secretsmanager").create_secret(Name=name, SecretString=json.dumps(dict(secret)))
    account.client("iam").create_user(UserName=SNOWFLAKE_USER)


def set_up_snowflake(account: Account, settings: Settings, role_arn: str) -> None:
    """What Snowflake's administrator runs once the foundation is there: the user's key is in KMS then."""
    assert settings.stack.snowflake_trust.user_arn == snowflake_user_arn(settings)  # noqa: S101  whom the role trusts
    key = account.client("kms").get_public_key(KeyId=settings.snowflake.key_id)["PublicKey"]
    statements = administration(settings, public_key_text(key), EXTERNAL_ID)
    assert any(role_arn in one for one in statements)  # noqa: S101  the role that was made is the one that is meant
    administer(account.folder, statements, settings)


def inventory(account: Account) -> set[str]:
    """Everything that is in the account, of every kind that the stacks make, a line each."""

    def names(service: str, operation: str, member: str, name: str) -> set[str]:
        client = account.client(service)
        paged = client.can_paginate(operation)
        pages = client.get_paginator(operation).paginate() if paged else [getattr(client, operation)()]
        entries = [one for page in pages for one in page[member]]
        # EC2 shows what was deleted for a while.
        there = [one for one in entries if not (name and one.get("State") == "deleted")]
        return {f"{service} {operation}: {one[name] if name else one}" for one in there}

    found: set[str] = set()
    for service, operation, member, name in _LISTS:
        try:
            found |= names(service, operation, member, name)
        except account.client("dms").exceptions.ResourceNotFoundFault:
            continue  # as DMS says that there are none
    return found | {f"kms key: {one}" for one in _own_keys(account.client("kms"))}


def _own_keys(kms: Any) -> set[str]:
    """The keys that somebody made and that are not waiting for their deletion. AWS's own come with its services."""
    of_aws = {
        alias["TargetKeyId"] for alias in kms.list_aliases()["Aliases"] if alias["AliasName"].startswith("alias/aws/")
    }
    keys = {one["KeyId"] for one in kms.list_keys()["Keys"]} - of_aws
    return {one for one in keys if kms.describe_key(KeyId=one)["KeyMetadata"]["KeyState"] != "PendingDeletion"}


_LISTS = (
    ("dms", "describe_replication_tasks", "ReplicationTasks", "ReplicationTaskIdentifier"),
    ("dms", "describe_endpoints", "Endpoints", "EndpointIdentifier"),
    ("dms", "describe_replication_instances", "ReplicationInstances", "ReplicationInstanceIdentifier"),
    ("dms", "describe_replication_subnet_groups", "ReplicationSubnetGroups", "ReplicationSubnetGroupIdentifier"),
    ("lambda", "list_functions", "Functions", "FunctionName"),
    ("stepfunctions", "list_state_machines", "stateMachines", "name"),
    ("s3", "list_buckets", "Buckets", "Name"),
    ("dynamodb", "list_tables", "TableNames", ""),
    ("iam", "list_roles", "Roles", "RoleName"),
    ("logs", "describe_log_groups", "logGroups", "logGroupName"),
    ("sns", "list_topics", "Topics", "TopicArn"),
    ("events", "list_rules", "Rules", "Name"),
    ("scheduler", "list_schedules", "Schedules", "Name"),
    ("scheduler", "list_schedule_groups", "ScheduleGroups", "Name"),
    ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    ("kms", "list_aliases", "Aliases", "AliasName"),
    ("ec2", "describe_vpcs", "Vpcs", "VpcId"),
    ("ec2", "describe_subnets", "Subnets", "SubnetId"),
    ("ec2", "describe_security_groups", "SecurityGroups", "GroupId"),
    ("ec2", "describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId"),
)
