"""The message about a run that closed: its colour first, then what arrived, then where the page is."""

from __future__ import annotations

from fleet.quotas import SNS_SUBJECT_CHARACTERS
from fleet.reports import RunReport
from fleet.totals import add_up, arrived
from report.database_rows import all_tables, list_rows
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
        *(f"New and kept out: {row.database}: {row.failure.text}" for row in rows if row.is_kept_out),
        *(f"Quarantined: {row.failure.text}" for row in rows if row.word == "quarantined"),
        f"Page of the night: {page_uri}",
    )
    return f"fleet run {report.run}: {sentence}"[: SNS_SUBJECT_CHARACTERS.value], "\n".join(lines)
