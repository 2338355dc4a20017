"""How one database ended in one run: exactly one outcome, decided from what was measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from fleet.attempts import Attempt
from fleet.databases import Mode
from fleet.deltas.swept_tables import KeySweep
from fleet.failures import CLASSES, Failure
from fleet.manifests import Manifest, SealedTable
from fleet.spelling import list_some
from fleet.tables.account import DatabaseAccount, describe_missing
from fleet.tables.catalogue import TableName
from fleet.tables.losses import ColumnLoss, describe

OutcomeName = Literal["ok", "partial", "failed", "skipped", "quarantined"]
"""`quarantined` is a person's word in the registry; nothing else writes it (docs/decisions/0033)."""
NOT_ASKED = "TableNotAsked"
"""The failure of a table that the run was to move and that no attempt was asked for."""
CLAIMED = "Claimed"
"""The failure of a database that another run held for too long."""
SERVER_FULL = "ServerFull"
"""The failure of a database for which its server had no place for too long."""
SERVER_BLACKOUT = "ServerBlackout"
"""The failure of a database whose server was in a blackout for too long."""
JOINED = "Joined"
"""The failure of a delta that was due while another run held the database, which makes it in our place."""
HEALED_BY_A_COPY = frozenset({CLAIMED, SERVER_FULL, SERVER_BLACKOUT})
"""What was skipped so is healed by a copy that another run made meanwhile (docs/decisions/0008, 0025)."""


@dataclass(frozen=True)
class LoadResult:
    """What Snowflake answered for one table: rows that COPY parsed and that the published table then held.

    *changes*: of its columns, in words; *drift*: which of them are red (docs/drift.md). *rows_repeated*: of a table
    that keeps deleted rows, those that landed beside another one with their key, which are not published.
    """

    rows_parsed: int
    rows_published: int
    failure: Failure | None = None
    changes: tuple[str, ...] = ()
    drift: Failure | None = None
    rows_repeated: int = 0


@dataclass(frozen=True)
class TableOutcome:
    """One table's end in one run. A count that was never taken is None. *rows_before*: at the source, before the load.

    *losses*: what its columns lose on the way. *changes*: of its columns in Snowflake, in words; *drift*: what of them
    is red although the table is published (docs/drift.md). *measured_in*: of a table that came by delta, or that was
    left to full runs, the run that last loaded it in full: since then nobody has counted its rows at the source, nor
    its losses.
    """

    schema: str
    table: str
    is_view: bool
    mode: Mode
    attempt: int
    rows_at_source: int | None
    rows_by_dms: int | None
    rows_in_parquet: int | None
    rows_in_warehouse: int | None
    bytes: int
    failure: Failure | None = None
    rows_before: int | None = None
    losses: tuple[ColumnLoss, ...] = ()
    changes: tuple[str, ...] = ()
    drift: Failure | None = None
    measured_in: str = ""

    @property
    def name(self) -> TableName:
        """Its two names."""
        return TableName(self.schema, self.table)

    @property
    def lost(self) -> tuple[ColumnLoss, ...]:
        """What is surely lost of it although it is published, and accepted by nobody."""
        return tuple(loss for loss in self.losses if loss.is_red) if self.failure is None else ()


@dataclass(frozen=True)
class Mark:
    """When an attempt got past *state* (ISO time, UTC)."""

    state: str
    at: str


@dataclass(frozen=True)
class Waited:
    """Seconds that an attempt waited for what others had: its turn at DMS's request budget, an API that throttled it,
    a place at its server."""

    turn: int = 0
    throttled: int = 0
    server: int = 0


NOT_WAITED = Waited()


@dataclass(frozen=True)
class Outcome:
    """How one database ended in one run. *gaps*: what could not be checked, in words. Times are ISO, UTC.

    *marks*: the states that the attempt got past, in order. *waited*: for what others had. *account*: of everything
    under the database's schemas; None where no attempt came to it. *sweep*: what a key sweep found; None without one.
    *tried_with*: the one table of the trial that ended it, where the database is new (`fleet/gate.py`); else empty.
    """

    run: str
    database: str
    mode: Mode
    attempt: int
    execution: str
    outcome: OutcomeName
    failure: Failure | None
    tables: tuple[TableOutcome, ...]
    gaps: tuple[str, ...]
    started_at: str
    ended_at: str
    marks: tuple[Mark, ...] = ()
    waited: Waited = NOT_WAITED
    account: DatabaseAccount | None = None
    sweep: KeySweep | None = None
    tried_with: str = ""

    @property
    def owner(self) -> str:
        """The team that owns the cause, or nothing where nothing failed."""
        return CLASSES[self.failure.failure_class].owner if self.failure else ""

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return CLASSES[self.failure.failure_class].remedy if self.failure else ""


def reconcile(manifest: Manifest, loads: Mapping[TableName, LoadResult]) -> tuple[TableOutcome, ...]:
    """Every table of *manifest* with its counts side by side; a table is ok only if they all agree."""
    handed_off = {table.name for table in manifest.handed_off}
    return tuple(
        _reconcile_table(manifest, table, loads.get(table.name) if table.name in handed_off else None)
        for table in manifest.tables
    )


def _reconcile_table(manifest: Manifest, table: SealedTable, load: LoadResult | None) -> TableOutcome:
    failure = manifest.failure or table.failure
    if failure is None:
        if load is None:
            failure = Failure("warehouse", "NeverLoaded", f"{table.name}: sealed, but Snowflake was never asked.")
        elif load.failure is not None:
            failure = load.failure
        elif not table.rows == load.rows_parsed == load.rows_published + load.rows_repeated:
            failure = Failure(
                "warehouse",
                "RowsDifferInWarehouse",
                f"{table.name}: {table.rows:,} rows by DMS, {load.rows_parsed:,} parsed by COPY, "
                f"{load.rows_published:,} in the table.",
            )
    is_counted = load is not None and load.failure is None
    return TableOutcome(
        schema=table.schema,
        table=table.table,
        is_view=table.is_view,
        mode=manifest.attempt.mode,
        attempt=manifest.attempt.number,
        rows_at_source=table.rows_at_source,
        rows_by_dms=table.rows if table.state in {"loaded", "empty"} else None,
        rows_in_parquet=load.rows_parsed if load is not None and is_counted else None,
        rows_in_warehouse=load.rows_published if load is not None and is_counted else None,
        bytes=sum(file.size_bytes for file in table.files),
        failure=failure,
        rows_before=table.rows_before,
        losses=table.losses,
        changes=load.changes if load is not None and is_counted else (),
        drift=load.drift if load is not None and failure is None else None,
    )


def decide(
    attempt: Attempt,
    failure: Failure | None,
    tables: Sequence[TableOutcome],
    *,
    gaps: Sequence[str],
    started_at: str,
    ended_at: str,
    without_attempt: Literal["skipped", "quarantined"] | None = None,
    marks: Sequence[Mark] = (),
    waited: Waited = NOT_WAITED,
    account: DatabaseAccount | None = None,
    sweep: KeySweep | None = None,
    tried_with: str = "",
) -> Outcome:
    """The one outcome. *failure*: what stopped the attempt as a whole; *without_attempt*: the word of
    what was never an attempt.

    `ok` means all of it: each table is ok, nothing is missing in the *account*, and nothing is surely lost of a column,
    and no table has drifted so that readers may miss something, without somebody having accepted that in the registry.

    >>> from dataclasses import replace
    >>> a = Attempt("r", "d", "full", 1, "arn")
    >>> good = TableOutcome("s", "t", False, "full", 1, 5, 5, 5, 5, 100)
    >>> bad = replace(good, failure=Failure("table_error", "TableNotLoaded", "s.u: no such table"))
    >>> [decide(a, None, t, gaps=(), started_at="", ended_at="").outcome for t in ([good], [good, bad], [bad], [])]
    ['ok', 'partial', 'failed', 'failed']
    >>> lossy = replace(good, losses=(ColumnLoss("price", "digits are rounded off", 3),))
    >>> decide(a, None, [good, lossy], gaps=(), started_at="", ended_at="").failure.text
    's.t: 3 of 5 values of price: digits are rounded off. Accept that in the registry (`tables`), or mend it.'
    >>> changed = replace(good, drift=Failure("drift", "TableDrifted", "s.t was loaded, and has changed at the source"))
    >>> decide(a, None, [changed], gaps=(), started_at="", ended_at="").outcome
    'partial'
    """
    word: OutcomeName
    bad = [table for table in tables if table.failure is not None]
    incomplete = (describe_missing(account) if account else None) or _describe_losses(tables) or _describe_drift(tables)
    if without_attempt is not None:
        word = without_attempt
    elif failure is not None or len(bad) == len(tables):
        word = "failed"
    else:
        word = "partial" if bad or incomplete else "ok"
    if failure is None and word in {"partial", "failed"}:
        failure = (
            _most_common(bad)
            or incomplete
            or Failure("unknown", "NothingMoved", f"{attempt.database}: no table was accounted for.")
        )
    return Outcome(
        run=attempt.run,
        database=attempt.database,
        mode=attempt.mode,
        attempt=attempt.number,
        execution=attempt.execution,
        outcome=word,
        failure=failure,
        tables=tuple(tables),
        gaps=tuple(gaps),
        started_at=started_at,
        ended_at=ended_at,
        marks=tuple(marks),
        waited=waited,
        account=account,
        sweep=sweep,
        tried_with=tried_with,
    )


def _describe_losses(tables: Sequence[TableOutcome]) -> Failure | None:
    """One failure for all values that are lost of tables that are published; None where none is."""
    lossy = [table for table in tables if table.lost]
    if not lossy:
        return None
    named = list_some([f"{one.name}: {describe(one.lost, one.rows_by_dms or 0)}" for one in lossy], "tables", by="; ")
    return Failure("value_loss", "ValuesLost", f"{named}. Accept that in the registry (`tables`), or mend it.")


def _describe_drift(tables: Sequence[TableOutcome]) -> Failure | None:
    """One failure for all tables that are published, and whose source has changed; None where none has."""
    drifts = [table.drift for table in tables if table.drift is not None]
    if not drifts:
        return None
    more = f" ({len(drifts)} tables have changed so.)" if len(drifts) > 1 else ""
    return Failure(drifts[0].failure_class, drifts[0].name, drifts[0].text + more)


def merge(
    previous: Sequence[TableOutcome], attempt: Attempt, failure: Failure | None, tables: Sequence[TableOutcome]
) -> tuple[TableOutcome, ...]:
    """The outcome's tables after an *attempt* that was narrowed to some of them: it changes those, and no other.

    A *failure* of the attempt as a whole is noted at each table it was to move.

    >>> from dataclasses import replace
    >>> bad = Failure("table_error", "TableNotLoaded", "s.u: no such table")
    >>> t = TableOutcome("s", "t", False, "full", 1, 5, 5, 5, 5, 100)
    >>> u = replace(t, table="u", failure=bad)
    >>> again = Attempt("r", "d", "full", 2, "arn", ("s.u",))
    >>> [one.failure for one in merge([t, u], again, None, [replace(u, attempt=2, failure=None)])]
    [None, None]
    >>> lost = Failure("connection", "SourceLost", "gone")
    >>> [one.failure and one.failure.name for one in merge([t, u], again, lost, [])]
    [None, 'SourceLost']
    """
    named = set(attempt.tables or ())
    new = {TableName(one.schema, one.table): one for one in tables}
    merged = []
    for old in previous:
        name = TableName(old.schema, old.table)
        one = new.pop(name, old)
        if str(name) in named and failure is not None:
            one = replace(one, attempt=attempt.number, failure=failure)
        merged.append(one)
    return (*merged, *new.values())


def _most_common(tables: Sequence[TableOutcome]) -> Failure | None:
    """One failure that speaks for several tables: of the class most of them have, with their number.

    What failed is more telling than what nobody asked for.
    """
    failures = [table.failure for table in tables if table.failure is not None]
    if not failures:
        return None
    tried = [failure for failure in failures if failure.name != NOT_ASKED] or failures
    count_by_class = Counter(failure.failure_class for failure in tried)
    first = max(tried, key=lambda failure: count_by_class[failure.failure_class])
    more = f" ({len(failures)} tables are not ok.)" if len(failures) > 1 else ""
    return Failure(first.failure_class, first.name, first.text + more)


_GREEN = frozenset({"ok", "quarantined"})


def is_red(word: str) -> bool:
    """Whether an outcome makes its run red: every word does but `ok` and `quarantined`, which a person wrote.

    What another run's copy heals is said by `fleet.reports.RunReport.is_red` (docs/decisions/0008 and 0015).

    >>> [word for word in ("ok", "partial", "failed", "skipped", "quarantined", "a word of next year") if is_red(word)]
    ['partial', 'failed', 'skipped', 'a word of next year']
    """
    return word not in _GREEN
