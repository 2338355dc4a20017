"""What a deployment makes, made in the local cloud: the same names, policies, settings, machines and registry.

Making it again changes nothing but the registry in force.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from fleet.databases import Database, Registry, Settings
from fleet.dms.endpoints import endpoint_role_arn, s3_settings, source_endpoint
from fleet.dms.first_tasks import first_tasks
from fleet.folders import Folder
from fleet.names import (
    CURRENT_REGISTRY,
    ENDPOINT_ROLE_PATH,
    FLEET_TAG,
    endpoint_role_name,
    function_arn,
    instance_id,
    resource_name,
    source_endpoint_id,
    target_endpoint_id,
    task_id,
)
from fleet.warehouse import SNOWFLAKE_ROLE, administration, public_key_text
from local.deployed_triggers import DeployedTriggers
from local.make_once import make_once
from localcloud.aws import LocalAws
from localcloud.clock import Clock
from localcloud.dms.loads import task_log
from localcloud.snowflake.server import Account
from onboarding.effective import effective_json
from orchestration.definitions import bind, load
from orchestration.functions import DATABASE_RUN, FLEET_RUN
from orchestration.roles import (
    allow,
    policy,
    read_landing,
    read_secrets,
    trust_service,
    trust_snowflake,
    write_one_prefix,
)

SNOWFLAKE_USER = "snowflake-local"
EXTERNAL_ID = "fleet-local"
SECRETS_ROLE = "fleet-secrets"
MACHINES_ROLE = "fleet-machines"
VPC_ROLE = "dms-vpc-role"
_NOTHING_PUBLIC = dict.fromkeys(
    ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
)


class Deployment:
    """Makes the account's resources for one registry."""

    def __init__(self, aws: LocalAws, clock: Clock, registry: Registry, control_bucket: str, ledger_table: str) -> None:
        self._aws = aws
        self._clock = clock
        self._registry = registry
        self._settings: Settings = registry.settings
        self._control_bucket = control_bucket
        self._ledger_table = ledger_table

    def make(self, secrets: Mapping[str, Mapping[str, Any]], snowflake: Account) -> dict[str, str]:
        """All resources; the ARNs of the two machines by name. *secrets*: what a server's secret says, by its name."""
        self._make_storage()
        self._make_secrets(secrets)
        self._make_roles()
        self._make_snowflake(snowflake)
        self._make_dms()
        self._put_registry()
        return self._make_machines()

    def _make_storage(self) -> None:
        s3, region = self._aws.client("s3"), self._settings.region
        for bucket in (self._settings.landing_bucket, self._control_bucket):
            make_once(s3.create_bucket, Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region})
            # No versions, policy and key as the stack has them: moto is much slower with the first two.
            s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=_NOTHING_PUBLIC)
        key = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
        make_once(
            self._aws.client("dynamodb").create_table,
            TableName=self._ledger_table,
            KeySchema=key,
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            BillingMode="PAY_PER_REQUEST",
        )

    def _make_secrets(self, secrets: Mapping[str, Mapping[str, Any]]) -> None:
        for name, content in secrets.items():
            make_once(self._aws.client("secretsmanager").create_secret, Name=name, SecretString=json.dumps(content))

    def _make_role(self, name: str, trust: Mapping[str, Any], may: Mapping[str, Any], path: str = "/") -> None:
        iam = self._aws.client("iam")
        make_once(iam.create_role, RoleName=name, Path=path, AssumeRolePolicyDocument=json.dumps(trust))
        iam.put_role_policy(RoleName=name, PolicyName="may", PolicyDocument=json.dumps(may))

    def _make_roles(self) -> None:
        settings = self._settings
        secrets = self._aws.client("secretsmanager")
        arns = [secrets.describe_secret(SecretId=server.secret)["ARN"] for server in self._registry.servers]
        may = read_secrets(settings, arns, self._registry.servers)
        self._make_role(SECRETS_ROLE, trust_service(f"dms.{settings.region}.amazonaws.com"), may)
        self._make_role(task_log.ROLE, trust_service("dms.amazonaws.com"), _write_task_logs(settings))
        self._make_role(VPC_ROLE, trust_service("dms.amazonaws.com"), _join_network())
        for database in self._onboarded():
            self._make_role(
                endpoint_role_name(settings.prefix, database.id),
                trust_service("dms.amazonaws.com"),
                write_one_prefix(settings, database.id),
                ENDPOINT_ROLE_PATH,
            )

    def _make_snowflake(self, snowflake: Account) -> None:
        """The user's key, the trust role, and Snowflake's own objects."""
        where, kms = self._settings.snowflake, self._aws.client("kms")
        aliases = {alias["AliasName"] for alias in kms.list_aliases()["Aliases"]}
        if where.key_id not in aliases:
            key = kms.create_key(KeyUsage="SIGN_VERIFY", KeySpec="RSA_2048")["KeyMetadata"]["KeyId"]
            kms.create_alias(AliasName=where.key_id, TargetKeyId=key)
        make_once(self._aws.client("iam").create_user, UserName=SNOWFLAKE_USER)
        self._make_role(
            resource_name(self._settings.prefix, SNOWFLAKE_ROLE),
            trust_snowflake(snowflake_user_arn(self._settings), EXTERNAL_ID),
            read_landing(self._settings),
        )
        public_key = public_key_text(kms.get_public_key(KeyId=where.key_id)["PublicKey"])
        statements = administration(self._settings, public_key, EXTERNAL_ID)
        snowflake.administer(";\n".join(statements), database=where.database)

    def _onboarded(self) -> Iterable[Database]:
        return (database for database in self._registry.databases if database.onboarded)

    def _make_dms(self) -> None:
        """What Terraform makes with its first values; a night changes folder, mappings and settings afterwards."""
        dms, prefix = self._aws.client("dms"), self._settings.prefix
        existing = _existing(dms.describe_replication_tasks, "ReplicationTasks", "ReplicationTaskIdentifier")
        instances: dict[str, str] = {}
        for name in sorted({database.instance for database in self._onboarded()}):
            instances[name] = self._make_instance(dms, instance_id(prefix, name))
        while any(one["ReplicationInstanceStatus"] != "available" for one in _instances(dms).values()):
            self._clock.sleep(10)
        servers = {server.id: server for server in self._registry.servers}
        secrets_role_arn = f"arn:aws:iam::{self._settings.account}:role/{SECRETS_ROLE}"
        for database in self._onboarded():
            if task_id(prefix, database.id, "full") in existing:
                continue
            source = dms.create_endpoint(
                EndpointIdentifier=source_endpoint_id(prefix, database.id),
                EndpointType="source",
                **source_endpoint(servers[database.server], database, secrets_role_arn),
                Tags=self._tags(),
            )["Endpoint"]["EndpointArn"]
            # The first folder is a place where nothing is ever written: run "none", attempt 0.
            folder = s3_settings(self._settings, Folder(database.id, "full", "none", 0))
            target = dms.create_endpoint(
                EndpointIdentifier=target_endpoint_id(prefix, database.id),
                EndpointType="target",
                EngineName="s3",
                S3Settings={**folder, "ServiceAccessRoleArn": endpoint_role_arn(self._settings, database.id)},
                Tags=self._tags(),
            )["Endpoint"]["EndpointArn"]
            for first in first_tasks(self._settings, database):
                dms.create_replication_task(
                    ReplicationTaskIdentifier=first.id,
                    SourceEndpointArn=source,
                    TargetEndpointArn=target,
                    ReplicationInstanceArn=instances[database.instance],
                    MigrationType=first.migration_type,
                    TableMappings=first.mappings,
                    ReplicationTaskSettings=first.settings,
                    Tags=self._tags(),
                )

    def _tags(self) -> list[dict[str, str]]:
        """What the roles of functions know the fleet's own resources by."""
        return [{"Key": FLEET_TAG, "Value": self._settings.prefix}]

    def _make_instance(self, dms: Any, identifier: str) -> str:
        instances = _instances(dms)
        if identifier not in instances:
            made = dms.create_replication_instance(
                ReplicationInstanceIdentifier=identifier,
                ReplicationInstanceClass="dms.r6i.large",
                Tags=self._tags(),
            )
            return made["ReplicationInstance"]["ReplicationInstanceArn"]
        return instances[identifier]["ReplicationInstanceArn"]

    def _put_registry(self) -> None:
        text = effective_json(self._registry)
        self._aws.client("s3").put_object(Bucket=self._control_bucket, Key=CURRENT_REGISTRY, Body=text.encode())

    def _make_machines(self) -> dict[str, str]:
        """The two machines from their files, bound to the functions' ARNs."""
        settings, machines = self._settings, self._aws.client("stepfunctions")
        role = f"arn:aws:iam::{settings.account}:role/{MACHINES_ROLE}"

        def make(name: str, values: dict[str, str]) -> str:
            definition = json.dumps(bind(load(name), values))
            called = resource_name(settings.prefix, name)
            return machines.create_state_machine(name=called, definition=definition, roleArn=role)["stateMachineArn"]

        def functions(names: Iterable[str]) -> dict[str, str]:
            return {name: function_arn(settings.account, settings.region, settings.prefix, name) for name in names}

        database_run = make("database-run", functions(DATABASE_RUN))
        fleet_run = make("fleet-run", {**functions(FLEET_RUN), "DatabaseRun": database_run})
        DeployedTriggers(self._aws, settings).make(functions(["Recorder", "Sweep"]), fleet_run, database_run)
        return {"database-run": database_run, "fleet-run": fleet_run}


def _instances(dms: Any) -> Mapping[str, Any]:
    return _existing(dms.describe_replication_instances, "ReplicationInstances", "ReplicationInstanceIdentifier")


def snowflake_user_arn(settings: Settings) -> str:
    """The IAM user that plays Snowflake's own."""
    return f"arn:aws:iam::{settings.account}:user/{SNOWFLAKE_USER}"


def _write_task_logs(settings: Settings) -> dict[str, object]:
    """What DMS may with its role for logs; AWS's own policy for it, which the stack attaches, is not in moto."""
    groups = f"arn:aws:logs:{settings.region}:{settings.account}:log-group:dms-tasks-*"
    streams = f"{groups}:log-stream:dms-task-*"
    return policy(
        allow("MakeGroups", "logs:CreateLogGroup", groups),
        allow("WriteStreams", ["logs:CreateLogStream", "logs:PutLogEvents"], streams),
    )


def _join_network() -> dict[str, object]:
    """What DMS may with its role for networks: a part of AWS's own policy for it, which is not in moto either."""
    return policy(allow("MakeInterfaces", "ec2:CreateNetworkInterface", "arn:aws:ec2:*:*:network-interface/*"))


def _existing(describe: Callable[..., Any], member: str, name: str) -> Mapping[str, Any]:
    try:
        return {item[name]: item for item in describe()[member]}
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundFault":
            return {}
        raise
