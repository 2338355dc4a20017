"""What the deployment alone needs to know: network, machines, schedules, who is notified. A night reads none of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

VpcEndpoint = Literal["s3", "secretsmanager"]


@dataclass(frozen=True)
class Tag:
    """A tag of every resource, as AWS bills and searches by."""

    key: str
    value: str


@dataclass(frozen=True)
class Network:
    """Where replication instances and AskSource stand. Without *vpc* a minimal one is made, of *cidr* in *zones*.

    *subnets*: of that VPC, in two zones at least. *route_tables*: theirs, which the endpoint of S3 is entered into.
    *make_endpoints*: the VPC endpoints that are made: those that the VPC lacks. *source_networks*: where sources are.
    """

    vpc: str = ""
    subnets: tuple[str, ...] = ()
    route_tables: tuple[str, ...] = ()
    make_endpoints: tuple[VpcEndpoint, ...] = ("s3", "secretsmanager")
    cidr: str = ""
    zones: tuple[str, ...] = ()
    source_networks: tuple[str, ...] = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")


@dataclass(frozen=True)
class InstanceSize:
    """What one replication instance has otherwise than the rest. *id*: as databases name it."""

    id: str
    instance_class: str
    storage_gigabytes: int


@dataclass(frozen=True)
class Replication:
    """The replication instances. *maintenance_window*: in UTC, outside of the nights.

    *account_roles*: whether the stack makes dms-vpc-role and dms-cloudwatch-logs-role, of which an account has one.
    """

    instance_class: str = "dms.r6i.large"
    storage_gigabytes: int = 100
    multi_az: bool = False
    engine_version: str = "3.6.1"
    maintenance_window: str = "sun:12:00-sun:13:00"
    account_roles: Literal["create", "adopt"] = "create"
    sizes: tuple[InstanceSize, ...] = ()


@dataclass(frozen=True)
class NightSchedule:
    """A schedule of runs. *expression*: as EventBridge Scheduler takes it; *tags*: which databases, all if empty.

    *sweep*: whether its runs, of mode `delta`, compare the keys of source and Snowflake.
    """

    name: str
    mode: Literal["full", "delta"]
    expression: str
    time_zone: str = "UTC"
    flexible_minutes: int = 0
    tags: tuple[str, ...] = ()
    sweep: bool = False


@dataclass(frozen=True)
class Functions:
    """The Lambda functions. *log_retention_days*: of every log group."""

    architecture: Literal["arm64", "x86_64"] = "arm64"
    python: Literal["3.11", "3.12", "3.13"] = "3.13"
    memory_megabytes: int = 512
    log_retention_days: int = 90


@dataclass(frozen=True)
class Trust:
    """Who of Snowflake may read the landing bucket. Without *user_arn* no role is made: IAM refuses an unknown user."""

    user_arn: str = ""
    external_id: str = ""


@dataclass(frozen=True)
class StackSettings:
    """All of it. *state_bucket*: where Terraform keeps its state, or beside the stack's file. *emails*: who hears.

    *landing_retention_days*: how long the Parquet files are kept. *keep_data*: whether buckets with content, ledger and
    keys survive an attempt to destroy the stacks.
    """

    state_bucket: str = ""
    network: Network = Network()
    replication: Replication = Replication()
    nights: tuple[NightSchedule, ...] = ()
    functions: Functions = Functions()
    snowflake_trust: Trust = Trust()
    emails: tuple[str, ...] = ()
    landing_retention_days: int = 14
    keep_data: bool = True
    tags: tuple[Tag, ...] = ()
