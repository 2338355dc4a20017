"""moto's CloudWatch Logs as the place where the engine writes its log."""

from __future__ import annotations

from collections.abc import Sequence

import localcloud.moto_import  # noqa: F401

from moto.logs.models import LogGroup, logs_backends


class MotoLogGroups:
    """The log groups of one account and Region of moto.

    PutLogEvents refuses what lies two hours ahead of moto's own time, which a virtual clock soon does; so its groups
    are written to directly.
    """

    def __init__(self, account: str, region: str) -> None:
        self._backend = logs_backends[account][region]

    def exists(self, name: str) -> bool:
        """Whether there is a log group of this name."""
        return name in self._backend.groups

    def write(self, name: str, stream: str, events: Sequence[tuple[int, str]]) -> None:
        """Add (milliseconds since 1970, text) to *stream* of the group; a group that is gone gets nothing."""
        group: LogGroup | None = self._backend.groups.get(name)
        if group is None:
            return
        if stream not in group.streams:
            group.create_log_stream(stream)
        group.put_log_events(stream, [{"timestamp": moment, "message": text} for moment, text in events])
