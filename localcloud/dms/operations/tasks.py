"""Replication tasks: created, modified, moved, started, stopped, deleted. Those of `full-load-and-cdc` never start."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from localcloud.dms import settings
from localcloud.dms.changes.capture import stop_time
from localcloud.dms.changes.change_settings import read_change_settings
from localcloud.dms.changes.runs import change_reader
from localcloud.dms.loads.runs import Runs
from localcloud.dms.loads.target import Target, read_settings
from localcloud.dms.operations import event_kinds
from localcloud.dms.operations.connections import Connections
from localcloud.dms.operations.events import Events
from localcloud.dms.operations.statistics import show_table, show_task
from localcloud.dms.requests.names import identifier, refusal
from localcloud.dms.requests.paging import filtered, page
from localcloud.dms.resources import AT_REST, Instance, Resources, Task, invalid_state, require_below
from localcloud.dms.rules import mapping_rules
from localcloud.in_process_transport import AwsError, NotEmulatedError
from localcloud.quotas import DMS_TABLES_PER_RELOAD, DMS_TASKS_PER_INSTANCE

Parameters = Mapping[str, Any]
_CDC_MEMBERS = ("CdcStartTime", "CdcStartPosition", "CdcStopPosition")


class Tasks:
    """The operations on replication tasks."""

    def __init__(self, resources: Resources, connections: Connections, events: Events) -> None:
        self._of = resources
        self._connections = connections
        self._events = events
        self._runs = Runs(resources)

    def create(self, parameters: Parameters) -> dict[str, Any]:
        name = identifier("ReplicationTaskIdentifier", parameters["ReplicationTaskIdentifier"])
        self._require_free(name)
        instance = self._of.instance(parameters["ReplicationInstanceArn"])
        ends = [self._of.endpoint(parameters[f"{side}EndpointArn"]) for side in ("Source", "Target")]
        for side, endpoint in zip(("source", "target"), ends, strict=True):
            if endpoint.given["EndpointType"] != side or endpoint.status != "active":
                raise invalid_state(f"Endpoint {endpoint.arn} is no active {side} endpoint")
        _require_available(instance)
        require_below(len(self._of.tasks), self._of.quotas.tasks, "account")
        self._require_place(instance)
        _require_one_start(parameters)
        kept = ("MigrationType", "TableMappings", "TaskData", *_CDC_MEMBERS)
        given = {name: parameters[name] for name in kept if parameters.get(name) is not None}
        task = Task(
            arn="",
            given={**given, "ReplicationTaskIdentifier": name},
            source=ends[0],
            target=ends[1],
            instance=instance,
            mappings=mapping_rules.parse(parameters["TableMappings"]),
            settings=settings.parse(parameters.get("ReplicationTaskSettings")),
            created_at=self._of.clock.now(),
        )
        task.arn = self._of.new_arn("task", parameters)
        self._of.tasks[task.arn] = task
        self._of.watch(task)
        self._of.later(self._of.delays.creating_task, setattr, task, "status", "ready")
        return {"ReplicationTask": self._show(task)}

    def describe(self, parameters: Parameters) -> dict[str, Any]:
        values = {
            "replication-task-arn": lambda one: one.arn,
            "replication-task-id": lambda one: one.identifier,
            "migration-type": lambda one: one.given["MigrationType"],
            "replication-instance-arn": lambda one: one.instance.arn,
            "endpoint-arn": lambda one: (one.source.arn, one.target.arn),
        }
        found = filtered(parameters, list(self._of.tasks.values()), values, "Task")
        is_short = parameters.get("WithoutSettings", False)
        return page(
            parameters,
            "ReplicationTasks",
            found,
            lambda task: self._show(task, is_short=is_short),
            place=lambda task: self._of.place(task.arn),
        )

    def shown(self) -> list[dict[str, Any]]:
        """All of them, without their settings."""
        return [self._show(task, is_short=True) for task in self._of.tasks.values()]

    def modify(self, parameters: Parameters) -> dict[str, Any]:
        task = self._of.task(parameters["ReplicationTaskArn"])
        if task.status == "running" and set(parameters) == {"ReplicationTaskArn", "ReplicationTaskSettings"}:
            changed = settings.parse(parameters["ReplicationTaskSettings"], task.settings)
            if settings.without_severities(changed) == settings.without_severities(task.settings):
                task.settings = changed  # its status stays (assumed)
                return {"ReplicationTask": self._show(task)}
        if task.status not in AT_REST:
            # Observed: the words, and with them that log severities can be changed while a task runs.
            raise invalid_state(
                "Replication Task, excluding logging severity task settings, cannot be modified while it is "
                f"{task.status} state"
            )
        if parameters.get("MigrationType", task.given["MigrationType"]) != task.given["MigrationType"]:
            # Documented that it cannot be changed; the fault is assumed (docs/facts/dms.md 3.4).
            raise AwsError("InvalidParameterCombinationException", "The migration type of a task cannot be modified")
        given = dict(task.given)
        for name in ("TaskData", *_CDC_MEMBERS):
            if name in parameters:
                given[name] = parameters[name]
        _require_one_start(parameters)
        name = identifier("ReplicationTaskIdentifier", parameters.get("ReplicationTaskIdentifier") or task.identifier)
        if name != task.identifier:
            self._require_free(name)
            given["ReplicationTaskIdentifier"] = name
        if "TableMappings" in parameters:
            given["TableMappings"] = parameters["TableMappings"]
        changed = settings.parse(parameters.get("ReplicationTaskSettings"), task.settings)
        task.mappings = mapping_rules.parse(given["TableMappings"])  # raises, so nothing has been changed before
        task.settings = changed
        task.given = given
        before, task.status = task.status, "modifying"
        self._of.later(self._of.delays.modifying_task, setattr, task, "status", before)
        return {"ReplicationTask": self._show(task)}

    def start(self, parameters: Parameters) -> dict[str, Any]:
        task = self._of.task(parameters["ReplicationTaskArn"])
        kind = parameters["StartReplicationTaskType"]
        if task.status not in AT_REST:
            raise invalid_state("Replication Task cannot be started, invalid state")
        _require_available(task.instance)
        is_capture = self._require_emulated(task, parameters)
        _require_start_type(task, kind)
        for endpoint in (task.source, task.target):
            if not self._connections.is_successful(task.instance, endpoint):
                raise invalid_state(
                    f"Test connection for replication instance {task.instance.identifier} and endpoint "
                    f"{endpoint.identifier} should be successful for starting the replication task"
                )
        settings.require_loadable(task.settings)
        prepares = task.settings["FullLoadSettings"]["TargetTablePrepMode"] != "DO_NOTHING"
        if prepares and not is_capture and not self._is_empty(task):
            raise NotEmulatedError("TargetTablePrepMode other than DO_NOTHING with objects under the folder")
        if stop := parameters.get("CdcStopPosition"):
            task.given["CdcStopPosition"] = stop
        self._runs.start(task, afresh=kind != "resume-processing")
        return {"ReplicationTask": self._show(task)}

    def stop(self, parameters: Parameters) -> dict[str, Any]:
        task = self._of.task(parameters["ReplicationTaskArn"])
        if task.status != "running" or task.request_stop is None:
            # Refused at rest: documented by the fault. While `starting`: assumed.
            raise invalid_state("Replication Task cannot be stopped, invalid state")
        task.status = "stopping"
        task.request_stop()
        return {"ReplicationTask": self._show(task)}

    def delete(self, parameters: Parameters) -> dict[str, Any]:
        task = self._of.task(parameters["ReplicationTaskArn"])
        if task.status not in AT_REST:
            raise invalid_state(f"Replication Task {task.arn} cannot be deleted while it is {task.status}")
        task.status = "deleting"
        self._of.later(self._of.delays.deleting, self._remove, task)
        return {"ReplicationTask": self._show(task)}

    def move(self, parameters: Parameters) -> dict[str, Any]:
        """Source: AWS DMS user guide, "Moving a task" (docs/facts/dms.md 1.4); that a task which never ran may be moved
        is assumed: Terraform's provider does it."""
        task = self._of.task(parameters["ReplicationTaskArn"])
        to = self._of.instance(parameters["TargetReplicationInstanceArn"])
        if task.status not in AT_REST:
            raise invalid_state(f"Replication Task {task.arn} cannot be moved while it is {task.status}")
        if to is task.instance:
            raise invalid_state(f"Replication Task {task.arn} is on Replication Instance {to.arn} already")
        _require_available(to)
        if _version(to) < _version(task.instance):
            raise invalid_state(f"Replication Instance {to.arn} has an older engine than {task.instance.arn}")
        self._require_place(to)
        before, task.status, task.move_to = task.status, "moving", to
        self._of.later(self._of.delays.moving_task, self._moved, task, before)
        return {"ReplicationTask": self._show(task)}

    def reload_tables(self, parameters: Parameters) -> dict[str, Any]:
        """AWS's own refusals, then ours. Source: docs/facts/dms.md 3.3."""
        task = self._of.task(parameters["ReplicationTaskArn"])
        if task.status != "running" or task.given["MigrationType"] == "cdc":
            raise invalid_state(f"Tables of the replication task {task.arn} cannot be reloaded, invalid state")
        wanted = [(one["SchemaName"], one["TableName"]) for one in parameters["TablesToReload"]]
        if not 1 <= len(wanted) <= DMS_TABLES_PER_RELOAD.value or len(set(wanted)) < len(wanted):
            raise refusal(f"TablesToReload must name from 1 to {DMS_TABLES_PER_RELOAD.value} tables, each once")
        raise NotEmulatedError("loading a table anew while its task runs")

    def describe_tables(self, parameters: Parameters) -> dict[str, Any]:
        task = self._of.task(parameters["ReplicationTaskArn"])
        values = {
            "schema-name": lambda one: one[1].table.schema,
            "table-name": lambda one: one[1].table.name,
            "table-state": lambda one: one[1].state,
        }
        # Numbered first: a table's state may change from page to page, and so may what a filter lets through.
        found = filtered(parameters, list(enumerate(task.tables)), values, "Table", is_empty_fine=True)
        shown = page(
            parameters, "TableStatistics", found, lambda one: show_table(one[1]), place=lambda one: one[0], most=500
        )
        return {"ReplicationTaskArn": task.arn, **shown}

    def _require_emulated(self, task: Task, parameters: Parameters) -> bool:
        """Whether *task* captures changes. Raises NotEmulatedError for what is not done here."""
        given = [name for name in _CDC_MEMBERS if parameters.get(name)]
        match task.given["MigrationType"]:
            case "full-load":
                if given:
                    raise NotEmulatedError(f"{', '.join(given)} at the start of a full load")
                return False
            case "cdc":
                kept = {**task.given, **parameters}
                for name in ("CdcStartTime", "CdcStartPosition"):
                    if kept.get(name):
                        raise NotEmulatedError(f"{name} of a task of migration type cdc")
                try:
                    stop_time(kept.get("CdcStopPosition"))
                except ValueError as error:
                    raise NotEmulatedError(f"CdcStopPosition {error}") from error
                read_change_settings(task.target.given["S3Settings"])
                change_reader(self._of, task)
                return True
            case other:
                raise NotEmulatedError(f"starting a task of migration type {other}")

    def _is_empty(self, task: Task) -> bool:
        try:
            return Target(self._of.aws, read_settings(task.target.given["S3Settings"])).is_empty()
        except NotEmulatedError:
            raise
        except (AwsError, ClientError) as error:
            raise AwsError("AccessDeniedFault", str(error)) from error

    def _moved(self, task: Task, before: str) -> None:
        assert task.move_to is not None  # noqa: S101  set when the move began
        task.instance, task.move_to = task.move_to, None
        task.status = before

    def _remove(self, task: Task) -> None:
        del self._of.tasks[task.arn]
        self._of.clock.work(self._runs.captures.forget, task)
        self._of.forget(task.arn)
        self._events.tell(task, event_kinds.TASK_DELETED)

    def _require_place(self, instance: Instance) -> None:
        used = sum(instance in (one.instance, one.move_to) for one in self._of.tasks.values())
        require_below(used, DMS_TASKS_PER_INSTANCE, instance.identifier)

    def _require_free(self, name: str) -> None:
        if any(one.identifier == name for one in self._of.tasks.values()):
            raise AwsError("ResourceAlreadyExistsFault", f"Replication Task {name} already exists")

    def _show(self, task: Task, *, is_short: bool = False) -> dict[str, Any]:
        shown = show_task(task, self._of.clock.now())
        if not is_short:
            shown["TableMappings"] = task.given["TableMappings"]
            shown["ReplicationTaskSettings"] = json.dumps(_with_log_names(task))
        return shown


def _require_available(instance: Instance) -> None:
    if instance.status != "available":
        raise invalid_state(f"Replication Instance {instance.arn} is in state {instance.status}")


def _require_one_start(parameters: Parameters) -> None:
    """Source: BC:CreateReplicationTaskMessage.CdcStartTime: both together are an error (its code is assumed)."""
    if parameters.get("CdcStartTime") and parameters.get("CdcStartPosition"):
        raise AwsError("InvalidParameterCombinationException", "CdcStartTime cannot go with CdcStartPosition")


def _version(instance: Instance) -> list[int]:
    return [int(part) for part in instance.given["EngineVersion"].split(".")]


def _require_start_type(task: Task, kind: str) -> None:
    """Source: docs/facts/dms.md 3.3. The words for a second `start-replication` are observed, those for another type on
    a task that never ran are assumed (the model only warns of data errors)."""
    name = kind.upper().replace("-", "_")
    if (kind == "start-replication") != (task.started_at is None):
        when = "valid only" if kind == "start-replication" else "not valid"
        raise AwsError(
            "InvalidParameterCombinationException",
            f"Start Type : {name}, {when} for tasks running for the first time",
        )


def _with_log_names(task: Task) -> dict[str, Any]:
    """The settings with what AWS writes into them (docs/facts/dms.md 6.5)."""
    log = dict(task.settings["Logging"])
    if log["EnableLogging"]:
        log["CloudWatchLogGroup"] = f"dms-tasks-{task.instance.identifier}"
        log["CloudWatchLogStream"] = f"dms-task-{task.arn.rpartition(':')[2]}"
    return {**task.settings, "Logging": log}
