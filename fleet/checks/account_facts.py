"""All that a check of the account looks at: what the registry asks for, and what AWS and Snowflake answered.

What nobody could ask is `Unseen`; what is asked for and not there is None.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TypeAlias, TypeVar

from fleet.checks.check import Judged
from fleet.databases import Database, Mode, Registry, Server
from fleet.names import instance_id, source_endpoint_id, target_endpoint_id

Fact = TypeVar("Fact")


@dataclass(frozen=True)
class Unseen:
    """Nobody could look. *why*: in words, with the service's own."""

    why: str


Seen: TypeAlias = Fact | Unseen


@dataclass(frozen=True)
class QuotaFacts:
    """A quota of DMS's, as the account has it: how many there may be, and are."""

    used: int
    most: int


@dataclass(frozen=True)
class BucketFacts:
    """A bucket. *key*: the KMS key of its default encryption, empty for another way. *expires_days*: of its objects,
    0 for never."""

    region: str
    is_private: Seen[bool]
    key: Seen[str]
    is_tls_only: Seen[bool]
    keeps_versions: Seen[bool]
    expires_days: Seen[int]


@dataclass(frozen=True)
class Trusted:
    """Who may assume a role: a service or an ARN, with the external id that is asked for, if one is."""

    who: str
    external_id: str = ""


@dataclass(frozen=True)
class RoleFacts:
    """A role. *policies*: names of those that it has, its own and attached ones; None where nobody asked."""

    trusted: tuple[Trusted, ...]
    policies: Seen[tuple[str, ...]] | None = None


@dataclass(frozen=True)
class KeyFacts:
    """A KMS key, in KMS's words."""

    state: str
    usage: str
    spec: str


@dataclass(frozen=True)
class SecretFacts:
    """A server's secret, never its content. *complaint*: why DMS and AskSource could not read it, empty if they can.
    *key*: the customer's key that it is under, as the secret names it; empty for Secrets Manager's own."""

    complaint: Seen[str]
    key: Seen[str]


@dataclass(frozen=True)
class EndpointFacts:
    """An endpoint of DMS. *certificate*: its ARN, or nothing."""

    arn: str
    status: str
    ssl_mode: str
    certificate: str


@dataclass(frozen=True)
class TaskFacts:
    """A replication task of DMS."""

    arn: str
    instance_arn: str
    status: str


@dataclass(frozen=True)
class InstanceFacts:
    """A replication instance of DMS."""

    arn: str
    status: str
    storage_gigabytes: int


@dataclass(frozen=True)
class ConnectionFacts:
    """The last test of an endpoint. *why*: DMS's words where it failed."""

    status: str
    why: str


@dataclass(frozen=True)
class AssessmentFacts:
    """The newest premigration assessment of a task. *not_passed*: its items that did not pass, by name."""

    status: str
    made_on: date | None
    not_passed: Seen[tuple[str, ...]]


@dataclass(frozen=True)
class GrantFacts:
    """A privilege that a role has, by Snowflake's names. *on*: a kind, as `TABLE`; *name*: without quotes."""

    privilege: str
    on: str
    name: str


@dataclass(frozen=True)
class IntegrationFacts:
    """Snowflake's storage integration."""

    is_enabled: bool
    role_arn: str
    user_arn: str
    external_id: str
    locations: tuple[str, ...]


@dataclass(frozen=True)
class SnowflakeFacts:
    """What Snowflake says to the loader. *refused*: why it was not let in, empty if it was. *landing_refused*: why the
    stage could not be listed, empty if it could. *future*: what the reader will have on what is made later."""

    refused: Seen[str]
    loader: Seen[tuple[GrantFacts, ...]]
    reader: Seen[tuple[GrantFacts, ...]]
    future: Seen[tuple[GrantFacts, ...]]
    integration: Seen[IntegrationFacts]
    landing_refused: Seen[str]


@dataclass(frozen=True)
class AccountFacts:
    """One look at one account. *databases*: those that are asked about. *today*: in UTC.

    *account*: whose credentials asked. *in_force*: the modes of each database that is deployed, by id; None where none
    ever was.
    *quotas*: by DMS's names. *roles*, *secrets*, *endpoints*, *tasks*, *instances*: by name; *keys*: customers' keys of
    secrets, as the secrets name them; *connections*: by the ARNs of instance and endpoint; *certificates*: the last day
    of each, by ARN, None where DMS does not say it; *assessments*: by the task's ARN.
    """

    registry: Registry
    databases: tuple[Database, ...]
    today: date
    account: Seen[str]
    in_force: Seen[Mapping[str, tuple[Mode, ...]] | None]
    quotas: Seen[Mapping[str, QuotaFacts]]
    functions_at_once: Seen[int]
    landing: Seen[BucketFacts | None]
    control: Seen[BucketFacts | None]
    roles: Mapping[str, Seen[RoleFacts | None]]
    data_key: Seen[KeyFacts | None]
    snowflake_key: Seen[KeyFacts | None]
    secrets: Mapping[str, Seen[SecretFacts | None]]
    keys: Mapping[str, Seen[KeyFacts | None]]
    endpoints: Seen[Mapping[str, EndpointFacts]]
    tasks: Seen[Mapping[str, TaskFacts]]
    instances: Seen[Mapping[str, InstanceFacts]]
    connections: Seen[Mapping[tuple[str, str], ConnectionFacts]]
    certificates: Seen[Mapping[str, date | None]]
    assessments: Seen[Mapping[str, AssessmentFacts]]
    snowflake: SnowflakeFacts

    @cached_property
    def is_deployed(self) -> bool:
        """Whether the fleet was ever deployed, as far as anybody can see: a registry is in force, or an instance is."""
        names = {instance_id(self.registry.settings.prefix, one.instance) for one in self.registry.databases}
        has_instance = not isinstance(self.instances, Unseen) and bool(names & self.instances.keys())
        return has_instance or not (self.in_force is None or isinstance(self.in_force, Unseen))

    @cached_property
    def wanted(self) -> tuple[Database, ...]:
        """The databases that need resources: all that are onboarded, and those that are asked about."""
        asked = {one.id for one in self.databases}
        return tuple(one for one in self.registry.databases if one.onboarded or one.id in asked)

    def judge_missing(self, what: str) -> Judged:
        """What it means that *what*, which the stack makes, is not there."""
        if self.is_deployed:
            return Judged("failed", f"not there, though the fleet is deployed: {what}")
        return Judged("remark", f"not there, for nothing is deployed yet: {what}")


@dataclass(frozen=True)
class DatabaseFacts:
    """One database in *account*."""

    account: AccountFacts
    database: Database

    @property
    def server(self) -> Server:
        """Its server."""
        return self.account.registry.server_of(self.database)

    @property
    def prefix(self) -> str:
        """Of all names."""
        return self.account.registry.settings.prefix

    @property
    def endpoint_ids(self) -> tuple[str, str]:
        """Of its source and its target."""
        return source_endpoint_id(self.prefix, self.database.id), target_endpoint_id(self.prefix, self.database.id)

    def judge_missing(self, what: str, modes: Collection[Mode] = ()) -> Judged:
        """What it means that *what*, which the stack makes for it, or for its *modes* alone, is not there."""
        in_force = self.account.in_force
        if isinstance(in_force, Unseen):
            return Judged("unknown", f"not there, and nobody could see what is deployed: {what}")
        deployed = (in_force or {}).get(self.database.id)
        if deployed is not None and modes and not {*modes} & {*deployed}:
            return Judged("remark", f"not there, for mode {' and '.join(modes)} is not deployed yet: {what}")
        if deployed is not None:
            return Judged("failed", f"not there, though the database is deployed: {what}")
        return Judged("remark", f"not there, for the database is not deployed yet: {what}")


def not_seen(fact: Unseen) -> Judged:
    """What a check says that has nothing to look at."""
    return Judged("unknown", f"nobody could look: {fact.why}")
