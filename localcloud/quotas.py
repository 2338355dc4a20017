"""The limits that the stand-ins keep to, each with the vendor's page and the day it was read."""

from __future__ import annotations

from dataclasses import dataclass

_DMS_GUIDE = "https://docs.aws.amazon.com/dms/latest/userguide"
_DMS_LIMITS = f"{_DMS_GUIDE}/CHAP_Limits.html"
_DMS_FULL_LOAD = f"{_DMS_GUIDE}/CHAP_Tasks.CustomizingTasks.TaskSettings.FullLoad.html"
_DMS_MAPPINGS = f"{_DMS_GUIDE}/CHAP_Tasks.CustomizingTasks.TableMapping.SelectionTransformation"
_SFN_LIMITS = "https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"
_LAMBDA_LIMITS = "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"


@dataclass(frozen=True)
class Quota:
    """A vendor's limit: at most *value* of *what*. *source*: the page. *read_on*: ISO date."""

    value: int
    what: str
    source: str
    read_on: str


# Of an account in one Region. An older copy of the page had 100 requests and 4 a second.
DMS_API_BURST = Quota(200, "requests at once", _DMS_LIMITS, "2026-11-30")
DMS_API_PER_SECOND = Quota(8, "requests a second", _DMS_LIMITS, "2026-11-30")
DMS_INSTANCES = Quota(60, "replication instances", _DMS_LIMITS, "2026-11-30")
DMS_STORAGE_GIGABYTES = Quota(30_000, "GB of storage of all replication instances", _DMS_LIMITS, "2026-11-30")
DMS_EVENT_SUBSCRIPTIONS = Quota(60, "event subscriptions", _DMS_LIMITS, "2026-11-30")
DMS_SUBNET_GROUPS = Quota(60, "replication subnet groups", _DMS_LIMITS, "2026-11-30")
DMS_SUBNETS_PER_GROUP = Quota(60, "subnets per replication subnet group", _DMS_LIMITS, "2026-11-30")
DMS_ENDPOINTS = Quota(1_000, "endpoints", _DMS_LIMITS, "2026-11-30")
DMS_ENDPOINTS_PER_INSTANCE = Quota(100, "endpoints per replication instance", _DMS_LIMITS, "2026-11-30")
DMS_TASKS = Quota(600, "tasks", _DMS_LIMITS, "2026-11-30")
DMS_TASKS_PER_INSTANCE = Quota(200, "tasks per replication instance", _DMS_LIMITS, "2026-11-30")
DMS_CERTIFICATES = Quota(100, "certificates", _DMS_LIMITS, "2026-11-30")

DMS_INSTANCE_STORAGE_GIGABYTES = Quota(
    6_144,
    "GB of storage of one replication instance",
    "https://github.com/hashicorp/terraform-provider-aws/blob/main/website/docs/r/dms_replication_instance.html.markdown",
    "2026-11-21",
)
DMS_FULL_LOAD_SUB_TASKS = Quota(49, "tables loaded at once (MaxFullLoadSubTasks)", _DMS_FULL_LOAD, "2026-11-21")
DMS_COMMIT_RATE = Quota(50_000, "rows moved together (CommitRate)", _DMS_FULL_LOAD, "2026-11-21")
DMS_MAX_FILE_SIZE_KB = Quota(
    1_048_576, "KB of one file (MaxFileSize)", f"{_DMS_GUIDE}/CHAP_Target.S3.html", "2026-11-21"
)
DMS_TABLES_PER_RELOAD = Quota(
    10, "tables in one ReloadTables", f"{_DMS_GUIDE}/CHAP_Tasks.ReloadTables.html", "2026-11-21"
)
DMS_TABLE_MAPPING_BYTES = Quota(
    2_097_152, "bytes of a task's table mappings", f"{_DMS_MAPPINGS}.Selections.html", "2026-11-21"
)
DMS_BOUNDARY_COLUMNS = Quota(
    10, "columns that bound the ranges of a parallel load", f"{_DMS_MAPPINGS}.Tablesettings.html", "2026-11-21"
)

SFN_PAYLOAD_BYTES = Quota(262_144, "bytes of a state's or an execution's input or output", _SFN_LIMITS, "2026-11-21")
SFN_HISTORY_EVENTS = Quota(25_000, "events in an execution's history", _SFN_LIMITS, "2026-11-21")
SFN_DEFINITION_BYTES = Quota(1_048_576, "bytes of a definition", _SFN_LIMITS, "2026-11-21")
SFN_EXECUTION_NAME_CHARACTERS = Quota(80, "characters of an execution's name", _SFN_LIMITS, "2026-11-21")
SFN_INLINE_MAP_AT_ONCE = Quota(
    40,
    "iterations of an inline Map that run at once",
    "https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html",
    "2026-11-21",
)
# Of every Region but N. Virginia, Oregon and Ireland, which have more.
SFN_START_EXECUTION_BURST = Quota(800, "StartExecution requests at once", _SFN_LIMITS, "2026-11-30")
SFN_START_EXECUTION_PER_SECOND = Quota(150, "StartExecution requests a second", _SFN_LIMITS, "2026-11-30")
SFN_DESCRIBE_EXECUTION_BURST = Quota(250, "DescribeExecution requests at once", _SFN_LIMITS, "2026-11-30")
SFN_DESCRIBE_EXECUTION_PER_SECOND = Quota(10, "DescribeExecution requests a second", _SFN_LIMITS, "2026-11-30")
SFN_LIST_EXECUTIONS_BURST = Quota(100, "ListExecutions requests at once", _SFN_LIMITS, "2026-11-30")
SFN_LIST_EXECUTIONS_PER_SECOND = Quota(2, "ListExecutions requests a second", _SFN_LIMITS, "2026-11-30")
SFN_GET_HISTORY_BURST = Quota(400, "GetExecutionHistory requests at once", _SFN_LIMITS, "2026-11-30")
SFN_GET_HISTORY_PER_SECOND = Quota(20, "GetExecutionHistory requests a second", _SFN_LIMITS, "2026-11-30")

LAMBDA_UPLOAD_BYTES = Quota(52_428_800, "bytes of a zipped package in a request", _LAMBDA_LIMITS, "2026-11-21")
LAMBDA_UNPACKED_BYTES = Quota(262_144_000, "bytes of an unpacked package", _LAMBDA_LIMITS, "2026-11-21")
LAMBDA_AT_ONCE = Quota(1_000, "functions that run at once", _LAMBDA_LIMITS, "2026-11-30")

# What a column without a length takes; one with a length may take more since 2025.
SNOWFLAKE_VARCHAR_CHARACTERS = Quota(
    16_777_216,
    "characters of a VARCHAR by default",
    "https://docs.snowflake.com/en/sql-reference/data-types-text",
    "2026-11-30",
)
SNOWFLAKE_BINARY_BYTES = Quota(
    8_388_608,
    "bytes of a BINARY by default",
    "https://docs.snowflake.com/en/user-guide/data-load-considerations-prepare",
    "2026-11-21",
)
SNOWFLAKE_COPY_FILES = Quota(
    1_000,
    "names in FILES of one COPY",
    "https://docs.snowflake.com/en/user-guide/data-load-considerations-load",
    "2026-11-21",
)
