"""The runs of a demo in one local cloud: a full one and, after changes at the sources, a delta; what they leave."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from cli.faults import print_struck
from cli.progress import LOOK_SECONDS, Progress
from cli.report import as_document, print_outcomes
from cli.run_folder import DELTA_PAGE, FULL_PAGE, warehouse_file
from fleet.databases import Database, Mode, Registry
from fleet.names import page_key
from fleet.outcomes import is_red
from local.cloud import Event, LocalCloud
from local.comparison import ComparedTable, compare
from local.export import export_bucket
from local.faults.faults import Faults
from local.night import Night
from local.sources.sample_fleet import forget
from local.sources.traffic import TableTraffic, make_traffic
from localcloud.servers.postgres import EmbeddedPostgres

_SEED = 30


@dataclass(frozen=True)
class DatabaseTraffic:
    """What was changed at one source between the two runs."""

    database: str
    tables: tuple[TableTraffic, ...]


def run_demo(
    server: EmbeddedPostgres,
    registry: Registry,
    folder: Path,
    how: Mapping[str, Any],
    faults: Faults,
    console: Console,
) -> dict[str, object]:
    """Deploy, run in full, change what does deltas, run a delta, compare; all that a program wants to know."""
    nights: list[Night] = []

    def hear(event: Event) -> None:
        for night in nights:
            night.hear(event)

    by_delta = [one for one in registry.databases if one.onboarded and one.deltas]
    secrets = {one.secret: server.secret("postgres") for one in registry.servers}
    console.print("Deploying to the local cloud ...")
    document: dict[str, object]
    with LocalCloud(folder, registry, secrets, on_status=hear, faults=faults, **how) as cloud:
        nights.append(name_night("demo", "full"))
        document = run_night(nights[-1], cloud, folder / FULL_PAGE, console)
        print_struck(faults.struck(), console)
        has_delta = bool(by_delta) and document["status"] == "SUCCEEDED"
        if has_delta:
            traffic = _change(server, by_delta, console)
            document["changes"] = [asdict(one) for one in traffic]
            nights.append(name_night("delta", "delta"))
            document["delta"] = run_night(nights[-1], cloud, folder / DELTA_PAGE, console)
        elif by_delta:
            console.print("No delta run: the full one did not end ok.")
        elif not faults.struck():
            console.print("No delta run: no database here does deltas.")
        cloud.snowflake.begin_close()  # of many tables it takes longer than the export
        objects = export_bucket(cloud.aws, registry.settings.landing_bucket, folder / "landing")
    if has_delta:
        names = [one.id for one in by_delta]
        document["comparison"] = _compare(server, registry, names, warehouse_file(folder, registry), console)
    return {**document, "objects": objects, "faults": [asdict(one) for one in faults.struck()]}


def is_green(document: Mapping[str, Any]) -> bool:
    """Whether both runs ended green and all that was compared is equal."""
    compared = document.get("comparison")
    return (
        document["status"] == "SUCCEEDED"
        and document.get("delta", document)["status"] == "SUCCEEDED"
        and (compared is None or compared["equal"] == compared["tables"])
    )


def name_night(name: str, mode: Mode) -> Night:
    """A run that is named after what it is and after now."""
    return Night(time.strftime(f"{name}-%Y%m%d-%H%M%S", time.gmtime()), mode)


def run_night(night: Night, cloud: LocalCloud, page_file: Path, console: Console) -> dict[str, object]:
    """One run to its end, shown while it runs and when it has ended; its page goes to *page_file*."""
    began, skipped = time.monotonic(), cloud.clock.skipped_seconds
    console.print(f"Run {night.run}, mode {night.mode}:")
    night.start(cloud)
    with Progress(console) as progress:
        while not night.wait(LOOK_SECONDS):
            progress.show(night.look(), time.monotonic() - began)
    seconds, skipped = time.monotonic() - began, cloud.clock.skipped_seconds - skipped
    outcomes = night.outcomes()
    owners = cloud.clients.records.current_registry().owners
    print_outcomes(outcomes, owners, console)
    status = night.describe().status
    if status != "SUCCEEDED":
        console.print(night.explain(), style="red")
    page = cloud.clients.objects.read(cloud.clients.records.bucket, page_key(night.run))
    if page is not None:  # none where the run was refused before it began
        page_file.write_bytes(page)
    return as_document(
        outcomes,
        owners,
        run=night.run,
        status=status,
        red=sum(is_red(outcome.outcome) for outcome in outcomes),
        night_seconds=round(seconds, 1),
        skipped_seconds=round(skipped, 1),
    )


def _change(server: EmbeddedPostgres, databases: Sequence[Database], console: Console) -> tuple[DatabaseTraffic, ...]:
    """Change rows of every keyed table of *databases*. The next demo builds these anew."""
    forget(server, [one.name_at_source for one in databases])
    console.print("\nChanging rows at the sources that do deltas:")
    traffic: list[DatabaseTraffic] = []
    for database in databases:
        with server.connect(database.name_at_source) as connection:
            made = DatabaseTraffic(database.id, make_traffic(connection, database.schemas, _SEED))
        traffic.append(made)
        sums = {word: sum(getattr(one, word) for one in made.tables) for word in ("inserted", "updated", "deleted")}
        said = ", ".join(f"{count:,} {word}" for word, count in sums.items())
        console.print(f"  {database.id}: {len(made.tables)} tables, {said}")
    return tuple(traffic)


def _compare(
    server: EmbeddedPostgres, registry: Registry, databases: Sequence[str], warehouse: Path, console: Console
) -> dict[str, object]:
    compared = compare(server, registry, databases, warehouse)
    different = [one for one in compared if not one.is_equal]
    for one in different:
        console.print(f"{one.database}: {one.name} differs: {_say(one)}", style="red")
    equal = len(compared) - len(different)
    are = f"{equal} of {len(compared)} tables of {len(databases)} databases equal their sources"
    console.print(
        f"\nAfter the delta run: {are}, row by row and value by value.", style="red" if different else "green"
    )
    return {
        "databases": len(databases),
        "tables": len(compared),
        "equal": equal,
        "different": [f"{one.database}: {one.name}" for one in different],
    }


def _say(table: ComparedTable) -> str:
    if table.warehouse is None:
        return "the warehouse has no such table"
    return f"{table.source.rows:,} rows at the source, {table.warehouse.rows:,} in the warehouse"
