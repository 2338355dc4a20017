"""The log of a task's run in CloudWatch Logs: what AWS says about tables there and nowhere else.

Source: AWS DMS user guide, "Logging task settings" (docs/facts/dms.md 6.5): the group is `dms-tasks-<instance>`, the
stream `dms-task-<task>`, and a truncated LOB is warned of there only. Without the role `dms-cloudwatch-logs-role` there
is no log, silently. The frame of a line is observed, its words are ours; lines of AWS's that name no table's fault or
loss are not written.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from botocore.exceptions import ClientError

from localcloud.authorization.iam import AccessDeniedError, Role, assume
from localcloud.aws import ACCOUNT, REGION, LocalAws
from localcloud.dms.resources import Task
from localcloud.log_groups import MotoLogGroups

ROLE = "dms-cloudwatch-logs-role"
_PRINCIPAL = "dms.amazonaws.com"


def has_news(task: Task) -> bool:
    """Whether the run of *task* has something to write, and is to write it."""
    return task.settings["Logging"]["EnableLogging"] and next(_lines(task), None) is not None


def write(aws: LocalAws, task: Task, now: datetime) -> None:
    """Add what the tables of *task*'s last run have to say; nothing where the role is missing or may not write."""
    group, stream = log_names(task)
    try:
        role: Role = assume(aws, f"arn:aws:iam::{ACCOUNT}:role/{ROLE}", principal=_PRINCIPAL)
        role.require("logs:PutLogEvents", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}:log-stream:{stream}")
    except AccessDeniedError:
        return
    groups = MotoLogGroups(ACCOUNT, REGION)
    if not groups.exists(group):
        try:
            aws.client("logs").create_log_group(logGroupName=group)
        except ClientError as error:  # another task of the instance was faster
            if error.response["Error"]["Code"] != "ResourceAlreadyExistsException":
                raise
    moment = int(now.timestamp() * 1000)
    groups.write(group, stream, [(moment, f"{now:%Y-%m-%dT%H:%M:%S} {line}") for line in _lines(task)])


def log_names(task: Task) -> tuple[str, str]:
    """The group and the stream of *task*'s log."""
    return f"dms-tasks-{task.instance.identifier}", f"dms-task-{task.arn.rpartition(':')[2]}"


def _lines(task: Task) -> Iterator[str]:
    for progress in task.tables:
        if progress.started_at is not None and task.started_at is not None and progress.started_at < task.started_at:
            continue  # loaded by an earlier run, which has said so
        name = f"Table '{progress.table.schema}'.'{progress.table.name}'"
        for warning in progress.warnings:
            yield f"[SOURCE_UNLOAD   ]W:  {name}: {warning}"
        if progress.error:
            yield f"[TASK_MANAGER    ]E:  {name}: {progress.error}"
