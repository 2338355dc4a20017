"""The source's counts around a full load: asked for in pieces, kept with the attempt, and given up at a deadline."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from fleet.asking import NOT_BACK
from fleet.attempts import Attempt
from fleet.counts import Count, Counted, add_up, find_left, give_up, judge_silence, part_by_size, why_no_more
from fleet.failures import Failure
from fleet.tables.catalogue import Table, TableName
from fleet.tables.losses import CountedLosses, TableLosses
from fleet.waits import seconds_since
from lambdas.attempt_context import Opened, find_stop_request
from lambdas.wiring import Clients


def count_before(opened: Opened, tables: Sequence[Table], clients: Clients) -> None:
    """Keep the source's counts before the load, of as many of *tables* as one call has time for.

    They bracket what DMS reads of a table that is written to meanwhile. Without one, the count after the load decides
    alone: no answer here is no gap.
    """
    if not opened.record.source_answered:
        return
    names, _ = part_by_size(tables, opened.settings.limits.count_rows_at_most)
    counts = clients.source.counts(opened.server, opened.database, names, opened.settings.limits.count_table_seconds)
    if not isinstance(counts, Failure):
        clients.records.write(opened.attempt.key("counts_before"), counts, tuple[Count, ...])


def read_counts_before(attempt: Attempt, clients: Clients) -> dict[TableName, int]:
    """Those counts, by table."""
    counts = clients.records.read(attempt.key("counts_before"), tuple[Count, ...]) or ()
    return {count.name: count.rows for count in counts if count.rows is not None}


def count_losses(
    opened: Opened, asked: Sequence[TableLosses], clients: Clients
) -> dict[TableName, CountedLosses] | None:
    """How many values *asked* loses, by table; None while some are left to another call.

    A table that is not counted, or not in time, says why.
    """
    known: tuple[CountedLosses, ...] = (
        clients.records.read(opened.attempt.key("losses"), tuple[CountedLosses, ...]) or ()
    )
    done = {one.name for one in known}
    left = [one for one in asked if one.name not in done]
    if left and (why := _why_no_more(opened, clients)):
        known += _give_up(left, why)
        left = []
    if left:
        began_at = clients.now()
        answer = clients.source.losses(opened.server, opened.database, left, opened.settings.limits.count_table_seconds)
        known += _give_up(left, answer.text) if isinstance(answer, Failure) else answer
        clients.records.write(opened.attempt.key("losses"), known, tuple[CountedLosses, ...])
        done = {one.name for one in known}
        if any(one.name not in done for one in left):
            if not opened.record.counting_since:
                clients.ledger.note(opened.attempt, counting_since=began_at)
            return None
    return {one.name: one for one in known}


def _give_up(left: Sequence[TableLosses], why: str) -> tuple[CountedLosses, ...]:
    return tuple(CountedLosses(one.schema, one.table, (), why) for one in left)


def count_at_source(opened: Opened, tables: Sequence[Table], clients: Clients) -> Counted | None:
    """The source's counts of *tables*; None while some are left to another call. May be called again at any time.

    A source that does not answer is a gap if it never did, and a failure if it did before. A single table that it
    does not count, or not in time, is a gap.
    """
    known: tuple[Count, ...] = ()
    if opened.record.counting_since:
        known = clients.records.read(opened.attempt.key("counts"), tuple[Count, ...]) or ()
    began_at = clients.now()
    limits = opened.settings.limits
    to_count, too_large = part_by_size(tables, limits.count_rows_at_most)
    left = find_left(to_count, known)
    asked = clients.source.counts(opened.server, opened.database, left, limits.count_table_seconds) if left else ()
    if isinstance(asked, Failure):
        if asked.name != NOT_BACK:
            return judge_silence(asked, has_answered=bool(known) or opened.record.source_answered)
        asked = give_up(left, asked.text)
    known += asked
    left = find_left(left, asked)
    if left and (why := _why_no_more(opened, clients)):
        known += give_up(left, why)
    elif left:
        _keep(opened, known, began_at, clients)
        return None
    counted = add_up((*known, *too_large))
    if asked:  # the state may come back, for a test or for losses: what was counted is not counted twice
        _keep(opened, known, began_at, clients)
    return counted


def _keep(opened: Opened, known: tuple[Count, ...], began_at: datetime, clients: Clients) -> None:
    clients.records.write(opened.attempt.key("counts"), known, tuple[Count, ...])
    if not opened.record.counting_since:
        clients.ledger.note(opened.attempt, counting_since=began_at)


def _why_no_more(opened: Opened, clients: Clients) -> str:
    counted_for = seconds_since(opened.record.counting_since, clients.now())
    ended = opened.record.failure or find_stop_request(opened, clients)
    return why_no_more(counted_for, opened.settings.limits, ended)
