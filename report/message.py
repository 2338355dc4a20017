"""The message about a run that closed: its colour, what arrived, whose the red ones are, where the page is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from fleet.quotas import SNS_SUBJECT_CHARACTERS
from fleet.reports import RunReport
from fleet.spelling import list_some
from fleet.totals import add_up, arrived
from report.database_rows import DatabaseRow, all_tables, list_rows
from report.headline import verdict


def compose_message(report: RunReport, page_uri: str) -> tuple[str, str]:
    """Subject and text."""
    rows = list_rows(report)
    _, sentence = verdict(rows)
    counts = {**report.counts, "without an outcome": len(report.silent)}
    tables = all_tables(rows)
    came = add_up(arrived(tables), report.mode)
    _, applied, in_full, held = (one.rows for one in came.counts)
    what = f"{applied:,} changes and {in_full:,} rows in full" if report.mode == "delta" else f"{held:,} rows"
    lines = (
        sentence,
        ", ".join(f"{count:,} {word}" for word, count in sorted(counts.items()) if count),
        f"{came.tables:,} of {len(tables):,} known tables arrived in Snowflake, with {what}.",
        *_say_owners(rows),
        *(f"New and kept out: {row.database}: {row.failure.text}" for row in rows if row.is_kept_out),
        *(f"Quarantined: {row.failure.text}" for row in rows if row.word == "quarantined"),
        f"Page of the night: {page_uri}",
    )
    return f"fleet run {report.run}: {sentence}"[: SNS_SUBJECT_CHARACTERS.value], "\n".join(lines)


def _say_owners(rows: Sequence[DatabaseRow]) -> Iterator[str]:
    """A line for each owner of databases that are red; nothing where the registry names none of them.

    >>> shop, till = (DatabaseRow(name, "one", None, is_red=True, owner="team-shop") for name in ("shop", "till"))
    >>> list(_say_owners([shop, till, DatabaseRow("crm", "one", None, is_red=True)]))
    ['Red of team-shop: shop, till', 'Red, without an owner in the registry: crm']
    """
    by_owner: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if row.is_red:
            by_owner[row.owner].append(row.database)
    yield from (f"Red of {owner}: {list_some(names)}" for owner, names in sorted(by_owner.items()) if owner)
    if by_owner.keys() - {""} and by_owner[""]:
        yield f"Red, without an owner in the registry: {list_some(by_owner[''])}"
