"""The night on one time axis: a row a database, by replication instance, a bar a stage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from fleet.reports import RunReport
from report.database_rows import NO_INSTANCE, DatabaseRow
from report.formatting import NO_OUTCOME, SYMBOLS, WORDS, read_time, say_count, say_seconds
from report.headline import class_of
from report.markup import Html, element, name_of
from report.stages import STAGES, WHOLE, Stage, StageSpan

_MINUTE = 60
_TICK_SECONDS = (1, 2, 5, 10, 15, 30, *(_MINUTE * n for n in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440)))
_MOST_TICKS = 9
_WIDTH = 10_000
_NARROWEST = 12
"""Of a bar, so that a stage of a second is still seen."""
_LAST_WITH_WORDS = 0.75
"""How far along the axis words still fit between a bar's end and the right edge."""


@dataclass(frozen=True)
class Axis:
    """From the first moment of the run to the last."""

    started_at: datetime
    seconds: float

    def share(self, at: datetime) -> float:
        """How far along *at* is, 0 to 1."""
        return min(1.0, max(0.0, (at - self.started_at).total_seconds() / self.seconds))

    def ticks(self) -> list[datetime]:
        """Round times along it, at most nine."""
        step = next((one for one in _TICK_SECONDS if self.seconds / one <= _MOST_TICKS), _TICK_SECONDS[-1])
        first = -(-int(self.started_at.timestamp()) // step) * step
        tick = self.started_at + timedelta(seconds=first - self.started_at.timestamp())
        found = []
        while (tick - self.started_at).total_seconds() <= self.seconds:
            found.append(tick)
            tick += timedelta(seconds=step)
        return found


def timeline_part(report: RunReport, rows: Sequence[DatabaseRow]) -> Html:
    """The timeline; a sentence where no attempt was made."""
    axis = _choose_axis(report, rows)
    heading = element("h2", "Timeline")
    if axis is None:
        return element("section", heading, element("p", "No attempt was made.", class_="calm"), id="timeline")
    at_once = {lane.instance: lane.at_once for lane in report.lanes}
    lanes = [
        _lane(instance, list(group), at_once.get(instance), axis)
        for instance, group in groupby(rows, key=lambda row: row.instance)
    ]
    has_marks = any(span.stage is not WHOLE for row in rows for span in row.spans)
    has_whole = any(span.stage is WHOLE for row in rows for span in row.spans)
    return element(
        "section",
        heading,
        _legend([*(STAGES if has_marks else ()), *([WHOLE] if has_whole else [])]),
        *lanes,
        id="timeline",
    )


def _choose_axis(report: RunReport, rows: Sequence[DatabaseRow]) -> Axis | None:
    spans = [span for row in rows for span in row.spans]
    if not spans:
        return None
    ends = [*(span.ended_at for span in spans), read_time(report.closed_at)]
    starts = [*(span.started_at for span in spans), read_time(report.planned_at)]
    started_at = min(at for at in starts if at is not None)
    ended_at = max(at for at in ends if at is not None)
    return Axis(started_at, max(1.0, (ended_at - started_at).total_seconds()))


def _scale(axis: Axis) -> Html:
    """Labels and lines of the ticks, behind a lane's rows."""
    form = "%H:%M:%S" if axis.seconds < 9 * _MINUTE else "%H:%M"
    ticks = (
        element("span", element("i", f"{tick:{form}}"), style=f"left:{axis.share(tick):.3%}") for tick in axis.ticks()
    )
    return element("div", *ticks, class_="scale", aria_hidden="true")


def _legend(stages: Sequence[Stage]) -> Html:
    waits = element("li", element("span", class_="swatch waits"), "in its lane, not yet started")
    return element(
        "ul",
        waits,
        *(
            element("li", element("span", element("i", class_=stage.id), class_="swatch"), stage.label)
            for stage in stages
        ),
        element("li", "times in UTC"),
        class_="legend",
        aria_label="Stages, by height and colour",
    )


def _lane(instance: str, rows: Sequence[DatabaseRow], at_once: int | None, axis: Axis) -> Html:
    counts = Counter(row.word for row in rows)
    summary_text = ", ".join(f"{counts[word]:,} {word}" for word in (NO_OUTCOME, *WORDS) if counts[word])
    if instance == NO_INSTANCE:
        title: tuple[str, ...] = ("In no lane",)
    else:
        title = ("Replication instance ", name_of(instance))
    limit = f", {at_once:,} at once" if at_once is not None and at_once < len(rows) else ""
    summary = element("span", f"{say_count(len(rows), 'database')}{limit}: {summary_text}", class_="lane-facts")
    lane_rows = element("ul", *(_row(row, axis) for row in rows))
    chart = element("div", _scale(axis), lane_rows, class_="chart")
    return element("div", element("h3", *title, " ", summary), chart, class_="lane")


def _row(row: DatabaseRow, axis: Axis) -> Html:
    label = element(
        "a",
        element("span", SYMBOLS[row.word], class_=f"symbol {class_of(row.word)}", aria_hidden="true"),
        name_of(row.database),
        href=f"#{row.anchor}",
        class_="label",
        title=f"{row.database}: {row.word}",
    )
    return element(
        "li",
        label,
        element("span", _bars(row, axis), _ending(row, axis), class_="plot"),
        element("span", say_seconds(row.seconds), class_="took"),
        class_="red" if row.is_red else None,
    )


def _bars(row: DatabaseRow, axis: Axis) -> Html:
    summary_text = ", ".join(f"{span.stage.label} {say_seconds(span.seconds)}" for span in row.spans) or "no attempt"
    waited = Html()
    if row.spans:
        until = round(axis.share(row.spans[0].started_at) * _WIDTH)
        if until > _NARROWEST:
            waited = element("path", d=f"M0 5H{until}", class_="waits")
    return element(
        "svg",
        element("title", f"{row.database}: {row.word}; {summary_text}"),
        waited,
        *(_bar(span, axis) for span in row.spans),
        role="img",
        viewBox=f"0 0 {_WIDTH} 10",
        preserveAspectRatio="none",
    )


def _bar(span: StageSpan, axis: Axis) -> Html:
    left, right = (round(axis.share(at) * _WIDTH) for at in (span.started_at, span.ended_at))
    title = f"{span.stage.label}: {say_seconds(span.seconds)}, {span.started_at:%H:%M:%S} to {span.ended_at:%H:%M:%S}"
    return element(
        "rect",
        element("title", title),
        class_=span.stage.id,
        x=left,
        y=f"{5 - span.stage.height / 2:g}",
        width=max(_NARROWEST, right - left),
        height=span.stage.height,
    )


def _ending(row: DatabaseRow, axis: Axis) -> Html:
    """What ended it, said at the bar's end for whatever is not ok; a sign alone where there is no room for words."""
    if row.word == "ok":
        return Html()
    share = axis.share(row.spans[-1].ended_at) if row.spans else 0.0
    text = f" {row.word}" + (f" · {row.failure.failure_class}" if row.is_red else "")
    shown = element("span", text, class_="words") if share <= _LAST_WITH_WORDS else Html()
    return element("span", SYMBOLS[row.word], shown, class_=f"ending {class_of(row.word)}", style=f"left:{share:.2%}")
