"""What a profile proposes for the registry, each with its reason. Nothing of it holds before a person accepts it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from fleet.databases import Database, ParallelLoad, Registry, TaskProfile
from fleet.dms.instance_classes import INSTANCE_CLASSES
from fleet.profiles.profile import DatabaseProfile, TableProfile
from fleet.profiles.spread import KeySpread, cut_evenly, largest_share
from fleet.quotas import DMS_LOB_KILOBYTES
from fleet.sentences import say_bytes
from fleet.server_places import count_connections, count_places
from fleet.spelling import list_some
from fleet.widths import MEMORY_SHARE_OF_LONG_VALUES, bytes_of_a_column, class_of

CUT_ABOVE_ROWS = 10_000_000
"""Our choice: a table of fewer rows is read whole in minutes, and each range takes a place and connections."""
_UNEVEN = 1.5
"""Our choice: ranges that the registry has are left as they are while the largest holds less than so many even shares.
"""
_MOST_IN_ONE = 0.6
"""Our choice: where one range would hold more of the rows, the others save little."""
_COMMIT_STEP = 500
_NO_COLUMN = "its key begins with no number and no time"


@dataclass(frozen=True)
class Proposal:
    """A *value* for *key* of the entry of *database*, and why. Of `parallel_loads` it is one item."""

    database: str
    key: str
    value: int | ParallelLoad
    reason: str


@dataclass(frozen=True)
class Proposed:
    """What is proposed of one database. *left*: of which tables a proposal was looked for, and why there is none."""

    proposals: tuple[Proposal, ...] = ()
    left: tuple[str, ...] = ()


NOTHING_PROPOSED = Proposed()


def propose(
    registry: Registry, database: Database, profile: DatabaseProfile, cut_above_rows: int = CUT_ABOVE_ROWS
) -> Proposed:
    """What *profile* proposes for *database*. *cut_above_rows*: tables of more rows are loaded in ranges."""
    proposals: list[Proposal] = []
    left: list[str] = []
    tuned = registry.settings.profile_of(database)
    for table in profile.tables:
        found = _propose_ranges(database, table, tuned, cut_above_rows)
        if isinstance(found, Proposal):
            proposals.append(found)
        elif found:
            left.append(found)
    for find in (_propose_long_values, _propose_commit_rate, _propose_tables_at_once):
        taken = {one.key: one.value for one in proposals if isinstance(one.value, int)}
        tuned_now = replace(tuned, **{key: value for key, value in taken.items() if key in vars(tuned)})
        proposals += find(registry, _with_loads(database, proposals), profile, tuned_now)
    return Proposed(tuple(proposals), tuple(left))


def _with_loads(database: Database, proposals: list[Proposal]) -> Database:
    """*database* as it would be with the ranges of *proposals*."""
    new = [one.value for one in proposals if isinstance(one.value, ParallelLoad)]
    names = {(one.schema, one.table) for one in new}
    kept = [one for one in database.parallel_loads if (one.schema, one.table) not in names]
    return replace(database, parallel_loads=(*kept, *new))


def _propose_ranges(database: Database, table: TableProfile, tuned: TaskProfile, above: int) -> Proposal | str:
    """Ranges of *table*, or why it is left whole; nothing where it is small, or cut well already."""
    if (table.rows or 0) <= above:
        return ""
    rows, what = table.rows or 0, f"{table.name} has {table.rows:,} rows"
    if table.kind != "table":
        return f"{what} and is left whole: it is a {table.kind}."
    spread = table.spread
    if spread is None or len(spread.steps) < 2:
        why = spread.why or "all of its rows have one value there" if spread else _NO_COLUMN
        return f"{what} and is left whole: {why}."
    now = next((one for one in database.parallel_loads if (one.schema, one.table) == table.name), None)
    if now is not None and now.column == spread.column:
        share = largest_share(spread.kind, spread.steps, now.boundaries)
        if share * (len(now.boundaries) + 1) < _UNEVEN:
            return ""
    ranges = min(tuned.tables_at_once, max(2, math.ceil(2 * rows / above)))
    return _cut(database, table, spread, ranges, tuned, now)


def _cut(
    database: Database,
    table: TableProfile,
    spread: KeySpread,
    ranges: int,
    tuned: TaskProfile,
    now: ParallelLoad | None,
) -> Proposal | str:
    boundaries = cut_evenly(spread.steps, ranges)
    share = largest_share(spread.kind, spread.steps, boundaries)
    what = f"{table.name} has {table.rows:,} rows"
    if not boundaries or share > _MOST_IN_ONE:
        return f"{what} and is left whole: one range of {spread.column} would hold {share:.0%} of them."
    limit = f", as many as tables_at_once {tuned.tables_at_once}" if len(boundaries) + 1 == tuned.tables_at_once else ""
    before = ""
    if now is not None:
        held = largest_share(spread.kind, spread.steps, now.boundaries)
        before = f" The ranges that are there leave {held:.0%} to one." if now.column == spread.column else ""
    reason = (
        f"{what}. {len(boundaries) + 1} ranges of {spread.column}{limit}: the largest holds {share:.0%}, by "
        f"{'its statistics' if spread.by == 'statistics' else spread.by}.{before}"
    )
    load = ParallelLoad(table.schema, table.table, spread.column, boundaries)
    return Proposal(database.id, "parallel_loads", load, reason)


def _propose_long_values(
    registry: Registry,  # noqa: ARG001  as its neighbours
    database: Database,
    profile: DatabaseProfile,
    tuned: TaskProfile,
) -> Iterator[Proposal]:
    """A limit that keeps the longest value whole, where the one in force cuts it.

    DMS takes memory for it in advance (`fleet/widths.py`), so that it is no longer than it has to be: the next power of
    two. It is never proposed shorter: tomorrow's longest value is not known.
    """
    found = [(one.kilobytes, f"{table.name}.{one.column}") for table in profile.tables for one in table.longest]
    cut = sorted((one for one in found if one[0] > tuned.lob_max_kilobytes), reverse=True)
    if not cut:
        return
    most = DMS_LOB_KILOBYTES.value
    wanted = min(most, 2 ** math.ceil(math.log2(cut[0][0])))
    if wanted == tuned.lob_max_kilobytes:
        return
    memory = say_bytes(bytes_of_a_column(replace(tuned, lob_max_kilobytes=wanted)))
    still = f" Values above {most:,} KB, DMS's most, are cut all the same." if cut[0][0] > most else ""
    names = list_some([name for _, name in cut], "columns")
    reason = (
        f"the longest value has {cut[0][0]:,} KB, and {tuned.lob_max_kilobytes} KB are kept: values of {names} "
        f"are cut. "
        f"It costs {memory} of memory for each such column that is loaded ({wanted} KB x commit_rate "
        f"{tuned.commit_rate:,}).{still}"
    )
    yield Proposal(database.id, "lob_max_kilobytes", wanted, reason)


def _propose_commit_rate(
    registry: Registry, database: Database, profile: DatabaseProfile, tuned: TaskProfile
) -> Iterator[Proposal]:
    """A rate with which the memory for long values fits into the instance; never a higher one."""
    replication = registry.settings.stack.replication
    name = class_of(database.instance, replication)
    found = INSTANCE_CLASSES.get(name)
    columns = sum(sorted((table.long_columns for table in profile.tables), reverse=True)[: tuned.tables_at_once])
    if found is None or not columns:
        return
    room = int(found.memory_bytes * MEMORY_SHARE_OF_LONG_VALUES)
    needed = columns * bytes_of_a_column(tuned)
    if needed <= room:
        return
    fits = room // (columns * tuned.lob_max_kilobytes * 1024)
    wanted = max(1, fits // _COMMIT_STEP * _COMMIT_STEP or fits)
    if wanted >= tuned.commit_rate:
        return
    reason = (
        f"{columns} columns of long values at once take {say_bytes(needed)} with {tuned.lob_max_kilobytes} KB x "
        f"{tuned.commit_rate:,} rows, and {name} has {say_bytes(room)} for them."
    )
    yield Proposal(database.id, "commit_rate", wanted, reason)


def _propose_tables_at_once(
    registry: Registry, database: Database, profile: DatabaseProfile, tuned: TaskProfile
) -> Iterator[Proposal]:
    """Fewer tables at once where there are no more, if that lets the server be read for more databases at once."""
    ranges = {(one.schema, one.table): len(one.boundaries) + 1 for one in database.parallel_loads}
    units = sum(ranges.get((table.schema, table.table), 1) for table in profile.tables)
    server = registry.server_of(database)
    if not 0 < units < tuned.tables_at_once:
        return
    fewer = replace(tuned, tables_at_once=units)
    if count_places(server, fewer) <= count_places(server, tuned):
        return
    reason = (
        f"there are {units} tables and ranges to load. {server.id} then counts {count_connections(fewer)} "
        f"connections for it in place of {count_connections(tuned)}, and would bear {count_places(server, fewer)} such "
        f"databases at once in place of {count_places(server, tuned)}."
    )
    yield Proposal(database.id, "tables_at_once", units, reason)
