"""Whether the longest values fit into `lob_max_kilobytes`."""

from __future__ import annotations

from fleet.checks.check import Check, Judged
from fleet.checks.source_look import SourceLook, not_looked, say
from fleet.failures import Failure
from fleet.spelling import list_some
from fleet.tables.columns import is_long
from fleet.tables.losses import accepted_columns, ask_losses, find_column_losses


def judge(look: SourceLook) -> Judged | None:
    """Nothing is said where no column is moved as a large object."""
    if isinstance(look.census, Failure):
        return not_looked(look.census)
    long = {
        table: [
            column.name
            for column in table.columns
            if is_long(look.engine, column) and column.name not in accepted_columns(look.database, table)
        ]
        for table in look.moved
    }
    named = [f"{table.name}.{name}" for table, names in long.items() for name in names]
    if not named:
        return None
    limit = f"`lob_max_kilobytes: {look.lob_kilobytes}`"
    if isinstance(look.counted, Failure):
        return not_looked(look.counted)
    if look.counted is None:
        return Judged("unknown", f"nobody measured (--count-losses) against {limit}: {list_some(named, 'columns')}")
    counted = {one.name: one for one in look.counted}
    cut: list[str] = []
    for table, names in long.items():
        asked, answer = ask_losses(look.engine, table, look.lob_kilobytes), counted.get(table.name)
        if names and (answer is None or answer.why):
            return Judged("unknown", f"{table.name} was not counted: {answer.why if answer else 'no time was left'}")
        cut += [
            f"{table.name}.{one.column}: {one.values:,} values: {one.how}"
            for one in find_column_losses(look.engine, table, 1, asked, answer)
            if one.values and one.column in names and "lob_max_kilobytes" in one.how
        ]
    return say(f"the longest value fits into {limit}", cut, "columns")


CHECK = Check(
    "SRC-LOB-LENGTH",
    "DMS cuts a long value at `lob_max_kilobytes` without a word.",
    "Raise `lob_max_kilobytes` to what is named, or accept the column in `tables` of databases.yaml.",
    "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.LOBSupport.html",
    judge,
)
