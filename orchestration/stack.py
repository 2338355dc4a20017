"""The stacks, in the order in which they are applied, and how they are written."""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Iterable
from pathlib import Path

from fleet.databases import Database, Registry
from fleet.names import control_bucket, instance_id, resource_name, task_log_group
from onboarding.effective import effective_json
from orchestration.constructs import database as one
from orchestration.constructs import pipeline
from orchestration.constructs import toolchain as tf
from orchestration.constructs.account_roles import AccountRoles
from orchestration.constructs.alarms import FREE_STORAGE_SHARE, alarm
from orchestration.constructs.fleet_stack import FleetStack
from orchestration.constructs.functions import PACKAGE_FILE, Package
from orchestration.constructs.network import NetworkResources, security_group_name, subnet_group_name
from orchestration.constructs.notifications import Notifications
from orchestration.constructs.pipeline import Pipeline
from orchestration.constructs.storage import Keys, Storage
from orchestration.refusals import refuse_undeployable, storage_gigabytes
from orchestration.roles import read_landing, read_secrets, trust_service, trust_snowflake


class Foundation(FleetStack):
    """What all others stand on: network, keys, buckets, ledger, topic, the account's roles."""

    def __init__(self, scope: tf.Construct, registry: Registry) -> None:
        settings = registry.settings
        super().__init__(scope, "foundation", settings)
        key_arn = Keys(self, settings).data_key_arn
        network = NetworkResources(self, settings)
        Storage(self, settings, key_arn)
        Notifications(self, settings, key_arn)
        roles = AccountRoles(self, settings)
        tf.DmsReplicationSubnetGroup(
            self,
            "subnets",
            replication_subnet_group_id=subnet_group_name(settings.prefix),
            replication_subnet_group_description=f"Where the replication instances of {settings.prefix} stand",
            subnet_ids=network.subnet_ids,
            depends_on=roles.attachments or None,
        )
        if settings.stack.snowflake_trust.user_arn:
            self._trust_snowflake()
        self.output("landing_bucket", settings.landing_bucket, "Where the Parquet files land")
        name = control_bucket(settings.prefix, settings.account)
        self.output("control_bucket", name, "Registry, plans and reports")

    def _trust_snowflake(self) -> None:
        settings, trust = self.settings, self.settings.stack.snowflake_trust
        role = tf.IamRole(
            self,
            "snowflake",
            name=resource_name(settings.prefix, "snowflake-read"),
            assume_role_policy=json.dumps(trust_snowflake(trust.user_arn, trust.external_id)),
        )
        tf.IamRolePolicy(
            self, "snowflake-may", name="may", role=role.id, policy=json.dumps(read_landing(settings))
        ).override_logical_id("snowflake")
        self.output("snowflake_role_arn", role.arn, "STORAGE_AWS_ROLE_ARN of Snowflake's integration")


class Instance(FleetStack):
    """One replication instance and its databases. Without an onboarded one it is empty, and Terraform removes all."""

    def __init__(self, scope: tf.Construct, registry: Registry, name: str, databases: Iterable[Database]) -> None:
        settings = registry.settings
        super().__init__(scope, f"instance-{name}", settings)
        onboarded = [database for database in databases if database.onboarded]
        if not onboarded:
            return
        # Of all its databases, so that a flag changes one database's resources and no secret's.
        servers = sorted({registry.server_of(one) for one in databases}, key=lambda one: one.id)
        secrets = self.find_secrets(servers)
        role = tf.IamRole(
            self,
            "secrets",
            name=resource_name(settings.prefix, f"{name}-secrets"),
            assume_role_policy=json.dumps(trust_service(f"dms.{settings.region}.amazonaws.com", settings.account)),
        )
        policy = json.dumps(read_secrets(settings, list(secrets.values()), servers))
        tf.IamRolePolicy(self, "secrets-may", name="may", role=role.id, policy=policy).override_logical_id("secrets")
        key_arn = self.find_data_key()
        shared = one.SharedArns(self._make_instance(name, key_arn), role.arn, key_arn)
        for database in onboarded:
            server = registry.server_of(database)
            one.DatabaseResources(self, settings, server, database, secret_arn=secrets[server.id], shared=shared)

    def _make_instance(self, name: str, key_arn: str) -> str:
        settings, wanted = self.settings, self.settings.stack.replication
        size = next((one for one in wanted.sizes if one.id == name), None)
        group = tf.DataAwsSecurityGroup(self, "sources", name=security_group_name(settings.prefix))
        storage = storage_gigabytes(settings, name)
        alarm(
            self,
            settings,
            f"{name}-storage",
            f"The disk of replication instance {name} fills: stop its tasks' logging, or give it more (settings.yaml).",
            metric="AWS/DMS FreeStorageSpace",
            dimensions={"ReplicationInstanceIdentifier": instance_id(settings.prefix, name)},
            below=storage * 2**30 * FREE_STORAGE_SHARE,
        )
        # DMS would make it itself at the first line, to be kept for ever and without our key.
        log = tf.CloudwatchLogGroup(
            self,
            "task-logs",
            name=task_log_group(settings.prefix, name),
            retention_in_days=settings.stack.functions.log_retention_days,
            kms_key_id=key_arn,
        )
        log.override_logical_id("task_logs")
        return tf.DmsReplicationInstance(
            self,
            "instance",
            replication_instance_id=instance_id(settings.prefix, name),
            replication_instance_class=size.instance_class if size else wanted.instance_class,
            allocated_storage=storage,
            multi_az=wanted.multi_az,
            engine_version=wanted.engine_version,
            # Another number in the settings is the consent: without this, AWS refuses a major step when it is applied.
            allow_major_version_upgrade=True,
            # Else every later plan would want the old version back.
            auto_minor_version_upgrade=False,
            apply_immediately=True,
            preferred_maintenance_window=wanted.maintenance_window,
            publicly_accessible=False,
            kms_key_arn=key_arn,
            replication_subnet_group_id=subnet_group_name(settings.prefix),
            vpc_security_group_ids=[group.id],
            # Made before any task can write to it, and removed after the last one.
            depends_on=[log],
        ).replication_instance_arn


def synthesise(registry: Registry, folder: Path, package: Path, left: Collection[str] = ()) -> list[str]:
    """Write all stacks to *folder*; their names in the order in which they are applied.

    *package*: the zip file of all functions (`orchestration/package.py` builds it); a copy lies beside the stack.
    *left*: stacks of instances that a state still holds; empty where the registry no longer names the instance.

    Raises:
        MalformedSettingError: The settings do not say where the network is.
        QuotaExceededError: The onboarded databases do not fit.
        PackageMissingError: There is no package.
    """
    refuse_undeployable(registry)
    found, text = Package.read(package), effective_json(registry)
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Of instances that are gone; Terraform's own files, which may be a state, stay where they are.
    for old in folder.glob("stacks/*/cdk.tf.json"):
        old.unlink()
    app = tf.App(outdir=str(folder))
    names = ["foundation"]
    Foundation(app, registry)
    instances = {database.instance for database in registry.databases} | {one.removeprefix("instance-") for one in left}
    for instance in sorted(instances):
        databases = [database for database in registry.databases if database.instance == instance]
        Instance(app, registry, instance, databases)
        names.append(f"instance-{instance}")
    Pipeline(app, registry, text, found)
    names.append(pipeline.NAME)
    app.synth()
    place = folder / "stacks" / pipeline.NAME
    (place / pipeline.REGISTRY_FILE).write_text(text, encoding="utf-8")
    shutil.copyfile(found.file, place / PACKAGE_FILE)
    return names
