"""Premigration assessments. What AWS checks in one and writes to the bucket is documented by name only, so none is
started here, and the lists of those that were are truly empty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.dms.requests.paging import filtered, page
from local.dms.resources import Resources
from local.wire import AwsError, NotEmulatedError

Parameters = Mapping[str, Any]
# Source: BC:DescribeReplicationTaskAssessmentRunsMessage, DescribeReplicationTaskIndividualAssessmentsMessage.
_RUN_FILTERS = ("replication-task-assessment-run-arn", "replication-task-arn", "replication-instance-arn", "status")
_INDIVIDUAL_FILTERS = ("replication-task-assessment-run-arn", "replication-task-arn", "status")


class Assessments:
    """The operations on assessments of a task."""

    def __init__(self, resources: Resources) -> None:
        self._of = resources

    def start(self, parameters: Parameters) -> dict[str, Any]:
        self._of.task(parameters["ReplicationTaskArn"])
        raise NotEmulatedError("starting an assessment of a task")

    def describe_results(self, parameters: Parameters) -> dict[str, Any]:
        """Of a task, or of all; with a task, a page would be refused (BC: MaxRecords and Marker are ignored then)."""
        if arn := parameters.get("ReplicationTaskArn"):
            self._of.task(arn)
            return {"ReplicationTaskAssessmentResults": []}
        return page(parameters, "ReplicationTaskAssessmentResults", [], dict)

    def describe_runs(self, parameters: Parameters) -> dict[str, Any]:
        return self._none(parameters, "ReplicationTaskAssessmentRuns", _RUN_FILTERS)

    def describe_individual(self, parameters: Parameters) -> dict[str, Any]:
        return self._none(parameters, "ReplicationTaskIndividualAssessments", _INDIVIDUAL_FILTERS)

    def change(self, parameters: Parameters) -> dict[str, Any]:
        """Cancelling and deleting a run: there is none."""
        raise AwsError(
            "ResourceNotFoundFault", f"Assessment run {parameters['ReplicationTaskAssessmentRunArn']} not found"
        )

    def _none(self, parameters: Parameters, member: str, names: tuple[str, ...]) -> dict[str, Any]:
        nothing = filtered(parameters, list[Any](), dict.fromkeys(names, str), "Assessment", is_empty_fine=True)
        return page(parameters, member, nothing, dict)
