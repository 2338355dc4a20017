"""What needs someone now, by class of failure, with the inputs to paste; what was left out; what was not checked."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence

from fleet.failure_names import NAMES
from fleet.failures import CLASSES, FailureClass
from fleet.outcomes import TableOutcome
from fleet.reports import RunReport
from fleet.totals import arrived, is_left, say_counted
from report.account import say_red
from report.counts import count_cells, count_headings
from report.database_rows import NO_INSTANCE, DatabaseRow, all_tables
from report.formatting import BUDGETS, NO_OUTCOME, say_count
from report.headline import chip
from report.markup import Html, element, join, name_of

_OPEN_TABLES = 5
"""So many tables of a database are shown at once; more of them open on demand."""
_UNCOUNTED = "Tables are ok whose rows were not counted at the source."


def rerun_of_run(report: RunReport, what: str) -> dict[str, object]:
    """The input of a new `fleet-run` that repeats what failed in this one."""
    return {"mode": report.mode, "rerun_of": report.run, "what": what}


def rerun_of_database(report: RunReport, row: DatabaseRow) -> dict[str, object]:
    """The input of a new `database-run`; in full where the change log has a gap that no delta closes."""
    is_full = CLASSES[row.failure.failure_class].budget == "full instead"
    mode = row.outcome.mode if row.outcome else report.mode
    return {"run": report.run, "database": row.database, "mode": "full" if is_full else mode}


def rerun_of_tables(report: RunReport, row: DatabaseRow) -> dict[str, object]:
    """The same, narrowed to the tables that are not ok; in full, because no delta can be narrowed."""
    names = [f"{table.schema}.{table.table}" for table in row.bad_tables]
    return {**rerun_of_database(report, row), "mode": "full", "tables": names}


def failures_part(report: RunReport, rows: Sequence[DatabaseRow]) -> Html:
    """Everything that is red, by class, the class that stopped most databases first."""
    red = [row for row in rows if row.is_red]
    if not red:
        return element(
            "section",
            element("h2", "Needs someone now"),
            element("p", _say_calm(rows), class_="calm"),
            id="failures",
        )
    by_class: dict[FailureClass, list[DatabaseRow]] = defaultdict(list)
    for row in red:
        by_class[row.failure.failure_class].append(row)
    groups = sorted(by_class.items(), key=lambda item: (-_count_failed(item[1]), -len(item[1]), item[0]))
    return element(
        "section",
        element("h2", "Needs someone now: ", say_count(len(red), "database")),
        _classes(groups) if len(groups) > 1 else Html(),
        _rerun_all(report, red),
        *(_class_of_failures(report, failure_class, group) for failure_class, group in groups),
        id="failures",
    )


def _say_calm(rows: Sequence[DatabaseRow]) -> str:
    if not rows:
        return "The run had no database, so nothing was copied."
    if all(row.word == "ok" for row in rows):
        return "Nothing: every database of this run is ok."
    return "Nothing: every database of this run is ok, or is named under “Left out” with the reason."


def _count_failed(group: Sequence[DatabaseRow]) -> int:
    return sum(row.word != "partial" for row in group)


def _classes(groups: Sequence[tuple[FailureClass, list[DatabaseRow]]]) -> Html:
    """All classes at one look: whom to call, for how many."""
    heads = ("Class", "Databases", "Of them partial", "Owner", "What to do")
    rows = (
        element(
            "tr",
            element("th", element("a", element("code", name), href=f"#class-{name}"), scope="row"),
            element("td", f"{len(group):,}", class_="number"),
            element("td", f"{len(group) - _count_failed(group):,}", class_="number"),
            element("td", CLASSES[name].owner),
            element("td", CLASSES[name].remedy),
        )
        for name, group in groups
    )
    numbers = {"Databases", "Of them partial"}
    head = (element("th", text, scope="col", class_="number" if text in numbers else None) for text in heads)
    table = element("table", element("thead", element("tr", *head)), element("tbody", *rows))
    return element("div", table, class_="wide classes")


def _rerun_all(report: RunReport, red: Sequence[DatabaseRow]) -> Html:
    partial = sum(row.word == "partial" for row in red)
    steps = []
    if partial < len(red):
        steps.append(_paste("every database that is neither ok nor partial:", rerun_of_run(report, "failed-databases")))
    if partial:
        which = "the same, and" if steps else "only"
        steps.append(_paste(f"{which} the failed tables of the partial ones:", rerun_of_run(report, "failed-tables")))
    return element(
        "div",
        element("h3", "Run all of it again, once the causes are gone"),
        element("p", "A new execution of ", element("code", "fleet-run"), " with this input:"),
        *steps,
        class_="rerun-all",
    )


def _class_of_failures(report: RunReport, failure_class: FailureClass, group: Sequence[DatabaseRow]) -> Html:
    known = CLASSES[failure_class]
    order = {"failed": 0, NO_OUTCOME: 1, "skipped": 2, "partial": 3}
    return element(
        "article",
        element("h3", element("code", failure_class), " · ", say_count(len(group), "database")),
        element(
            "p",
            element("b", "Owner: ", known.owner),
            element("span", known.remedy, " ", element("span", BUDGETS[known.budget], class_="budget")),
            class_="remedy",
        ),
        _names(failure_class, group),
        *(
            _failed_database(report, row)
            for row in sorted(group, key=lambda row: (order.get(row.word, 4), row.database))
        ),
        class_="failure-class",
        id=f"class-{failure_class}",
    )


def _names(failure_class: FailureClass, group: Sequence[DatabaseRow]) -> Html:
    """What each name that occurs in *group* means, and what to do, once each."""
    of_tables = (table.failure for row in group for table in row.bad_tables)
    failures = [*(row.failure for row in group), *(one for one in of_tables if one is not None)]
    found = {one.name for one in failures if one.failure_class == failure_class and one.name in NAMES}
    if not found:
        return Html()
    items = (
        element("li", element("code", name), ": ", NAMES[name].means, " ", NAMES[name].remedy) for name in sorted(found)
    )
    return element("ul", *items, class_="names")


def _failed_database(report: RunReport, row: DatabaseRow) -> Html:
    pastes = [_paste("database-run with", rerun_of_database(report, row))]
    if row.word == "partial" and row.bad_tables:
        pastes.append(_paste("only the tables that are not ok, with", rerun_of_tables(report, row)))
    return element(
        "div",
        element(
            "h4",
            chip(row.word),
            " ",
            element("a", name_of(row.database), href=f"#{row.anchor}"),
            " ",
            element("span", name_of(row.failure.name), class_="failure-name"),
            " ",
            element("span", row.instance if row.instance == NO_INSTANCE else f"on {row.instance}", class_="where"),
            *(
                [" ", element("span", "owner of the database: ", name_of(row.owner), class_="where")]
                if row.owner
                else []
            ),
        ),
        element("p", row.failure.text, class_="failure-text", dir="auto"),
        _bad_tables(row),
        _incomplete(row),
        *pastes,
        class_="failed-database",
        data_database=row.database,
    )


def _bad_tables(row: DatabaseRow) -> Html:
    if not row.bad_tables:
        return Html()
    counted = f"{len(row.bad_tables):,} of {say_count(len(row.tables), 'table')} not ok"
    if all(table.failure == row.failure for table in row.bad_tables) and len(row.bad_tables) == len(row.tables):
        return element("p", counted, ", all for this reason.", class_="same")
    table = element(
        "table",
        element("thead", element("tr", element("th", "Table", scope="col"), *count_headings(row.mode), _why_heading())),
        element("tbody", *(_bad_table(row, table) for table in row.bad_tables)),
        class_="counts-table",
    )
    return element(
        "details",
        element("summary", counted),
        element("div", table, class_="wide"),
        open=len(row.bad_tables) <= _OPEN_TABLES,
    )


def _incomplete(row: DatabaseRow) -> Html:
    """What is missing and what is lost beside the tables that failed."""
    lines = list(say_red(row.outcome)) if row.outcome else []
    if not lines:
        return Html()
    return element(
        "details",
        element("summary", f"{say_count(len(lines), 'thing')} that did not arrive, or not as it is at the source"),
        element("ul", *(element("li", line, dir="auto") for line in lines), class_="plain"),
        open=len(lines) <= _OPEN_TABLES,
    )


def _why_heading() -> Html:
    return element("th", "Why", scope="col")


def _bad_table(row: DatabaseRow, table: TableOutcome) -> Html:
    failure = table.failure
    text = "" if failure is None or failure == row.failure else failure.text
    return element(
        "tr",
        element("th", name_of(f"{table.schema}.{table.table}"), scope="row"),
        *count_cells(table, row.mode),
        element("td", text, class_="failure-text", dir="auto"),
    )


def _paste(what: str, value: dict[str, object]) -> Html:
    """An input to paste, and the button that copies it (the script shows it; without the script there is none)."""
    label = element("span", what, class_="what")
    code = element("code", json.dumps(value), class_="json", translate="no")
    subject = value.get("database", "the run")
    button = element(
        "button", "Copy", type="button", class_="copy", hidden=True, aria_label=f"Copy the input that reruns {subject}"
    )
    return element("div", button, label, " ", code, class_="paste")


def left_out_part(rows: Sequence[DatabaseRow]) -> Html:
    """What is held back on purpose, or left to another run: no one is woken for it, and no one may miss it."""
    left_out = [row for row in rows if row.word != "ok" and not row.is_red]
    if not left_out:
        return Html()
    return element(
        "section",
        element("h2", "Left out, without making the run red: ", say_count(len(left_out), "database")),
        element(
            "ul",
            *(
                element("li", chip(row.word), " ", _link(row), " ", element("span", _why_left_out(row), dir="auto"))
                for row in left_out
            ),
            class_="plain",
        ),
        id="left-out",
    )


def _why_left_out(row: DatabaseRow) -> str:
    return " ".join(filter(None, (row.failure.text, row.copied_elsewhere)))


def gaps_part(rows: Sequence[DatabaseRow]) -> Html:
    """What could not be checked, each gap once, with the databases it holds for.

    Gaps that differ only after a colon are one: what each database says there is in its own row.
    """
    by_kind: dict[str, dict[str, list[DatabaseRow]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        for gap in dict.fromkeys(row.outcome.gaps if row.outcome else ()):
            by_kind[gap.partition(": ")[0]][gap].append(row)
    by_gap: dict[str, list[DatabaseRow]] = defaultdict(list)
    for kind, gaps in by_kind.items():
        by_gap[kind if len(gaps) > 1 else next(iter(gaps))] += [one for group in gaps.values() for one in group]
    for row in rows:
        came = [table for table in arrived(row.tables) if table.mode == "full" and not is_left(table)]
        if any(table.rows_at_source is None for table in came):
            by_gap[_UNCOUNTED].append(row)
    counted = element("p", say_counted(all_tables(rows)))
    if not by_gap:
        body = element("p", "No outcome names anything that was not checked.", class_="calm")
    else:
        body = element("ul", *(_gap(gap, group) for gap, group in by_gap.items()), class_="plain")
    return element("section", element("h2", "What was not checked"), counted, body, id="gaps")


def _gap(gap: str, group: Sequence[DatabaseRow]) -> Html:
    return element("li", element("span", gap, dir="auto"), element("span", *_links(group), class_="databases"))


def _links(group: Iterable[DatabaseRow]) -> list[str]:
    return [" ", join(*(_link(row) for row in group), by=", ")]


def _link(row: DatabaseRow) -> Html:
    return element("a", name_of(row.database), href=f"#{row.anchor}")
