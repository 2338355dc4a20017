"""The comparison of keys after one delta of a sweep, a piece at each call. Kept in the control bucket."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from botocore.exceptions import BotoCoreError, ClientError

from fleet.counts import part_by_size
from fleet.deltas.chain import TableState
from fleet.deltas.key_repair import delete_statements, read_statements
from fleet.deltas.key_sweep import (
    MOST_LISTED,
    Group,
    KeyAnswer,
    TableSweep,
    again,
    choose_digits,
    compare_groups,
    compare_keys,
)
from fleet.deltas.key_text import key_parts
from fleet.deltas.tables import part_tables
from fleet.errors import FleetError
from fleet.failures import Failure
from fleet.sentences import as_clause
from fleet.tables.catalogue import Table, TableName
from fleet.waits import seconds_since
from lambdas.attempt_context import Opened, find_stop_request, read_tables
from lambdas.chain_context import ChainContext, read_chain, why_table_needs_full
from lambdas.clients.snowflake import Failed, Row, Running, SqlApiError
from lambdas.steps import KEY_SWEEP, find_steps, read_sweep
from lambdas.wiring import Clients

_REQUESTS = uuid.UUID("0d7f0b9e-52c1-4f3a-9c55-0a6a0d1f6a42")
_ANSWERS = "key-sweep-source"


def go_on(opened: Opened, clients: Clients) -> bool:
    """One piece of the comparison after the attempt; whether it is over.

    A piece asks the source, sends the same questions to Snowflake, or reads its answers. It changes nothing but the
    rows that a second comparison has found too many.
    """
    kept = clients.records.read(opened.attempt.key(KEY_SWEEP), tuple[TableSweep, ...])
    sweeps = {one.name: one for one in (_begin(opened, clients) if kept is None else kept)}
    first = _find_first(opened, clients)
    if why := _why_no_more(opened, clients):
        sweeps = {one.name: one for one in _give_up(opened, sweeps.values(), why, clients)}
    elif asked := [one for one in sweeps.values() if one.handle]:
        answers = clients.records.read(opened.attempt.key(_ANSWERS), tuple[KeyAnswer, ...]) or ()
        sweeps |= _hear(opened, asked, {one.name: one for one in answers}, first, clients)
    elif due := [one for one in sweeps.values() if one.step != "over"]:
        sweeps |= _ask(opened, _choose_batch(due, opened.plan.loads_per_database), clients)
    clients.records.write(opened.attempt.key(KEY_SWEEP), tuple(sweeps.values()), tuple[TableSweep, ...])
    is_over = all(one.step == "over" for one in sweeps.values())
    if is_over:
        _conclude(opened, tuple(sweeps.values()), is_first=first is None, clients=clients)
    return is_over


def _begin(opened: Opened, clients: Clients) -> tuple[TableSweep, ...]:
    """The tables to compare after this attempt: those that take deltas, or whose keys differed after the last one."""
    clients.ledger.note(opened.attempt, comparing_since=clients.now())
    context = read_chain(opened, clients)
    tables, others = part_tables(opened.server.engine, opened.database, read_tables(opened.attempt, clients))
    by_name = {table.name: table for table in tables}
    first = _find_first(opened, clients)
    if first is not None:
        suspected = [one for one in first.values() if one.is_suspected]
        return tuple(_begin_again(opened, context, one, by_name.get(one.name)) for one in suspected)
    named = opened.plan.sweep or ()
    chosen = [table for table in tables if not named or str(table.name) in named]
    _, too_large = part_by_size(chosen, opened.settings.limits.count_rows_at_most)
    left_out = {count.name: count.why for count in too_large}
    begun = [_begin_table(opened, context, table, left_out.get(table.name, "")) for table in chosen]
    asked_in_vain = [name for name in others if str(name) in named]
    begun += [TableSweep(*name).left_out(f"it takes no deltas: {others[name]}") for name in asked_in_vain]
    return tuple(begun)


def _begin_table(opened: Opened, context: ChainContext | None, table: Table, why: str) -> TableSweep:
    sweep = TableSweep(*table.name, digits=choose_digits(table.rows_estimated or 0))
    state, behind = _find_state(opened, context, table)
    parts = key_parts(opened.server.engine, table)
    if isinstance(parts, str):
        return sweep.left_out(parts)
    if state is None or why or behind:
        return sweep.left_out(why or behind)
    return replace(sweep, parts=parts, written=state.written)


def _begin_again(opened: Opened, context: ChainContext | None, first: TableSweep, table: Table | None) -> TableSweep:
    state, behind = _find_state(opened, context, table) if table else (None, "it takes no deltas any more")
    sweep = again(first, state.written if state else 0)
    return sweep.left_out(behind) if behind else sweep


def _find_state(opened: Opened, context: ChainContext | None, table: Table) -> tuple[TableState | None, str]:
    """How far *table* is, and why Snowflake does not have all of its changes, in words."""
    state = context.state(table.name) if context else None
    if context is None or state is None:
        return None, "it is loaded in full in this run"
    if why_table_needs_full(opened, state, context.chain, table):
        return state, "it is loaded in full in this run"
    if state.applied < opened.attempt.number:
        return state, f"its changes up to attempt {opened.attempt.number} were not applied"
    return state, ""


def _find_first(opened: Opened, clients: Clients) -> Mapping[TableName, TableSweep] | None:
    """What the comparison after the delta before this one found; None where there was none in this execution."""
    before = [one for one in find_steps(opened, clients)[:-1] if one.purpose == "delta"]
    return {one.name: one for one in read_sweep(before[-1].attempt, clients)} if before else None


def _why_no_more(opened: Opened, clients: Clients) -> str:
    if stopped := find_stop_request(opened, clients):
        return f"the run was asked to end: {as_clause(stopped.text)}"
    seconds = opened.settings.limits.count_deadline_seconds
    if seconds_since(opened.record.comparing_since, clients.now()) > seconds:
        return f"no time was left for it: {seconds:,} s (count_deadline_seconds)"
    return ""


def _give_up(opened: Opened, sweeps: Iterable[TableSweep], why: str, clients: Clients) -> list[TableSweep]:
    """*sweeps*, of which no more is found out. What Snowflake works on is cancelled; a deletion goes on, or not."""
    ended: list[TableSweep] = []
    for one in sweeps:
        if one.handle:
            try:
                clients.snowflake(opened.settings.snowflake).cancel(one.handle)
            except (FleetError, ClientError, BotoCoreError) as error:
                why = f"{why}; and Snowflake was not asked to cancel: {as_clause(str(error))}"
        ended.append(one if one.step == "over" else one.left_out(why))
    return ended


def _choose_batch(due: Sequence[TableSweep], most: int) -> list[TableSweep]:
    """As many tables as one call may ask about: *most*, and no larger answers than a function may give."""
    batch: list[TableSweep] = []
    items = 0
    for one in due[:most]:
        if batch and items + one.answer_items > MOST_LISTED:
            break
        items += one.answer_items
        batch.append(one)
    return batch


def _ask(opened: Opened, batch: Sequence[TableSweep], clients: Clients) -> dict[TableName, TableSweep]:
    """*batch* with the source's answers kept, and the same asked of Snowflake; what is to be deleted is sent."""
    asked = {one.name: one for one in batch if one.step != "repair"}
    answers: tuple[KeyAnswer, ...] = ()
    if asked:
        seconds = opened.settings.limits.count_table_seconds
        questions = [one.question for one in asked.values()]
        found = clients.source.keys(opened.server, opened.database, questions, seconds)
        if isinstance(found, Failure):
            why = f"the source was not asked for its keys ({as_clause(found.text)})"
            return {name: one.left_out(why) for name, one in asked.items()}
        answers = found
        clients.records.write(opened.attempt.key(_ANSWERS), answers, tuple[KeyAnswer, ...])
    after = {
        one.name: asked[one.name].left_out(f"the source did not give its keys: {as_clause(one.why)}")
        for one in answers
        if one.why
    }
    answered = {one.name for one in answers if not one.why}
    for one in batch:
        if one.step == "repair" or one.name in answered:
            after[one.name] = _send(opened, one, clients)
    return after


def _send(opened: Opened, one: TableSweep, clients: Clients) -> TableSweep:
    make = delete_statements if one.step == "repair" else read_statements
    statements = make(opened.settings.snowflake, opened.attempt, one, opened.database.deletes_of(one.name))
    attempt = opened.attempt
    text = f"{attempt.run}/{attempt.database}/{attempt.number}/{one.name}/{one.step}/{one.digits}"
    try:
        handle = clients.snowflake(opened.settings.snowflake).submit(
            statements,
            str(uuid.uuid5(_REQUESTS, text)),
            is_resend=True,  # whether a call that ended before had sent it, nobody knows
            query_tag=f"{attempt.run}:{attempt.database}:{one.name}:keys",
            timeout_seconds=opened.settings.limits.count_deadline_seconds,
        )
    except SqlApiError as error:
        return one.left_out(f"Snowflake refused the question: {as_clause(str(error))}")
    return replace(one, handle=handle)


def _hear(
    opened: Opened,
    asked: Sequence[TableSweep],
    answers: Mapping[TableName, KeyAnswer],
    first: Mapping[TableName, TableSweep] | None,
    clients: Clients,
) -> dict[TableName, TableSweep]:
    """*asked* after a look at what Snowflake answers. One that it still works on stays as it is."""
    after: dict[TableName, TableSweep] = {}
    for one in asked:
        try:
            progress = clients.snowflake(opened.settings.snowflake).poll(one.handle)
        except SqlApiError as error:
            after[one.name] = one.left_out(f"Snowflake refused the answer: {as_clause(str(error))}")
            continue
        if isinstance(progress, Running):
            continue
        if isinstance(progress, Failed):
            after[one.name] = one.left_out(f"Snowflake: {as_clause(progress.cause)}")
        elif one.step == "repair":
            shown = tuple(str(row["shown"]) for row in progress.results[0] or ())
            after[one.name] = replace(one, step="over", handle="", is_mended=True, shown=shown)
        else:
            latest, rows = (results or [] for results in progress.results)
            before = first.get(one.name) if first is not None else None
            after[one.name] = _compare(one, int(latest[0]["latest"] or 0), rows, answers[one.name], before)
    return after


def _compare(
    one: TableSweep, latest: int, rows: Sequence[Row], source: KeyAnswer, first: TableSweep | None
) -> TableSweep:
    if latest != one.written:
        return one.left_out(f"attempt {latest} is applied in Snowflake, wanted {one.written}")
    if one.step == "keys":
        return compare_keys(one, source.hashes, (str(row["hash"]) for row in rows), first)
    groups = [Group(str(row["group_of"]), int(row["key_count"] or 0), int(row["hash_sum"] or 0)) for row in rows]
    return compare_groups(one, source.groups, groups, first)


def _conclude(opened: Opened, sweeps: Sequence[TableSweep], *, is_first: bool, clients: Clients) -> None:
    """Note that the comparison is over. What it found missing needs a full load, which follows in the same run."""
    needing = {one.name: one for one in sweeps if one.repair == "full load"}
    states = clients.chains.states(opened.database.id) if needing else {}
    clients.chains.put_states(
        opened.database.id,
        [
            replace(states[name], needs_full="its keys in Snowflake are not those of the source")
            for name in needing
            if name in states and not states[name].needs_full
        ],
    )
    clients.ledger.note(
        opened.attempt,
        compared_at=clients.now(),
        is_suspected=is_first and any(one.is_suspected for one in sweeps),
    )
