"""Places in a source's log: where it was when a delta was sealed, and whether a delta has read up to one.

Until the next delta starts, nobody reads the log for us. So a slot that has moved since then was read by somebody else,
and a log that ends earlier was set back: what came between is in no folder, and no error would say so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from fleet.databases import Engine
from fleet.deltas.logs import BINARY_LOG_PLACE, SourceLog
from fleet.failures import Failure


@dataclass(frozen=True)
class LogPlace:
    """*server*, *newest*: as `SourceLog` has them. *confirmed*: up to where each slot at rest had been read. *before*:
    the end of the last file of a binary log that nothing is written to any more; empty where there is none.
    """

    server: str = ""
    newest: str = ""
    confirmed: Mapping[str, str] = field(default_factory=dict)
    before: str = ""


def log_place(log: SourceLog, before: LogPlace | None = None) -> LogPlace:
    """What is kept of *log*. *before*: where it was when the delta before was sealed, if this one is known to have read
    more: a slot that did not move meanwhile is not the one that it read from.

    >>> from fleet.deltas.logs import Slot
    >>> log = SourceLog(slots=(Slot("ours", False, "0/5000"), Slot("another", False, "0/1")))
    >>> dict(log_place(log, LogPlace(confirmed={"ours": "0/4000", "another": "0/1"})).confirmed)
    {'ours': '0/5000'}
    """
    confirmed = {slot.name: slot.confirmed for slot in log.slots if not slot.is_active}
    known = before.confirmed if before is not None else {}
    moved = {name: place for name, place in confirmed.items() if _is_later("postgresql", place, known.get(name, ""))}
    confirmed = moved or confirmed
    ended = [f"{file}:{size}" for file, size in log.files.items()][:-1]
    return LogPlace(log.server, log.newest, confirmed, ended[-1] if ended else "")


def judge_place(engine: Engine, sealed: LogPlace, log: SourceLog) -> Failure | None:
    """A failure, if *log* is not the one that stood at *sealed* and was left alone since.

    DMS names its slot itself, so that any of those that moved with the deltas may be the one: all must have moved
    since. One that is earlier is no gap: a slot's place is kept at checkpoints alone, a crash sets it back, and changes
    come twice.
    Source: PostgreSQL's manual, "Logical Decoding Concepts".

    >>> sealed = LogPlace("7", "0/5000", {"a": "0/FFF"})
    >>> judge_place("postgresql", sealed, SourceLog({}, "8", newest="0/5000")).text
    "the source is server '8', and was '7' when the last delta was sealed: its log is another."
    >>> judge_place("postgresql", sealed, SourceLog({}, "7", newest="0/4FFF")).text
    'the log ends at 0/4FFF, and ended at 0/5000 when the last delta was sealed: the source was set back.'
    >>> sealed = LogPlace("7", "bin.000002:500", {}, "bin.000001:800")
    >>> judge_place("mysql", sealed, SourceLog(newest="bin.000003:9", files={"bin.000002": 400, "bin.000003": 9})).text
    'bin.000002 is 400 bytes long, and was 500 when the last delta was sealed: the log was begun anew (RESET MASTER).'
    >>> judge_place("mysql", sealed, SourceLog(newest="bin.000003:9", files={"bin.000002": 600, "bin.000003": 9}))
    """
    if sealed.server and log.server and sealed.server != log.server:
        text = f"the source is server {log.server!r}, and was {sealed.server!r} {_WHEN}: its log is another."
        return Failure("source_log_gone", "AnotherServer", text)
    if _is_later(engine, sealed.newest, log.newest):
        text = f"the log ends at {log.newest}, and ended at {sealed.newest} {_WHEN}: the source was set back."
        return Failure("source_log_gone", "LogSetBack", text)
    if text := _describe_reset(sealed, log.files):
        return Failure("source_log_gone", "LogSetBack", text)
    known = [slot for slot in log.slots if slot.name in sealed.confirmed]
    if any(not _is_later(engine, slot.confirmed, sealed.confirmed[slot.name]) for slot in known) or not known:
        return None
    slot = known[0]
    text = f"slot {slot.name} is read up to {slot.confirmed}, and was up to {sealed.confirmed[slot.name]} {_WHEN}"
    return Failure("source_log_gone", "SlotMoved", f"{text}: somebody else has read from it.")


def _describe_reset(sealed: LogPlace, files: Mapping[str, int]) -> str:
    """That a binary log was begun anew, whose files have the names of those before: in words, or nothing.

    One that is written to only grows, and one before it stays as long as it is.
    """
    for place, grows in ((sealed.before, False), (sealed.newest, True)):
        file, _, size = place.rpartition(":")
        now, was = files.get(file), int(size) if file in files else 0
        if now is not None and (now < was or (now > was and not grows)):
            return f"{file} is {now} bytes long, and was {was} {_WHEN}: the log was begun anew (RESET MASTER)."
    return ""


def has_read(engine: Engine, wanted: str, log: SourceLog, checkpoint: str) -> bool:
    """Whether a task that came to rest has landed all up to the place *wanted*: so it is only where *log* or the task's
    *checkpoint* says it. A slot is confirmed once the files are in S3; DMS's checkpoints of SQL Server are described
    nowhere, so that of it nobody knows.

    DMS names its slot itself, so that any of the database's may be the one: all must be read so far.
    Source: https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Target.S3.html (slots, since 3.5.3).

    >>> from fleet.deltas.logs import Slot
    >>> log = SourceLog(slots=(Slot("a", False, "0/5000"), Slot("b", False, "1/0")))
    >>> has_read("postgresql", "0/5000", log, ""), has_read("postgresql", "0/5001", log, "")
    (True, False)
    >>> checkpoint = "checkpoint:V1#27#bin.000009:700:-1:2:6:bin.000009:500#0#0#*#0#93"
    >>> [has_read("mysql", wanted, SourceLog(), checkpoint) for wanted in ("bin.000009:500", "bin.000009:501", "")]
    [True, False, False]
    """
    places: list[str] = []
    if engine == "postgresql":
        places = [slot.confirmed for slot in log.slots]
    elif engine in _WITH_BINARY_LOG:
        places = [match[0] for match in BINARY_LOG_PLACE.finditer(checkpoint)]
    return bool(places) and not any(_is_later(engine, wanted, place, otherwise=True) for place in places)


_WHEN = "when the last delta was sealed"
_WITH_BINARY_LOG = ("mysql", "mariadb")
_HEX = re.compile(r"[0-9A-Fa-f]+(?:[/:][0-9A-Fa-f]+)+")


def _is_later(engine: Engine, one: str, other: str, *, otherwise: bool = False) -> bool:
    """Whether *one* is a later place in a log of *engine* than *other*; *otherwise* where they cannot be compared.

    >>> _is_later("postgresql", "1/0", "0/FFFFFFFF"), _is_later("sqlserver", "0000002d:00000c38:0003", "")
    (True, False)
    >>> _is_later("mysql", "bin.000010:4", "bin.000009:700"), _is_later("mysql", "bin.000010:4", "other.000009:700")
    (True, False)
    """
    if engine in _WITH_BINARY_LOG:
        found, against = BINARY_LOG_PLACE.fullmatch(one), BINARY_LOG_PLACE.fullmatch(other)
        if found is None or against is None or found[1] != against[1]:
            return otherwise
        return (int(found[2]), int(found[3])) > (int(against[2]), int(against[3]))
    if not _HEX.fullmatch(one) or not _HEX.fullmatch(other):
        return otherwise
    return _numbers(one) > _numbers(other)


def _numbers(place: str) -> list[int]:
    return [int(part, 16) for part in re.split("[/:]", place)]
