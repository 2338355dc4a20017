"""Which events of AWS's, and which times, call which function: for stack and local cloud alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


def broken_off_pattern(machine_arns: Sequence[str]) -> dict[str, Any]:
    """Executions of *machine_arns* that ended otherwise than in success: the recorder looks at each.

    Source: https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
    """
    return {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {"status": ["FAILED", "TIMED_OUT", "ABORTED"], "stateMachineArn": list(machine_arns)},
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
    return Schedule(f"{prefix}-sweep", "rate(15 minutes)", "Sweep", {"fleet_run": fleet_run_arn})
