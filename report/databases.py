"""The table of databases, a row each, and the data that the script opens a row with."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from fleet.attempts import Attempt
from fleet.outcomes import TableOutcome
from fleet.reports import RunReport
from fleet.totals import Sums, add_up, arrived, counts_of, not_arrived
from report.counts import COUNT_HEADINGS, total_cells
from report.database_rows import Entry, all_tables
from report.failures import rerun_of_database
from report.formatting import NO_OUTCOME, WORDS, say_bytes, say_count, say_seconds
from report.headline import chip
from report.markup import Html, element, embedded_json, name_of

_HEADINGS = ("Database", "Outcome", "Instance", "Tables arrived", *COUNT_HEADINGS, "Parquet", "Took")
_TEXT_COLUMNS = 3


def databases_part(entries: Sequence[Entry]) -> Html:
    """The table, plain; the script adds sorting, filtering and opening."""
    tables = all_tables(entries)
    came, lost = add_up(arrived(tables)), add_up(not_arrived(tables))
    last = [_sums_row(f"Arrived, of {say_count(len(entries), 'database')}", came, len(tables))]
    if lost.tables:
        last.append(_sums_row("Not arrived", lost, len(tables)))
    table = element(
        "table",
        element("thead", element("tr", *(_heading(which, text) for which, text in enumerate(_HEADINGS)))),
        element("tbody", *(_row(entry) for entry in entries)),
        element("tfoot", *last),
        id="database-table",
    )
    return element(
        "section",
        element("h2", "Databases"),
        _controls(entries),
        element("div", table, class_="wide", tabindex=0, role="region", aria_label="Table of databases"),
        id="databases",
    )


def _sums_row(title: str, sums: Sums, tables: int) -> Html:
    return element(
        "tr",
        element("th", title, scope="row", colspan=_TEXT_COLUMNS),
        element("td", f"{sums.tables:,} / {tables:,}", class_="number"),
        *total_cells(sums.counts),
        element("td", say_bytes(sums.bytes), class_="number"),
        element("td"),
    )


def _heading(which: int, text: str) -> Html:
    return element("th", text, scope="col", class_="number" if which >= _TEXT_COLUMNS else None)


def _controls(entries: Sequence[Entry]) -> Html:
    """Hidden until the script runs: without it they would do nothing."""
    words = {entry.word for entry in entries}
    choices = (
        element("label", element("input", type="checkbox", value=word, checked=True), chip(word))
        for word in (NO_OUTCOME, *WORDS)
        if word in words
    )
    return element(
        "form",
        element("label", "Find ", element("input", type="search", id="find", placeholder="database, table, failure")),
        element("fieldset", element("legend", "Outcome"), *choices),
        element("output", id="shown", aria_live="polite"),
        element("button", "Close all", type="button", id="close-all"),
        id="controls",
        hidden=True,
    )


def _row(entry: Entry) -> Html:
    sums = entry.sums
    return element(
        "tr",
        element("th", element("a", name_of(entry.database), href=f"#{entry.anchor}"), scope="row"),
        element("td", chip(entry.word)),
        element("td", name_of(entry.instance), class_="instance"),
        element("td", f"{sums.tables:,} / {len(entry.tables):,}" if entry.tables else "–", class_="number"),
        *total_cells(sums.counts),
        element("td", say_bytes(sums.bytes) if sums.bytes else "–", class_="number"),
        element("td", say_seconds(entry.seconds), class_="number"),
        id=entry.anchor,
        class_="red" if entry.is_red else None,
    )


def night_data(report: RunReport, entries: Sequence[Entry]) -> Html:
    """What the script needs, as arrays in a fixed order (script.py reads it by position), failures' texts once each."""
    texts: dict[tuple[str, str], int] = {}
    databases = [_database_data(report, entry, texts) for entry in entries]
    data = {"databases": databases, "failures": [list(pair) for pair in texts]}
    return element("script", embedded_json(data), type="application/json", id="night")


def _database_data(report: RunReport, entry: Entry, texts: dict[tuple[str, str], int]) -> list[Any]:
    outcome = entry.outcome
    has_failure = outcome is None or outcome.failure is not None
    schemas = list(dict.fromkeys(table.schema for table in entry.tables))
    folder = ""
    if outcome and outcome.attempt > 0:
        folder = Attempt(outcome.run, outcome.database, outcome.mode, outcome.attempt, outcome.execution).folder.prefix
    return [
        entry.database,
        entry.word,
        entry.instance,
        [entry.sums.tables, *(one.rows for one in entry.sums.counts), entry.sums.bytes, entry.seconds],
        _failure_index(entry.failure.name, entry.failure.text, texts) if has_failure else -1,
        list(outcome.gaps) if outcome else [],
        folder,
        outcome.execution if outcome else "",
        [[span.stage.label, round(span.seconds)] for span in entry.spans],
        json.dumps(rerun_of_database(report, entry)),
        schemas,
        [_table_data(table, schemas, texts) for table in entry.tables],
    ]


def _table_data(table: TableOutcome, schemas: Sequence[str], texts: dict[tuple[str, str], int]) -> list[Any]:
    failure = -1 if table.failure is None else _failure_index(table.failure.name, table.failure.text, texts)
    kind = 1 if table.is_view else 0
    return [schemas.index(table.schema), table.table, kind, *counts_of(table), table.bytes, failure]


def _failure_index(name: str, text: str, texts: dict[tuple[str, str], int]) -> int:
    return texts.setdefault((name, text), len(texts))
