"""What a field of the registry may hold, beyond its type. Data: one line a field."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fleet.asking import LONGEST_COUNT_SECONDS
from fleet.blackouts import Blackout
from fleet.databases import (
    Database,
    Limits,
    ParallelLoad,
    Quarantine,
    Rename,
    Server,
    Settings,
    SnowflakeSettings,
    TableRules,
    TaskProfile,
)
from fleet.errors import MalformedIdError
from fleet.names import DATABASE_ID_CHARACTERS, require_database_id
from fleet.quarantine import is_day
from fleet.quotas import DMS_COMMIT_RATE, DMS_FULL_LOAD_SUB_TASKS, DMS_LOB_KILOBYTES, SFN_INLINE_MAP_AT_ONCE

# An execution of database-run ends after 12 hours (orchestration/asl); what surrounds the task needs the last one.
LONGEST_EXECUTION_SECONDS = 12 * 3600
LONGEST_TASK_SECONDS = LONGEST_EXECUTION_SECONDS - 3600
LONGEST_SERVER_WAIT_SECONDS = LONGEST_EXECUTION_SECONDS // 2
_LONGEST_COUNTING_SECONDS = 1800
# `<prefix>-<database>-s3` names a role. IAM takes 64 characters (documented).
# Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
_PREFIX_CHARACTERS = 64 - DATABASE_ID_CHARACTERS - len("--s3")


@dataclass(frozen=True)
class FieldRule:
    """*accepts* says whether a value may stand there, *wanted* completes "wanted ...", *remedy* is a sentence.

    *hidden*: a refused value is not shown, because a pipeline's log is read by many. *explains*: what is wrong with it.
    """

    accepts: Callable[[Any], bool]
    wanted: str
    remedy: str = ""
    hidden: bool = False
    explains: Callable[[Any], str] | None = None


def _is_id(text: str) -> bool:
    try:
        require_database_id(text)
    except MalformedIdError:
        return False
    return True


def matching(pattern: str, wanted: str, remedy: str = "") -> FieldRule:
    """Text that is *pattern* from end to end."""
    return FieldRule(lambda text: re.fullmatch(pattern, text) is not None, wanted, remedy)


def between(lowest: int, highest: int, remedy: str) -> FieldRule:
    """A number of *lowest* to *highest*, both included."""
    return FieldRule(lambda number: lowest <= number <= highest, f"{lowest:,} to {highest:,}", remedy)


def _at_least(lowest: int) -> FieldRule:
    return FieldRule(lambda number: number >= lowest, f"{lowest:,} or more")


ID = FieldRule(
    _is_id,
    "lower-case letters and digits in words joined by single hyphens, a letter first, "
    f"at most {DATABASE_ID_CHARACTERS} characters",
    "Choose another id.",
)


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


ZONE = FieldRule(_is_zone, "the name of a time zone, like Europe/Berlin")
_CLOCK = matching(r"([01]\d|2[0-3]):[0-5]\d", 'a time of the day, as "07:00"', "Midnight is 00:00.")
TEXT = FieldRule(lambda text: text.strip() != "", "some text")
_LOB_KILOBYTES = between(1, DMS_LOB_KILOBYTES.value, "It is the longest value that is kept whole; longer ones are cut.")
_TABLES_AT_ONCE = between(
    1, DMS_FULL_LOAD_SUB_TASKS.value, f"DMS takes at most {DMS_FULL_LOAD_SUB_TASKS.value} as MaxFullLoadSubTasks."
)
_COMMIT_RATE = between(1, DMS_COMMIT_RATE.value, f"DMS takes at most {DMS_COMMIT_RATE.value:,} as CommitRate.")

FIELD_RULES: dict[tuple[type, str], FieldRule] = {
    (Server, "id"): ID,
    # Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html (documented).
    (Server, "secret"): FieldRule(
        lambda text: re.fullmatch(r"[A-Za-z0-9/_+=.@:-]{1,2048}", text) is not None,
        "the name or the ARN of a secret: letters, digits and /_+=.@-",
        "Write the secret's name, never the password.",
        hidden=True,
    ),
    # An alias would do for KMS, and not for the policies that limit who may use the key.
    (Server, "secret_key"): matching(
        r"arn:aws:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+",
        "the ARN of a KMS key, arn:aws:kms:...:key/...",
        "Leave it out where the secret is under Secrets Manager's own key.",
    ),
    (Server, "certificate"): matching(
        r"arn:aws:dms:[a-z0-9-]+:\d{12}:cert:\S+",
        "the ARN of a certificate in DMS, arn:aws:dms:...:cert:...",
        "`aws dms describe-certificates` shows it.",
    ),
    (Server, "databases_at_once"): _at_least(1),
    (Server, "connections_at_once"): _at_least(1),
    (Blackout, "starts"): _CLOCK,
    (Blackout, "ends"): _CLOCK,
    (Blackout, "time_zone"): ZONE,
    (Database, "id"): FieldRule(ID.accepts, ID.wanted, "Choose another id; what the server calls it is a field."),
    (Database, "name_at_source"): TEXT,
    (Database, "instance"): ID,
    (Database, "schemas"): TEXT,
    (Database, "exclude"): TEXT,
    # A name may hold dots itself: three parts are the least.
    (Database, "exclude_columns"): FieldRule(
        lambda text: len(parts := text.split(".")) > 2 and all(map(str.strip, parts)),
        "schema.table.column, in which * is any number of characters",
        "Like `*.*.password` or `dbo.customers.ssn`.",
    ),
    (Database, "tags"): TEXT,
    (Database, "expected_seconds"): _at_least(0),
    (Database, "owner"): TEXT,
    (Database, "priority"): between(-100, 100, "Databases of a higher priority start earlier; 0 is the default."),
    (Database, "notes"): TEXT,
    (Database, "row_tolerance"): _at_least(0),
    (Database, "lob_max_kilobytes"): _LOB_KILOBYTES,
    (Database, "tables_at_once"): _TABLES_AT_ONCE,
    (Database, "commit_rate"): _COMMIT_RATE,
    (TableRules, "schema"): TEXT,
    (TableRules, "table"): TEXT,
    (TableRules, "accept"): TEXT,
    (TableRules, "key"): TEXT,
    (TableRules, "row_tolerance"): _at_least(0),
    (Quarantine, "reason"): TEXT,
    (Quarantine, "by"): TEXT,
    (Quarantine, "until"): FieldRule(
        is_day, "a day of the calendar, as 2026-12-24", "It is the day (UTC) on which the database is in runs again."
    ),
    (ParallelLoad, "schema"): TEXT,
    (ParallelLoad, "table"): TEXT,
    (ParallelLoad, "column"): TEXT,
    (Rename, "schema"): TEXT,
    (Rename, "table"): TEXT,
    # Source: the DMS guide, "Transformation rules and actions", Limitations (docs/facts/dms.md 5.4).
    (Rename, "column"): matching(
        r"[^#\\/-]+", r"a name without #, \, / and -", "DMS changes no column whose name holds one of them."
    ),
    (Rename, "to"): matching(r"[A-Za-z_][A-Za-z0-9_]*", "letters of ASCII, digits and _, a letter or _ first"),
    (TaskProfile, "tables_at_once"): _TABLES_AT_ONCE,
    (TaskProfile, "commit_rate"): _COMMIT_RATE,
    (TaskProfile, "lob_max_kilobytes"): _LOB_KILOBYTES,
    (Limits, "databases_at_once"): between(
        1, SFN_INLINE_MAP_AT_ONCE.value, "More than that does not surely run at once in an inline Map."
    ),
    (Limits, "loads_in_flight"): _at_least(1),
    (Limits, "claim_wait_seconds"): _at_least(0),
    (Limits, "server_wait_seconds"): between(
        0, LONGEST_SERVER_WAIT_SECONDS, "A database has 12 hours in all: the other half is for its load."
    ),
    (Limits, "test_deadline_seconds"): _at_least(1),
    (Limits, "modify_deadline_seconds"): _at_least(1),
    (Limits, "stop_deadline_seconds"): _at_least(1),
    (Limits, "load_deadline_seconds"): _at_least(1),
    (Limits, "task_deadline_seconds"): between(
        1, LONGEST_TASK_SECONDS, "A database has 12 hours in all, sealing and hand-off included."
    ),
    (Limits, "stuck_seconds"): _at_least(1),
    (Limits, "delta_seconds"): between(60, 3600, "After that a delta would read what came after its start alone."),
    (Limits, "delta_overdue_hours"): between(1, 31 * 24, "The log of a month is more than a source keeps."),
    (Limits, "transaction_wait_seconds"): between(0, 3600, "A database has 12 hours in all."),
    (Limits, "throttle_deadline_seconds"): _at_least(1),
    (Limits, "dms_requests_at_once"): _at_least(1),
    (Limits, "dms_requests_per_second"): _at_least(1),
    (Limits, "dms_endpoints"): _at_least(2),
    (Limits, "dms_tasks"): _at_least(1),
    (Limits, "dms_share_percent"): between(10, 100, "The rest is for people, deployments and other tools."),
    # A function that asks a source waits for AskSource: with one place each would wait for itself.
    (Limits, "lambda_at_once"): _at_least(2),
    (Limits, "count_table_seconds"): between(
        1,
        LONGEST_COUNT_SECONDS,
        "AskSource, which counts, may not run much longer. A table that takes longer is a gap.",
    ),
    (Limits, "count_rows_at_most"): _at_least(0),
    (Limits, "trial_above_rows"): _at_least(0),
    (Limits, "count_deadline_seconds"): between(
        1, _LONGEST_COUNTING_SECONDS, "Sealing and loading have an hour together."
    ),
    (Settings, "prefix"): FieldRule(
        lambda text: _is_id(text) and len(text) <= _PREFIX_CHARACTERS,
        "lower-case letters and digits in words joined by single hyphens, a letter first, "
        f"at most {_PREFIX_CHARACTERS} characters",
        "It begins every name of a resource, and IAM's names are short.",
    ),
    (Settings, "account"): matching(r"\d{12}", "the 12 digits of an AWS account"),
    (Settings, "region"): matching(r"[a-z]{2}(-[a-z]+)+-\d", "the name of an AWS Region, like eu-central-1"),
    # Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html (documented). Dots are
    # allowed there and refused here: they break TLS to the bucket's own host name.
    (Settings, "landing_bucket"): matching(
        r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", "3 to 63 lower-case letters, digits and hyphens", "A bucket has that name."
    ),
    (SnowflakeSettings, "account"): TEXT,
    (SnowflakeSettings, "account_url"): matching(
        r"https://[^/\s]+|http://(localhost|127\.0\.0\.1)(:\d+)?",
        "https:// and a host, nothing after it",
        "Like https://myorg-myaccount.snowflakecomputing.com.",
    ),
    (SnowflakeSettings, "user"): TEXT,
    # Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html (documented).
    (SnowflakeSettings, "key_id"): matching(
        r"alias/[A-Za-z0-9/_-]{1,250}|arn:aws:kms:[a-z0-9-]+:\d{12}:(key|alias)/[A-Za-z0-9/_-]+|[A-Za-z0-9-]{1,256}",
        "the id, the ARN or the alias (alias/...) of a KMS key",
    ),
    (SnowflakeSettings, "role"): TEXT,
    (SnowflakeSettings, "warehouse"): TEXT,
    (SnowflakeSettings, "database"): TEXT,
    (SnowflakeSettings, "reader_role"): TEXT,
}
