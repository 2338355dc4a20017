"""The stack that is applied last: functions, state machines, what calls them, alarms, and the registry in force."""

from __future__ import annotations

import hashlib

from fleet.databases import Registry
from fleet.names import control_bucket, notification_topic_arn
from orchestration.constructs import toolchain as tf
from orchestration.constructs.alarms import RunAlarms
from orchestration.constructs.fleet_stack import FleetStack
from orchestration.constructs.functions import FunctionDependencies, LambdaFunctions, Package
from orchestration.constructs.machines import Machines
from orchestration.constructs.network import security_group_name, subnet_tags
from orchestration.constructs.triggers import Triggers

NAME = "pipeline"
REGISTRY_FILE = "registry.json"
"""What the effective registry is called beside the stack's file."""
# PlanRun reads the registry there (lambdas/clients/records.py, which infrastructure never imports: a test compares).
REGISTRY_KEY = "registry/current.json"


class Pipeline(FleetStack):
    """*registry_text*: the effective registry, which is written beside the stack's file, as the package is."""

    def __init__(self, scope: tf.Construct, registry: Registry, registry_text: str, package: Package) -> None:
        settings = registry.settings
        super().__init__(scope, NAME, settings)
        key_arn = self.find_data_key()
        secrets = self.find_secrets(registry.servers)
        dependencies = FunctionDependencies(
            self._find_subnets(), self._find_security_group(), list(secrets.values()), registry.servers, key_arn
        )
        functions = LambdaFunctions(self, settings, package, dependencies)
        arns = {name: function.arn for name, function in functions.all.items()}
        machines = Machines(self, settings, arns, key_arn)
        triggers = Triggers(self, settings, functions.all, machines.arns)
        RunAlarms(self, settings, machines.arns["fleet-run"], triggers, functions.all)
        tf.S3Object(
            self,
            "registry",
            bucket=control_bucket(settings.prefix, settings.account),
            key=REGISTRY_KEY,
            source=f"${{path.module}}/{REGISTRY_FILE}",
            source_hash=hashlib.sha256(registry_text.encode()).hexdigest(),
            content_type="application/json",
        )
        self._tell_what_is_next(machines.arns, triggers)

    def _find_subnets(self) -> list[str]:
        network = self.settings.stack.network
        if network.vpc:
            return list(network.subnets)
        tags = subnet_tags(self.settings.prefix)
        filters = [{"name": f"tag:{key}", "values": [value]} for key, value in tags.items()]
        return tf.DataAwsSubnets(self, "subnets", filter=filters).ids

    def _find_security_group(self) -> str:
        return tf.DataAwsSecurityGroup(self, "sources", name=security_group_name(self.settings.prefix)).id

    def _tell_what_is_next(self, machine_arns: dict[str, str], triggers: Triggers) -> None:
        settings = self.settings
        self.output("fleet_run_arn", machine_arns["fleet-run"], "The state machine of a run")
        self.output("database_run_arn", machine_arns["database-run"], "The state machine of one database in a run")
        start = f"aws stepfunctions start-execution --region {settings.region} --name first-run"
        self.output(
            "start_a_run",
            f'{start} --state-machine-arn {machine_arns["fleet-run"]} --input \'{{"mode": "full"}}\'',
            "Starts a run now; its name may be any that no run had",
        )
        topic = notification_topic_arn(settings.account, settings.region, settings.prefix)
        self.output("notification_topic_arn", topic, "Its subscribers hear of runs, alarms and DMS's events")
        self.output("missed_nights_queue", triggers.missed_nights.url, "Runs that a schedule could not start")
        self.output(
            "not_delivered_queue", triggers.not_delivered.url, "What rules and the sweep's schedule could not deliver"
        )
