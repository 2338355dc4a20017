"""A night of N databases of M tables on this machine: how long it takes, what it costs, and what costs it.

    python -m bench.large_night --databases 250 --tables 48 --folder /tmp/large --limit-seconds 480

Prints for each stage wall and CPU seconds (user and system; PostgreSQL's processes apart), the memory at its peak, and
the share of the CPU, PostgreSQL's included, outside the data engines. It is measured in the same run: the engines' work
on a sample of the night's tables (source to Parquet, Parquet to warehouse) is replayed alone and scaled to all of them.
Exits 1 when the night is not green, or took longer than the limit.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from bench.resource_usage import Spent, spent
from cli.progress import LOOK_SECONDS, Progress
from cli.sample_registry import SAMPLE_REGISTRY
from cli.terminal import make_console
from fleet.databases import Registry
from fleet.outcomes import Outcome
from local.cloud import LocalCloud
from local.export import export_bucket
from local.night import Night
from local.sources.demo_fleet import write_registry
from local.sources.sample_fleet import build
from localcloud.aws import LocalAws
from localcloud.clock import Clock
from localcloud.dms.engines.postgresql import PostgresqlReader
from localcloud.dms.engines.reader import Layout, Login
from localcloud.servers.postgres import EmbeddedPostgres
from localcloud.snowflake.engine import Engine
from localcloud.snowflake.loading.role_stages import RoleStages
from localcloud.snowflake.sql.lexing import quoted
from onboarding.reader import read_registry

_REPLAYED_TABLES = 200


class Stages:
    """Wall and CPU seconds of each stage, printed as it ends."""

    def __init__(self) -> None:
        self.cpu: dict[str, float] = {}
        self.postgres: dict[str, float] = {}
        self.wall: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure what is done inside."""
        wall, before = time.monotonic(), _spent()
        try:
            yield
        finally:
            after = _spent()
            self.wall[name] = time.monotonic() - wall
            self.cpu[name] = after.ours - before.ours
            self.postgres[name] = after.postgres - before.postgres
            print(
                f"{name:<10} {self.wall[name]:8.1f} s wall {self.cpu[name]:8.1f} s CPU "
                f"{self.postgres[name]:8.1f} s CPU of PostgreSQL {after.peak_megabytes:8.0f} MB peak",
                flush=True,
            )


def _spent() -> Spent:
    """By this process and all that it started; what has ended meanwhile counts as ours."""
    living, ended = spent(psutil.Process()), resource.getrusage(resource.RUSAGE_CHILDREN)
    return replace(
        living,
        ours=living.ours + ended.ru_utime + ended.ru_stime,
        others_megabytes=living.others_megabytes or ended.ru_maxrss / 1024,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the night; 0 when it is green and within the limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--databases", type=int, default=250)
    parser.add_argument("--tables", type=int, default=48)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--limit-seconds", type=float, default=480)
    given = parser.parse_args(arguments)
    stages = Stages()
    given.folder.mkdir(parents=True, exist_ok=True)
    with EmbeddedPostgres.start(given.folder / "source") as server, TemporaryDirectory(dir=given.folder) as scratch:
        with stages.stage("build"):
            built = build(server, given.databases, given.tables, lambda _: None)
        registry = read_registry(write_registry(built, SAMPLE_REGISTRY, Path(scratch) / "registry"), {})
        began = time.monotonic()
        outcomes, status = _run(server, registry, Path(scratch), stages)
        seconds = time.monotonic() - began
        replayed = _replay(server, registry, Path(scratch), stages)
    for outcome in outcomes:
        if outcome.outcome != "ok":
            failures = [outcome.failure, *(table.failure for table in outcome.tables)]
            print(f"{outcome.database} is {outcome.outcome}: {next(filter(None, failures), 'no failure is named')}")
    tables = sum(len(outcome.tables) for outcome in outcomes)
    spent = sum(stages.cpu[name] + stages.postgres[name] for name in ("deploy", "night", "export", "close"))
    engines = (stages.cpu["replay"] + stages.postgres["replay"]) / replayed * tables
    print(
        f"{status}: {len(outcomes)} databases, {tables} tables in {seconds:.0f} s after the build, {spent:.0f} s CPU, "
        f"{1000 * spent / max(1, tables):.1f} ms a table; the engines alone {engines:.0f} s, "
        f"so {max(0.0, 1 - engines / spent):.0%} outside of them"
    )
    return 0 if status == "SUCCEEDED" and seconds <= given.limit_seconds else 1


def _run(server: EmbeddedPostgres, registry: Registry, folder: Path, stages: Stages) -> tuple[list[Outcome], str]:
    """The night as `fleet demo` runs it."""
    night = Night(time.strftime("large-%Y%m%d-%H%M%S", time.gmtime()))
    secrets = {one.secret: server.secret("postgres") for one in registry.servers}
    cloud = LocalCloud(folder, registry, secrets, on_status=night.hear)
    with ExitStack() as stack:
        with stages.stage("deploy"):
            stack.enter_context(cloud)
        with stages.stage("night"):
            _watch(night, cloud)
        outcomes, status = night.outcomes(), night.describe().status
        with stages.stage("export"):
            cloud.snowflake.begin_close()
            export_bucket(cloud.aws, registry.settings.landing_bucket, folder / "landing")
        with stages.stage("close"):
            stack.close()
    return outcomes, status


def _watch(night: Night, cloud: LocalCloud) -> None:
    began = time.monotonic()
    night.start(cloud)
    with Progress(make_console(stderr=True)) as progress:
        while not night.wait(LOOK_SECONDS):
            progress.show(night.look(), time.monotonic() - began)


def _replay(server: EmbeddedPostgres, registry: Registry, folder: Path, stages: Stages) -> int:
    """Move tables of the first databases from source to Parquet to a warehouse like the night's, and nothing else; how
    many."""
    reader = PostgresqlReader()
    with LocalAws() as aws, Clock() as clock:
        staged = RoleStages(aws, "", clock.now)  # nothing is: DuckDB reads the files where they lie
        warehouse = Engine(folder / "replay", staged, iam_user_arn="", now=clock.now)
        warehouse.catalogue.create_database(warehouse.connection, "REPLAY")
        with stages.stage("replay"):
            moved = _move(server, registry, reader, warehouse, folder / "replay.parquet")
            warehouse.close()
    return moved


def _move(server: EmbeddedPostgres, registry: Registry, reader: PostgresqlReader, warehouse: Engine, path: Path) -> int:
    """Move tables of whole databases, each by the file *path*, until they are enough; how many."""
    secret = server.secret("postgres")
    moved = 0
    for database in registry.databases:
        login = Login(
            secret["host"], int(secret["port"]), database.name_at_source, secret["username"], secret["password"]
        )
        source = reader.open(login)
        for table in source.catalogue():
            for file in source.write(table, Layout(), None, path.with_name(f"replay-{moved}")):
                path.write_bytes(file.read())
                place = quoted("REPLAY", "PUBLIC", f"T{moved}")
                warehouse.connection.execute(f"CREATE TABLE {place} AS FROM read_parquet('{path}')")
            moved += 1
        source.close()
        if moved >= _REPLAYED_TABLES:
            break
    return moved


if __name__ == "__main__":
    sys.exit(main())
