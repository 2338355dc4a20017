"""The states that an attempt got past, folded into the few stages that a person follows in the night's timeline."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fleet.outcomes import Outcome
from report.formatting import read_time


@dataclass(frozen=True)
class Stage:
    """*height*: of its bar in tenths, so that stages differ without their colour."""

    id: str
    label: str
    height: int


STAGES = (
    Stage("claim", "wait for the claim", 2),
    Stage("prepare", "prepare, point, test", 5),
    Stage("load", "load by DMS", 10),
    Stage("seal", "seal", 5),
    Stage("warehouse", "Snowflake", 8),
    Stage("record", "record", 2),
)
WHOLE = Stage("whole", "whole attempt, no states marked", 6)
"""Where an attempt left no marks."""

_LAST = len(STAGES) - 1
_STAGE_BY_STATE = {
    "ClaimDatabase": 0,
    "ContinueChain": 1,
    "PrepareTask": 1,
    "PointEndpoint": 1,
    "AwaitConnection": 1,
    "StartTask": 1,
    "PollTask": 2,
    "StopTask": 2,
    "SealFolder": 3,
    "SubmitLoads": 4,
    "PollLoads": 4,
    "Reconcile": 5,
    "NextStep": 5,
    "CompareKeys": 5,
    "RecordOutcome": 5,
    "ReleaseDatabase": 5,
    "Conclude": 5,
}


@dataclass(frozen=True)
class StageSpan:
    """One stage of one attempt, from when to when."""

    stage: Stage
    started_at: datetime
    ended_at: datetime

    @property
    def seconds(self) -> float:
        """How long it took."""
        return (self.ended_at - self.started_at).total_seconds()


def fold_marks(outcome: Outcome) -> tuple[StageSpan, ...]:
    """The stages of an outcome's attempt, in order; one span of everything where nothing was marked.

    A mark says when a state was over. Where an attempt broke off, the next mark is far ahead: the time until then
    belongs to the stage in which it broke off, which is the one after the last mark.
    """
    started_at, ended_at = read_time(outcome.started_at), read_time(outcome.ended_at)
    if started_at is None or ended_at is None:
        return ()
    ended_at = max(started_at, ended_at)
    spans: list[StageSpan] = []
    reached, since = -1, started_at
    for mark in outcome.marks:
        stage, at = _STAGE_BY_STATE.get(mark.state), read_time(mark.at)
        if stage is None or at is None:
            continue
        at = min(max(at, since), ended_at)
        _extend(spans, min(stage, reached + 1), since, at)
        reached, since = stage, at
    if not spans:
        return (StageSpan(WHOLE, started_at, ended_at),)
    rest = _LAST if outcome.outcome == "ok" else min(reached + 1, _LAST)
    if ended_at > since:
        _extend(spans, rest, since, ended_at)
    return tuple(spans)


def _extend(spans: list[StageSpan], index: int, started_at: datetime, ended_at: datetime) -> None:
    """Add to the span before, if it is of the same stage."""
    stage = STAGES[index]
    if spans and spans[-1].stage is stage:
        spans[-1] = StageSpan(stage, spans[-1].started_at, ended_at)
    else:
        spans.append(StageSpan(stage, started_at, ended_at))
