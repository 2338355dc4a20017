"""One database of the fleet: two endpoints, the S3 endpoint's role, its task, and a second one where it does deltas."""

from __future__ import annotations

import json
from dataclasses import dataclass

from fleet import databases
from fleet.dms.endpoints import endpoint_role_arn, s3_settings, source_endpoint
from fleet.dms.first_tasks import first_tasks
from fleet.folders import Folder
from fleet.names import (
    ENDPOINT_ROLE_PATH,
    endpoint_role_name,
    source_endpoint_id,
    target_endpoint_id,
)
from orchestration.constructs import toolchain as tf
from orchestration.endpoint_arguments import source_arguments, target_arguments
from orchestration.literals import literal
from orchestration.roles import trust_service, write_one_prefix

# Exactly what a night changes (docs/design.md 3); the position changes by itself as a task reads on. Not "all":
# tags, roles and moves would be lost.
CHANGED_BY_NIGHT_TARGET = ["bucket_folder"]
CHANGED_BY_NIGHT_TASK = ["table_mappings", "replication_task_settings", "cdc_start_position"]


@dataclass(frozen=True)
class SharedArns:
    """What the databases of one replication instance share, as Terraform names them."""

    instance_arn: str
    secrets_role_arn: str
    data_key_arn: str


class DatabaseResources(tf.Construct):
    """The resources of one database. Their addresses come from its id alone."""

    def __init__(
        self,
        scope: tf.Construct,
        settings: databases.Settings,
        server: databases.Server,
        database: databases.Database,
        *,
        secret_arn: str,
        shared: SharedArns,
    ) -> None:
        super().__init__(scope, f"database-{database.id}")
        prefix, name = settings.prefix, database.id.replace("-", "_")
        role = tf.IamRole(
            self,
            "role",
            name=endpoint_role_name(prefix, database.id),
            path=ENDPOINT_ROLE_PATH,
            assume_role_policy=_text(trust_service("dms.amazonaws.com", settings.account)),
        )
        role.override_logical_id(f"role_{name}")
        may = tf.IamRolePolicy(
            self,
            "may",
            name="may",
            role=f"${{aws_iam_role.role_{name}.id}}",
            policy=_text(write_one_prefix(settings, database.id)),
        )
        may.override_logical_id(f"may_{name}")
        source = tf.DmsEndpoint(
            self,
            "source",
            endpoint_id=source_endpoint_id(prefix, database.id),
            endpoint_type="source",
            **source_arguments(source_endpoint(server, database, shared.secrets_role_arn), secret_arn),
        )
        source.override_logical_id(f"source_{name}")
        # The first folder is a place where nothing is ever written: run "none", attempt 0.
        folder = s3_settings(settings, Folder(database.id, "full", "none", 0))
        target = tf.DmsS3Endpoint(
            self,
            "target",
            endpoint_id=target_endpoint_id(prefix, database.id),
            endpoint_type="target",
            **target_arguments({**folder, "ServiceAccessRoleArn": endpoint_role_arn(settings, database.id)}),
            encryption_mode="SSE_KMS",
            server_side_encryption_kms_key_id=shared.data_key_arn,
            # DMS tries the role when the endpoint is made.
            depends_on=[may],
            lifecycle=tf.TerraformResourceLifecycle(ignore_changes=CHANGED_BY_NIGHT_TARGET),
        )
        target.override_logical_id(f"target_{name}")
        for first in first_tasks(settings, database):
            kind = "full" if first.mode == "full" else "cdc"
            task = tf.DmsReplicationTask(
                self,
                kind,
                replication_task_id=first.id,
                migration_type=first.migration_type,
                replication_instance_arn=shared.instance_arn,
                source_endpoint_arn=f"${{aws_dms_endpoint.source_{name}.endpoint_arn}}",
                target_endpoint_arn=f"${{aws_dms_s3_endpoint.target_{name}.endpoint_arn}}",
                table_mappings=literal(first.mappings),
                replication_task_settings=first.settings,
                start_replication_task=False,
                lifecycle=tf.TerraformResourceLifecycle(ignore_changes=CHANGED_BY_NIGHT_TASK),
            )
            task.override_logical_id(f"{kind}_{name}")


def _text(document: object) -> str:
    return json.dumps(document, separators=(",", ":"))
