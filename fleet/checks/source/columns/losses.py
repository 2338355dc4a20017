"""Which columns lose something of their values on the way."""

from __future__ import annotations

from fleet.checks.check import Check, Judged
from fleet.checks.source_look import SourceLook, not_looked, note, say
from fleet.failures import Failure
from fleet.tables.columns import find_losses
from fleet.tables.losses import CountedLosses, accepted_columns, ask_losses


def judge(look: SourceLook) -> Judged:
    """Without counts, columns that may lose something are named; long values are a check of their own."""
    if isinstance(look.census, Failure):
        return not_looked(look.census)
    if isinstance(look.counted, Failure):
        return not_looked(look.counted)
    if look.counted is None:
        return note("no column is known to lose anything", _may_lose(look), "columns")
    lost, uncounted = _count(look, {one.name: one for one in look.counted})
    if uncounted and not lost:
        return Judged("unknown", f"not counted: {'; '.join(uncounted)}")
    return say("no value loses anything", lost, "columns")


def _may_lose(look: SourceLook) -> list[str]:
    """What hardly any column loses is not among them: only a count says that it did."""
    return [
        f"{table.name}.{column.name} ({column.declared or column.type_name}): {loss.how}"
        for table in look.moved
        for column in table.columns
        if column.name not in accepted_columns(look.database, table)
        for loss in find_losses(look.engine, column, look.lob_kilobytes)
        if loss.kind != "long" and not loss.is_rare
    ]


def _count(look: SourceLook, counted: dict[tuple[str, str], CountedLosses]) -> tuple[list[str], list[str]]:
    """What is lost of each column that nobody accepted, and which tables were not counted."""
    lost: list[str] = []
    uncounted: list[str] = []
    for table in look.moved:
        asked, answer = ask_losses(look.engine, table, look.lob_kilobytes).asked, counted.get(table.name)
        if not asked:
            continue
        if answer is None or answer.why:
            uncounted.append(f"{table.name} ({answer.why if answer else 'no time was left'})")
            continue
        accepted = accepted_columns(look.database, table)
        lost += [
            f"{table.name}.{one.column.name}: {values:,} values: {one.loss.how}"
            for one, values in zip(asked, answer.values, strict=True)
            if values and one.loss.kind != "long" and one.column.name not in accepted
        ]
    return lost, uncounted


CHECK = Check(
    "SRC-LOSSES",
    "Values that do not arrive as they are make a table partial until somebody accepts that.",
    "Count them with `--count-losses`; accept the column in `tables` of databases.yaml, or give it another type.",
    "docs/facts/dms.md",
    judge,
)
