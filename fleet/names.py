"""Every id we choose, and its rule. One place, because Terraform, the handlers and the local cloud must agree."""

from __future__ import annotations

import re

from fleet.errors import MalformedIdError

_DATABASE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
RUN_CHARACTERS = 40
_RUN = re.compile(rf"[A-Za-z0-9-]{{1,{RUN_CHARACTERS}}}")
_SIMPLE_NAME = re.compile(r"[a-z_][a-z0-9_$]*|[A-Z_][A-Z0-9_$]*")

DATABASE_ID_CHARACTERS = 32
# How long Scheduler's ids are is not documented; its example has 16 characters. Three more are kept free.
# Source: https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
_SCHEDULER_ID_CHARACTERS = 19
NIGHT_NAME_CHARACTERS = RUN_CHARACTERS - len("-") - _SCHEDULER_ID_CHARACTERS
"""The longest name of a schedule, so that `scheduled_run` makes a run's id of it."""
ENDPOINT_ROLE_PATH = "/fleet/endpoint/"
"""IAM path of the endpoints' roles, so that `iam:PassRole` is limited by path."""


REGISTRY_WORD, ACCOUNT_WORD = "registry", "account"
"""What `fleet check` takes in place of a database's id: no database has either."""


def require_database_id(text: str) -> str:
    """*text*, if it may be a database's id.

    Raises:
        MalformedIdError: It breaks the rule.

    >>> require_database_id("nyc-flights")
    'nyc-flights'
    >>> require_database_id("NYC flights")
    Traceback (most recent call last):
    fleet.errors.MalformedIdError: database id 'NYC flights' is malformed: lower-case letters and digits in words \
joined by single hyphens, a letter first, at most 32 characters. Choose another id; the name at the source is a field \
of its own.
    """
    if text in {REGISTRY_WORD, ACCOUNT_WORD}:
        raise MalformedIdError(f"database id {text!r} is a word of `fleet check`.", remedy="Choose another id.")
    if not _DATABASE.fullmatch(text) or len(text) > DATABASE_ID_CHARACTERS:
        raise MalformedIdError(
            f"database id {text!r} is malformed: lower-case letters and digits in words joined by single hyphens, "
            f"a letter first, at most {DATABASE_ID_CHARACTERS} characters.",
            remedy="Choose another id; the name at the source is a field of its own.",
        )
    return text


def require_run_id(text: str) -> str:
    """*text*, if it may be a run's id, which is the name of `fleet-run`'s execution.

    Raises:
        MalformedIdError: It breaks the rule.

    >>> require_run_id("full-2026-11-21")
    'full-2026-11-21'
    """
    if not _RUN.fullmatch(text):
        raise MalformedIdError(
            f"run id {text!r} is malformed: letters, digits and hyphens, 1 to {RUN_CHARACTERS} characters.",
            remedy="Start fleet-run again under such a name.",
        )
    return text


def scheduled_run(night: str, scheduler_id: str) -> str:
    """The id of a run that Scheduler starts for *night*, under an id of its own.

    >>> require_run_id(scheduled_run("weekdays", "d32c5kddcf5bb8c3"))
    'weekdays-d32c5kddcf5bb8c3'
    """
    return f"{night}-{scheduler_id}"


def source_endpoint_id(prefix: str, database: str) -> str:
    """DMS's identifier of the endpoint that reads *database*."""
    return f"{prefix}-{database}-source"


def target_endpoint_id(prefix: str, database: str) -> str:
    """DMS's identifier of the S3 endpoint that only *database* writes through."""
    return f"{prefix}-{database}-target"


def task_id(prefix: str, database: str, mode: str) -> str:
    """DMS's identifier of the task that moves *database* in *mode*.

    >>> task_id("fleet", "nyc-flights", "full"), task_id("fleet", "nyc-flights", "delta")
    ('fleet-nyc-flights-full', 'fleet-nyc-flights-cdc')
    """
    return f"{prefix}-{database}-{'full' if mode == 'full' else 'cdc'}"


def task_ids(prefix: str, database: str) -> tuple[str, str]:
    """Both tasks of a database; the second exists only where it does deltas."""
    return task_id(prefix, database, "full"), task_id(prefix, database, "delta")


def endpoint_role_name(prefix: str, database: str) -> str:
    """The name of the role that DMS assumes to write *database*'s prefix, under `ENDPOINT_ROLE_PATH`."""
    return f"{prefix}-{database}-s3"


def instance_id(prefix: str, instance: str) -> str:
    """DMS's identifier of a replication instance."""
    return f"{prefix}-{instance}"


FLEET_TAG = "fleet"
"""Every resource of the stack carries it, with the prefix as its value; without it, DMS's may not be changed."""
TASK_LOGS = "dms-tasks-"
"""Begins the log group of a replication instance's tasks; its identifier follows. DMS chose the name.

Source: https://docs.aws.amazon.com/dms/latest/userguide/security-iam-awsmanpol.html (documented).
"""


def task_log_group(prefix: str, instance: str) -> str:
    """The log group that DMS writes the logs of the instance's tasks into.

    >>> task_log_group("fleet", "one")
    'dms-tasks-fleet-one'
    """
    return f"{TASK_LOGS}{instance_id(prefix, instance)}"


def task_log_stream(task_arn: str) -> str:
    """The stream of a task's log in its instance's group. DMS chose the name, of the ARN's last part.

    >>> task_log_stream("arn:aws:dms:eu-central-1:123456789012:task:ABC")
    'dms-task-ABC'
    """
    return f"dms-task-{task_arn.rpartition(':')[2]}"


def resource_name(prefix: str, name: str) -> str:
    """The name of any other resource of the fleet's: a queue, a rule, a schedule, a role, an alarm.

    >>> resource_name("fleet", "not-delivered")
    'fleet-not-delivered'
    """
    return f"{prefix}-{name}"


def function_name(prefix: str, state: str) -> str:
    """The name of the function that does *state*.

    >>> function_name("fleet", "PointEndpoint")
    'fleet-point-endpoint'
    """
    return resource_name(prefix, re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", state).lower())


def function_arn(account: str, region: str, prefix: str, state: str) -> str:
    """The ARN of the function that does *state*."""
    return f"arn:aws:lambda:{region}:{account}:function:{function_name(prefix, state)}"


def state_key(prefix: str, stack: str) -> str:
    """The key of a stack's state, in the bucket that Terraform keeps its states in."""
    return f"{prefix}/{stack}.tfstate"


def control_bucket(prefix: str, account: str) -> str:
    """The bucket of registry, plans and reports."""
    return f"{prefix}-control-{account}"


def ledger_table(prefix: str) -> str:
    """The DynamoDB table of the ledger."""
    return f"{prefix}-ledger"


def data_key_alias(prefix: str) -> str:
    """The alias of the KMS key that everything at rest is encrypted with."""
    return f"alias/{prefix}-data"


def notification_topic_arn(account: str, region: str, prefix: str) -> str:
    """The SNS topic that runs, alarms and DMS's events are sent to."""
    return f"arn:aws:sns:{region}:{account}:{prefix}-runs"


def execution_arn(account: str, region: str, prefix: str, name: str, execution: str) -> str:
    """An execution of the machine `fleet-run` or `database-run`; all of them where *execution* is `*`.

    >>> execution_arn("123456789012", "eu-central-1", "fleet", "fleet-run", "full-1")
    'arn:aws:states:eu-central-1:123456789012:execution:fleet-fleet-run:full-1'
    """
    return f"arn:aws:states:{region}:{account}:execution:{prefix}-{name}:{execution}"


def machine_arn(account: str, region: str, prefix: str, name: str) -> str:
    """The state machine `fleet-run` or `database-run`.

    >>> machine_arn("123456789012", "eu-central-1", "fleet", "fleet-run")
    'arn:aws:states:eu-central-1:123456789012:stateMachine:fleet-fleet-run'
    """
    return f"arn:aws:states:{region}:{account}:stateMachine:{prefix}-{name}"


def is_database_run(machine_arn: str) -> bool:
    """Whether the state machine is `database-run`.

    >>> is_database_run(machine_arn("123456789012", "eu-central-1", "fleet", "database-run"))
    True
    """
    return machine_arn.endswith("-database-run")


def database_run_of(fleet_run_arn: str) -> str:
    """The state machine whose executions *fleet_run_arn* starts.

    >>> database_run_of("arn:aws:states:eu-central-1:123456789012:stateMachine:fleet-fleet-run")
    'arn:aws:states:eu-central-1:123456789012:stateMachine:fleet-database-run'
    """
    return fleet_run_arn.removesuffix("-fleet-run") + "-database-run"


def child_name(run: str, database: str, redrive_count: int) -> str:
    """The name of the execution that *run* starts for *database*, as orchestration/asl/fleet-run.asl.json makes it."""
    return f"{run}-{database}-{redrive_count}"


def child_arn(parent: str, run: str, database: str, redrive_count: int) -> str:
    """Its ARN. *parent*: of the run's execution.

    >>> child_arn("arn:aws:states:eu-central-1:123456789012:execution:fleet-fleet-run:full-1", "full-1", "shop", 0)
    'arn:aws:states:eu-central-1:123456789012:execution:fleet-database-run:full-1-shop-0'
    """
    return f"{database_run_of(parent.rpartition(':')[0])}:{child_name(run, database, redrive_count)}"


CURRENT_REGISTRY = "registry/current.json"
"""The key of the registry as it was last deployed. All of these keys are in the control bucket."""


def registry_key(version: str) -> str:
    """Of a registry that a run is pinned to, kept for good."""
    return f"registry/{version}.json"


def plan_key(run: str) -> str:
    """Of the plan of *run*."""
    return f"runs/{run}/plan.json"


def report_key(run: str) -> str:
    """Of the report of *run*."""
    return f"runs/{run}/report.json"


def page_key(run: str) -> str:
    """Of the page of *run*: one file to look at in a browser."""
    return f"runs/{run}/report.html"


def attempt_key(run: str, database: str, number: int, document: str) -> str:
    """Of what an attempt keeps: `account`, `catalogue`, `counts`, `losses`, `loads`, `tables`, `outcome`.

    >>> attempt_key("night-1", "nyc", 3, "loads")
    'runs/night-1/nyc/000003/loads.json'
    """
    return f"runs/{run}/{database}/{number:06d}/{document}.json"


METRICS, DELTAS_OVERDUE, LOGS_AT_RISK = "Fleet", "DeltasOverdue", "LogsAtRisk"
"""CloudWatch's namespace of what functions measure; how many databases have been without a delta for too long; and
deltas whose source may soon lack the log that the next one needs."""

MARK_TABLE = "fleet_mark"
"""A source's table with one row, which the fleet changes at the start of each delta (docs/decisions/0030)."""


def newest_census_key(database: str) -> str:
    """Of the newest census that *database*'s source gave."""
    return f"databases/{database}/census.json"


def newest_profile_key(database: str) -> str:
    """Of the newest profile of *database*, which the next one is compared with."""
    return f"databases/{database}/profile.json"


def last_sweep_key(database: str) -> str:
    """Of what the newest key sweep of *database* found."""
    return f"databases/{database}/key-sweep.json"


def known_tables_key(database: str) -> str:
    """Of what is known of *database*'s tables in Snowflake, as they were last loaded."""
    return f"databases/{database}/warehouse.json"


def warehouse_name(name: str) -> str:
    """The Snowflake name of a source's schema, table or column: upper case if it is plain, else as it is.

    >>> warehouse_name("flights"), warehouse_name("Flights"), warehouse_name("señor álvarez")
    ('FLIGHTS', 'Flights', 'señor álvarez')
    """
    return name.upper() if _SIMPLE_NAME.fullmatch(name) else name


def warehouse_schema(database: str, schema: str) -> str:
    """The Snowflake schema that holds *schema* of *database*. No two pairs share one: ids have no underscore.

    >>> warehouse_schema("nyc-flights", "public")
    'NYC_FLIGHTS__PUBLIC'
    """
    return f"{database.replace('-', '_').upper()}__{warehouse_name(schema)}"
