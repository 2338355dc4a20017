"""One look at all of DMS's lists of an account, for all databases together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from cli.checking.asking import AskedAccount, seen
from fleet.checks.account_facts import (
    AssessmentFacts,
    ConnectionFacts,
    EndpointFacts,
    InstanceFacts,
    QuotaFacts,
    Seen,
    TaskFacts,
    Unseen,
)

_ITEM_IS_FINE = frozenset({"passed", "skipped"})
_RUN_HAS_FAULTS = frozenset({"failed", "warning", "error-executing", "error-provisioning", "invalid state"})


@dataclass(frozen=True)
class DmsLook:
    """What the lists say; each as `AccountFacts` has it."""

    quotas: Seen[Mapping[str, QuotaFacts]]
    instances: Seen[Mapping[str, InstanceFacts]]
    endpoints: Seen[Mapping[str, EndpointFacts]]
    tasks: Seen[Mapping[str, TaskFacts]]
    connections: Seen[Mapping[tuple[str, str], ConnectionFacts]]
    certificates: Seen[Mapping[str, date | None]]
    assessments: Seen[Mapping[str, AssessmentFacts]]


def look_at_dms(account: AskedAccount, *, has_certificates: bool) -> DmsLook:
    """The lists as they are now. *has_certificates*: whether a server names one; else they are not asked for."""
    return DmsLook(
        quotas=seen(account.ask("dms", "describe_account_attributes"), _read_quotas),
        instances=seen(account.list("describe_replication_instances", "ReplicationInstances"), _read_instances),
        endpoints=seen(account.list("describe_endpoints", "Endpoints"), _read_endpoints),
        tasks=seen(account.list("describe_replication_tasks", "ReplicationTasks", WithoutSettings=True), _read_tasks),
        connections=seen(account.list("describe_connections", "Connections"), _read_connections),
        certificates=seen(account.list("describe_certificates", "Certificates"), _read_certificates)
        if has_certificates
        else {},
        assessments=_look_at_assessments(account),
    )


def _read_quotas(answer: Mapping[str, Any]) -> Mapping[str, QuotaFacts]:
    return {one["AccountQuotaName"]: QuotaFacts(one["Used"], one["Max"]) for one in answer["AccountQuotas"]}


def _read_instances(found: tuple[Mapping[str, Any], ...]) -> Mapping[str, InstanceFacts]:
    return {
        one["ReplicationInstanceIdentifier"]: InstanceFacts(
            one["ReplicationInstanceArn"], one["ReplicationInstanceStatus"], one.get("AllocatedStorage", 0)
        )
        for one in found
    }


def _read_endpoints(found: tuple[Mapping[str, Any], ...]) -> Mapping[str, EndpointFacts]:
    return {
        one["EndpointIdentifier"]: EndpointFacts(
            one["EndpointArn"], one["Status"], one.get("SslMode") or "none", one.get("CertificateArn") or ""
        )
        for one in found
    }


def _read_tasks(found: tuple[Mapping[str, Any], ...]) -> Mapping[str, TaskFacts]:
    return {
        one["ReplicationTaskIdentifier"]: TaskFacts(
            one["ReplicationTaskArn"], one["ReplicationInstanceArn"], one["Status"]
        )
        for one in found
    }


def _read_connections(found: tuple[Mapping[str, Any], ...]) -> Mapping[tuple[str, str], ConnectionFacts]:
    return {
        (one["ReplicationInstanceArn"], one["EndpointArn"]): ConnectionFacts(
            one["Status"], one.get("LastFailureMessage") or ""
        )
        for one in found
    }


def _read_certificates(found: tuple[Mapping[str, Any], ...]) -> Mapping[str, date | None]:
    return {one["CertificateArn"]: one["ValidToDate"].date() if one.get("ValidToDate") else None for one in found}


def _look_at_assessments(account: AskedAccount) -> Seen[Mapping[str, AssessmentFacts]]:
    """The newest of each task, with the items that did not pass of those that have any: they take a second list."""
    runs = account.list("describe_replication_task_assessment_runs", "ReplicationTaskAssessmentRuns")
    if isinstance(runs, Unseen):
        return runs
    newest = [one for one in runs if one.get("IsLatestTaskAssessmentRun")]
    faulty = [one["ReplicationTaskAssessmentRunArn"] for one in newest if one["Status"] in _RUN_HAS_FAULTS]
    items: Seen[tuple[Mapping[str, Any], ...]] = ()
    if faulty:
        items = account.list(
            "describe_replication_task_individual_assessments",
            "ReplicationTaskIndividualAssessments",
            Filters=[{"Name": "replication-task-assessment-run-arn", "Values": faulty}],
        )

    def not_passed(run: str) -> Seen[tuple[str, ...]]:
        if isinstance(items, Unseen):
            return items if run in faulty else ()
        return tuple(
            f"{one['IndividualAssessmentName']} {one['Status']}"
            for one in items
            if one["ReplicationTaskAssessmentRunArn"] == run and one["Status"] not in _ITEM_IS_FINE
        )

    return {
        one["ReplicationTaskArn"]: AssessmentFacts(
            one["Status"],
            made.date() if (made := one.get("ReplicationTaskAssessmentRunCreationDate")) else None,
            not_passed(one["ReplicationTaskAssessmentRunArn"]),
        )
        for one in newest
    }
