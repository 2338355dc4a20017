"""Where a source's log stood when a delta was sealed. Until the next one starts, nobody reads it for us.

So a slot that has moved since then was read by somebody else, and a log that ends earlier was set back: what came
between is in no folder, and no error would say so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from fleet.databases import Engine
from fleet.deltas.logs import SourceLog
from fleet.failures import Failure


@dataclass(frozen=True)
class LogPlace:
    """*server*, *newest*: as `SourceLog` has them. *confirmed*: up to where each slot at rest had been read."""

    server: str = ""
    newest: str = ""
    confirmed: Mapping[str, str] = field(default_factory=dict)


def log_place(log: SourceLog) -> LogPlace:
    """What is kept of *log*."""
    return LogPlace(log.server, log.newest, {slot.name: slot.confirmed for slot in log.slots if not slot.is_active})


def judge_place(engine: Engine, sealed: LogPlace, log: SourceLog) -> Failure | None:
    """A failure, if *log* is not the one that stood at *sealed* and was left alone since.

    DMS names its slot itself, so that any of the database's may be the one: all must have moved. One that is
    earlier is no gap: a slot's place is kept at checkpoints alone, a crash sets it back, and changes come twice.
    Source: PostgreSQL's manual, "Logical Decoding Concepts".

    >>> sealed = LogPlace("7", "0/5000", {"a": "0/FFF"})
    >>> judge_place("postgresql", sealed, SourceLog({}, "8", newest="0/5000")).text
    "the source is server '8', and was '7' when the last delta was sealed: its log is another."
    >>> judge_place("postgresql", sealed, SourceLog({}, "7", newest="0/4FFF")).text
    'the log ends at 0/4FFF, and ended at 0/5000 when the last delta was sealed: the source was set back.'
    """
    if sealed.server and log.server and sealed.server != log.server:
        text = f"the source is server {log.server!r}, and was {sealed.server!r} {_WHEN}: its log is another."
        return Failure("source_log_gone", "AnotherServer", text)
    if _is_later(engine, sealed.newest, log.newest):
        text = f"the log ends at {log.newest}, and ended at {sealed.newest} {_WHEN}: the source was set back."
        return Failure("source_log_gone", "LogSetBack", text)
    known = [slot for slot in log.slots if slot.name in sealed.confirmed]
    if any(not _is_later(engine, slot.confirmed, sealed.confirmed[slot.name]) for slot in known) or not known:
        return None
    slot = known[0]
    text = f"slot {slot.name} is read up to {slot.confirmed}, and was up to {sealed.confirmed[slot.name]} {_WHEN}"
    return Failure("source_log_gone", "SlotMoved", f"{text}: somebody else has read from it.")


_WHEN = "when the last delta was sealed"
_HEX = re.compile(r"[0-9A-Fa-f]+(?:[/:][0-9A-Fa-f]+)+")
_BINARY_LOG = re.compile(r"(.+)\.(\d+):(\d+)")


def _is_later(engine: Engine, one: str, other: str) -> bool:
    """Whether *one* is a later place in a log of *engine* than *other*. Two that cannot be compared: no.

    >>> _is_later("postgresql", "1/0", "0/FFFFFFFF"), _is_later("sqlserver", "0000002d:00000c38:0003", "")
    (True, False)
    >>> _is_later("mysql", "bin.000010:4", "bin.000009:700"), _is_later("mysql", "bin.000010:4", "other.000009:700")
    (True, False)
    """
    if engine in {"mysql", "mariadb"}:
        found, against = _BINARY_LOG.fullmatch(one), _BINARY_LOG.fullmatch(other)
        if found is None or against is None or found[1] != against[1]:
            return False
        return (int(found[2]), int(found[3])) > (int(against[2]), int(against[3]))
    if not _HEX.fullmatch(one) or not _HEX.fullmatch(other):
        return False
    return _numbers(one) > _numbers(other)


def _numbers(place: str) -> list[int]:
    return [int(part, 16) for part in re.split("[/:]", place)]
