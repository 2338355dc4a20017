"""What a test of an endpoint's connection proves. DMS keeps one result for each endpoint and instance, the last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from fleet.failures import Failure, classify_test
from fleet.sentences import as_clause

Side = Literal["source", "target"]
SIDES: tuple[Side, ...] = ("target", "source")
"""In the order in which what failed is named."""
TestResult = Failure | Literal["wait"] | None
"""None: the endpoint is proved to connect."""


@dataclass(frozen=True)
class Connection:
    """The result of the last test of an endpoint from an instance."""

    status: str
    failure: str

    @property
    def is_passing(self) -> bool:
        """Whether its status ends by itself, and says nothing yet."""
        return self.status in {"testing", "deleting"}


def is_test_due(side: Side, connection: Connection | None, sent_at: datetime | None) -> bool:
    """Whether a test of ours is to be sent. *sent_at*: when it was, since the endpoint last changed.

    The target always wants one, because its endpoint was changed: a success from before proves nothing. The source
    wants one where its last was not good, as DMS itself asks no more of a start.

    >>> good = Connection("successful", "")
    >>> is_test_due("target", good, None), is_test_due("source", good, None)
    (True, False)
    >>> is_test_due("source", Connection("failed", "gone"), None), is_test_due("source", None, None)
    (True, True)
    >>> is_test_due("target", Connection("testing", ""), None), is_test_due("target", good, datetime(2026, 11, 29))
    (False, False)
    """
    if sent_at is not None or (connection is not None and connection.is_passing):
        return False
    return side == "target" or connection is None or connection.status != "successful"


def judge_test(side: Side, endpoint_arn: str, connection: Connection | None) -> TestResult:
    """What the test of an endpoint that was sent, or was good before, proves.

    >>> judge_test("source", "arn", Connection("successful", "")), judge_test("source", "arn", None)
    (None, 'wait')
    >>> judge_test("target", "arn", Connection("failed", "")).text
    "the test of the target endpoint arn is 'failed': DMS gives no reason"
    """
    if connection is None or connection.is_passing:
        return "wait"
    if connection.status == "successful":
        return None
    return Failure(
        classify_test(side, connection.failure),
        "ConnectionTestFailed",
        f"the test of the {side} endpoint {endpoint_arn} is {connection.status!r}: "
        f"{as_clause(connection.failure) or 'DMS gives no reason'}",
    )


def judge_test_after_load(connection: Connection | None) -> TestResult:
    """What the source's test that was sent after the load proves: a load from a lost source may lack rows.

    >>> judge_test_after_load(Connection("testing", "")), judge_test_after_load(Connection("successful", ""))
    ('wait', None)
    >>> judge_test_after_load(Connection("failed", "password authentication failed")).name
    'SourceLost'
    """
    if connection is None or connection.is_passing:
        return "wait"
    if connection.status == "successful":
        return None
    said = as_clause(connection.failure) or "DMS gives no reason"
    return Failure(
        classify_test("source", said),
        "SourceLost",
        f"the source does not answer after the load: {said}. Nothing is handed off, because the load may lack rows.",
    )
