"""One SQL Server that made an `ok` untrue, and what a run must make of it.

**No SQL Server was ever reached.** The product asks over the wire; the answers have the shapes that Microsoft documents
(`tests/sqlserver_answers.py`). What DMS moves is what the login sees; Snowflake takes in what DMS moves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fleet.attempts import Attempt
from fleet.counts import Count, add_up
from fleet.databases import Database
from fleet.dms.tasks import TableState
from fleet.failures import Failure
from fleet.folders import LandedFile
from fleet.manifests import judge_table, seal
from fleet.outcomes import LoadResult, Outcome, decide, reconcile
from fleet.tables.account import select_tables, take_account
from fleet.tables.catalogue import Table
from fleet.tables.losses import ColumnLoss, CountedLosses, accept, ask_losses, describe_uncounted, find_column_losses
from lambdas.sources import sqlserver
from report.account import say_account, say_losses
from sqlserver_answers import Server
from tds_server import serve_tds

ATTEMPT = Attempt("r", "shop", "full", 1, "arn")


@dataclass(frozen=True)
class SqlServerTruth:
    """*server*: what answers. *says*: each is a part of a line that a person reads; *never_says*: of none.

    *registry*: fields of the database's entry."""

    name: str
    server: Server
    outcome: str
    says: tuple[str, ...] = ()
    never_says: tuple[str, ...] = ()
    registry: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name


def try_on_sqlserver(truth: SqlServerTruth, folder: Path) -> None:
    """Take the census, count, judge and decide as the handlers do, and compare."""
    database = replace(Database("shop", "s", "Shop", "one", tuple(truth.server.schemas)), **truth.registry)
    with serve_tds(folder, None, truth.server.answer) as serving:
        secret = {"host": "127.0.0.1", "port": serving.port, "username": "dms", "password": "secret"}
        outcome = _run(truth.server, database, secret)
    lines = list(_read(outcome))
    text = "\n".join(lines)
    assert outcome.outcome == truth.outcome, text
    for part in truth.says:
        assert any(part in line for line in lines), f"{part!r} is nowhere in:\n{text}"
    for part in truth.never_says:
        assert not any(part in line for line in lines), f"{part!r} is in:\n{text}"


def _run(server: Server, database: Database, secret: Mapping[str, Any]) -> Outcome:
    how = ("none", 5, lambda: True)
    census = sqlserver.ask_census(secret, "Shop", database.schemas, "none")
    account = take_account("sqlserver", database, census, None)
    tables = select_tables("sqlserver", database, census, None)
    if isinstance(tables, Failure):
        return decide(ATTEMPT, tables, (), gaps=census.gaps, started_at="", ended_at="", account=account)
    counts = sqlserver.ask_counts(secret, "Shop", [table.name for table in tables], *how)
    counted = add_up(counts)
    asked = {table.name: ask_losses("sqlserver", table, 32) for table in tables}
    answers = sqlserver.ask_losses(secret, "Shop", [one for one in asked.values() if one.asked], *how)
    lost = {one.name: one for one in answers}
    moved = {one.name: one for one in counts}
    losses = {
        table.name: _losses(table, database, moved[table.name].rows or 0, lost.get(table.name)) for table in tables
    }
    sealed = [
        judge_table(
            table,
            _by_dms(count),
            [LandedFile("k", 1, "e")] if count.rows else [],
            (counted.rows or {}).get(table.name),
            tolerance=0,
            losses=losses[table.name],
            policy=database.losses or "partial",
        )
        for table in tables
        for count in [moved[table.name]]
    ]
    gaps = [*census.gaps, *counted.gaps, *describe_uncounted(losses)]
    manifest = seal(ATTEMPT, sealed, bucket="b", sealed_at="", failure=None, account=account, gaps=gaps)
    loads = {table.name: LoadResult(table.rows, table.rows) for table in manifest.handed_off}
    return decide(
        ATTEMPT, None, reconcile(manifest, loads), gaps=gaps, started_at="", ended_at="", account=manifest.account
    )


def _by_dms(count: Count) -> tuple[TableState, int, str]:
    """What DMS's statistics say of a table that the source counts so."""
    if count.rows is None:
        return "failed", 0, count.why
    return ("loaded" if count.rows else "empty"), count.rows, ""


def _losses(table: Table, database: Database, rows: int, counted: CountedLosses | None) -> list[ColumnLoss]:
    found = find_column_losses("sqlserver", table, rows, ask_losses("sqlserver", table, 32), counted)
    return accept(found, database, table.name, database.losses or "partial")


def _read(outcome: Outcome) -> Iterator[str]:
    """All that a person reads of the outcome."""
    yield from (failure.text for failure in [outcome.failure] if failure)
    yield from (table.failure.text for table in outcome.tables if table.failure)
    yield from outcome.gaps
    yield from say_losses(outcome)
    yield from say_account(outcome.account) if outcome.account else ()
