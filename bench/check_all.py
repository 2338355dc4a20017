"""`fleet check --all` over N databases of the local cloud on this machine: how long it takes, and how gentle it is.

    python -m bench.check_all --databases 250 --tables 8 --servers 10

The databases are on one PostgreSQL, and the registry has as many servers for it as are asked for. Connections are those
of AskSource that PostgreSQL itself lists, looked at 20 times a second. Exits 1 where a check failed, the time is longer
than the limit, or there were more connections at once than the registry allows.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.figures import Figure, print_figures
from cli.account import Account
from cli.check import ask_all
from cli.check_output import CheckedDatabase
from cli.gentle import ASKED_AT_ONCE
from cli.sample_registry import SAMPLE_REGISTRY
from fleet.checks.check import apply_checks
from fleet.checks.source.all_checks import SOURCE_CHECKS
from fleet.databases import Registry
from local.cloud import LocalCloud
from local.sources.demo_fleet import write_registry
from local.sources.sample_fleet import build
from localcloud.servers.postgres import EmbeddedPostgres
from onboarding.reader import read_registry

_LOOK_SECONDS = 0.05
_CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'fleet AskSource'"


@dataclass
class CheckedMany:
    """*seconds*: of the questions and verdicts alone. *most*: connections of AskSource at once that were seen."""

    databases: tuple[CheckedDatabase, ...] = ()
    seconds: float = 0
    allowed: int = 0
    most: int = field(default=0)

    def figures(self, most_seconds: float) -> list[Figure]:
        """What is to be shown, and whether each falls short."""
        failed = sum(one.verdict != "passed" for one in self.databases)
        return [
            (
                f"fleet check --all over {len(self.databases)} databases",
                f"{self.seconds:.1f} s of {most_seconds:g}",
                self.seconds < most_seconds,
            ),
            ("connections at once", f"{self.most} of {self.allowed}", 0 < self.most <= self.allowed),
            ("databases that did not pass", str(failed), failed == 0),
        ]


def check_many(folder: Path, databases: int, tables: int, servers: int) -> CheckedMany:
    """Build a sample fleet below *folder*, deploy it to a local cloud, and check all of it."""
    folder.mkdir(parents=True, exist_ok=True)
    with EmbeddedPostgres.start(folder / "source") as server, tempfile.TemporaryDirectory(dir=folder) as scratch:
        built = build(server, databases, tables, lambda _: None)
        registry = spread(
            read_registry(write_registry(built, SAMPLE_REGISTRY, Path(scratch) / "registry"), {}), servers
        )
        secrets = {one.secret: server.secret("postgres") for one in registry.servers}
        with LocalCloud(Path(scratch), registry, secrets) as cloud:
            arns = cloud.machine_arns
            account = Account(cloud.clients, arns["fleet-run"], arns["database-run"], time.sleep)  # noqa: TID251
            return _check(account, registry, server)


def spread(registry: Registry, servers: int) -> Registry:
    """*registry* with its databases dealt to so many servers, all like its first."""
    first = registry.servers[0]
    many = tuple(replace(first, id=f"server-{number}", secret=f"{first.secret}-{number}") for number in range(servers))
    dealt = tuple(replace(one, server=many[place % servers].id) for place, one in enumerate(registry.databases))
    return replace(registry, servers=many, databases=dealt)


def _check(account: Account, registry: Registry, server: EmbeddedPostgres) -> CheckedMany:
    borne = sum(min(one.databases_at_once, one.connections_at_once) for one in registry.servers)
    found = CheckedMany(allowed=min(ASKED_AT_ONCE, borne))
    with _watched(server, found):
        began = time.monotonic()
        looks = ask_all(account, registry, registry.databases, from_here=False, count_losses=False)
        found.databases = tuple(
            CheckedDatabase(one.database.id, apply_checks(SOURCE_CHECKS, one.database.id, one)) for one in looks
        )
        found.seconds = time.monotonic() - began
    return found


@contextmanager
def _watched(server: EmbeddedPostgres, found: CheckedMany) -> Iterator[None]:
    """Notes the most connections at once in *found*."""
    over = threading.Event()

    def look() -> None:
        with server.connect(autocommit=True) as connection:
            while not over.wait(_LOOK_SECONDS):
                row = connection.execute(_CONNECTIONS).fetchone()
                found.most = max(found.most, row[0] if row else 0)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def main(arguments: Sequence[str] | None = None) -> int:
    """Check them all; 0 where nothing falls short."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--databases", type=int, default=250)
    parser.add_argument("--tables", type=int, default=8)
    parser.add_argument("--servers", type=int, default=10)
    parser.add_argument("--limit-seconds", type=float, default=60)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="fleet-check-") as folder:
        found = check_many(Path(folder), given.databases, given.tables, given.servers)
    return print_figures(found.figures(given.limit_seconds))


if __name__ == "__main__":
    sys.exit(main())
