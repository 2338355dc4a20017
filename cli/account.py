"""The account that a command talks to: AWS by the environment's credentials, or a local cloud that a test hands in."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import urllib3

from fleet.databases import Registry
from fleet.names import control_bucket, ledger_table, machine_arn
from lambdas.wiring import Clients, Environment
from onboarding.reader import read_registry
from orchestration.functions import function_arn

REGISTRY = Path("registry")


@dataclass(frozen=True)
class Account:
    """Clients of one account, the state machines in it, and how to wait."""

    clients: Clients
    fleet_run: str
    database_run: str
    wait: Callable[[float], object]


def connect(registry_folder: Path = REGISTRY, environment: Mapping[str, str] = os.environ) -> Account:
    """The account that the registry's settings name. Opens no connection yet."""
    registry: Registry = read_registry(registry_folder, environment)
    settings = registry.settings
    where = (settings.account, settings.region, settings.prefix)
    told = Environment(
        control_bucket=control_bucket(settings.prefix, settings.account),
        ledger_table=ledger_table(settings.prefix),
        ask_source_function=function_arn(*where, "AskSource"),
        notification_topic=f"arn:aws:sns:{settings.region}:{settings.account}:{settings.prefix}-runs",
    )

    return Account(
        Clients(told, client_maker(settings.region), urllib3.PoolManager(), lambda: datetime.now(UTC)),  # noqa: TID251  a person's own clock
        machine_arn(*where, "fleet-run"),
        machine_arn(*where, "database-run"),
        time.sleep,  # noqa: TID251  a person waits
    )


def client_maker(region: str) -> Callable[[str], Any]:
    """Makes boto3's clients of *region*, by service, with the environment's credentials."""
    return lambda service: boto3.client(service, region_name=region)
