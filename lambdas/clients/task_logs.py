"""The logs of DMS's tasks in CloudWatch Logs, as far as they are read: a little, and never for long.

Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html: a page holds at
most 1 MB; one may be empty though others follow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from fleet.sentences import as_clause
from lambdas.clients.refusals import code_of, message_of

PAGES_AT_MOST = 20
SECONDS_AT_MOST = 20
BYTES_AT_MOST = 4 * 2**20
NO_LOG = "DMS writes a log where the task's EnableLogging is on and the account has the role dms-cloudwatch-logs-role"
"""Why there may be none."""


@dataclass(frozen=True)
class LogRead:
    """The *lines* that were read, in their order, and *why_not* the others, if there may be others."""

    lines: tuple[str, ...]
    why_not: str = ""


class TaskLogs:
    """What tasks wrote. A log that cannot be read is no failure: what it lacks is said in words."""

    def __init__(self, client: Any, now: Callable[[], datetime]) -> None:
        self._logs = client
        self._now = now

    def read(self, group: str, stream: str, since: datetime, patterns: Iterable[str]) -> LogRead:
        """The lines of *stream* that one of CloudWatch's filter *patterns* lets pass, from *since* on."""
        events: dict[str, tuple[int, str]] = {}
        latest, pages, size = self._now() + timedelta(seconds=SECONDS_AT_MOST), 0, 0
        try:
            for pattern in patterns:
                asked: dict[str, Any] = {
                    "logGroupName": group,
                    "logStreamNames": [stream],
                    "startTime": int(since.timestamp() * 1000),
                    "filterPattern": pattern,
                }
                while True:
                    if pages == PAGES_AT_MOST or size > BYTES_AT_MOST or self._now() > latest:
                        return LogRead(_in_order(events), f"it is too long: {pages} pages were read")
                    answer = self._logs.filter_log_events(**asked)
                    pages += 1
                    for event in answer.get("events", ()):
                        size += len(event["message"])
                        events[event["eventId"]] = (event["timestamp"], event["message"])
                    if not (token := answer.get("nextToken")):
                        break
                    asked["nextToken"] = token
        except ClientError as error:
            return LogRead(_in_order(events), _explain(error, group, stream))
        except BotoCoreError as error:
            return LogRead(_in_order(events), as_clause(str(error)))
        return LogRead(_in_order(events))


def _in_order(events: dict[str, tuple[int, str]]) -> tuple[str, ...]:
    # Sorting keeps the order of lines of one moment, which CloudWatch gives as they came.
    return tuple(message for _, message in sorted(events.values(), key=lambda event: event[0]))


def _explain(error: ClientError, group: str, stream: str) -> str:
    if code_of(error) == "ResourceNotFoundException":
        return f"the log group {group!r} has no stream {stream!r}; {NO_LOG}"
    if code_of(error) == "AccessDeniedException":
        return f"SealFolder may not read the log group {group!r}. Deploy the pipeline stack again"
    return f"{code_of(error)}: {as_clause(message_of(error))}"
