"""What happened to instances and tasks: kept for DescribeEvents, and sent in EventBridge's form."""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from botocore.utils import parse_to_aware_datetime

from localcloud.aws import ACCOUNT, REGION
from localcloud.clock import Clock
from localcloud.dms.operations import event_kinds
from localcloud.dms.operations.event_kinds import Kind
from localcloud.dms.requests.names import refusal
from localcloud.dms.requests.paging import filtered, page
from localcloud.dms.resources import Instance, Task
from localcloud.in_process_transport import AwsError

Parameters = Mapping[str, Any]
# Source: `aws dms describe-event-categories`, the sample in the CLI reference.
CATEGORIES: Mapping[str, tuple[str, ...]] = {
    "replication-instance": (
        "low storage",
        "configuration change",
        "maintenance",
        "deletion",
        "creation",
        "failover",
        "failure",
    ),
    "replication-task": ("configuration change", "state change", "deletion", "creation", "failure"),
}
_COME_BACK = {"moving", "testing"}  # a task is then again what it was
_KEPT = 20_000
_DEFAULT_MINUTES = 60  # assumed: RDS's, whose operation of this name has the same members


@dataclass(frozen=True)
class Event:
    """One entry of DescribeEvents, the *number*th of all."""

    number: int
    source_type: str
    source: str
    message: str
    category: str
    at: datetime


class Events:
    """The log of events. *tell* gets each event as EventBridge delivers it, outside of the lock."""

    def __init__(self, clock: Clock, tell: Callable[[dict[str, Any]], object] | None) -> None:
        self._clock = clock
        self._tell = tell
        self._log: deque[Event] = deque(maxlen=_KEPT)
        self._count = 0

    def note(self, thing: Any, before: str, after: str) -> None:
        """Keep and send the event that AWS would, if a change of a status has one. Under the lock."""
        if isinstance(thing, Instance):
            if kind := event_kinds.OF_STATUS.get((before, after)):
                self.tell(thing, kind)
        elif isinstance(thing, Task):
            self._note_task(thing, before, after)

    def tell(self, thing: Instance | Task, *kinds: Kind, message: str = "") -> None:
        """Keep and send an event of each of the *kinds*, with *message* or else the kind's own. Under the lock."""
        for kind in kinds:
            self._count += 1
            said = message or kind.message
            self._log.append(Event(self._count, thing.kind, thing.identifier, said, kind.category, self._clock.now()))
            if self._tell is not None:
                self._clock.work(self._tell, self._as_delivered(thing, kind, said))

    def describe(self, parameters: Parameters) -> dict[str, Any]:
        """The events of the last hour, or of the time that is asked for."""
        kind = parameters.get("SourceType")
        _require_kind(kind)
        if parameters.get("SourceIdentifier") and not kind:
            raise AwsError("InvalidParameterCombinationException", "SourceIdentifier needs a SourceType")
        start, end = self._period(parameters)
        categories = set(parameters.get("EventCategories") or ())
        found = [
            one
            for one in self._log
            if start <= one.at <= end
            and kind in (None, one.source_type)
            and parameters.get("SourceIdentifier") in (None, "", one.source)
            and (not categories or one.category in categories)
        ]
        values = {"replication-instance-id": lambda one: one.source if one.source_type == Instance.kind else ""}
        found = filtered(parameters, found, values, "Event", is_empty_fine=True)
        return page(parameters, "Events", found, _show, place=lambda one: one.number)

    def describe_categories(self, parameters: Parameters) -> dict[str, Any]:
        kind = parameters.get("SourceType")
        _require_kind(kind)
        filtered(parameters, list[str](), {}, "Event Category", is_empty_fine=True)  # BC names no filter
        return {
            "EventCategoryGroupList": [
                {"SourceType": one, "EventCategories": list(categories)}
                for one, categories in CATEGORIES.items()
                if kind in (None, "", one)
            ]
        }

    def _period(self, parameters: Parameters) -> tuple[datetime, datetime]:
        if parameters.get("Duration") and (parameters.get("StartTime") or parameters.get("EndTime")):
            raise AwsError("InvalidParameterCombinationException", "Duration cannot go with StartTime or EndTime")
        now = self._clock.now()
        end = _time(parameters.get("EndTime")) or now
        back = timedelta(minutes=parameters.get("Duration") or _DEFAULT_MINUTES)
        start = _time(parameters.get("StartTime")) or end - min(back, timedelta(days=14))
        return start, end

    def _note_task(self, task: Task, before: str, after: str) -> None:
        if (before, after) == ("creating", "ready"):
            self.tell(task, event_kinds.TASK_CREATED)
        elif before == "modifying":
            self.tell(task, event_kinds.TASK_MODIFIED)
        elif after == "starting":
            flag = "fresh start" if task.fresh_start_at == task.started_at else "resume"
            self.tell(task, event_kinds.TASK_STARTED, message=f"Replication task started, with flag = {flag}")
        elif after == "stopped" and before not in _COME_BACK:
            message = f"Replication task has stopped. {task.stop_reason}".strip()
            self.tell(task, event_kinds.TASK_STOPPED, message=message)
        elif after == "failed" and before not in _COME_BACK:
            self.tell(task, event_kinds.TASK_FAILED)

    def _as_delivered(self, thing: Instance | Task, kind: Kind, message: str) -> dict[str, Any]:
        """The event in EventBridge's form (docs/facts/dms.md 9.2); the link of an instance is assumed."""
        page = "taskDetails" if isinstance(thing, Task) else "replicationInstanceDetails"
        return {
            "version": "0",
            "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{thing.arn}{kind.number}{self._count}")),
            "detail-type": kind.under,
            "source": "aws.dms",
            "account": ACCOUNT,
            "time": self._clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": REGION,
            "resources": [thing.arn],
            "detail": {
                "type": thing.kind.replace("-", "_").upper(),
                "category": "".join(word.capitalize() for word in kind.category.split()),
                "eventType": kind.event_type,
                "eventId": kind.number,
                "detailMessage": message,
                "resourceLink": f"https://console.aws.amazon.com/dms/v2/home?region={REGION}#{page}/{thing.identifier}",
            },
        }


def _show(event: Event) -> dict[str, Any]:
    return {
        "SourceIdentifier": event.source,
        "SourceType": event.source_type,
        "Message": event.message,
        "EventCategories": [event.category],
        "Date": event.at,
    }


def _require_kind(kind: str | None) -> None:
    if kind and kind not in CATEGORIES:
        raise refusal(f"SourceType must be one of {', '.join(CATEGORIES)}, not {kind}")


def _time(value: Any) -> datetime | None:
    return None if value is None else parse_to_aware_datetime(value)
