"""A walk through DMS with the AWS CLI: every operation that is emulated, on the way of one database."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore import xform_name

from cli_process import AwsCli
from localcloud.dms.requests.model import service
from localcloud.servers.postgres import EmbeddedPostgres
from localcloud.tests.certificates import make_certificate
from localcloud.tests.dms.operations.dms_operations import ANSWERED

BUCKET = "walked"
DATABASE = "dms_walk"
TRUST = {
    "Effect": "Allow",
    "Action": "sts:AssumeRole",
    "Principal": {"Service": ["dms.amazonaws.com", "dms.eu-central-1.amazonaws.com"]},
}
RULE = {
    "rule-type": "selection",
    "rule-id": "1",
    "rule-name": "1",
    "rule-action": "include",
    "object-locator": {"schema-name": "public", "table-name": "%"},
}
# The commands by which the CLI calls the operations.
OPERATION_OF = {xform_name(one, "-"): one for one in ANSWERED}
_LOOKS = 2_000  # more than it ever takes


class Walk:
    """The commands of `aws dms`, and which of them were typed."""

    def __init__(self, aws: AwsCli) -> None:
        self.aws = aws
        self.typed: set[str] = set()

    def dms(self, command: str, *options: str) -> dict[str, Any]:
        """The answer, which has the members that the model gives the operation and no others."""
        answer = self.aws("dms", command, *options)
        self.typed.add(command)
        shape = service().operation_model(OPERATION_OF[command]).output_shape
        assert set(answer) <= set(shape.members if shape else ())
        return answer

    def until(self, wanted: str, look: Callable[[], list[str]]) -> None:
        """Look again and again until all that is seen is *wanted*."""
        for _ in range(_LOOKS):
            if (seen := look()) and set(seen) == {wanted}:
                return
        pytest.fail(f"{seen} instead of {wanted}")

    def gone(self, command: str, member: str) -> None:
        """Look until the list holds nothing any more."""
        for _ in range(_LOOKS):
            if not self.dms(command)[member]:
                return
        pytest.fail(f"{command} still shows something")

    def account(self, postgres: EmbeddedPostgres) -> None:
        """What DMS needs of the other services: a bucket, a role, a secret, a topic, subnets."""
        self.aws(
            *("s3api", "create-bucket", "--bucket", BUCKET),
            *("--create-bucket-configuration", "LocationConstraint=eu-central-1"),
        )
        role = self.aws(
            "iam",
            "create-role",
            "--role-name",
            "walk",
            "--assume-role-policy-document",
            _policy(TRUST),
        )
        everything = _policy({"Effect": "Allow", "Action": "*", "Resource": "*"})
        self.aws(
            "iam", "put-role-policy", "--role-name", "walk", "--policy-name", "all", "--policy-document", everything
        )
        self.role = role["Role"]["Arn"]
        secret = json.dumps(postgres.secret(DATABASE))
        self.aws("secretsmanager", "create-secret", "--name", "walk", "--secret-string", secret)
        self.topic = self.aws("sns", "create-topic", "--name", "walk")["TopicArn"]
        self.subnets = [one["SubnetId"] for one in self.aws("ec2", "describe-subnets")["Subnets"]]

    def subnet_group(self) -> None:
        named = ("--replication-subnet-group-identifier", "nets")
        self.dms(
            "create-replication-subnet-group",
            *named,
            "--replication-subnet-group-description",
            "d",
            "--subnet-ids",
            *self.subnets,
        )
        self.dms("modify-replication-subnet-group", *named, "--subnet-ids", *self.subnets[:2])
        (group,) = self.dms("describe-replication-subnet-groups")["ReplicationSubnetGroups"]
        assert len(group["Subnets"]) == 2

    def instances(self) -> None:
        offers = self.dms("describe-orderable-replication-instances")
        offered = offers["OrderableReplicationInstances"][0]["ReplicationInstanceClass"]
        self.instance, self.other = (
            self.dms(
                *("create-replication-instance", "--replication-instance-identifier", name),
                *("--replication-instance-class", offered, "--replication-subnet-group-identifier", "nets"),
            )["ReplicationInstance"]["ReplicationInstanceArn"]
            for name in ("one", "two")
        )
        self.until("available", self._instances)
        arn = ("--replication-instance-arn", self.instance)
        self.dms("modify-replication-instance", *arn, "--allocated-storage", "60", "--apply-immediately")
        self.until("available", self._instances)
        self.dms("reboot-replication-instance", *arn)
        self.until("available", self._instances)
        assert self.dms("describe-pending-maintenance-actions", *arn) == {"PendingMaintenanceActions": []}
        self.dms("describe-replication-instance-task-logs", *arn)

    def endpoints(self) -> None:
        pem = make_certificate()
        certificate = self.dms("import-certificate", "--certificate-identifier", "root", "--certificate-pem", pem)
        self.certificate = certificate["Certificate"]["CertificateArn"]
        assert self.dms("describe-certificates")["Certificates"][0]["CertificatePem"] == pem
        assert "s3" in [one["EngineName"] for one in self.dms("describe-endpoint-types")["SupportedEndpointTypes"]]
        self.source = self.dms(
            *("create-endpoint", "--endpoint-identifier", "source", "--endpoint-type", "source"),
            *("--engine-name", "postgres", "--database-name", DATABASE, "--postgre-sql-settings"),
            f"SecretsManagerAccessRoleArn={self.role},SecretsManagerSecretId=walk",
        )["Endpoint"]["EndpointArn"]
        self.target = self.dms(
            *("create-endpoint", "--endpoint-identifier", "target", "--endpoint-type", "target"),
            *("--engine-name", "s3", "--s3-settings"),
            f"ServiceAccessRoleArn={self.role},BucketName={BUCKET},BucketFolder=one,DataFormat=parquet",
        )["Endpoint"]["EndpointArn"]
        self.dms("modify-endpoint", "--endpoint-arn", self.target, "--s3-settings", "BucketFolder=two")
        shown = self.dms("describe-endpoints", "--filters", "Name=endpoint-id,Values=target")["Endpoints"]
        assert [one["S3Settings"]["BucketFolder"] for one in shown] == ["two"]

    def connections(self) -> None:
        for endpoint in (self.source, self.target):
            self.dms("test-connection", "--replication-instance-arn", self.instance, "--endpoint-arn", endpoint)
        self.until("successful", lambda: [one["Status"] for one in self.dms("describe-connections")["Connections"]])
        source = ("--endpoint-arn", self.source)
        self.dms("refresh-schemas", *source, "--replication-instance-arn", self.instance)
        self.until(
            "successful",
            lambda: [self.dms("describe-refresh-schemas-status", *source)["RefreshSchemasStatus"]["Status"]],
        )
        assert self.dms("describe-schemas", *source)["Schemas"] == ["public"]

    def tasks(self) -> None:
        self.task, self.second = (
            self.dms(
                *("create-replication-task", "--replication-task-identifier", name, "--migration-type", "full-load"),
                *("--source-endpoint-arn", self.source, "--target-endpoint-arn", self.target),
                *("--replication-instance-arn", self.instance, "--table-mappings", json.dumps({"rules": [RULE]})),
            )["ReplicationTask"]["ReplicationTaskArn"]
            for name in ("first", "second")
        )
        self.until("ready", self._tasks)
        settings = json.dumps({"FullLoadSettings": {"MaxFullLoadSubTasks": 1}})
        self.dms(
            "modify-replication-task", "--replication-task-arn", self.second, "--replication-task-settings", settings
        )
        self.until("ready", self._tasks)

    def run(self, postgres: EmbeddedPostgres) -> None:
        """A load that its source holds up is stopped, and an assessment cancelled meanwhile: time does not fly."""
        arn = ("--replication-task-arn", self.task)
        with postgres.connect(DATABASE) as holder:
            holder.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
            self.dms("start-replication-task", *arn, "--start-replication-task-type", "start-replication")
            self.until("Full load", lambda: [one["TableState"] for one in self._statistics()])
            cancelled = self._assess("first")
            self.dms("cancel-replication-task-assessment-run", "--replication-task-assessment-run-arn", cancelled)
            self.dms("stop-replication-task", *arn)
        self.until("stopped", lambda: self._tasks("first"))
        self.dms("delete-replication-task-assessment-run", "--replication-task-assessment-run-arn", cancelled)
        self.gone("describe-replication-task-assessment-runs", "ReplicationTaskAssessmentRuns")
        assert [one["FullLoadRows"] for one in self._statistics()] == [2]

    def assessments(self) -> None:
        applicable = self.dms("describe-applicable-individual-assessments", "--replication-task-arn", self.second)
        self._assess("second")
        self.until(
            "passed",
            lambda: [
                one["Status"]
                for one in self.dms("describe-replication-task-assessment-runs")["ReplicationTaskAssessmentRuns"]
            ],
        )
        shown = self.dms("describe-replication-task-individual-assessments")["ReplicationTaskIndividualAssessments"]
        assert [one["IndividualAssessmentName"] for one in shown] == applicable["IndividualAssessmentNames"]
        self.dms("describe-replication-task-assessment-results")

    def move(self) -> None:
        to = ("--target-replication-instance-arn", self.other)
        self.dms("move-replication-task", "--replication-task-arn", self.second, *to)
        self.until("ready", lambda: self._tasks("second"))

    def events(self) -> None:
        assert "failure" in str(self.dms("describe-event-categories", "--source-type", "replication-task"))
        assert "Replication task started" in str(self.dms("describe-events", "--source-type", "replication-task"))
        named = ("--subscription-name", "walk")
        self.dms("create-event-subscription", *named, "--sns-topic-arn", self.topic)
        self.until("active", self._subscriptions)
        self.dms("modify-event-subscription", *named, "--no-enabled")
        self.until("active", self._subscriptions)
        self.dms("delete-event-subscription", *named)
        self.gone("describe-event-subscriptions", "EventSubscriptionsList")

    def tags(self) -> None:
        arn = ("--resource-arn", self.task)
        self.dms("add-tags-to-resource", *arn, "--tags", "Key=a,Value=1", "Key=b,Value=2")
        self.dms("remove-tags-from-resource", *arn, "--tag-keys", "a")
        assert self.dms("list-tags-for-resource", *arn) == {"TagList": [{"Key": "b", "Value": "2"}]}
        assert self.dms("describe-account-attributes")["UniqueAccountIdentifier"]

    def leave(self) -> None:
        """Delete everything, in the order that DMS asks for."""
        for task in (self.task, self.second):
            self.dms("delete-replication-task", "--replication-task-arn", task)
        self.gone("describe-replication-tasks", "ReplicationTasks")
        pair = ("--endpoint-arn", self.source, "--replication-instance-arn", self.instance)
        self.dms("delete-connection", *pair)
        for endpoint in (self.source, self.target):
            self.dms("delete-endpoint", "--endpoint-arn", endpoint)
        self.gone("describe-endpoints", "Endpoints")
        self.dms("delete-certificate", "--certificate-arn", self.certificate)
        for instance in (self.instance, self.other):
            self.dms("delete-replication-instance", "--replication-instance-arn", instance)
        self.gone("describe-replication-instances", "ReplicationInstances")
        self.dms("delete-replication-subnet-group", "--replication-subnet-group-identifier", "nets")

    def _instances(self) -> list[str]:
        shown = self.dms("describe-replication-instances")["ReplicationInstances"]
        return [one["ReplicationInstanceStatus"] for one in shown]

    def _tasks(self, name: str = "") -> list[str]:
        shown = self.dms("describe-replication-tasks")["ReplicationTasks"]
        return [one["Status"] for one in shown if name in ("", one["ReplicationTaskIdentifier"])]

    def _statistics(self) -> list[dict[str, Any]]:
        return self.dms("describe-table-statistics", "--replication-task-arn", self.task)["TableStatistics"]

    def _subscriptions(self) -> list[str]:
        return [one["Status"] for one in self.dms("describe-event-subscriptions")["EventSubscriptionsList"]]

    def _assess(self, name: str) -> str:
        return self.dms(
            *("start-replication-task-assessment-run", "--replication-task-arn", self.second),
            *(
                "--service-access-role-arn",
                self.role,
                "--result-location-bucket",
                BUCKET,
                "--assessment-run-name",
                name,
            ),
        )["ReplicationTaskAssessmentRun"]["ReplicationTaskAssessmentRunArn"]


def _policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
