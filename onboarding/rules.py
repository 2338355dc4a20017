"""What a field of the registry may hold, beyond its type. Data: one line a field."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fleet.databases import Database, Limits, ParallelLoad, Server, Settings, SnowflakeSettings, TaskProfile
from fleet.errors import MalformedIdError
from fleet.names import DATABASE_ID_CHARACTERS, require_database_id
from fleet.quotas import DMS_COMMIT_RATE, DMS_FULL_LOAD_SUB_TASKS, SFN_INLINE_MAP_AT_ONCE

# RunDatabase in fleet-run.asl.json waits 24 hours for a database; what surrounds the task needs the last one.
_LONGEST_TASK_SECONDS = 23 * 3600
# Source: reference/dms.md 4.8, the largest LobMaxSize that AWS recommends; what is longer is cut (documented).
_LARGEST_LOB_KILOBYTES = 102_400
# `<prefix>-<database>-s3` names a role. IAM takes 64 characters (documented).
# Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
_PREFIX_CHARACTERS = 64 - DATABASE_ID_CHARACTERS - len("--s3")


@dataclass(frozen=True)
class FieldRule:
    """*accepts* says whether a value may stand there, *wanted* completes "wanted ...", *remedy* is a sentence.

    *hidden*: a refused value is not shown, because a pipeline's log is read by many.
    """

    accepts: Callable[[Any], bool]
    wanted: str
    remedy: str = ""
    hidden: bool = False


def _is_id(text: str) -> bool:
    try:
        require_database_id(text)
    except MalformedIdError:
        return False
    return True


def _matching(pattern: str, wanted: str, remedy: str = "") -> FieldRule:
    return FieldRule(lambda text: re.fullmatch(pattern, text) is not None, wanted, remedy)


def _between(lowest: int, highest: int, remedy: str) -> FieldRule:
    return FieldRule(lambda number: lowest <= number <= highest, f"{lowest:,} to {highest:,}", remedy)


def _at_least(lowest: int) -> FieldRule:
    return FieldRule(lambda number: number >= lowest, f"{lowest:,} or more")


_ID = FieldRule(
    _is_id,
    "lower-case letters and digits in words joined by single hyphens, a letter first, "
    f"at most {DATABASE_ID_CHARACTERS} characters",
    "Choose another id.",
)
_TEXT = FieldRule(lambda text: text.strip() != "", "some text")

FIELD_RULES: dict[tuple[type, str], FieldRule] = {
    (Server, "id"): _ID,
    # Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html (documented).
    (Server, "secret"): FieldRule(
        lambda text: re.fullmatch(r"[A-Za-z0-9/_+=.@:-]{1,2048}", text) is not None,
        "the name or the ARN of a secret: letters, digits and /_+=.@-",
        "Write the secret's name, never the password.",
        hidden=True,
    ),
    (Database, "id"): FieldRule(_ID.accepts, _ID.wanted, "Choose another id; what the server calls it is a field."),
    (Database, "name_at_source"): _TEXT,
    (Database, "instance"): _ID,
    (Database, "schemas"): _TEXT,
    (Database, "exclude"): _TEXT,
    (Database, "tags"): _TEXT,
    (Database, "expected_seconds"): _at_least(0),
    (Database, "row_tolerance"): _at_least(0),
    (ParallelLoad, "schema"): _TEXT,
    (ParallelLoad, "table"): _TEXT,
    (ParallelLoad, "column"): _TEXT,
    (TaskProfile, "tables_at_once"): _between(
        1, DMS_FULL_LOAD_SUB_TASKS.value, f"DMS takes at most {DMS_FULL_LOAD_SUB_TASKS.value} as MaxFullLoadSubTasks."
    ),
    (TaskProfile, "commit_rate"): _between(
        1, DMS_COMMIT_RATE.value, f"DMS takes at most {DMS_COMMIT_RATE.value:,} as CommitRate."
    ),
    (TaskProfile, "lob_max_kilobytes"): _between(
        1, _LARGEST_LOB_KILOBYTES, "It is the longest value that is kept whole; longer ones are cut."
    ),
    (Limits, "databases_at_once"): _between(
        1, SFN_INLINE_MAP_AT_ONCE.value, "More than that does not surely run at once in an inline Map."
    ),
    (Limits, "loads_in_flight"): _at_least(1),
    (Limits, "claim_wait_seconds"): _at_least(0),
    (Limits, "test_deadline_seconds"): _at_least(1),
    (Limits, "task_deadline_seconds"): _between(
        1, _LONGEST_TASK_SECONDS, "fleet-run waits 24 hours for a database, sealing and hand-off included."
    ),
    (Limits, "stuck_seconds"): _at_least(1),
    (Settings, "prefix"): FieldRule(
        lambda text: _is_id(text) and len(text) <= _PREFIX_CHARACTERS,
        "lower-case letters and digits in words joined by single hyphens, a letter first, "
        f"at most {_PREFIX_CHARACTERS} characters",
        "It begins every name of a resource, and IAM's names are short.",
    ),
    (Settings, "account"): _matching(r"\d{12}", "the 12 digits of an AWS account"),
    (Settings, "region"): _matching(r"[a-z]{2}(-[a-z]+)+-\d", "the name of an AWS Region, like eu-central-1"),
    # Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html (documented). Dots are
    # allowed there and refused here: they break TLS to the bucket's own host name.
    (Settings, "landing_bucket"): _matching(
        r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", "3 to 63 lower-case letters, digits and hyphens", "A bucket has that name."
    ),
    (SnowflakeSettings, "account"): _TEXT,
    (SnowflakeSettings, "account_url"): _matching(
        r"https://[^/\s]+|http://(localhost|127\.0\.0\.1)(:\d+)?",
        "https:// and a host, nothing after it",
        "Like https://myorg-myaccount.snowflakecomputing.com.",
    ),
    (SnowflakeSettings, "user"): _TEXT,
    (SnowflakeSettings, "key_id"): _TEXT,
    (SnowflakeSettings, "role"): _TEXT,
    (SnowflakeSettings, "warehouse"): _TEXT,
    (SnowflakeSettings, "database"): _TEXT,
}
