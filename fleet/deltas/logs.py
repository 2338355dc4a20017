"""The log that a source's changes are read from: what the source says of it, and why deltas cannot begin or go on.

What is not known of a log is no failure: only what the source says itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from fleet.databases import Engine
from fleet.failures import Failure
from fleet.spelling import list_some


@dataclass(frozen=True)
class Slot:
    """A logical replication slot of the database. *confirmed*: up to where its reader has read. *status*: of what it
    still needs of the log, `lost` where that is gone. *safe_bytes*: may be written before it is; None without a limit.
    """

    name: str
    is_active: bool
    confirmed: str
    status: str = ""
    safe_bytes: int | None = None


@dataclass(frozen=True)
class SourceLog:
    """What a source says of its log. *settings*: by the engine's own names; one that it does not have is not there.

    *server*: what is another after the database was made anew elsewhere. *oldest*, *newest*: the first and the last
    place that is there, in the engine's words. *size_bytes*: between them. *files*: of a binary log in order, how long
    each is. *backed_up_at*: the last backup of the log.
    *unseen*: what the login may not see, in words. *open_since*: when the oldest transaction began that is open and has
    written something, ISO, UTC; empty where none is, and where the engine is not asked (`open_transactions.py`).
    """

    settings: Mapping[str, str] = field(default_factory=dict)
    server: str = ""
    oldest: str = ""
    newest: str = ""
    size_bytes: int | None = None
    slots: tuple[Slot, ...] = ()
    backed_up_at: str = ""
    unseen: tuple[str, ...] = ()
    open_since: str = ""
    files: Mapping[str, int] = field(default_factory=dict)


def judge_log(engine: Engine, log: SourceLog, checkpoint: str, schemas: Sequence[str] = ()) -> Failure | None:
    """Why deltas of *schemas* cannot begin, or go on from *checkpoint* where there is one.

    >>> failure = judge_log("mysql", SourceLog({"log_bin": "ON", "binlog_format": "MIXED"}), "")
    >>> print(failure.text.partition(".")[0])
    binlog_format is 'MIXED', wanted 'ROW': the log says what was executed, not which rows changed
    """
    if found := next(iter(find_unwanted(engine, log, schemas)), ""):
        text = f"{found}. Mend it (`fleet prerequisites DATABASE --deltas`); the deltas then begin anew."
        return Failure("source_log_gone", "LogNotAsWanted", text)
    return _GONE[engine](log, checkpoint) if checkpoint else None


def find_unwanted(engine: Engine, log: SourceLog, schemas: Sequence[str]) -> tuple[str, ...]:
    """All in the settings of *log* that keeps changes of *schemas* out of it, in words.

    >>> find_unwanted("sqlserver", SourceLog({"recovery_model": "SIMPLE"}), ())
    ("recovery_model is 'SIMPLE', wanted 'FULL' or 'BULK_LOGGED': the log is cut at each checkpoint",)
    """
    looks = (*(look(log) for look in _SETTINGS[engine]), _look_at_filters(log, schemas))
    return tuple(filter(None, looks))


Look = Callable[[SourceLog], str]
"""What is not as wanted in the settings, in words; nothing where all is."""


def _wanted(setting: str, *wanted: str, otherwise: str) -> Look:
    """*setting*, where it is there, is one of *wanted*, in any case of letters. *otherwise*: what follows if not."""

    def look(log: SourceLog) -> str:
        value = log.settings.get(setting)
        if value is None or value.upper() in map(str.upper, wanted):
            return ""
        return f"{setting} is {value!r}, wanted {' or '.join(map(repr, wanted))}: {otherwise}"

    return look


def _look_at_time_out(log: SourceLog) -> str:
    milliseconds = int(log.settings.get("wal_sender_timeout", "0"))
    if milliseconds == 0 or milliseconds >= _SENDER_MILLISECONDS:
        return ""
    return f"wal_sender_timeout is {milliseconds} ms, wanted 0 or at least 10 s: DMS fails with less"


def _look_at_replica(log: SourceLog) -> str:
    name = next((one for one in ("log_replica_updates", "log_slave_updates") if one in log.settings), "")
    if not name or log.settings.get("read_only") != "ON" or log.settings[name] == "ON":
        return ""
    return f"{name} is 'OFF', wanted 'ON': the server is read-only, and the log lacks what it replicates"


def _look_at_coverage(log: SourceLog) -> str:
    values = {log.settings.get(name) for name in ("is_published", "is_cdc_enabled")}
    if None in values or "1" in values:
        return ""
    return "the database is neither published nor enabled for MS-CDC, wanted one of them: the log lacks updates"


def _look_at_filters(log: SourceLog, schemas: Sequence[str]) -> str:
    """MySQL and MariaDB: where some databases are chosen for the log, those that are left out of it do not count.

    Source: MySQL's manual, "Evaluation of Database-Level Replication and Binary Logging Options".

    >>> _look_at_filters(SourceLog({"binlog_do_db": "a,b", "binlog_ignore_db": "b"}), ["b", "c"])
    "the server's binlog_do_db ('a,b') leaves 'c' out of the log"
    >>> _look_at_filters(SourceLog({"binlog_do_db": "", "binlog_ignore_db": "b"}), ["c", "b"])
    "the server's binlog_ignore_db ('b') leaves 'b' out of the log"
    """
    chosen, ignored = (log.settings.get(name, "") for name in ("binlog_do_db", "binlog_ignore_db"))
    for schema in schemas:
        if chosen and schema not in chosen.split(","):
            return f"the server's binlog_do_db ({chosen!r}) leaves {schema!r} out of the log"
        if not chosen and schema in ignored.split(","):
            return f"the server's binlog_ignore_db ({ignored!r}) leaves {schema!r} out of the log"
    return ""


# Source of all that is wanted: docs/facts/dms.md 12.
_SENDER_MILLISECONDS = 10_000
_COMPRESSED = "no page says that DMS reads a log that is compressed"
_MYSQL: tuple[Look, ...] = (
    _wanted("log_bin", "ON", otherwise="there is no log of changes"),
    _wanted("binlog_format", "ROW", otherwise="the log says what was executed, not which rows changed"),
    _wanted("binlog_row_image", "FULL", otherwise="the log does not have whole rows"),
    _wanted("binlog_row_value_options", "", otherwise="the log has updates of JSON in part"),
    _wanted("binlog_transaction_compression", "OFF", otherwise=_COMPRESSED),
    _wanted("log_bin_compress", "OFF", otherwise=_COMPRESSED),
    _look_at_replica,
)
_SETTINGS: Mapping[Engine, tuple[Look, ...]] = {
    "postgresql": (
        _wanted("wal_level", "logical", otherwise="the log does not say which rows changed"),
        _look_at_time_out,
    ),
    "mysql": _MYSQL,
    "mariadb": _MYSQL,
    "sqlserver": (
        _wanted("recovery_model", "FULL", "BULK_LOGGED", otherwise="the log is cut at each checkpoint"),
        _wanted(
            "has_log_backup", "1", otherwise="before a full backup, and one of the log, the log is cut all the same"
        ),
        _look_at_coverage,
        _wanted("accelerated_database_recovery", "0", otherwise="DMS does not replicate from such a database"),
        _wanted("delayed_durability", "DISABLED", otherwise="DMS does not replicate from such a database"),
    ),
}


def _judge_slots(log: SourceLog, _: str) -> Failure | None:
    """DMS names its slot itself, so that any of the database's may be the one: all must be lost, or gone.

    >>> lost, kept = Slot("a", False, "0/1", "lost"), Slot("b", False, "0/1", "reserved")
    >>> _judge_slots(SourceLog(slots=(lost, kept)), "") is None
    True
    >>> print(_judge_slots(SourceLog(slots=(lost,)), "").text)
    the log that slot a needs is gone (wal_status is 'lost'). Raise max_slot_wal_keep_size, or run deltas more often.
    >>> print(_judge_slots(SourceLog(), "").name)
    SlotGone
    """
    if not log.slots:
        text = "the database has no logical replication slot any more: nobody kept the log for the next delta."
        return Failure("source_log_gone", "SlotGone", text)
    if any(slot.status != "lost" for slot in log.slots):
        return None
    names = list_some([slot.name for slot in log.slots])
    remedy = "Raise max_slot_wal_keep_size, or run deltas more often."
    text = f"the log that slot {names} needs is gone (wal_status is 'lost'). {remedy}"
    return Failure("source_log_gone", "SlotLost", text)


def find_risks(log: SourceLog, overdue_hours: int) -> tuple[str, ...]:
    """What may soon end a chain, in words. *overdue_hours*: without a delta for so long, a database is overdue.

    >>> slots = (Slot("a", False, "0/1", "unreserved", -5), Slot("b", False, "0/1", "reserved"))
    >>> find_risks(SourceLog(slots=slots), 48)
    ("the log that slot a needs may be cut at any moment (wal_status is 'unreserved')",)
    >>> limited = {"max_slot_wal_keep_size": "1000"}
    >>> print(*find_risks(SourceLog(limited, slots=(Slot("a", False, "0/1", "reserved", 400 * 2**20),)), 48))
    of the 1000 MB of log that max_slot_wal_keep_size lets slot a keep, 400 MB are left
    >>> find_risks(SourceLog(limited, slots=(Slot("a", False, "0/1", "reserved", 600 * 2**20),)), 48)
    ()
    >>> print(*find_risks(SourceLog({"binlog_expire_logs_seconds": "0", "expire_logs_days": "1"}), 48))
    the server deletes its log after 24 hours, and a delta is overdue after 48 only (delta_overdue_hours)
    """
    risks = [risk for slot in log.slots if (risk := _judge_rest(slot, log))]
    seconds = expires_after_seconds(log)
    if 0 < seconds < overdue_hours * 3600:
        hours = f"{seconds / 3600:g}"
        risks.append(
            f"the server deletes its log after {hours} hours, and a delta is overdue after {overdue_hours} only "
            "(delta_overdue_hours)"
        )
    return tuple(risks)


def _judge_rest(slot: Slot, log: SourceLog) -> str:
    """What is wrong with the log that *slot* may still keep. Source: PostgreSQL's manual, "Replication" (the setting is
    in megabytes, -1 for no limit) and "System Views" (pg_replication_slots).
    """
    if slot.status == "unreserved":
        return f"the log that slot {slot.name} needs may be cut at any moment (wal_status is 'unreserved')"
    most, left = int(log.settings.get("max_slot_wal_keep_size", "-1")), slot.safe_bytes
    if most <= 0 or left is None or left // _MEGABYTE >= most / 2:
        return ""
    allowed = f"the {most} MB of log that max_slot_wal_keep_size lets slot {slot.name} keep"
    return f"of {allowed}, {left // _MEGABYTE} MB are left"


def expires_after_seconds(log: SourceLog) -> int:
    """After how many seconds MySQL and MariaDB delete their log; 0 where they do not, and for other engines. The
    setting in seconds counts where both are there. Source: MySQL's manual, "Binary Logging Options and Variables"; and
    https://mariadb.com/kb/en/replication-and-binary-log-system-variables/.
    """
    seconds = int(log.settings.get("binlog_expire_logs_seconds", "0"))
    return seconds or round(float(log.settings.get("expire_logs_days", "0")) * 86_400)


_MEGABYTE = 2**20


# Source: https://docs.aws.amazon.com/dms/latest/APIReference/API_StartReplicationTask.html, CdcStartPosition:
# checkpoint:V1#27#mysql-bin-changelog.157832:1975:-1:2002:677883278264080:mysql-bin-changelog.157832:1876#0#0#*#0#93
BINARY_LOG_PLACE = re.compile(r"([^#:]+)\.(\d+):(\d+)")
"""File, its number, and the place in it."""


def _judge_files(log: SourceLog, checkpoint: str) -> Failure | None:
    """The files that a checkpoint names must be there. One that names none is not judged.

    >>> log = SourceLog(oldest="mysql-bin.000008:4")
    >>> print(_judge_files(log, "checkpoint:V1#27#mysql-bin.000008:19:-1:2:mysql-bin.000007:4#0").text)
    the next delta begins in mysql-bin.000007, and mysql-bin.000008 is the oldest file of the log. Keep the log longer.
    >>> _judge_files(log, "checkpoint:V1#27#mysql-bin.000008:19:-1#0"), _judge_files(log, "checkpoint:V1#1#")
    (None, None)
    """
    wanted, there = BINARY_LOG_PLACE.findall(checkpoint), BINARY_LOG_PLACE.findall(log.oldest)
    if not wanted or not there:
        return None
    (name, number, _), (oldest, oldest_number, _) = min(wanted, key=lambda one: int(one[1])), there[0]
    if name == oldest and int(number) >= int(oldest_number):
        return None
    text = f"the next delta begins in {name}.{number}, and {oldest}.{oldest_number} is the oldest file of the log."
    return Failure("source_log_gone", "LogCut", f"{text} Keep the log longer.")


def _not_judged(_log: SourceLog, _checkpoint: str) -> None:
    """SQL Server's own catalogue does not say which backups of the log are still there to be read."""


_GONE: Mapping[Engine, Callable[[SourceLog, str], Failure | None]] = {
    "postgresql": _judge_slots,
    "mysql": _judge_files,
    "mariadb": _judge_files,
    "sqlserver": _not_judged,
}
