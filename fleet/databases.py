"""The fleet as data: what the registry says, after its files and flags have been read and checked."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from fleet.blackouts import Blackout
from fleet.errors import UnknownDatabaseError
from fleet.quotas import DMS_API_BURST, DMS_API_PER_SECOND, DMS_ENDPOINTS, DMS_TASKS, LAMBDA_AT_ONCE
from fleet.spelling import did_you_mean
from fleet.stack_settings import StackSettings

Mode = Literal["full", "delta"]
Engine = Literal["postgresql", "mysql", "mariadb", "sqlserver"]
Hosting = Literal["self-managed", "rds", "aurora", "azure-mi"]
"""Who runs a server: its owner, Amazon RDS, Amazon Aurora, or Azure SQL Managed Instance."""
SslMode = Literal["none", "require", "verify-ca", "verify-full"]
DriftPolicy = Literal["accept", "partial", "failed"]
"""What a change of a source's table means that readers may miss something by (docs/drift.md): it is followed and named;
named and red, and a dropped column is kept; or the table is withheld."""
Deletes = Literal["hard", "soft", "history"]
"""What becomes of a row that is deleted at its source (docs/deltas.md): it is deleted; it stays, and says since when it
is gone; or it stays with all of its versions, and each says from when to when it was so."""
LossPolicy = Literal["accept", "partial", "failed"]
"""What it means that something of a table does not arrive as it is at the source: noted and green, published and red,
or withheld."""


WithoutDeltas = Literal["each_run", "full_runs"]
"""Which runs load a table in full that takes no deltas: each one of mode `delta` as well, or those of mode `full`
alone."""


SettingValue = bool | int | str


@dataclass(frozen=True)
class EndpointSetting:
    """What DMS's source endpoints of a server get; *name* as DMS spells it (`fleet/dms/endpoint_settings.py`)."""

    name: str
    value: SettingValue


@dataclass(frozen=True)
class Server:
    """A host that several databases share. *secret*: name or ARN of its secret in Secrets Manager.

    *secret_key*: ARN of the KMS key that the secret is under, if that is not Secrets Manager's own. *ssl_mode*: how
    the connection to it is encrypted. *certificate*: ARN of the DMS certificate that `verify-...` compares with.
    *databases_at_once*, *connections_at_once*: what it bears at once of all runs together (`fleet/server_places.py`).
    *blackouts*: when none of its databases starts to be read (`fleet/blackouts.py`).
    *hosting*: who runs it, which decides what its administrator may do for us (`fleet prerequisites`).
    *endpoint_settings*: what DMS is to do otherwise than by default when it reads from it; names are unique.
    """

    id: str
    engine: Engine
    secret: str
    secret_key: str = ""
    ssl_mode: SslMode = "require"
    certificate: str = ""
    databases_at_once: int = 4
    connections_at_once: int = 100
    hosting: Hosting = "self-managed"
    blackouts: tuple[Blackout, ...] = ()
    endpoint_settings: tuple[EndpointSetting, ...] = ()


@dataclass(frozen=True)
class ParallelLoad:
    """One table loaded in ranges of *column*: len(*boundaries*) + 1 segments, each boundary an upper bound."""

    schema: str
    table: str
    column: str
    boundaries: tuple[str, ...]


@dataclass(frozen=True)
class Rename:
    """A column that DMS gives another name, *to*, on its way; names as the source spells them."""

    schema: str
    table: str
    column: str
    to: str


@dataclass(frozen=True)
class TableRules:
    """What holds for one table. None: as for the whole database.

    *losses*: the policy for all of its columns; *accept*: columns whose losses are accepted, whatever the policy says.
    *drift*: the policy for changes of its columns. *row_tolerance*: by how many rows its counts may differ.
    *without_deltas*: which runs load it, if it takes no deltas. *deletes*: what becomes of rows that are deleted at the
    source. *key*: columns that are its key, where it has no primary key at its source.
    """

    schema: str
    table: str
    losses: LossPolicy | None = None
    accept: tuple[str, ...] = ()
    drift: DriftPolicy | None = None
    row_tolerance: int | None = None
    without_deltas: WithoutDeltas | None = None
    deletes: Deletes | None = None
    key: tuple[str, ...] = ()


NO_RULES = TableRules("", "")


@dataclass(frozen=True)
class Quarantine:
    """A person's word that a database is held back. *until*: the day (ISO date, UTC) on which it runs again."""

    reason: str
    by: str
    until: str


@dataclass(frozen=True)
class Database:
    """One entry of the registry. *name_at_source* is what the server calls it; *instance* moves it.

    *include*, *exclude*: patterns of `schema.table` that are taken, all if there are none, and left alone.
    *exclude_columns*: patterns of `schema.table.column` that never land.
    *expected_seconds*: how long a full load takes, as the registry guesses before one has been measured; the longest
    start first, after those of a higher *priority*. *deltas*: a second task reads its change log.
    *owner*: who answers for the database, a team or an address; the page and the notification name it. *notes*: what
    a person on call should know, in the registry's words.
    *on_gap*: whether a run that finds a gap in the log begins the deltas anew, with loads in full, or stops.
    *without_deltas*: which runs load its tables that take no deltas.
    *family*: whose word counts where it has none. *lob_max_kilobytes*, *tables_at_once*, *commit_rate*: as the
    profile's where they are None. *renames*: for columns that Snowflake could not keep apart. *tables*: what holds for
    single ones. *deletes*: what becomes of rows that are deleted at the source. *quarantined*: why runs pass it over,
    and until when (`fleet/quarantine.py`).
    """

    id: str
    server: str
    name_at_source: str
    instance: str
    schemas: tuple[str, ...]
    family: str = ""
    onboarded: bool = False
    views: bool = True
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    exclude_columns: tuple[str, ...] = ()
    parallel_loads: tuple[ParallelLoad, ...] = ()
    tags: tuple[str, ...] = ()
    expected_seconds: int = 0
    row_tolerance: int = 0
    deltas: bool = False
    on_gap: Literal["reload", "stop"] = "reload"
    without_deltas: WithoutDeltas = "each_run"
    drift: DriftPolicy = "partial"
    renames: tuple[Rename, ...] = ()
    losses: LossPolicy = "partial"
    lob_max_kilobytes: int | None = None
    tables_at_once: int | None = None
    commit_rate: int | None = None
    tables: tuple[TableRules, ...] = ()
    deletes: Deletes = "hard"
    owner: str = ""
    priority: int = 0
    notes: str = ""
    quarantined: Quarantine | None = None

    @property
    def modes(self) -> tuple[Mode, ...]:
        """The modes it has a task for."""
        return ("full", "delta") if self.deltas else ("full",)

    def rules_of(self, name: tuple[str, str]) -> TableRules:
        """What holds for the table of that schema and *name*."""
        return next((rules for rules in self.tables if (rules.schema, rules.table) == name), NO_RULES)

    def drift_of(self, name: tuple[str, str]) -> DriftPolicy:
        """What drift of the table means: its own word counts before the database's."""
        return self.rules_of(name).drift or self.drift

    def losses_of(self, name: tuple[str, str]) -> LossPolicy:
        """What a loss in the table means: its own word counts before the database's."""
        return self.rules_of(name).losses or self.losses

    def is_left_to_full_runs(self, name: tuple[str, str]) -> bool:
        """Whether the table of that schema and *name*, if it takes no deltas, waits for runs of mode `full`."""
        return (self.rules_of(name).without_deltas or self.without_deltas) == "full_runs"

    def tolerance_of(self, name: tuple[str, str]) -> int:
        """By how many rows the table's counts may differ."""
        own = self.rules_of(name).row_tolerance
        return self.row_tolerance if own is None else own

    def deletes_of(self, name: tuple[str, str]) -> Deletes:
        """What becomes of rows of the table that are deleted at the source.

        >>> shop = Database("shop", "s", "Shop", "one", ("s",), deletes="soft", tables=(TableRules("s", "t"),))
        >>> hard = replace(shop, tables=(TableRules("s", "t", deletes="hard"),))
        >>> [one.deletes_of(("s", "t")) for one in (shop, hard)]
        ['soft', 'hard']
        """
        return self.rules_of(name).deletes or self.deletes


@dataclass(frozen=True)
class TaskProfile:
    """How every task of the fleet is tuned (DMS's own names in `fleet/dms/task_settings.py`).

    *deltas_end*: what ends a delta: a stop position that DMS comes to (`at_time`, after `limits.delta_seconds`), or we,
    once the mark of the delta has landed (`at_mark`, after that time at the latest; without a mark it is at_time).
    """

    tables_at_once: int = 8
    commit_rate: int = 10_000
    lob_max_kilobytes: int = 32
    deltas_end: Literal["at_time", "at_mark"] = "at_time"


@dataclass(frozen=True)
class Limits:
    """How much at once, and how long at most. Our choices, not a vendor's (those are in `fleet/quotas.py`).

    *dms_requests_at_once*, *dms_requests_per_second*: the account's request bucket, AWS's numbers unless a Region has
    others. *dms_share_percent*: how much of what flows into it runs take; the rest is for people and other tools.
    *dms_endpoints*, *dms_tasks*: the account's quotas, where AWS has raised them.
    *throttle_deadline_seconds*: for how long an API may refuse a state of a database, which waits and asks again.
    *server_wait_seconds*: for how long a database waits for a place at its server (`fleet/server_places.py`).
    *count_rows_at_most*: a table that has more by its server's statistics is not counted at the source.
    *trial_above_rows*: a new database that has more by its server's statistics is tried with one small table first
    (`fleet/gate.py`).
    *delta_seconds*: how long the task of a delta reads changes, from its start, or may at most; long enough to come to
    what was committed before. *transaction_wait_seconds*: for how long the first full load of a chain of deltas waits
    for the end of transactions that are open. *delta_overdue_hours*: how long a database with deltas may be without one
    before an alarm goes off, since its source may keep its log as long.
    *lambda_at_once*: how many functions the account runs at once; `fleet verify aws` compares it with the account.
    """

    databases_at_once: int = 16
    loads_in_flight: int = 64
    claim_wait_seconds: int = 900
    server_wait_seconds: int = 6 * 3600
    test_deadline_seconds: int = 300
    modify_deadline_seconds: int = 900
    task_deadline_seconds: int = 6 * 3600
    delta_seconds: int = 300
    transaction_wait_seconds: int = 1800
    delta_overdue_hours: int = 48
    stuck_seconds: int = 1800
    stop_deadline_seconds: int = 1800
    load_deadline_seconds: int = 2 * 3600
    count_table_seconds: int = 60
    count_deadline_seconds: int = 900
    count_rows_at_most: int = 100_000_000
    trial_above_rows: int = 1_000_000
    throttle_deadline_seconds: int = 3600
    dms_requests_at_once: int = DMS_API_BURST.value
    dms_requests_per_second: int = DMS_API_PER_SECOND.value
    dms_share_percent: int = 90
    dms_endpoints: int = DMS_ENDPOINTS.value
    dms_tasks: int = DMS_TASKS.value
    lambda_at_once: int = LAMBDA_AT_ONCE.value


@dataclass(frozen=True)
class SnowflakeSettings:
    """Where the hand-off goes. *account_url*: base URL of the SQL API; *key_id*: KMS key that signs for *user*.

    *reader_role*: may read every table that is loaded, from its first load on.
    """

    account: str
    account_url: str
    user: str
    key_id: str
    role: str
    warehouse: str
    database: str
    reader_role: str = "FLEET_READER"


@dataclass(frozen=True)
class Settings:
    """Where the fleet runs. *prefix* begins every name of a resource; *stack* is for the deployment alone."""

    prefix: str
    account: str
    region: str
    landing_bucket: str
    snowflake: SnowflakeSettings
    profile: TaskProfile = TaskProfile()
    limits: Limits = Limits()
    stack: StackSettings = StackSettings()

    def profile_of(self, database: Database) -> TaskProfile:
        """How the tasks of *database* are tuned.

        DMS takes one limit of long values for a whole task: its `lob-settings` for single tables name no S3 target
        (docs/facts/dms.md 4.8).
        """
        return replace(
            self.profile,
            tables_at_once=database.tables_at_once or self.profile.tables_at_once,
            commit_rate=database.commit_rate or self.profile.commit_rate,
            lob_max_kilobytes=database.lob_max_kilobytes or self.profile.lob_max_kilobytes,
        )


@dataclass(frozen=True)
class Registry:
    """Settings, servers and databases of one version of the registry; ids are unique, references hold."""

    settings: Settings
    servers: tuple[Server, ...]
    databases: tuple[Database, ...]

    @cached_property
    def _databases_by_id(self) -> dict[str, Database]:
        return {database.id: database for database in self.databases}

    @cached_property
    def _servers_by_id(self) -> dict[str, Server]:
        return {server.id: server for server in self.servers}

    def database(self, database_id: str) -> Database:
        """The database of that id.

        Raises:
            UnknownDatabaseError: The registry does not hold it.
        """
        try:
            return self._databases_by_id[database_id]
        except KeyError:
            meant = did_you_mean(database_id, self._databases_by_id)
            raise UnknownDatabaseError(
                f"database {database_id!r} is not in the registry ({len(self.databases)} databases).",
                remedy=f"{meant} Or add it to registry/databases.yaml, and deploy.",
            ) from None

    @property
    def owners(self) -> dict[str, str]:
        """Who answers for each database that has an owner."""
        return {database.id: database.owner for database in self.databases if database.owner}

    def server_of(self, database: Database) -> Server:
        """The server that holds *database*."""
        return self._servers_by_id[database.server]

    def profile_at(self, server: str) -> TaskProfile:
        """The profile that a place at *server* is reckoned by: that of its database which loads most tables at once.

        Places are counted, not weighed: each of them has to be wide enough for whichever database takes it.
        """
        held = [one.tables_at_once or self.settings.profile.tables_at_once for one in self._databases_at(server)]
        return replace(self.settings.profile, tables_at_once=max(held, default=self.settings.profile.tables_at_once))

    def _databases_at(self, server: str) -> tuple[Database, ...]:
        return tuple(database for database in self.databases if database.server == server)


def registry_version(text: str) -> str:
    """A short name of the content of an effective registry's *text*, by which a run pins what it reads.

    >>> registry_version("{}")
    '44136fa355b3'
    """
    return hashlib.sha256(text.encode()).hexdigest()[:12]
