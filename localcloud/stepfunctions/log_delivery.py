"""The log of executions: which events a machine's loggingConfiguration lets through, and how AWS writes each.

Source of the levels: https://docs.aws.amazon.com/step-functions/latest/dg/cloudwatch-log-level.html; of the documents:
logs that others published; of the delivery on best effort: https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from localcloud.clock import Clock
from localcloud.in_process_transport import AwsError, NotEmulatedError
from localcloud.stepfunctions.executions import Execution

_FATAL = frozenset({"ExecutionAborted", "ExecutionFailed", "ExecutionTimedOut"})
_ERROR = _FATAL | {
    "FailStateEntered",
    "LambdaFunctionFailed",
    "LambdaFunctionTimedOut",
    "MapIterationAborted",
    "MapIterationFailed",
    "MapStateAborted",
    "MapStateFailed",
    "ParallelStateAborted",
    "ParallelStateFailed",
    "TaskFailed",
    "TaskStateAborted",
    "TaskTimedOut",
    "WaitStateAborted",
}
_LEVELS = {"FATAL": _FATAL, "ERROR": _ERROR, "ALL": None}
_ENDS = _FATAL | {"ExecutionSucceeded"}
_DATA = ("input", "output", "parameters")
_DATA_CHARACTERS = 248 * 1024
_GATHERED_SECONDS = 1

Record = tuple[Execution, int, dict[str, Any]]


class LogGroups(Protocol):
    """CloudWatch Logs, as far as an engine needs it."""

    def exists(self, name: str) -> bool:
        """Whether there is a log group of this name."""
        ...

    def write(self, name: str, stream: str, events: Sequence[tuple[int, str]]) -> None:
        """Add (milliseconds since 1970, text) to *stream* of the group, which is made if need be."""
        ...


class LogDelivery:
    """Writes events to log groups, those of a second together, one write at a time. What is left when the cloud closes
    is lost. Everything but the writing happens on the clock's loop."""

    def __init__(self, clock: Clock, groups: LogGroups | None) -> None:
        self._clock = clock
        self._groups = groups
        self._pending: list[Record] = []
        self._is_writing = False
        self._is_due = False

    def listener(self, logging: Mapping[str, Any]) -> Callable[[Execution, dict[str, Any]], None] | None:
        """Who gets the events of an execution whose machine has this loggingConfiguration."""
        if logging["level"] == "OFF" or self._groups is None:
            return None
        wanted = _LEVELS[logging["level"]]

        def hear(execution: Execution, event: dict[str, Any]) -> None:
            if wanted is None or event["type"] in wanted:
                self._pending.append((execution, execution.redrive_count, event))
                if event["type"] in _ENDS:
                    self._flush()
                elif not self._is_due:
                    self._is_due = True
                    self._clock.loop.call_later(_GATHERED_SECONDS, self._flush)

        return hear

    def read_configuration(self, logging: Mapping[str, Any]) -> dict[str, Any]:
        """*logging* completed, or AWS's refusal of it.

        Source: https://docs.aws.amazon.com/step-functions/latest/apireference/API_LoggingConfiguration.html; the words
        about the qualifier were observed (github.com/hashicorp/terraform-provider-aws/pull/17683), the others are
        assumed.
        """
        configured = {"level": "OFF", "includeExecutionData": False, **logging}
        destinations = configured.get("destinations", [])
        if len(destinations) > 1:
            raise _invalid("Only one destination is supported.")
        for destination in destinations:
            arn = destination.get("cloudWatchLogsLogGroup", {}).get("logGroupArn", "")
            if not arn.endswith(":*"):
                raise _invalid("Log Group ARN must be provided with '*' qualifier.")
            if self._groups is None:
                raise NotEmulatedError("logging of executions, because this engine was given no log groups")
            if not self._groups.exists(_group_name(arn)):
                raise _invalid(f"The log group of {arn} does not exist.")
        if configured["level"] != "OFF" and not destinations:
            raise _invalid("Must specify exactly one Log Destination.")
        return configured

    def _flush(self) -> None:
        self._is_due = False
        if self._is_writing or not self._pending:
            return
        records, self._pending = self._pending, []
        try:
            written = self._clock.work(self._write, records)
        except RuntimeError:  # the cloud closes, and takes no work any more
            return
        self._is_writing = True
        written.add_done_callback(lambda _: self._clock.loop.call_soon_threadsafe(self._written))

    def _written(self) -> None:
        self._is_writing = False
        self._flush()

    def _write(self, records: Sequence[Record]) -> None:
        if self._groups is None:
            return
        batches: dict[tuple[str, str], list[tuple[int, str]]] = {}
        for execution, redrive_count, event in records:
            logging = execution.revision.settings["loggingConfiguration"]
            name = _group_name(logging["destinations"][0]["cloudWatchLogsLogGroup"]["logGroupArn"])
            moment = round(event["timestamp"].timestamp() * 1000)
            text = write_document(execution.arn, redrive_count, event, with_data=logging["includeExecutionData"])
            batches.setdefault((name, _stream(execution)), []).append((moment, text))
        for (name, stream), events in batches.items():
            self._groups.write(name, stream, events)


def write_document(execution_arn: str, redrive_count: int, event: Mapping[str, Any], *, with_data: bool) -> str:
    """The log's text for *event*."""
    details = next((value for name, value in event.items() if name.endswith("EventDetails")), {})
    shown = {name: value for name, value in details.items() if with_data or name not in _DATA}
    for name in _DATA:
        if len(shown.get(name, "")) > _DATA_CHARACTERS:
            shown |= {name: shown[name][:_DATA_CHARACTERS], f"{name}Details": {"truncated": True}}
    return json.dumps(
        {
            "id": str(event["id"]),
            "type": event["type"],
            "details": shown,
            "redrive_count": str(redrive_count),
            "previous_event_id": str(event["previousEventId"]),
            "event_timestamp": str(round(event["timestamp"].timestamp() * 1000)),
            "execution_arn": execution_arn,
        },
        separators=(",", ":"),
        ensure_ascii=False,
    )


def _stream(execution: Execution) -> str:
    # AWS's streams begin so; that each execution has one of its own is assumed.
    digest = hashlib.sha256(execution.arn.encode()).hexdigest()[:8]
    return f"states/{execution.machine.name}/{execution.started_at:%Y-%m-%d-%H-%M}/{digest}"


def _group_name(arn: str) -> str:
    # arn:aws:logs:<region>:<account>:log-group:<name>:*
    return arn.split(":", 6)[-1].removesuffix(":*")


def _invalid(problem: str) -> AwsError:
    return AwsError("InvalidLoggingConfiguration", f"Invalid Logging Configuration: {problem}")
