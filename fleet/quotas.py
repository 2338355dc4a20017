"""Every number that AWS, an engine or Snowflake imposes, with its source and the day it was read."""

from __future__ import annotations

from dataclasses import dataclass

_DMS_LIMITS = "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Limits.html"
_DMS_S3 = "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Target.S3.html"
_DMS_FULL_LOAD = (
    "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.CustomizingTasks.TaskSettings.FullLoad.html"
)
_DMS_MAPPING = (
    "https://docs.aws.amazon.com/dms/latest/userguide/"
    "CHAP_Tasks.CustomizingTasks.TableMapping.SelectionTransformation.Selections.html"
)
_SFN_LIMITS = "https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"
_LAMBDA_LIMITS = "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"
_KMS_REQUESTS = "https://docs.aws.amazon.com/kms/latest/developerguide/requests-per-second.html"
_DYNAMODB_PARTITION = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/warm-throughput-scenarios.html"
_SNOWFLAKE_LIMITS = "https://docs.snowflake.com/en/user-guide/data-load-considerations-prepare"


@dataclass(frozen=True)
class Quota:
    """A limit that a vendor imposes. *what* completes "at most <value> ...". *checked_on*: ISO date."""

    value: int
    what: str
    source: str
    checked_on: str


DMS_ENDPOINTS_PER_INSTANCE = Quota(100, "endpoints per replication instance", _DMS_LIMITS, "2026-11-21")
DMS_TASKS_PER_INSTANCE = Quota(200, "tasks per replication instance", _DMS_LIMITS, "2026-11-21")
DMS_ENDPOINTS = Quota(1_000, "endpoints per account and Region", _DMS_LIMITS, "2026-11-21")
DMS_TASKS = Quota(600, "tasks per account and Region", _DMS_LIMITS, "2026-11-21")
DMS_INSTANCES = Quota(60, "replication instances per account and Region", _DMS_LIMITS, "2026-11-21")
DMS_STORAGE_GIGABYTES = Quota(30_000, "GB of storage per account and Region", _DMS_LIMITS, "2026-11-21")
DMS_SUBNET_GROUPS = Quota(60, "replication subnet groups per account and Region", _DMS_LIMITS, "2026-11-21")
DMS_SUBNETS_PER_GROUP = Quota(60, "subnets per replication subnet group", _DMS_LIMITS, "2026-11-21")
DMS_EVENT_SUBSCRIPTIONS = Quota(60, "event subscriptions per account and Region", _DMS_LIMITS, "2026-11-21")
DMS_CERTIFICATES = Quota(100, "certificates per account and Region", _DMS_LIMITS, "2026-11-21")
DMS_INSTANCE_STORAGE_GIGABYTES = Quota(
    6_144,
    "GB of storage per replication instance",
    "https://github.com/hashicorp/terraform-provider-aws/blob/main/website/docs/r/dms_replication_instance.html.markdown",
    "2026-11-21",
)
# An older copy of the page said 100 and 4 in its prose; a registry can plan for less (limits.dms_requests_...).
DMS_API_BURST = Quota(200, "DMS requests at once per account and Region", _DMS_LIMITS, "2026-11-29")
DMS_API_PER_SECOND = Quota(8, "DMS requests a second per account and Region", _DMS_LIMITS, "2026-11-29")
DMS_TABLE_MAPPING_BYTES = Quota(2 * 1024 * 1024, "bytes of table mappings per task", _DMS_MAPPING, "2026-11-21")
DMS_FULL_LOAD_SUB_TASKS = Quota(49, "tables and segments loaded at once per task", _DMS_FULL_LOAD, "2026-11-21")
DMS_CONNECTIONS_PER_TABLE = Quota(
    3,
    "connections to a source for each table or segment loaded at once (two or three, said of SQL Server; assumed to "
    "hold for the other engines)",
    "https://docs.aws.amazon.com/dms/latest/sbs/chap-rdssqlserver2s3datalake.steps.configuresource.html",
    "2026-11-30",
)
DMS_COMMIT_RATE = Quota(50_000, "rows moved together (CommitRate)", _DMS_FULL_LOAD, "2026-11-21")
DMS_TABLES_PER_RELOAD = Quota(
    10,
    "tables per ReloadTables request",
    "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.ReloadTables.html",
    "2026-11-21",
)
DMS_MAX_FILE_SIZE_KB = Quota(1_048_576, "KB per file (MaxFileSize)", _DMS_S3, "2026-11-21")
DMS_SQLSERVER_COLUMNS = Quota(
    1_000,
    "columns per table of a SQL Server source",
    "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.SQLServer.html",
    "2026-11-30",
)
DMS_BOUNDARY_COLUMNS = Quota(
    10,
    "boundary columns of a parallel load by ranges",
    "https://docs.aws.amazon.com/dms/latest/userguide/"
    "CHAP_Tasks.CustomizingTasks.TableMapping.SelectionTransformation.Tablesettings.html",
    "2026-11-21",
)

SFN_PAYLOAD_BYTES = Quota(262_144, "bytes of input or output of a state or an execution", _SFN_LIMITS, "2026-11-21")
SFN_HISTORY_EVENTS = Quota(25_000, "events in the history of an execution", _SFN_LIMITS, "2026-11-21")
SFN_DEFINITION_BYTES = Quota(1_048_576, "bytes of a state machine's definition", _SFN_LIMITS, "2026-11-21")
SFN_EXECUTION_NAME_CHARACTERS = Quota(80, "characters of an execution's name", _SFN_LIMITS, "2026-11-21")
SFN_INLINE_MAP_AT_ONCE = Quota(
    40,
    "iterations of an inline Map that surely run at once",
    "https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html",
    "2026-11-21",
)
# Of each pair the first is for all Regions but three, the second (LARGE) for N. Virginia, Oregon and Ireland. New
# accounts start with fewer state transitions; the page does not say how many.
SFN_START_EXECUTION_BURST = Quota(800, "StartExecution requests at once", _SFN_LIMITS, "2026-11-30")
SFN_START_EXECUTION_PER_SECOND = Quota(150, "StartExecution requests a second", _SFN_LIMITS, "2026-11-30")
SFN_START_EXECUTION_BURST_LARGE = Quota(1_300, "the same in a large Region", _SFN_LIMITS, "2026-11-30")
SFN_START_EXECUTION_PER_SECOND_LARGE = Quota(300, "the same in a large Region", _SFN_LIMITS, "2026-11-30")
SFN_TRANSITIONS_BURST = Quota(800, "state transitions at once; more are delayed", _SFN_LIMITS, "2026-11-30")
SFN_TRANSITIONS_PER_SECOND = Quota(800, "state transitions a second", _SFN_LIMITS, "2026-11-30")
SFN_TRANSITIONS_BURST_LARGE = Quota(5_000, "the same in a large Region", _SFN_LIMITS, "2026-11-30")
SFN_TRANSITIONS_PER_SECOND_LARGE = Quota(5_000, "the same in a large Region", _SFN_LIMITS, "2026-11-30")
SFN_DESCRIBE_EXECUTION_BURST = Quota(250, "DescribeExecution requests at once", _SFN_LIMITS, "2026-11-30")
SFN_DESCRIBE_EXECUTION_PER_SECOND = Quota(10, "DescribeExecution requests a second", _SFN_LIMITS, "2026-11-30")
SFN_LIST_EXECUTIONS_BURST = Quota(100, "ListExecutions requests at once", _SFN_LIMITS, "2026-11-30")
SFN_LIST_EXECUTIONS_PER_SECOND = Quota(2, "ListExecutions requests a second", _SFN_LIMITS, "2026-11-30")
SFN_GET_HISTORY_BURST = Quota(400, "GetExecutionHistory requests at once", _SFN_LIMITS, "2026-11-30")
SFN_GET_HISTORY_PER_SECOND = Quota(20, "GetExecutionHistory requests a second", _SFN_LIMITS, "2026-11-30")

IAM_ROLE_POLICY_CHARACTERS = Quota(
    10_240,
    "characters of a role's inline policies",
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html",
    "2026-11-21",
)

LAMBDA_UPLOAD_BYTES = Quota(50 * 1024 * 1024, "bytes of a zipped package in a request", _LAMBDA_LIMITS, "2026-11-21")
LAMBDA_UNPACKED_BYTES = Quota(250 * 1024 * 1024, "bytes of a function's unpacked code", _LAMBDA_LIMITS, "2026-11-21")
LAMBDA_AT_ONCE = Quota(1_000, "functions that run at once per account and Region", _LAMBDA_LIMITS, "2026-11-30")
# AWS's page says only that a new account has fewer.
LAMBDA_AT_ONCE_NEW_ACCOUNT = Quota(
    10,
    "the same in a new account (observed)",
    "https://github.com/DataDog/datadog-serverless-functions/pull/621",
    "2026-11-30",
)

SECRETS_GET_VALUE_PER_SECOND = Quota(
    10_000,
    "GetSecretValue requests a second",
    "https://aws.amazon.com/about-aws/whats-new/2025/03/aws-secrets-manager-increases-api-requests-seconds/",
    "2026-11-30",
)
KMS_RSA_PER_SECOND = Quota(1_000, "requests a second with RSA keys (Sign and others)", _KMS_REQUESTS, "2026-11-30")
KMS_SYMMETRIC_PER_SECOND = Quota(
    10_000, "requests a second with symmetric keys (Decrypt and others) in a small Region", _KMS_REQUESTS, "2026-11-30"
)
DYNAMODB_PARTITION_WRITES_PER_SECOND = Quota(
    1_000, "write units a second of one partition, one item included", _DYNAMODB_PARTITION, "2026-11-30"
)
DYNAMODB_PARTITION_READS_PER_SECOND = Quota(
    3_000, "read units a second of one partition, one item included", _DYNAMODB_PARTITION, "2026-11-30"
)
EVENTBRIDGE_INVOCATIONS_PER_SECOND = Quota(
    750,
    "targets that rules call a second in a small Region; more are delayed",
    "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html",
    "2026-11-30",
)
# The page's table could not be read; the number is from a text of 2026 about it.
SNS_PUBLISH_PER_SECOND = Quota(
    300,
    "messages a second to standard topics in a small Region (read at second hand)",
    "https://docs.aws.amazon.com/general/latest/gr/sns.html",
    "2026-11-30",
)
SNS_SUBJECT_CHARACTERS = Quota(
    99,
    "characters of a message's subject",
    "https://docs.aws.amazon.com/sns/latest/api/API_Publish.html",
    "2026-11-29",
)

DMS_LOB_KILOBYTES = Quota(
    102_400,
    "KB as LobMaxSize, which AWS recommends at most",
    "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.LOBSupport.html",
    "2026-11-30",
)
SNOWFLAKE_VARCHAR_CHARACTERS = Quota(16_777_216, "characters of a VARCHAR by default", _SNOWFLAKE_LIMITS, "2026-11-21")
SNOWFLAKE_BINARY_BYTES = Quota(8_388_608, "bytes of a BINARY by default", _SNOWFLAKE_LIMITS, "2026-11-21")
SNOWFLAKE_NUMBER_DIGITS = Quota(
    38, "digits of a NUMBER", "https://docs.snowflake.com/en/sql-reference/data-types-numeric", "2026-11-30"
)
SNOWFLAKE_NUMBER_PLACES = Quota(
    37,
    "digits of a NUMBER after the point",
    "https://docs.snowflake.com/en/sql-reference/data-types-numeric",
    "2026-11-30",
)
SNOWFLAKE_COPY_FILES = Quota(
    1_000,
    "names in FILES of one COPY",
    "https://docs.snowflake.com/en/user-guide/data-load-considerations-load",
    "2026-11-21",
)
SNOWFLAKE_STATEMENT_BYTES = Quota(
    1_000_000,
    "bytes of one request's statements (recommended; longer ones are cut where Snowflake keeps them)",
    "https://docs.snowflake.com/en/user-guide/query-size-limits",
    "2026-11-30",
)
SNOWFLAKE_REQUESTS_PER_WAREHOUSE = Quota(
    8,
    "statements at once per warehouse (MAX_CONCURRENCY_LEVEL by default)",
    "https://docs.snowflake.com/en/user-guide/performance-query-warehouse-max-concurrency",
    "2026-11-21",
)
