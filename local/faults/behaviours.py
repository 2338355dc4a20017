"""From where it is known what a vendor does when each fault strikes. `fleet faults` lists the faults themselves."""

from __future__ import annotations

from local.faults.catalogue import KINDS, Kind
from localcloud.behaviours import Behaviour, Trust

_DMS = "https://docs.aws.amazon.com/dms/latest/APIReference/API_"
_GUIDE = "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_"
_S3 = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel"
_RETRIES = "https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html"
_SNOWFLAKE = "https://docs.snowflake.com/en/developer-guide/sql-api/reference"
_DEATHS = "https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html#bp-lambda-serviceexception"
_TEST = "tests/night/test_faults.py::test_a_fault_ends_its_database_as_the_catalogue_says"
_NOT_TO_BE_ORDERED = "An account cannot be asked for it: it is seen on the night on which it happens."

KNOWN: dict[str, tuple[Trust, str]] = {
    "bad-password": ("documented", f"{_DMS}Connection.html"),
    "mapping-empty": ("documented", f"{_GUIDE}Tasks.CustomizingTasks.TaskSettings.ErrorHandling.html"),
    "source-test-fails": ("documented", f"{_DMS}Connection.html"),
    "errored-table": ("documented", f"{_DMS}TableStatistics.html"),
    "lost-source": ("assumed", "reference/dms.md 3.2"),
    "source-lost-in-peace": ("documented", f"{_GUIDE}Source.SQLServer.html"),
    "slow-count": ("documented", "https://www.postgresql.org/docs/current/runtime-config-client.html"),
    "slow-counts": ("documented", "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"),
    "disk-full": ("documented", f"{_DMS}ReplicationTask.html"),
    "out-of-memory": ("observed", "reference/dms.md 3.2, 11"),
    "half-loaded": ("documented", f"{_DMS}StopReplicationTask.html"),
    "task-stuck": ("assumed", "reference/dms.md 11"),
    "task-never-ends": ("assumed", "reference/dms.md 11"),
    "task-gone": ("documented", f"{_DMS}StartReplicationTask.html"),
    "test-never-ends": ("observed", "reference/dms.md 2.2"),
    "task-modifies-for-ever": ("assumed", "reference/dms.md 3.2"),
    "task-forgets": ("assumed", "reference/dms.md 6"),
    "task-never-stops": ("assumed", "reference/dms.md 3.2"),
    "endpoint-modifies-for-ever": ("assumed", "reference/dms.md 4.1"),
    "endpoint-moved": ("documented", f"{_DMS}ModifyEndpoint.html"),
    "target-test-fails": ("documented", f"{_GUIDE}Target.S3.html"),
    "stray-object": ("documented", _S3),
    "late-object": ("documented", _S3),
    "refused-copy": ("documented", "https://docs.snowflake.com/en/sql-reference/sql/copy-into-table"),
    "load-never-ends": ("documented", f"{_SNOWFLAKE}#post-api-v2-statements-statementhandle-cancel"),
    "warehouse-down": ("documented", _SNOWFLAKE),
    "throttled-before": ("documented", _RETRIES),
    "throttled-after": ("assumed", _RETRIES),
    "timed-out-before": ("documented", _RETRIES),
    "timed-out-after": ("documented", _RETRIES),
    "killed-handler": ("documented", _DEATHS),
    "killed-everywhere": ("documented", _DEATHS),
    "dies-each-time": ("documented", _DEATHS),
}


def _behaviour(kind: Kind) -> Behaviour:
    trust, source = KNOWN[kind.name]
    reason = _NOT_TO_BE_ORDERED if trust == "assumed" else ""
    return Behaviour(f"`{kind.usage}`: {kind.happens} The night: {kind.night}", trust, source, _TEST, reason=reason)


BEHAVIOURS = tuple(_behaviour(kind) for kind in KINDS.values())
