"""The account that a command talks to: AWS by the environment's credentials, or a local cloud that a test hands in."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import urllib3
from botocore.config import Config

from fleet.databases import Registry
from fleet.errors import MalformedInputError, RequestError
from fleet.names import control_bucket, function_arn, ledger_table, machine_arn, notification_topic_arn
from lambdas.wiring import Clients, Environment, client_config
from onboarding.reader import read_registry

REGISTRY = Path("registry")
_PATIENCE = Config(connect_timeout=10)
"""A person waits: an address where nobody answers is given up within a minute, not within five."""


class MalformedAwsSettingError(RequestError):
    """A variable of the environment or ~/.aws has a value that boto3 cannot use."""


@dataclass(frozen=True)
class Account:
    """Clients of one account, the state machines in it, and how to wait."""

    clients: Clients
    fleet_run: str
    database_run: str
    wait: Callable[[float], object]


def read_fleet(folder: Path, environment: Mapping[str, str] = os.environ) -> Registry:
    """The registry in *folder*, with the flags of *environment*.

    Raises:
        MalformedInputError: There is no such folder.
        RegistryError: Something in it is to be mended.
    """
    require_registry(folder)
    return read_registry(folder, environment)


def require_registry(folder: Path) -> None:
    """
    Raises:
        MalformedInputError: There is no such folder.
    """
    if not folder.is_dir():
        raise MalformedInputError(
            f"there is no registry in {str(folder.absolute())!r}.",
            remedy="Start the command in the fleet's folder, or name the registry's folder with --registry.",
        )


def now_here() -> datetime:
    """The time by this computer's clock, in UTC."""
    return datetime.now(UTC)  # noqa: TID251  a person's own clock


def connect(registry_folder: Path = REGISTRY, environment: Mapping[str, str] = os.environ) -> Account:
    """The account that the registry's settings name. Opens no connection yet."""
    settings = read_fleet(registry_folder, environment).settings
    where = (settings.account, settings.region, settings.prefix)
    where_to = Environment(
        control_bucket=control_bucket(settings.prefix, settings.account),
        ledger_table=ledger_table(settings.prefix),
        ask_source_function=function_arn(*where, "AskSource"),
        notification_topic=notification_topic_arn(settings.account, settings.region, settings.prefix),
    )

    return Account(
        Clients(
            where_to,
            client_maker(settings.region),
            urllib3.PoolManager(),
            now_here,
            time.sleep,  # noqa: TID251  a person waits
            random.random,  # noqa: TID251
        ),
        machine_arn(*where, "fleet-run"),
        machine_arn(*where, "database-run"),
        time.sleep,  # noqa: TID251  a person waits
    )


def client_maker(region: str) -> Callable[[str], Any]:
    """Makes boto3's clients of *region*, by service, with the environment's credentials.

    That of functions waits for AskSource as a handler's does, and asks once (`client_config`).
    """

    def patience(service: str) -> Config:
        return client_config(service).merge(_PATIENCE) if service == "lambda" else _PATIENCE

    def make(service: str) -> Any:
        with reading_aws_settings():
            return boto3.client(service, region_name=region, config=patience(service))

    return make


@contextmanager
def reading_aws_settings() -> Iterator[None]:
    """Where boto3 makes a session or a client, by the environment and ~/.aws.

    Raises:
        MalformedAwsSettingError: One of them is wrong, and boto3 has no error of its own for it.
    """
    try:
        yield
    except ValueError as error:
        raise MalformedAwsSettingError(
            f"boto3 cannot use its settings: {str(error).rstrip('.')}.",
            remedy="Mend the AWS_... variables of the environment, or ~/.aws/config.",
        ) from error
