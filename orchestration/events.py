"""Which events of AWS's, and which times, call which function: for stack and local cloud alike."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fleet.names import resource_name, scheduled_run
from fleet.stack_settings import NightSchedule


def broken_off_pattern(machine_arns: Sequence[str]) -> dict[str, object]:
    """Executions of *machine_arns* that ended otherwise than in success: the recorder looks at each.

    Source: https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
    """
    return {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {"status": ["FAILED", "TIMED_OUT", "ABORTED"], "stateMachineArn": list(machine_arns)},
    }


# What DMS reports by itself: whatever happens to an instance (storage, class, zones, patches and failover have detail
# types of their own, which begin alike), and tasks that failed. Events carry no tags, so
# these are of the whole account and Region.
# Source: https://docs.aws.amazon.com/dms/latest/userguide/CHAP_EventBridge.html, and the detail types by Amazon
# EventBridge Events Reference, "AWS Database Migration Service events" (documented).
DMS_PATTERNS: Mapping[str, Mapping[str, Any]] = {
    "dms-instances": {"source": ["aws.dms"], "detail-type": [{"prefix": "DMS Replication Instance "}]},
    "dms-failed-tasks": {
        "source": ["aws.dms"],
        "detail-type": ["DMS Replication Task State Change"],
        "detail": {"eventType": ["REPLICATION_TASK_FAILED"]},
    },
}


def night_request(night: NightSchedule, fleet_run_arn: str) -> dict[str, str]:
    """StartExecution's parameters for *night*, as Scheduler's universal target takes them.

    Scheduler fills in what is in angle brackets. It may deliver a time twice, under two names: PlanRun lets the
    first have it, by `schedule` and `scheduled_at`.
    Source: https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html

    >>> night_request(NightSchedule("nightly", "full", "cron(0 22 * * ? *)"), "arn:fleet-run")["Name"]
    'nightly-<aws.scheduler.execution-id>'
    >>> weekly = night_request(NightSchedule("weekly", "delta", "cron(0 12 ? * SUN *)", sweep=True), "arn:fleet-run")
    >>> json.loads(weekly["Input"])["sweep"]
    True
    """
    content: dict[str, Any] = {
        "mode": night.mode,
        "schedule": night.name,
        "scheduled_at": "<aws.scheduler.scheduled-time>",
    }
    if night.tags:
        content["tags"] = list(night.tags)
    if night.sweep:
        content["sweep"] = True
    return {
        "StateMachineArn": fleet_run_arn,
        "Name": scheduled_run(night.name, "<aws.scheduler.execution-id>"),
        "Input": json.dumps(content),
    }


@dataclass(frozen=True)
class Schedule:
    """A schedule of EventBridge Scheduler. *function*: which one it calls, with *content* as its input."""

    name: str
    expression: str
    function: str
    content: Mapping[str, str]


def sweep_schedule(prefix: str, fleet_run_arn: str) -> Schedule:
    """When the sweep looks for what the recorder's events were lost for.

    Every quarter of an hour: as long as a dying function may still act, so that nothing is to be found much earlier.
    """
    return Schedule(resource_name(prefix, "sweep"), "rate(15 minutes)", "Sweep", {"fleet_run": fleet_run_arn})
