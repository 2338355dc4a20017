"""The four counts of one table side by side, and where the first of them stops agreeing."""

from __future__ import annotations

from fleet.databases import Mode
from fleet.outcomes import TableOutcome
from fleet.totals import Total, counts_of
from report.markup import Html, element

COUNT_HEADINGS: dict[Mode, tuple[str, str, str, str]] = {
    "full": ("At source", "By DMS", "In Parquet", "In Snowflake"),
    "delta": ("Changes by DMS", "Applied", "Rows in full", "In Snowflake"),
}
"""Of a run in that mode. Those of a delta do not follow each other: no count is compared with the one before it."""


def count_headings(mode: Mode) -> tuple[Html, ...]:
    """The heads of their columns."""
    return tuple(element("th", heading, scope="col", class_="number") for heading in COUNT_HEADINGS[mode])


def count_cells(table: TableOutcome, mode: Mode) -> tuple[Html, ...]:
    """A cell a count; one that differs from the last known before it says so with a sign, not by colour alone."""
    cells, before = [], None
    for count in counts_of(table, mode):
        differs = mode == "full" and count is not None and before is not None and count != before
        missing = "not counted" if mode == "full" and count is None else None
        cells.append(_cell("–" if count is None else f"{count:,}", missing, differs))
        before = before if count is None else count
    return tuple(cells)


def total_cells(totals: tuple[Total, ...], mode: Mode) -> tuple[Html, ...]:
    """The same for sums over tables; where some tables were not counted, the sign is left out and that is said."""
    cells, before = [], None
    for one in totals:
        whole = one if one.known and not one.unknown else None
        differs = mode == "full" and whole is not None and before is not None and whole.rows != before.rows
        missing = f"{one.unknown:,} not counted" if one.unknown else None
        cells.append(_cell(f"{one.rows:,}" if one.known else "–", missing, differs, is_short=bool(one.unknown)))
        before = whole or before
    return tuple(cells)


def _cell(text: str, title: str | None, differs: bool, *, is_short: bool = False) -> Html:
    sign = element("span", "≠", class_="differs", title="differs from the count before it") if differs else Html()
    short = element("span", "+?", class_="short") if is_short and text != "–" else Html()
    return element("td", sign, text, short, class_="number", title=title)
