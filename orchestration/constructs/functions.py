"""All Lambda functions: one package, and for each function a role and a log of its own."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from fleet.databases import Server, Settings
from fleet.errors import FleetError
from fleet.names import control_bucket, function_arn, function_name, ledger_table, notification_topic_arn
from orchestration.constructs import toolchain as tf
from orchestration.function_roles import function_role_name, may
from orchestration.function_timeouts import timeout_seconds
from orchestration.functions import DATABASE_RUN, FLEET_RUN, MODULES
from orchestration.roles import trust_service

PACKAGE_FILE = "functions.zip"
"""What the package is called beside the stack's file, and in the control bucket below `package/`."""


class PackageMissingError(FleetError):
    """The zip file that all functions run is not there."""


@dataclass(frozen=True)
class Package:
    """The zip file of all functions. *sha256*: its digest in base64, as Lambda gives it."""

    file: Path
    sha256: str

    @classmethod
    def read(cls, file: Path) -> Package:
        """The package at *file*.

        Raises:
            PackageMissingError: There is no such file.
        """
        if not file.is_file():
            raise PackageMissingError(
                f"the functions' package {file} is not there, and no function can be deployed without it.",
                remedy="`python main.py` builds one, unless it is given one; so does `fleet deploy`.",
            )
        return cls(file, base64.b64encode(hashlib.sha256(file.read_bytes()).digest()).decode())


@dataclass(frozen=True)
class FunctionDependencies:
    """What AskSource needs to reach sources, and the key of all logs."""

    subnet_ids: list[str]
    security_group_id: str
    secret_arns: list[str]
    servers: tuple[Server, ...]
    data_key_arn: str


def environment(settings: Settings) -> dict[str, str]:
    """What every function gets (`lambdas/wiring.py` reads it)."""
    place = settings.account, settings.region, settings.prefix
    return {
        "FLEET_ASK_SOURCE_FUNCTION": function_arn(*place, "AskSource"),
        "FLEET_CONTROL_BUCKET": control_bucket(settings.prefix, settings.account),
        "FLEET_LEDGER_TABLE": ledger_table(settings.prefix),
        "FLEET_NOTIFICATION_TOPIC": notification_topic_arn(*place),
    }


class LambdaFunctions(tf.Construct):
    """The functions, by name in *all*. They take their code from the control bucket: it is sent there once, not 19
    times."""

    def __init__(
        self, scope: tf.Construct, settings: Settings, package: Package, dependencies: FunctionDependencies
    ) -> None:
        super().__init__(scope, "functions")
        self._settings, self._package, self._dependencies = settings, package, dependencies
        self._code = tf.S3Object(
            self,
            "package",
            bucket=control_bucket(settings.prefix, settings.account),
            key=f"package/{PACKAGE_FILE}",
            source=f"${{path.module}}/{PACKAGE_FILE}",
            source_hash=package.sha256,
        )
        self._code.override_logical_id("package")
        self.all = {name: self._make(name) for name in (*FLEET_RUN, *DATABASE_RUN, "AskSource", "Recorder", "Sweep")}

    def _make(self, name: str) -> tf.LambdaFunction:
        settings, wanted = self._settings, self._settings.stack.functions
        called, logical_id = function_name(settings.prefix, name), _logical_id(name)
        role = tf.IamRole(
            self,
            f"{name}-role",
            name=function_role_name(settings.prefix, name),
            assume_role_policy=json.dumps(trust_service("lambda.amazonaws.com")),
        )
        role.override_logical_id(logical_id)
        policy = may(settings, name, self._dependencies.secret_arns, self._dependencies.servers)
        allowed = tf.IamRolePolicy(self, f"{name}-may", name="may", role=role.id, policy=json.dumps(policy))
        allowed.override_logical_id(logical_id)
        log = tf.CloudwatchLogGroup(
            self,
            f"{name}-log",
            name=f"/aws/lambda/{called}",
            retention_in_days=wanted.log_retention_days,
            kms_key_id=self._dependencies.data_key_arn,
        )
        log.override_logical_id(logical_id)
        network = {
            "subnet_ids": self._dependencies.subnet_ids,
            "security_group_ids": [self._dependencies.security_group_id],
        }
        function = tf.LambdaFunction(
            self,
            name,
            function_name=called,
            description=_description(name),
            role=role.arn,
            handler=f"{MODULES[name]}.handler",
            runtime=f"python{wanted.python}",
            architectures=[wanted.architecture],
            memory_size=wanted.memory_megabytes,
            timeout=timeout_seconds(name),
            s3_bucket=self._code.bucket,
            s3_key=self._code.key,
            source_code_hash=self._package.sha256,
            environment={"variables": environment(settings)},
            vpc_config=network if name == "AskSource" else None,
            # Else it would make its log itself, without key and retention; or be asked before it may do anything.
            depends_on=[log, allowed],
        )
        function.override_logical_id(logical_id)
        return function


def _logical_id(name: str) -> str:
    return MODULES[name].rpartition(".")[2]


def _description(name: str) -> str:
    machine = "fleet-run" if name in FLEET_RUN else "database-run"
    others = {
        "AskSource": "Speaks to sources for other functions",
        "Recorder": "Ends what broke off",
        "Sweep": "Looks for what the recorder missed",
    }
    return others.get(name, f"State {name} of {machine}")
