"""Both state machines, as their files say, logged and traced."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from fleet.databases import Settings
from fleet.names import machine_arn, resource_name
from orchestration.constructs import toolchain as tf
from orchestration.definitions import bind, load
from orchestration.functions import DATABASE_RUN, FLEET_RUN
from orchestration.roles import Policy, run_databases, run_fleet, trust_service


class Machines(tf.Construct):
    """`fleet-run` and `database-run`, each with its role and its log. *functions*: the ARN of each by name."""

    def __init__(self, scope: tf.Construct, settings: Settings, functions: Mapping[str, str], key_arn: str) -> None:
        super().__init__(scope, "machines")
        self._settings, self._key_arn = settings, key_arn

        def of(names: Iterable[str]) -> dict[str, str]:
            return {name: functions[name] for name in names}

        child = self._make("database-run", of(DATABASE_RUN), run_databases(settings))
        parent = self._make("fleet-run", {**of(FLEET_RUN), "DatabaseRun": child.arn}, run_fleet(settings))
        self.arns = {"fleet-run": parent.arn, "database-run": child.arn}

    def _make(self, name: str, values: Mapping[str, str], may: Policy) -> tf.SfnStateMachine:
        settings, logical_id = self._settings, name.replace("-", "_")
        called = resource_name(settings.prefix, name)
        arn = machine_arn(settings.account, settings.region, settings.prefix, name)
        role = tf.IamRole(
            self,
            f"{name}-role",
            name=called,
            assume_role_policy=json.dumps(trust_service("states.amazonaws.com", settings.account, arn)),
        )
        role.override_logical_id(logical_id)
        allowed = tf.IamRolePolicy(self, f"{name}-may", name="may", role=role.id, policy=json.dumps(may))
        allowed.override_logical_id(logical_id)
        log = tf.CloudwatchLogGroup(
            self,
            f"{name}-log",
            # With another name the account's one policy for deliveries of logs would overflow some day.
            # Source: https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html (documented).
            name=f"/aws/vendedlogs/states/{called}",
            retention_in_days=settings.stack.functions.log_retention_days,
            kms_key_id=self._key_arn,
        )
        log.override_logical_id(logical_id)
        machine = tf.SfnStateMachine(
            self,
            name,
            name=called,
            role_arn=role.arn,
            definition=json.dumps(bind(load(name), dict(values)), indent=2),
            logging_configuration={
                "level": "ALL",
                "include_execution_data": True,
                "log_destination": f"{log.arn}:*",
            },
            tracing_configuration={"enabled": True},
            # A machine that may not yet start its children or write its log is refused.
            depends_on=[allowed],
        )
        machine.override_logical_id(logical_id)
        return machine
