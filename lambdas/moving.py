"""Whether a database's tasks are at rest, from what its instance's databases look at together."""

from __future__ import annotations

from datetime import datetime

from fleet.dms.tasks import TaskReport
from lambdas.attempt_context import Opened
from lambdas.dms_turns import charge, pace_of
from lambdas.lane_looks import look_at_tasks
from lambdas.wiring import Clients

_SINCE = ("created_at", "task_modified_at", "started_at", "stop_asked_at")
"""Each of these may have set a task moving, or brought it to rest: what was seen before says nothing."""


def newest_change(opened: Opened) -> datetime:
    """When the attempt last did something that a task's status follows from."""
    return max(datetime.fromisoformat(opened.record[field]) for field in _SINCE if opened.record.get(field))


def find_moving(opened: Opened, clients: Clients) -> dict[str, TaskReport] | int:
    """Those of the database's tasks that are not at rest, by identifier; or in how many seconds to ask again."""
    if "instance_arn" not in opened.record:  # it failed before its task was found
        return ask_for_moving(opened, clients)
    look = look_at_tasks(opened, clients, after=newest_change(opened))
    if isinstance(look, int):
        return look
    found = {name: look.things[name].report for name in opened.task_ids if name in look.things}
    return {name: report for name, report in found.items() if not report.is_at_rest}


def ask_for_moving(opened: Opened, clients: Clients) -> dict[str, TaskReport]:
    """The same as DMS says now, in a request of its own."""
    charge(1, pace_of(opened), clients)
    return clients.dms.find_moving(opened.task_ids)
