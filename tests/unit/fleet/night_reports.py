"""Reports of nights that look like nights: lanes, stages with times, failures of every class. No two runs differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

from fleet.attempts import Attempt
from fleet.databases import Mode
from fleet.failures import Failure
from fleet.outcomes import Mark, Outcome, TableOutcome, decide
from fleet.plan import Lane
from fleet.reports import RunReport

STARTED = datetime(2026, 11, 21, 0, 30, tzinfo=UTC)
ON_ONE_INSTANCE = 48
HOSTILE = "</script><b>\"'& \u202etxet \U0001f4a3"
"""A name that would break a careless page: markup, quotes, right-to-left override, an emoji."""

FAILURES = (
    Failure(
        "connection",
        "SourceLost",
        "The source answered before the start and no longer does: could not connect to server: Connection refused. "
        "Is the server running on host 10.20.7.14 and accepting TCP/IP connections on port 5432?",
    ),
    Failure("credentials", "TestFailed", 'FATAL:  password authentication failed for user "dms_reader"'),
    Failure("instance_exhausted", "TaskStopped", "Last Error Replication task out of memory. Stop Reason FATAL_ERROR"),
    Failure("landing_mismatch", "RowsWithoutFiles", "public.ledger_entries: DMS loaded 120,331 rows, S3 has no file."),
    Failure("warehouse", "CopyRefused", "100072 (22000): NULL result in a non-nullable column: AMOUNT, file 3, row 17"),
    Failure("throttled", "ModifyRefused", "ThrottlingException: Rate exceeded (reached max retries: 8)."),
    Failure("unknown", "NoOutcome", "It left no outcome: its execution was never started, or it broke off."),
    Failure("source_log_gone", "PositionGone", "The LSN 0/19AF3C8 is not available in the change log any more."),
)

_WORDS = (
    "order",
    "ledger",
    "billing",
    "claims",
    "stock",
    "crm",
    "payroll",
    "fleet",
    "archive",
    "portal",
    "hr",
    "audit",
)
_PLACES = ("berlin", "oslo", "lyon", "porto", "turin", "ghent", "graz", "leeds", "malmo", "split", "brno", "cork")
_NOUNS = ("orders", "customers", "invoices", "payments", "shipments", "products", "ledger_entries", "audit_events")


def name_databases(count: int) -> list[str]:
    """That many ids."""
    names = [f"{word}-{place}" for place in _PLACES for word in _WORDS]
    return [names[n % len(names)] + (f"-{n // len(names) + 1}" if n >= len(names) else "") for n in range(count)]


def make_tables(random: Random, count: int, mode: Mode = "full") -> list[TableOutcome]:
    """Tables that all ended ok; every eighth is a view, every eleventh empty."""
    tables = []
    for n in range(count):
        noun = _NOUNS[n % len(_NOUNS)] + (f"_{n // len(_NOUNS)}" if n >= len(_NOUNS) else "")
        rows = 0 if n % 11 == 10 else int(10 ** random.uniform(1, 6))
        at_source = rows if mode == "full" else None
        tables.append(TableOutcome("public", noun, n % 8 == 7, mode, 1, at_source, rows, rows, rows, rows * 23))
    return tables


def _shorten(table: TableOutcome) -> TableOutcome:
    """The table as it ends when DMS moved 23 rows more than the source says it has: held back."""
    rows = (table.rows_by_dms or 0) + 23
    text = f"{table.schema}.{table.table}: {table.rows_by_dms:,} rows at the source, {rows:,} by DMS."
    failure = Failure("table_error", "RowsDifferFromSource", text)
    return replace(table, rows_by_dms=rows, rows_in_parquet=None, rows_in_warehouse=None, failure=failure)


def make_outcome(
    database: str,
    *,
    run: str = "night-20261121",
    mode: Mode = "full",
    failure: Failure | None = None,
    bad_tables: int = 0,
    tables: int = 8,
    gaps: Sequence[str] = (),
    skipped: bool = False,
    starts_after: float = 30,
    load_seconds: float = 600,
    has_marks: bool = True,
) -> Outcome:
    """One outcome. With a *failure* it broke off while loading; *bad_tables* makes it partial."""
    attempt = Attempt(run, database, mode, 0 if skipped else 1, f"arn:aws:states:eu-central-1:123456789012:{database}")
    found = make_tables(Random(database), tables, mode)  # noqa: S311, only for looks
    for n in range(bad_tables):
        found[n] = _shorten(found[n])
    seconds = {
        "ClaimDatabase": 4,
        "PrepareTask": 6,
        "PointEndpoint": 9,
        "AwaitConnection": 48,
        "StartTask": 20,
        "PollTask": load_seconds,
        "StopTask": 3,
        "SealFolder": 40,
        "SubmitLoads": 5,
        "PollLoads": 60 + load_seconds / 6,
        "Reconcile": 4,
    }
    at = started_at = STARTED + timedelta(seconds=starts_after)
    marks = []
    for state, took in seconds.items():
        if failure and state == "PollTask":
            at += timedelta(seconds=load_seconds / 2)
            break
        at += timedelta(seconds=took)
        marks.append(Mark(state, at.isoformat()))
    return decide(
        attempt,
        failure,
        [] if failure or skipped else found,
        gaps=gaps,
        started_at=started_at.isoformat(),
        ended_at=(at + timedelta(seconds=2)).isoformat(),
        without_attempt="skipped" if skipped else None,
        marks=marks if has_marks and not skipped else (),
    )


def make_report(outcomes: Sequence[Outcome], *, at_once: int = 40, **changes: object) -> RunReport:
    """A run of *outcomes*, in lanes of at most 48 databases."""
    lanes = tuple(
        Lane(f"instance-{n // ON_ONE_INSTANCE + 1}", tuple(one.database for one in group), at_once)
        for n in range(0, len(outcomes), ON_ONE_INSTANCE)
        for group in [outcomes[n : n + ON_ONE_INSTANCE]]
    )
    closed_at = max((one.ended_at for one in outcomes), default=STARTED.isoformat())
    first = outcomes[0] if outcomes else None
    report = RunReport(
        run=first.run if first else "night-20261121",
        mode=first.mode if first else "full",
        registry_version="2026-11-20T16-02-11Z-4fe21c",
        planned_at=STARTED.isoformat(),
        closed_at=closed_at,
        rerun_of=None,
        lanes=lanes,
        chosen=tuple(one.database for one in outcomes),
        onboarded=len(outcomes),
        outcomes=tuple(outcomes),
    )
    return replace(report, **changes)


def make_night(count: int, *, tables: int = 8, failed: int = 0, mode: Mode = "full", **changes: object) -> RunReport:
    """A night of *count* databases, of which *failed* are not ok in different ways, spread over the fleet."""
    random = Random(count)  # noqa: S311, only for looks
    every = count // failed if failed else count + 1
    outcomes = []
    for n, database in enumerate(name_databases(count)):
        in_lane = n % ON_ONE_INSTANCE
        load_seconds = 60 + 5400 * 0.93**in_lane * random.uniform(0.8, 1.2)
        starts_after = 25 + random.uniform(0, 20) + (900 * (in_lane - 39) if in_lane >= 40 else 0)
        which = n // every if n % every == every - 1 and n // every < failed else None
        failure = FAILURES[which % len(FAILURES)] if which is not None and which % 4 else None
        outcomes.append(
            make_outcome(
                database,
                mode=mode,
                failure=failure,
                bad_tables=1 + which % (tables - 1) % 9 if which is not None and failure is None else 0,
                tables=tables,
                gaps=["The source could not be asked before the start: rows at the source were not counted."]
                if n % 17 == 3
                else (),
                starts_after=starts_after,
                load_seconds=load_seconds,
            )
        )
    return make_report(outcomes, **changes)
