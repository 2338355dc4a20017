"""Which events of AWS's call which function: patterns for stack and local cloud alike."""

from __future__ import annotations

from collections.abc import Sequence
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
