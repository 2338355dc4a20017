"""The page as a whole."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.resources import files

from fleet.reports import RunReport
from report.database_rows import list_rows
from report.databases import databases_part, night_data
from report.failures import failures_part, gaps_part, left_out_part
from report.headline import headline, jump_list, verdict
from report.markup import Html, element
from report.timeline import timeline_part


def render(report: RunReport) -> str:
    """The page of the night: one HTML document that needs no network. The same report gives the same text.

    Without its script it still says all that matters; the script adds sorting, filtering and each database's tables.
    """
    rows = list_rows(report)
    left_out = left_out_part(rows)
    parts = [
        ("failures", "Needs someone now"),
        ("gaps", "Not checked"),
        ("timeline", "Timeline"),
        ("databases", "Databases"),
    ]
    if left_out:
        parts.insert(1, ("left-out", "Left out"))
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_policy()),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", f"{verdict(rows)[1]} · {report.run}"),
        element("style", Html(_resource("page.css"))),
    )
    body = element(
        "body",
        element("a", "Skip to what needs someone", href="#failures", class_="skip"),
        headline(report, rows),
        jump_list(parts),
        element(
            "main",
            failures_part(report, rows),
            left_out,
            gaps_part(rows),
            timeline_part(report, rows),
            databases_part(rows, report.mode),
        ),
        night_data(report, rows),
        element("script", Html(_resource("page.js"))),
    )
    return f"<!doctype html>\n{element('html', head, body, lang='en')}\n"


def _policy() -> str:
    """Nothing is fetched, and only our own script runs: whatever escaping should miss still stays text."""
    digest = b64encode(sha256(_resource("page.js").encode()).digest()).decode()
    rules = ("default-src 'none'", "style-src 'unsafe-inline'", f"script-src 'sha256-{digest}'", "form-action 'none'")
    return "; ".join((*rules, "base-uri 'none'"))


@cache
def _resource(name: str) -> str:
    """The text of a file beside this module. Read when a page is made: importing reads nothing."""
    return (files("report") / name).read_text(encoding="utf-8")
