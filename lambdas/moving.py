"""Whether a database's tasks are at rest, from what its instance's databases look at together."""

from __future__ import annotations

from collections.abc import Mapping

from fleet.dms.tasks import TaskReport
from fleet.failures import Failure
from lambdas.attempt_context import Opened
from lambdas.clients.dms import Task
from lambdas.dms_turns import charge, pace_of
from lambdas.lane_looks import look_at_tasks
from lambdas.wiring import Clients


def find_moving(opened: Opened, clients: Clients) -> dict[str, TaskReport] | int:
    """Those of the database's tasks that are not at rest, by identifier; or in how many seconds to ask again."""
    if not opened.record.instance_arn:  # it failed before its task was found
        return ask_for_moving(opened, clients)
    look = look_at_tasks(opened, clients, after=opened.record.changed_at)
    if isinstance(look, int):
        return look
    found = {name: look.things[name].report for name in opened.task_ids if name in look.things}
    return {name: report for name, report in found.items() if not report.is_at_rest}


def ask_for_moving(opened: Opened, clients: Clients) -> dict[str, TaskReport]:
    """The same as DMS says now, in a request of its own."""
    charge(1, pace_of(opened), clients)
    return clients.dms.find_moving(opened.task_ids)


def judge_at_rest(tasks: Mapping[str, Task]) -> Failure | None:
    """A failure, if one of a database's tasks is not at rest."""
    for identifier, task in tasks.items():
        if not task.report.is_at_rest:
            return Failure(
                "unknown",
                "TaskNotAtRest",
                f"task {identifier!r} is {task.report.status!r}, wanted it at rest before the endpoint is changed or "
                f"a task starts. Someone started it outside of this run.",
            )
    return None
