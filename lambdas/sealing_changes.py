"""The manifest of a delta: what landed of each table's changes, and where the chain goes on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from fleet.attempt_record import AttemptRecord
from fleet.deltas.chain import Chain
from fleet.deltas.log_places import LogPlace, has_read, log_place
from fleet.deltas.logs import SourceLog
from fleet.deltas.open_transactions import describe_ended, describe_open, find_open, has_ended
from fleet.deltas.sealing import describe_twice, find_mark, judge_changes
from fleet.dms.tasks import ChangeCounts, TaskReport, judge_delta_end, read_changes
from fleet.failures import Failure
from fleet.folders import LandedFile, sort_files
from fleet.late_objects import find_unsealed
from fleet.manifests import (
    DeltaSeal,
    Manifest,
    TableChanges,
    describe_left_by_test,
    judge_strays,
    part_left_by_test,
    seal,
)
from fleet.parquet_footer import Footer
from fleet.sentences import as_clause
from fleet.spelling import list_some
from fleet.tables.account import NOTHING_ACCOUNTED
from fleet.tables.catalogue import Table, TableName
from fleet.tables.columns import dms_type
from fleet.tables.registry_columns import by_registry, judge_left_out
from fleet.warehouse import rename_columns
from lambdas.attempt_context import Opened, read_account, read_tables
from lambdas.chain_context import mark_table, table_fingerprint, tables_of_task
from lambdas.footers import known_columns, read_footers
from lambdas.landing import read_manifest_of
from lambdas.wiring import Clients


def seal_changes(opened: Opened, report: TaskReport, clients: Clients) -> Manifest:
    """What the folder of a delta holds now that its task is at rest. Nothing is written."""
    bucket, folder = opened.settings.landing_bucket, opened.attempt.folder
    tables = tables_of_task(opened, read_tables(opened.attempt, clients))
    listed = [one.file for one in clients.objects.list(bucket, folder.prefix + "/")]
    files, others = sort_files(folder, [table.name for table in tables], listed)
    left_by_test, strays = part_left_by_test(folder, others, opened.record.left_by_test)
    footers = read_footers(bucket, (file for found in files.values() for file in found), clients)
    statistics = list(clients.dms.table_statistics(report.arn))
    states = {TableName(one["SchemaName"], one["TableName"]): one.get("TableState", "") for one in statistics}
    counts = {TableName(one["SchemaName"], one["TableName"]): read_changes(one) for one in statistics}
    chain = clients.chains.find(opened.database.id)
    since = _sealed_since(opened, chain, clients)
    before = _counts_before(chain, since)
    mark_name = mark_table(opened).name
    mark = find_mark(files.get(mark_name, ()), footers)
    end = judge_delta_end(report)
    gaps = [*opened.record.gaps, *filter(None, [describe_left_by_test(left_by_test)])]
    if before is None:
        gaps.append("the last delta's manifest is gone, so that DMS's counts of changes are compared with nothing")
    is_prime = chain is None or bool(chain.broken)
    log = _ask_log(opened, gaps, clients)
    open_since, owes_sweep = _judge_open(opened, chain, since, log, gaps, clients)
    changed = _find_changed(opened, [table for table in tables if table.name != mark_name], gaps, clients)
    changed |= _find_late(opened, since, tables, gaps, clients)
    is_whole = mark == opened.attempt.number if opened.record.marked_at else _has_read(opened, log, report, gaps)
    began = opened.record.prepared_at  # noted before the mark was set, or the log's end was seen
    is_closed = end is None and (is_whole or not opened.record.marked_at)
    left_out = _find_left_out(opened, tables, files, footers, gaps)
    new = {} if before is None else {table.name: _since(counts, before, table.name) for table in tables}
    sealed = [
        judge_changes(
            table,
            new.get(table.name),
            files.get(table.name, ()),
            footers,
            state=states.get(table.name, ""),
            changed=changed.get(table.name, ""),
            carried=_carried(opened, table),
            left_out=left_out.get(table.name),
        )
        for table in tables
        if table.name != mark_name
    ]
    gaps += describe_twice(sealed, new)
    return seal(
        opened.attempt,
        sealed,
        bucket=bucket,
        sealed_at=clients.now().isoformat(),
        failure=None,
        account=read_account(opened.attempt, clients) or NOTHING_ACCOUNTED,
        gaps=gaps,
        left_by_test=left_by_test,
        delta=DeltaSeal(
            chain=opened.attempt.number if chain is None or is_prime else chain.number,
            checkpoint=report.checkpoint,
            is_closed=is_closed,
            reaches=began.isoformat() if began is not None and is_closed and is_whole else "",
            mark=mark,
            mark_files=tuple(files.get(mark_name, ())),
            end=end,
            counts=tuple(TableChanges(name.schema, name.table, counts[name]) for name in sorted(counts)),
            place=log_place(log, _place_before(chain, since) if mark == opened.attempt.number else None)
            if log is not None
            else None,
            open_since=open_since,
            owes_sweep=owes_sweep,
            strays=judge_strays(strays, [], follows="What is known of it is applied all the same."),
        ),
    )


def note_changes(opened: Opened, manifest: Manifest, clients: Clients) -> None:
    """What a delta's *manifest* says goes to the ledger: first the attempt, then the chain."""
    delta = manifest.delta
    assert delta is not None  # noqa: S101  the manifest of a delta has it
    for failure in filter(None, (delta.end, delta.strays)):
        clients.ledger.note_failure(opened.attempt, failure)
    clients.ledger.note(
        opened.attempt,
        sealed_at=datetime.fromisoformat(manifest.sealed_at),
        folder=opened.attempt.folder.prefix,
        chain=delta.chain,
        is_closed=delta.is_closed,
        reaches=datetime.fromisoformat(delta.reaches) if delta.reaches else None,
        checkpoint=delta.checkpoint,
        owes_sweep=delta.owes_sweep,
    )
    chain = clients.chains.find(opened.database.id)
    if chain is None or chain.number != delta.chain:
        chain = Chain(delta.chain, opened.record.task_arn, delta.checkpoint, opened.attempt.number)
    sealed_at = datetime.fromisoformat(manifest.sealed_at)
    goes_on = replace(chain, checkpoint=delta.checkpoint, newest=opened.attempt.number, sealed_at=sealed_at)
    clients.chains.put(opened.database.id, goes_on)
    if delta.end is not None and delta.end.failure_class == "source_log_gone":
        clients.chains.break_off(opened.database.id, delta.end.text)


def is_delta_over(opened: Opened, running_seconds: float, clients: Clients) -> bool:
    """Whether a delta that we end ourselves has read enough: its mark has landed, or its time is up.

    What was committed before the mark was read before it, and DMS writes all that it has read when it is stopped.
    """
    if running_seconds >= opened.settings.limits.delta_seconds:
        return True
    bucket, folder, mark = opened.settings.landing_bucket, opened.attempt.folder, mark_table(opened).name
    listed = [one.file for one in clients.objects.list(bucket, folder.table_prefix(mark))]
    files = sort_files(folder, [mark], listed)[0].get(mark, ())
    return find_mark(files, read_footers(bucket, files, clients)) == opened.attempt.number


def _find_left_out(
    opened: Opened,
    tables: Sequence[Table],
    files: Mapping[TableName, Sequence[LandedFile]],
    footers: Mapping[str, Footer],
    gaps: list[str],
) -> dict[TableName, Failure]:
    """Tables in whose changes a column landed that the registry leaves out. The full load that follows may end well,
    and their files are there all the same: so each is a gap."""
    database = opened.database
    judged = {
        table.name: judge_left_out(
            database, table.name, known_columns(database, table), files.get(table.name, ()), footers
        )
        for table in tables
    }
    found = {name: failure for name, failure in judged.items() if failure is not None}
    gaps += [failure.text.rstrip(".") for failure in found.values()]
    return found


def _carried(opened: Opened, table: Table) -> list[str]:
    landed = rename_columns(table, opened.database.renames)
    return [column.name for column in landed.columns if dms_type(opened.server.engine, column) is not None]


def _since(
    counts: Mapping[TableName, ChangeCounts], before: Mapping[TableName, ChangeCounts], name: TableName
) -> ChangeCounts:
    return counts.get(name, ChangeCounts()).since(before.get(name, ChangeCounts()))


Sealed = list[tuple[AttemptRecord, Manifest]]


def _sealed_since(opened: Opened, chain: Chain | None, clients: Clients) -> Sealed:
    """The attempts from the last that read *chain* on, and their manifests; without those whose manifest is gone."""
    if chain is None or chain.broken:
        return []
    records = clients.ledger.attempts_between(opened.database.id, chain.newest, opened.attempt.number - 1)
    found = ((one, read_manifest_of(one.attempt, opened, clients)) for one in records if one.sealed_at)
    return [(record, manifest) for record, manifest in found if manifest is not None]


def _counts_before(chain: Chain | None, since: Sealed) -> dict[TableName, ChangeCounts] | None:
    """DMS's counts when the attempt before this one was sealed; None where nobody knows them any more."""
    if chain is None or chain.broken:
        return {}
    last = _last_sealed(chain, since)
    return {TableName(one.schema, one.table): one.counts for one in last[1].counts} if last is not None else None


def _last_sealed(chain: Chain | None, since: Sealed) -> tuple[AttemptRecord, DeltaSeal] | None:
    """The newest attempt that read *chain*; None without one, and where its manifest is gone."""
    newest = chain.newest if chain is not None else 0
    return next(
        ((record, manifest.delta) for record, manifest in since if record.attempt.number == newest and manifest.delta),
        None,
    )


def _place_before(chain: Chain | None, since: Sealed) -> LogPlace | None:
    last = _last_sealed(chain, since) if chain is not None else None
    return last[1].place if last is not None else None


def _has_read(opened: Opened, log: SourceLog | None, report: TaskReport, gaps: list[str]) -> bool:
    """Whether a delta without a mark has read all that was in the log before its start, as the log says."""
    place = opened.record.log_place
    if log is not None and has_read(opened.server.engine, place, log, report.checkpoint):
        return True
    why = "the mark was not set" if opened.record.has_mark else "the source has no mark"
    what = f"its log does not say that it was read up to {place}" if place else "its log was not seen before the start"
    gaps.append(f"{why}, and {what}: nobody knows up to where this delta reads")
    return False


def _judge_open(
    opened: Opened, chain: Chain | None, since: Sealed, log: SourceLog | None, gaps: list[str], clients: Clients
) -> tuple[str, bool]:
    """Since when a transaction is open that the stop of the task may have cut, if one is; and whether keys are to be
    compared, because an earlier one is over, or because they were to be already. A source that does not answer leaves
    what was known.
    """
    last = _last_sealed(chain, since)
    is_after_seed = chain is not None and chain.newest == chain.number  # it waited for what its prime's seal found
    before = "" if last is None or is_after_seed else last[1].open_since
    rested_at = opened.record.over_at or clients.now()
    open_since = find_open(opened.server.engine, log.open_since, rested_at) if log is not None else before
    if chain is not None and not chain.broken:  # a seed waits for the end of what is open at its prime's seal
        gaps += describe_open(open_since)
    is_over = log is not None and has_ended(before, log.open_since)
    if is_over:
        gaps.append(describe_ended(before))
    is_owed = last is not None and last[0].owes_sweep and last[0].compared_at is None
    return open_since, is_over or is_owed


def _ask_log(opened: Opened, gaps: list[str], clients: Clients) -> SourceLog | None:
    """What the source says of its log, so that the next delta sees whether somebody moved it."""
    log = clients.source.log(opened.server, opened.database)
    if isinstance(log, Failure):
        gaps.append(f"the source was not asked after the delta where its log is ({as_clause(log.text)})")
        return None
    return log


def _find_late(
    opened: Opened, since: Sealed, tables: Sequence[Table], gaps: list[str], clients: Clients
) -> dict[TableName, str]:
    """Tables of which a file came to a folder after its seal, *since* the last delta's: nobody has applied it.

    Each folder is looked into once, at the next delta's seal.
    """
    late: dict[TableName, str] = {}
    for record, manifest in since:
        attempt = record.attempt
        listed = [one.file for one in clients.objects.list(opened.settings.landing_bucket, f"{attempt.folder.prefix}/")]
        keys = find_unsealed(record, manifest, [file.key for file in listed])
        if keys:
            gaps.append(f"after the seal of attempt {attempt.number} came {list_some(keys, 'objects')}")
        unsealed = [file for file in listed if file.key in keys]
        for name, files in sort_files(attempt.folder, [table.name for table in tables], unsealed)[0].items():
            if files:
                late[name] = f"{files[0].key} came after the seal of its folder, and is applied nowhere"
    return late


def _find_changed(opened: Opened, tables: Sequence[Table], gaps: list[str], clients: Clients) -> dict[TableName, str]:
    """How tables have changed at the source since before the start: changes of theirs may be of either shape."""
    census = clients.source.census(opened.server, opened.database)
    if isinstance(census, Failure):
        gaps.append(f"the source was not asked after the delta whether tables have changed ({as_clause(census.text)})")
        return {}
    there = {table.name: table for table in census.tables}
    changed: dict[TableName, str] = {}
    for table in tables:
        found = there.get(table.name)
        now = by_registry(opened.database, found) if found else None
        if now is None:
            changed[table.name] = f"{table.name} was dropped or renamed at the source during the delta"
        elif table_fingerprint(opened, now) != table_fingerprint(opened, table):
            changed[table.name] = f"{table.name} was altered, made anew or emptied at the source during the delta"
    return changed
