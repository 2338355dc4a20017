"""The table of databases, a row each, and the data that the script opens a row with."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from fleet.attempts import Attempt
from fleet.databases import Mode
from fleet.outcomes import Outcome, TableOutcome
from fleet.reports import RunReport
from fleet.totals import Sums, add_up, arrived, counts_of, not_arrived
from report.account import say_account, say_changes, say_losses, say_swept
from report.counts import COUNT_HEADINGS, total_cells
from report.database_rows import DatabaseRow, all_tables
from report.failures import rerun_of_database
from report.formatting import NO_OUTCOME, WORDS, say_bytes, say_count, say_seconds
from report.headline import chip
from report.markup import Html, element, embedded_json, name_of

_TEXT_COLUMNS = 3
_OF_A_DELTA = (
    "A table that arrived by delta has the changes that DMS wrote and those that were applied; any other table was "
    "loaded in full. In Snowflake are the rows that a table has then, of the tables that this run wrote to."
)


def databases_part(rows: Sequence[DatabaseRow], mode: Mode) -> Html:
    """The table, plain; the script adds sorting, filtering and opening."""
    tables = all_tables(rows)
    came, lost = add_up(arrived(tables), mode), add_up(not_arrived(tables), mode)
    last = [_sums_row(f"Arrived, of {say_count(len(rows), 'database')}", came, len(tables), mode)]
    if lost.tables:
        last.append(_sums_row("Not arrived", lost, len(tables), mode))
    headings = ("Database", "Outcome", "Instance", "Tables arrived", *COUNT_HEADINGS[mode], "Parquet", "Took")
    table = element(
        "table",
        element("thead", element("tr", *(_heading(which, text) for which, text in enumerate(headings)))),
        element("tbody", *(_row(row) for row in rows)),
        element("tfoot", *last),
        id="database-table",
    )
    return element(
        "section",
        element("h2", "Databases"),
        element("p", _OF_A_DELTA) if mode == "delta" else Html(),
        _controls(rows),
        element("div", table, class_="wide", tabindex=0, role="region", aria_label="Table of databases"),
        id="databases",
    )


def _sums_row(title: str, sums: Sums, tables: int, mode: Mode) -> Html:
    return element(
        "tr",
        element("th", title, scope="row", colspan=_TEXT_COLUMNS),
        element("td", f"{sums.tables:,} / {tables:,}", class_="number"),
        *total_cells(sums.counts, mode),
        element("td", say_bytes(sums.bytes), class_="number"),
        element("td"),
    )


def _heading(which: int, text: str) -> Html:
    return element("th", text, scope="col", class_="number" if which >= _TEXT_COLUMNS else None)


def _controls(rows: Sequence[DatabaseRow]) -> Html:
    """Hidden until the script runs: without it they would do nothing."""
    words = {row.word for row in rows}
    choices = (
        element("label", element("input", type="checkbox", value=word, checked=True), chip(word))
        for word in (NO_OUTCOME, *WORDS)
        if word in words
    )
    return element(
        "form",
        element(
            "label", "Find ", element("input", type="search", id="find", placeholder="database, owner, table, failure")
        ),
        element("fieldset", element("legend", "Outcome"), *choices),
        element("output", id="shown", aria_live="polite"),
        element("button", "Close all", type="button", id="close-all"),
        id="controls",
        hidden=True,
    )


def _row(row: DatabaseRow) -> Html:
    sums = row.sums
    return element(
        "tr",
        element("th", element("a", name_of(row.database), href=f"#{row.anchor}"), scope="row"),
        element("td", chip(row.word)),
        element("td", name_of(row.instance), class_="instance"),
        element("td", f"{sums.tables:,} / {len(row.tables):,}" if row.tables else "–", class_="number"),
        *total_cells(sums.counts, row.mode),
        element("td", say_bytes(sums.bytes) if sums.bytes else "–", class_="number"),
        element("td", say_seconds(row.seconds), class_="number"),
        id=row.anchor,
        class_="red" if row.is_red else None,
    )


def night_data(report: RunReport, rows: Sequence[DatabaseRow]) -> Html:
    """What the script needs, as arrays in a fixed order (script.py reads it by position), failures' texts once each."""
    texts: dict[tuple[str, str], int] = {}
    databases = [_database_data(report, row, texts) for row in rows]
    counts = list(COUNT_HEADINGS[report.mode])
    data = {"databases": databases, "failures": [list(pair) for pair in texts], "mode": report.mode, "counts": counts}
    return element("script", embedded_json(data), type="application/json", id="night")


def _database_data(report: RunReport, row: DatabaseRow, texts: dict[tuple[str, str], int]) -> list[Any]:
    outcome = row.outcome
    has_failure = outcome is None or outcome.failure is not None
    schemas = list(dict.fromkeys(table.schema for table in row.tables))
    return [
        row.database,
        row.word,
        row.instance,
        [row.sums.tables, *(one.rows for one in row.sums.counts), row.sums.bytes, row.seconds],
        _failure_index(row.failure.name, row.failure.text, texts) if has_failure else -1,
        list(outcome.gaps) if outcome else [],
        _folders(outcome) if outcome else [],
        outcome.execution if outcome else "",
        [[span.stage.label, round(span.seconds)] for span in row.spans],
        json.dumps(rerun_of_database(report, row)),
        schemas,
        [_table_data(table, row.mode, schemas, texts) for table in row.tables],
        [
            *say_swept(outcome),
            *say_losses(outcome),
            *say_changes(outcome),
            *(say_account(outcome.account) if outcome.account else ()),
        ]
        if outcome
        else [],
        row.owner,
        row.notes,
    ]


def _folders(outcome: Outcome) -> list[str]:
    """The landing folders of the attempts that its tables are of: a delta run makes several."""
    if outcome.attempt == 0:
        return []
    made: set[tuple[int, Mode]] = {(table.attempt, table.mode) for table in outcome.tables if table.attempt > 0}
    made = made or {(outcome.attempt, outcome.mode)}
    attempts = [Attempt(outcome.run, outcome.database, mode, number, outcome.execution) for number, mode in made]
    return [one.folder.prefix for one in sorted(attempts, key=lambda one: one.number)]


def _table_data(
    table: TableOutcome, mode: Mode, schemas: Sequence[str], texts: dict[tuple[str, str], int]
) -> list[Any]:
    failure = -1 if table.failure is None else _failure_index(table.failure.name, table.failure.text, texts)
    kind = 1 if table.is_view else 0
    counts = counts_of(table, mode)
    how = {"delta": "by delta", "full": "in full"}[table.mode] if mode == "delta" else ""
    return [schemas.index(table.schema), table.table, kind, *counts, table.bytes, failure, how]


def _failure_index(name: str, text: str, texts: dict[tuple[str, str], int]) -> int:
    return texts.setdefault((name, text), len(texts))
