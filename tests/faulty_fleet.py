"""A fleet of tiny databases for a night with faults: three tables (one of them empty) and a view each."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cases import SETTINGS
from fleet.databases import Database, Limits, Registry, Server
from fleet.names import warehouse_schema
from fleet.outcomes import Outcome
from lambdas.clients.records import adapter
from local.cloud import LocalCloud
from local.faults.faults import Faults
from localcloud.cloud import AccountLimits
from localcloud.servers.postgres import EmbeddedPostgres

TABLES = ("orders", "customers", "nothing", "totals")
# Short ones: a night that has to run into them still takes little to work through.
LIMITS = Limits(
    loads_in_flight=64,
    task_deadline_seconds=600,
    stuck_seconds=180,
    test_deadline_seconds=120,
    throttle_deadline_seconds=300,
)


@dataclass(frozen=True)
class Fleet:
    """A cloud over tiny databases, and their sources."""

    cloud: LocalCloud
    faults: Faults
    postgres: EmbeddedPostgres
    template: str
    made: set[str]

    def run(self, run: str, databases: Collection[str], mode: str = "full") -> dict[str, Outcome]:
        """One run over *databases*, their sources made if they are not there; the outcomes by database."""
        for name in databases:
            self.make(name)
        arn = self.cloud.start_run(run, {"mode": mode, "databases": list(databases)})
        self.cloud.machines.ended(arn).result(timeout=600)
        clients = self.cloud.clients
        found = (
            clients.objects.read(clients.records.bucket, record.document) for record in clients.ledger.outcomes(run)
        )
        outcomes = [adapter(Outcome).validate_json(body) for body in found if body is not None]
        return {outcome.database: outcome for outcome in outcomes}

    def make(self, database: str) -> None:
        """Make the source of *database*, if it is not there."""
        if database not in self.made:
            self.postgres.drop_database(database)
            self.postgres.create_database(database, self.template)
            self.made.add(database)

    def ask(self, query: str) -> list[list[Any]]:
        """The rows of *query* in Snowflake, in one order."""
        where = SETTINGS.snowflake
        (result,) = self.cloud.snowflake.administer(query, database=where.database, warehouse=where.warehouse)
        return sorted((list(row) for row in result.rows), key=repr)

    def published(self, database: str) -> dict[str, list[list[Any]]]:
        """The rows of every table that the warehouse has of *database*, without the columns of our own."""
        schema = warehouse_schema(database, "public")
        query = f"SELECT TABLE_NAME FROM FLEET.INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = '{schema}'"
        found = {}
        for (table,) in self.ask(query):
            columns = {"ORDERS": "ID, WHAT, AMOUNT", "CUSTOMERS": "ID, NAME", "NOTHING": "ID, WHAT"}
            what = columns.get(table, "ORDERS, AMOUNT")
            found[table.lower()] = self.ask(f'SELECT {what} FROM "FLEET"."{schema}"."{table}"')
        return found

    def landed(self, database: str) -> list[str]:
        """The keys of the database's objects."""
        found = self.cloud.aws.client("s3").list_objects_v2(Bucket=SETTINGS.landing_bucket, Prefix=f"{database}/")
        return [one["Key"] for one in found.get("Contents", ())]


@contextmanager
def open_fleet(
    folder: Path,
    postgres: EmbeddedPostgres,
    template: str,
    databases: Mapping[str, Iterable[str]],
    *,
    limits: Limits = LIMITS,
    has_own_instances: bool = False,
    deltas: bool = False,
    account: AccountLimits | None = None,
    faults: Faults | None = None,
    **how: Any,
) -> Iterator[Fleet]:
    """A fleet of *databases*, each with its faults, on copies of *template*. *has_own_instances*: none looks at DMS for
    another. *account*: what it lets pass; *faults*: in place of those of the databases; *how*: of the cloud."""
    secret = postgres.secret("postgres")
    entries = tuple(
        Database(name, "shared", name, name if has_own_instances else "one", ("public",), onboarded=True, deltas=deltas)
        for name in databases
    )
    registry = Registry(
        replace(SETTINGS, limits=limits),
        (
            Server(
                "shared",
                "postgresql",
                "fleet/server/shared",
                ssl_mode="none",
                databases_at_once=1000,
                connections_at_once=30_000,
            ),
        ),
        entries,
    )
    faults = faults or Faults(databases)
    secrets = {"fleet/server/shared": secret}
    with LocalCloud(folder, registry, secrets, clock="frozen", limits=account, faults=faults, **how) as cloud:
        yield Fleet(cloud, faults, postgres, template, set())
