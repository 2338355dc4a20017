"""What a deployed function prints: a file on this machine, and its log group, where there is one and its role lets it.

Source: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html (documented): the group is
`/aws/lambda/<function>` unless its LoggingConfig names another; what the role may not write is lost without a word.
"""

from __future__ import annotations

import threading
from datetime import datetime
from pathlib import Path

from localcloud.authorization.iam import AccessDeniedError, assume
from localcloud.aws import ACCOUNT, REGION, LocalAws
from localcloud.log_groups import MotoLogGroups


class FunctionLog:
    """The log of one function, whichever of its processes prints. *file*: where they do."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._lock = threading.Lock()
        self._delivered_bytes = file.stat().st_size if file.exists() else 0

    def deliver(self, group: str, stream: str, now: datetime) -> None:
        """Add the lines that were printed since the last time to *stream*, an event each; lost without the group."""
        with self._lock:
            with self.file.open("rb") as file:
                file.seek(self._delivered_bytes)
                printed = file.read()
            whole = printed[: printed.rfind(b"\n") + 1]
            self._delivered_bytes += len(whole)
            lines = whole.decode("utf-8", "replace").splitlines()
            if lines:
                moment = int(now.timestamp() * 1000)
                MotoLogGroups(ACCOUNT, REGION).write(group, stream, [(moment, line) for line in lines])


def may_log(aws: LocalAws, role_arn: str, group: str) -> bool:
    """Whether the function's role may write to its log group."""
    try:
        role = assume(aws, role_arn, principal="lambda.amazonaws.com")
        role.require("logs:PutLogEvents", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}:log-stream:any")
    except AccessDeniedError:
        return False
    return True
