"""The top of the page: green or red in words, how many of each outcome, when, how long, how much."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from fleet.plan import Length
from fleet.reports import RunReport
from fleet.totals import Sums, add_up, arrived, not_arrived
from report.database_rows import DatabaseRow, all_tables
from report.formatting import NO_OUTCOME, SYMBOLS, WORDS, read_time, say_bytes, say_count, say_seconds
from report.markup import Html, element, join, name_of

_WAITED_FOR = {
    "turn": "for a turn at DMS, which answers a few requests a second in the whole account",
    "throttled": "because an API throttled the account",
    "server": "for a place at a server",
}


_DECIDED_BY = {
    "requests": "DMS's request budget",
    "instance": "instance",
    "server": "server",
    "database": "the longest database,",
    "blackout": "the blackout of the server of",
}


def verdict(rows: Sequence[DatabaseRow]) -> tuple[bool, str]:
    """Whether the run is red, and that in a sentence."""
    if not rows:
        return True, "Red: no database was in this run"
    red = sum(row.is_red for row in rows)
    ok = sum(row.word == "ok" for row in rows)
    aside = {
        "quarantined": sum(row.word == "quarantined" for row in rows),
        "copied by another run": sum(bool(row.copied_elsewhere) for row in rows),
        "joined to another run": sum(row.is_joined for row in rows),
        "new and kept out": sum(row.is_kept_out for row in rows),
    }
    said = "".join(f", {count:,} {what}" for what, count in aside.items() if count)
    if red:
        return True, f"Red: {red:,} of {say_count(len(rows), 'database')} did not end ok{said}"
    if ok == len(rows):
        return False, f"Green: {say_count(ok, 'database')}, all ok"
    return False, f"Green: {ok:,} of {say_count(len(rows), 'database')} ok{said}"


def chip(word: str) -> Html:
    """An outcome as a coloured word with its symbol."""
    symbol = element("span", SYMBOLS[word], aria_hidden="true")
    return element("span", symbol, " ", word, class_=f"chip {class_of(word)}")


def class_of(word: str) -> str:
    """The CSS class of an outcome."""
    return "is-" + word.replace(" ", "-")


def headline(report: RunReport, rows: Sequence[DatabaseRow]) -> Html:
    """The page's header."""
    is_red, sentence = verdict(rows)
    again = (
        element("p", "Repeats what failed in run ", element("code", name_of(report.rerun_of)), ".")
        if report.rerun_of
        else Html()
    )
    return element(
        "header",
        element("p", "Run ", element("code", name_of(report.run)), f" · mode {report.mode}", class_="run"),
        element("h1", element("span", "✕" if is_red else "✓", aria_hidden="true"), " ", sentence),
        _outcome_counts(rows),
        again,
        _facts(report, rows),
        class_="red" if is_red else "green",
    )


def _outcome_counts(rows: Sequence[DatabaseRow]) -> Html:
    counts = Counter(row.word for row in rows)
    words = [word for word in (NO_OUTCOME, *WORDS) if counts[word] or word in {"failed", "partial", "ok"}]
    return element(
        "ul",
        *(
            element(
                "li",
                element("b", f"{counts[word]:,}"),
                " ",
                chip(word),
                class_=None if counts[word] else "none",
                data_outcome=word,
                data_count=counts[word],
            )
            for word in words
        ),
        class_="counts",
        aria_label="Databases by outcome",
    )


def _facts(report: RunReport, rows: Sequence[DatabaseRow]) -> Html:
    planned_at, closed_at = read_time(report.planned_at), read_time(report.closed_at)
    seconds = (closed_at - planned_at).total_seconds() if planned_at and closed_at else None
    tables = all_tables(rows)
    came, lost = (add_up(some(tables), report.mode) for some in (arrived, not_arrived))
    unknown = sum(row.has_unknown_tables for row in rows)
    lanes = len({lane.instance for lane in report.lanes})
    day = "%Y-%m-%d %H:%M"
    when = f"{planned_at:{day}} to {closed_at:{day if closed_at.date() != planned_at.date() else '%H:%M'}} UTC" if (
        planned_at and closed_at
    ) else f"{report.planned_at} to {report.closed_at}"  # fmt: skip
    facts = (
        ("When", when),
        ("How long, on the run's clock", say_seconds(seconds)),
        *([("Planned", _say_planned(report.length))] if report.length else []),
        (
            "Databases",
            f"{len(rows):,} of {report.onboarded:,} onboarded; {say_count(lanes, 'replication instance')}",
        ),
        (
            "Tables that arrived",
            f"{came.tables:,} of {len(tables):,}"
            + (f" known; the tables of {say_count(unknown, 'database')} are not known" if unknown else ""),
        ),
        *(_rows_facts(came, lost) if report.mode == "full" else _changes_facts(came, lost)),
        ("Parquet that arrived", say_bytes(came.bytes)),
        *([("Waited", waited)] if (waited := _say_waited(rows)) else []),
        ("Registry", report.registry_version),
    )
    return element("dl", *(element("div", element("dt", term), element("dd", name_of(fact))) for term, fact in facts))


def _rows_facts(came: Sums, lost: Sums) -> list[tuple[str, str]]:
    return [
        ("Rows that arrived", _say_rows(came)),
        *([("Rows that did not arrive", _say_rows(lost))] if lost.tables else []),
    ]


def _changes_facts(came: Sums, lost: Sums) -> list[tuple[str, str]]:
    """Of a delta: changes, and the rows of tables that it loaded in full."""
    _, applied, in_full, in_snowflake = (one.rows for one in came.counts)
    lost_by_dms = lost.counts[0].rows
    return [
        ("Changes that were applied", f"{applied:,}"),
        *([("Changes that were not applied", f"{lost_by_dms:,} by DMS")] if lost.tables else []),
        ("Rows that were loaded in full", f"{in_full:,}"),
        ("Rows of the tables written to", f"{in_snowflake:,} in Snowflake"),
    ]


def _say_planned(length: Length) -> str:
    """How long the plan expected the run to take, and what decides that.

    >>> from fleet.forecast import Bound
    >>> _say_planned(Length(1800, Bound(1700, "instance", "one"), measured=5, expected=0, assumed=1))
    '30 min 00 s, decided by instance one; times of databases: 5 measured, 1 assumed'
    """
    by = f"{_DECIDED_BY[length.bound.by]} {length.bound.name}".strip()
    origins = {"measured": length.measured, "of the registry": length.expected, "assumed": length.assumed}
    said = ", ".join(f"{count:,} {origin}" for origin, count in origins.items() if count)
    return f"{say_seconds(length.seconds)}, decided by {by}; times of databases: {said or 'none'}"


def _say_waited(rows: Sequence[DatabaseRow]) -> str:
    """What databases waited for because others had it, and for how long, the longest of them named."""
    said = []
    for field, what in _WAITED_FOR.items():
        seconds = {one.database: getattr(one.outcome.waited, field) for one in rows if one.outcome}
        waiting = {database: count for database, count in seconds.items() if count}
        if waiting:
            most = max(waiting, key=lambda database: (waiting[database], database))
            said.append(
                f"{say_seconds(sum(waiting.values()))} {what} ({say_count(len(waiting), 'database')}; "
                f"{most} {say_seconds(waiting[most])})"
            )
    return "; ".join(said)


def _say_rows(sums: Sums) -> str:
    """Rows as each place counted them, the last place first; a place that counted none is left out.

    >>> from fleet.totals import Total
    >>> known, unknown = Total(5, 2, 0), Total(0, 0, 2)
    >>> _say_rows(Sums(2, (known, known, unknown, unknown), 100)), _say_rows(Sums(1, (unknown,) * 4, 0))
    ('5 by DMS, 5 at the source', 'not counted')
    """
    places = zip(("at the source", "by DMS", "in Parquet", "in Snowflake"), sums.counts, strict=True)
    said = [
        f"{one.rows:,} {place}" + (f" ({say_count(one.unknown, 'table')} not counted there)" if one.unknown else "")
        for place, one in places
        if one.known and place != "in Parquet"
    ]
    return ", ".join(reversed(said)) or ("not counted" if sums.tables else "none")


def jump_list(parts: Sequence[tuple[str, str]]) -> Html:
    """Links to the parts of the page."""
    links = (element("a", text, href=f"#{anchor}") for anchor, text in parts)
    return element("nav", join(*links, by=" "), aria_label="Parts of this page")
