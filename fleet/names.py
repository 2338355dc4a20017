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
