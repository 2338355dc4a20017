"""Replication tasks: created, modified, started, stopped, deleted. Only `full-load` ones can be started here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fleet.quotas import DMS_TASKS, DMS_TASKS_PER_INSTANCE
from local.dms import mapping_rules, settings
from local.dms.connections import Connections
from local.dms.paging import filtered, page
from local.dms.resources import AT_REST, Resources, Task, invalid_state, require_below
from local.dms.runs import Runs
from local.dms.statistics import show_table, show_task
from local.dms.target import Target, read_settings
from local.wire import AwsError, NotEmulatedError

Parameters = Mapping[str, Any]
_MIGRATION_TYPES = {"full-load", "cdc", "full-load-and-cdc"}
_CDC_MEMBERS = ("CdcStartTime", "CdcStartPosition", "CdcStopPosition")


class Tasks:
    """The operations on replication tasks."""

    def __init__(self, resources: Resources, connections: Connections) -> None:
        self._of = resources
        self._connections = connections
        self._runs = Runs(resources)

    def create(self, parameters: Parameters) -> dict[str, Any]:
        identifier = parameters["ReplicationTaskIdentifier"].lower()
        self._require_free(identifier)
        instance = self._of.instance(parameters["ReplicationInstanceArn"])
        ends = [self._of.endpoint(parameters[f"{side}EndpointArn"]) for side in ("Source", "Target")]
        for side, endpoint in zip(("source", "target"), ends, strict=True):
            if endpoint.given["EndpointType"].lower() != side or endpoint.status != "active":
                raise invalid_state(f"Endpoint {endpoint.arn} is no active {side} endpoint")
        if instance.status != "available":
            raise invalid_state(f"Replication Instance {instance.arn} is in state {instance.status}")
        if parameters["MigrationType"] not in _MIGRATION_TYPES:
            raise AwsError("InvalidParameterValueException", f"Invalid MigrationType {parameters['MigrationType']}")
        require_below(len(self._of.tasks), DMS_TASKS, "account")
        used = sum(one.instance is instance for one in self._of.tasks.values())
        require_below(used, DMS_TASKS_PER_INSTANCE, instance.identifier)
        kept = ("MigrationType", "TableMappings", "TaskData", *_CDC_MEMBERS)
        given = {name: parameters[name] for name in kept if parameters.get(name) is not None}
        task = Task(
            arn="",
            given={**given, "ReplicationTaskIdentifier": identifier},
            source=ends[0],
            target=ends[1],
            instance=instance,
            mappings=mapping_rules.parse(parameters["TableMappings"]),
            settings=settings.parse(parameters.get("ReplicationTaskSettings")),
            created_at=self._of.clock.now(),
        )
        task.arn = self._of.new_arn("task", parameters)
        self._of.tasks[task.arn] = task
        self._of.later(self._of.delays.creating_task, setattr, task, "status", "ready")
        return {"ReplicationTask": self._show(task)}

    def describe(self, parameters: Parameters) -> dict[str, Any]:
        values = {
            "replication-task-arn": lambda one: one.arn,
            "replication-task-id": lambda one: one.identifier,
            "migration-type": lambda one: one.given["MigrationType"],
            "replication-instance-arn": lambda one: one.instance.arn,
        }
        found = list(self._of.tasks.values())
        filters = [one for one in parameters.get("Filters") or () if one["Name"] == "endpoint-arn"]
        for one in filters:  # a task has two endpoints, so this filter has no single value
            found = [task for task in found if {task.source.arn, task.target.arn} & set(one["Values"])]
        others = [one for one in parameters.get("Filters") or () if one not in filters]
        found = filtered({"Filters": others}, found, values, "Task")
        if filters and not found:
            raise AwsError("ResourceNotFoundFault", f"No Tasks found matching filter: {filters}")
        is_short = parameters.get("WithoutSettings", False)
        return page(parameters, "ReplicationTasks", found, lambda task: self._show(task, is_short=is_short))

    def modify(self, parameters: Parameters) -> dict[str, Any]:
        task = self._of.task(parameters["ReplicationTaskArn"])
        if task.status not in AT_REST:
            # Observed words. That log severities can be changed while it runs is not done here.
            raise invalid_state(
                "Replication Task, excluding logging severity task settings, cannot be modified while it is "
                f"{task.status} state"
            )
        if parameters.get("MigrationType", task.given["MigrationType"]) != task.given["MigrationType"]:
            # Documented that it cannot be changed; the fault is assumed (reference/dms.md 3.4).
            raise AwsError("InvalidParameterCombinationException", "The migration type of a task cannot be modified")
        given = dict(task.given)
        for name in ("TaskData", *_CDC_MEMBERS):
            if name in parameters:
                given[name] = parameters[name]
        identifier = parameters.get("ReplicationTaskIdentifier", task.identifier).lower()
        if identifier != task.identifier:
            self._require_free(identifier)
            given["ReplicationTaskIdentifier"] = identifier
        if "TableMappings" in parameters:
            given["TableMappings"] = parameters["TableMappings"]
        # A key that is left out goes back to its default (assumed: documented for create only).
        if "ReplicationTaskSettings" in parameters:
            changed = settings.parse(parameters["ReplicationTaskSettings"])
        else:
            changed = task.settings
        task.mappings = mapping_rules.parse(given["TableMappings"])
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
        if task.given["MigrationType"] != "full-load":
            raise NotEmulatedError(f"starting a task of migration type {task.given['MigrationType']}")
        if given := [name for name in _CDC_MEMBERS if parameters.get(name)]:
            raise NotEmulatedError(f"{', '.join(given)} at the start of a full load")
        _require_start_type(task, kind)
        for endpoint in (task.source, task.target):
            if not self._connections.is_successful(task.instance, endpoint):
                raise invalid_state(
                    f"Test connection for replication instance {task.instance.identifier} and endpoint "
                    f"{endpoint.identifier} should be successful for starting the replication task"
                )
        settings.require_loadable(task.settings)
        to = read_settings(task.target.given["S3Settings"])
        if (
            task.settings["FullLoadSettings"]["TargetTablePrepMode"] != "DO_NOTHING"
            and not Target(self._of.aws, to).is_empty()
        ):
            raise NotEmulatedError("TargetTablePrepMode other than DO_NOTHING with objects under the folder")
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
        self._of.later(self._of.delays.deleting, self._of.tasks.pop, task.arn)
        return {"ReplicationTask": self._show(task)}

    def describe_tables(self, parameters: Parameters) -> dict[str, Any]:
        task = self._of.task(parameters["ReplicationTaskArn"])
        values = {
            "schema-name": lambda one: one.table.schema,
            "table-name": lambda one: one.table.name,
            "table-state": lambda one: one.state,
        }
        # No match is an empty list here, not a fault (assumed: no waiter reads it).
        try:
            found = filtered(parameters, task.tables, values, "Table")
        except AwsError as error:
            if error.code != "ResourceNotFoundFault":
                raise
            found = []
        return {
            "ReplicationTaskArn": task.arn,
            **page(parameters, "TableStatistics", found, show_table, most=500),
        }

    def _require_free(self, identifier: str) -> None:
        if any(one.identifier == identifier for one in self._of.tasks.values()):
            raise AwsError("ResourceAlreadyExistsFault", f"Replication Task {identifier} already exists")

    def _show(self, task: Task, *, is_short: bool = False) -> dict[str, Any]:
        shown = show_task(task, self._of.clock.now())
        if not is_short:
            shown["TableMappings"] = task.given["TableMappings"]
            shown["ReplicationTaskSettings"] = json.dumps(_with_log_names(task))
        return shown


def _require_start_type(task: Task, kind: str) -> None:
    """Source: reference/dms.md 3.3. The words for a second `start-replication` are observed, those for another type on
    a task that never ran are assumed (the model only warns of data errors)."""
    if kind not in {"start-replication", "resume-processing", "reload-target"}:
        raise AwsError("InvalidParameterValueException", f"Invalid StartReplicationTaskType {kind}")
    name = kind.upper().replace("-", "_")
    if (kind == "start-replication") != (task.started_at is None):
        when = "valid only" if kind == "start-replication" else "not valid"
        raise AwsError(
            "InvalidParameterCombinationException",
            f"Start Type : {name}, {when} for tasks running for the first time",
        )


def _with_log_names(task: Task) -> dict[str, Any]:
    """The settings with what AWS writes into them (reference/dms.md 6.5)."""
    log = dict(task.settings["Logging"])
    if log["EnableLogging"]:
        log["CloudWatchLogGroup"] = f"dms-tasks-{task.instance.identifier}"
        log["CloudWatchLogStream"] = f"dms-task-{task.arn.rpartition(':')[2]}"
    return {**task.settings, "Logging": log}
