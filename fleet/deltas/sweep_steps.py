"""The steps of a run that sweeps keys: what it waits for after each attempt, and what it came to in the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from fleet.attempt_record import AttemptRecord
from fleet.deltas.chain import SweepStage
from fleet.deltas.key_sweep import TableSweep
from fleet.deltas.swept_tables import KeySweep, SweptTable
from fleet.failures import Failure
from fleet.spelling import list_some
from fleet.tables.catalogue import TableName


def is_proved(record: AttemptRecord) -> bool:
    """Whether a delta is known to have brought all that the source had when it began."""
    return record.reaches is not None


def sweep_stage(steps: Sequence[AttemptRecord]) -> SweepStage:
    """What the sweep of an execution waits for after its *steps*: a comparison of the newest, another delta, nothing.

    A full load of all tables, which follows a prime, is no worse than a sweep.
    """
    newest = steps[-1]
    deltas = [one for one in steps if one.purpose == "delta"]
    if any(one.purpose != "delta" for one in steps) or not is_proved(newest):
        return "over"
    if newest.compared_at is None:
        is_confirming = len(deltas) == 2 and deltas[0].is_suspected
        return "compare" if len(deltas) == 1 or is_confirming else "over"
    return "confirm" if len(deltas) == 1 and newest.is_suspected else "over"


def conclude_sweep(
    steps: Sequence[AttemptRecord],
    compared: Mapping[int, Sequence[TableSweep]],
    named: Sequence[str],
    loaded: Iterable[TableName],
) -> KeySweep:
    """What the sweep of an execution came to after its *steps*.

    *compared*: what each comparison found, by its attempt's number. *named*: the tables asked for, all if empty.
    *loaded*: those that a full load published.
    """
    deltas = [one for one in steps if one.purpose == "delta"]
    if any(one.purpose == "prime" for one in steps) or not deltas:
        return KeySweep((), "this run began the deltas and loaded all tables in full, so no keys were compared")
    first = {one.name: one for one in compared.get(deltas[0].attempt.number, ())}
    if not is_proved(deltas[0]):
        return KeySweep((), f"no keys were compared: {_say_unproved(deltas[0])}")
    if deltas[0].compared_at is None:
        return KeySweep((), "the keys were not compared to the end")
    second, why = {}, ""
    if deltas[0].is_suspected:
        last = deltas[1] if len(deltas) > 1 else None
        second = {one.name: one for one in compared.get(last.attempt.number, ())} if last else {}
        if last is None or last.compared_at is None:
            unproved = last is not None and last.sealed_at is not None and not is_proved(last)
            what = _say_unproved(last) if last and unproved else "the second comparison did not come to its end"
            suspected = [str(one.name) for one in first.values() if one.is_suspected]
            why = f"keys of {list_some(suspected, 'tables')} differed once, which counts for nothing: {what}"
    done, tables = set(loaded), []
    for name in sorted(first):
        one = first[name]
        if one.is_suspected and name in second:
            one = second[name]
        elif one.is_suspected:
            one = replace(one, keys=None, why="its keys differed once, and were not compared again")
        tables.append(_swept(one, name in done))
    missing = sorted({*named} - {str(one.name) for one in tables})
    why_not = "this run does not move it: the registry excludes it, or the source has it no more"
    tables += [SweptTable(*_parted(name), None, why=why_not) for name in missing]
    return KeySweep(tuple(tables), why)


def _parted(name: str) -> tuple[str, str]:
    schema, _, table = name.partition(".")
    return schema, table


def _say_unproved(record: AttemptRecord) -> str:
    if record.marked_at is None:
        return f"the source has no mark, and nobody knows up to where attempt {record.attempt.number} has read"
    return f"nobody knows whether attempt {record.attempt.number} read up to its mark"


def _swept(one: TableSweep, is_loaded: bool) -> SweptTable:
    is_mended = is_loaded if one.repair == "full load" else one.is_mended
    is_compared = one.repair or not one.why
    return SweptTable(
        one.schema,
        one.table,
        one.keys if is_compared else None,
        one.missing_keys,
        one.surplus_keys,
        len(one.doubled) if one.repair else 0,
        one.is_many,
        one.repair,
        is_mended,
        one.why,
        one.shown,
    )


def find_unmended(sweep: KeySweep) -> dict[TableName, Failure]:
    """The tables whose difference counts and was not mended: they are not ok, whatever their deltas brought."""
    return {
        table.name: Failure(
            "warehouse",
            "KeysDiffer",
            f"{table.name}: its keys in Snowflake are not those of the source, and that was not mended"
            f"{f' ({table.why})' if table.why else ''}.",
        )
        for table in sweep.tables
        if table.differs and not table.is_mended
    }
