"""The source's counts after a full load: asked for in pieces, kept with the attempt, and given up at a deadline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from fleet.counts import Count, describe_gaps, find_left, give_up
from fleet.failures import Failure
from fleet.tables.catalogue import Table, TableName
from fleet.waits import seconds_since
from lambdas.attempt_context import Opened, refuse_stopped_run
from lambdas.clients.records import attempt_key
from lambdas.clients.source import BROKEN, NOT_BACK
from lambdas.wiring import Clients


@dataclass(frozen=True)
class Counted:
    """*rows*: of the tables that were counted, or None where the source gave no count at all. *gaps*: what was not, in
    words. *failure*: why the load cannot be believed."""

    rows: Mapping[TableName, int] | None = None
    gaps: Sequence[str] = ()
    failure: Failure | None = None


def count_at_source(opened: Opened, tables: Sequence[Table], clients: Clients) -> Counted | None:
    """The source's counts of *tables*; None while some are left to another call. May be called again at any time.

    A source that does not answer is a gap if it never did, and a failure if it did before. A single table that it
    does not count, or not in time, is a gap.
    """
    known: tuple[Count, ...] = ()
    if opened.record.counting_since:
        known = clients.records.read(attempt_key(opened.attempt, "counts"), tuple[Count, ...]) or ()
    began_at = clients.now()
    limits = opened.settings.limits
    left = find_left([table.name for table in tables], known)
    asked = clients.source.counts(opened.server, opened.database, left, limits.count_table_seconds) if left else ()
    if isinstance(asked, Failure):
        if asked.name != NOT_BACK:
            return _describe_silence(opened, known, asked)
        asked = give_up(left, asked.text)
    known += asked
    left = find_left(left, asked)
    if left and (why := _why_no_more(opened, clients)):
        known += give_up(left, why)
    elif left:
        _keep(opened, known, began_at, clients)
        return None
    gaps = describe_gaps(known)
    if gaps:  # the state comes back before it is done with them: what took long is not counted twice
        _keep(opened, known, began_at, clients)
    return Counted({count.name: count.rows for count in known if count.rows is not None}, gaps)


def _keep(opened: Opened, known: tuple[Count, ...], began_at: datetime, clients: Clients) -> None:
    clients.records.write(attempt_key(opened.attempt, "counts"), known, tuple[Count, ...])
    if not opened.record.counting_since:
        clients.ledger.note(opened.attempt, counting_since=began_at)


def _why_no_more(opened: Opened, clients: Clients) -> str:
    """Why the tables that are left are not counted any more, or nothing."""
    longest = opened.settings.limits.count_deadline_seconds
    if seconds_since(opened.record.counting_since, clients.now()) >= longest:
        return f"counting took the {longest:,} s that limits.count_deadline_seconds gives it"
    ended = opened.record.failure or refuse_stopped_run(opened, clients)
    return f"counting ended early: {ended.text}" if ended else ""


def _describe_silence(opened: Opened, known: Sequence[Count], failure: Failure) -> Counted:
    if failure.name == BROKEN:
        return Counted(failure=failure)
    if known or opened.record.source_answered:
        text = f"the source answered before the load and does not now: {failure.text}"
        return Counted(failure=Failure(failure.failure_class, "SourceLost", text))
    return Counted(gaps=[f"rows at the source were not counted: {failure.text}"])
