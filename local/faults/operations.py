"""The calls that handlers make: which change something, and how each service says that it is asked too often."""

from __future__ import annotations

SUBMIT, POLL, CANCEL = "SubmitStatements", "PollStatements", "CancelStatements"
"""Snowflake's SQL API has no names for its calls; these are ours."""

OPERATIONS = (
    "DescribeReplicationTasks",
    "ModifyReplicationTask",
    "StartReplicationTask",
    "StopReplicationTask",
    "DescribeTableStatistics",
    "DescribeEndpoints",
    "ModifyEndpoint",
    "TestConnection",
    "DescribeConnections",
    "GetItem",
    "PutItem",
    "UpdateItem",
    "TransactWriteItems",
    "Query",
    "GetObject",
    "PutObject",
    "ListObjectsV2",
    "Invoke",
    SUBMIT,
    POLL,
    CANCEL,
)
"""What a fault of an API can be asked for by name."""

_READS = ("Describe", "Get", "List", "Query", "BatchGet", "Head", "Scan", "Poll")
# AskSource only reads, and signing leaves no trace.
_READS_TOO = frozenset({"Invoke", "Sign"})

THROTTLED = {
    "s3": ("SlowDown", 503),
    "dynamodb": ("ProvisionedThroughputExceededException", 400),
    "lambda": ("TooManyRequestsException", 429),
}
"""Code and status by boto3's name of the service; the others say `ThrottlingException` with 400."""


def is_effect(operation: str) -> bool:
    """Whether a call changes something.

    >>> is_effect("PutItem"), is_effect("GetItem"), is_effect("Invoke")
    (True, False, False)
    """
    return not operation.startswith(_READS) and operation not in _READS_TOO
