"""Premigration assessment runs: each looks into the source's catalogue and leaves its results in a bucket.

Source: docs/facts/dms.md 9.3, and the operations' documentation in botocore's model (BC). The states of a run and of
its task are documented; how long each takes, and that a run needs a task at rest, are assumed. Of the older report on
data types (StartReplicationTaskAssessment) only the operations are documented: none is made, and the list of them is
empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from localcloud.dms.engines.sources import column_type, login
from localcloud.dms.operations.assessment_results import Results
from localcloud.dms.requests.names import refusal
from localcloud.dms.requests.paging import filtered, page
from localcloud.dms.resources import AT_REST, Resources, Stateful, Task, invalid_state, members
from localcloud.dms.resources import found as require_found
from localcloud.dms.rules import assessment_checks
from localcloud.in_process_transport import AwsError, NotEmulatedError

Parameters = Mapping[str, Any]
_UNDER_WAY = frozenset({"starting", "provisioning", "running"})
_MODELLED = ("ReplicationInstanceArn", "SourceEngineName", "TargetEngineName", "MigrationType")
_SHOWN = (
    *("ServiceAccessRoleArn", "ResultLocationBucket", "ResultLocationFolder", "ResultEncryptionMode"),
    *("ResultKmsKeyArn", "AssessmentRunName"),
)


@dataclass(eq=False)
class Individual:
    """One assessment of a run."""

    arn: str
    name: str
    status: str = "pending"
    started_at: datetime | None = None


@dataclass(eq=False)
class Run(Stateful):
    """An assessment run. *task_status*: what the task was, and is again afterwards."""

    kind = "replication-task-assessment-run"
    arn: str
    task: Task
    given: Mapping[str, Any]
    results: Results
    created_at: datetime
    task_status: str
    individuals: list[Individual] = field(default_factory=list)
    status: str = "starting"
    failure: str = ""

    @property
    def name(self) -> str:
        return self.given["AssessmentRunName"]


class Assessments:
    """The operations on assessments of a task."""

    def __init__(self, resources: Resources) -> None:
        self._of = resources
        self._runs: dict[str, Run] = {}

    def start_report(self, parameters: Parameters) -> dict[str, Any]:
        self._of.task(parameters["ReplicationTaskArn"])
        raise NotEmulatedError("the older assessment report; StartReplicationTaskAssessmentRun makes one")

    def describe_reports(self, parameters: Parameters) -> dict[str, Any]:
        """Of a task, or of all; with a task, a page would be refused (BC: MaxRecords and Marker are ignored then)."""
        if arn := parameters.get("ReplicationTaskArn"):
            self._of.task(arn)
            return {"ReplicationTaskAssessmentResults": []}
        return page(parameters, "ReplicationTaskAssessmentResults", [], dict)

    def describe_applicable(self, parameters: Parameters) -> dict[str, Any]:
        """Of a task, of what a task would be, or all that there are."""
        given = [name for name in _MODELLED if parameters.get(name)]
        if parameters.get("ReplicationConfigArn"):
            raise NotEmulatedError("assessments of a serverless replication")
        if arn := parameters.get("ReplicationTaskArn"):
            names = assessment_checks.applicable_to_s3(self._of.task(arn).given["MigrationType"])
        elif given:
            names = self._modelled(parameters, given)
        else:
            names = list(assessment_checks.ASSESSMENTS)
        return page(parameters, "IndividualAssessmentNames", names, str)

    def start(self, parameters: Parameters) -> dict[str, Any]:
        task = self._of.task(parameters["ReplicationTaskArn"])
        name = parameters["AssessmentRunName"]
        if any((one.task, one.name) == (task, name) for one in self._runs.values()):
            raise AwsError("ResourceAlreadyExistsFault", f"The assessment run {name} of {task.arn} already exists")
        if task.status not in AT_REST or task.instance.status != "available":
            raise invalid_state(f"Replication Task {task.arn} cannot be assessed, invalid state")
        names = _chosen(parameters, assessment_checks.applicable_to_s3(task.given["MigrationType"]))
        results = Results(self._of.aws, parameters)
        given = {key: parameters[key] for key in _SHOWN if key in parameters}
        arn = self._of.new_arn("assessment-run", parameters)
        run = self._runs[arn] = Run(arn, task, given, results, self._of.clock.now(), task.status)
        run.individuals = [Individual(self._of.new_arn("individual-assessment", {}), one) for one in names]
        self._of.watch(run)
        task.status = "testing"
        self._of.later(self._of.delays.assessing, self._provision, run)
        return {"ReplicationTaskAssessmentRun": self._show(run)}

    def describe_runs(self, parameters: Parameters) -> dict[str, Any]:
        values = {
            "replication-task-assessment-run-arn": lambda one: one.arn,
            "replication-task-arn": lambda one: one.task.arn,
            "replication-instance-arn": lambda one: one.task.instance.arn,
            "status": lambda one: one.status,
        }
        runs = filtered(parameters, list(self._runs.values()), values, "Assessment", is_empty_fine=True)
        return page(
            parameters, "ReplicationTaskAssessmentRuns", runs, self._show, place=lambda one: self._of.place(one.arn)
        )

    def describe_individual(self, parameters: Parameters) -> dict[str, Any]:
        values = {
            "replication-task-assessment-run-arn": lambda one: one[0].arn,
            "replication-task-arn": lambda one: one[0].task.arn,
            "status": lambda one: one[1].status,
        }
        every = [(run, one) for run in self._runs.values() for one in run.individuals]
        left = filtered(parameters, every, values, "Assessment", is_empty_fine=True)
        return page(
            parameters,
            "ReplicationTaskIndividualAssessments",
            left,
            _show_individual,
            place=lambda one: self._of.place(one[1].arn),
        )

    def cancel(self, parameters: Parameters) -> dict[str, Any]:
        """The run stays `cancelling`: BC has no other word for one that was cancelled."""
        run = self._run(parameters)
        if run.status not in _UNDER_WAY:
            raise invalid_state(f"The assessment run {run.arn} is {run.status}")
        self._end(run, "cancelling", dict.fromkeys((one.name for one in run.individuals), "cancelled"))
        return {"ReplicationTaskAssessmentRun": self._show(run)}

    def delete(self, parameters: Parameters) -> dict[str, Any]:
        """What lies in the bucket stays (BC)."""
        run = self._run(parameters)
        if run.status in _UNDER_WAY or run.status == "deleting":
            raise invalid_state(f"The assessment run {run.arn} is {run.status}")
        run.status = "deleting"
        self._of.later(self._of.delays.deleting, self._remove, run)
        return {"ReplicationTaskAssessmentRun": self._show(run)}

    def _modelled(self, parameters: Parameters, given: list[str]) -> list[str]:
        if len(given) < len(_MODELLED):
            missing = next(name for name in _MODELLED if name not in given)
            raise AwsError("InvalidParameterCombinationException", f"{', '.join(given)} cannot go without {missing}")
        self._of.instance(parameters["ReplicationInstanceArn"])
        if parameters["SourceEngineName"] not in self._of.readers or parameters["TargetEngineName"] != "s3":
            ends = f"from {parameters['SourceEngineName']} to {parameters['TargetEngineName']}"
            raise NotEmulatedError(f"assessments of a task {ends}")
        return assessment_checks.applicable_to_s3(parameters["MigrationType"])

    def _provision(self, run: Run) -> None:
        if run.status == "starting":
            run.status = "provisioning"
            self._of.later(self._of.delays.assessing, self._begin, run)

    def _begin(self, run: Run) -> None:
        if run.status == "provisioning":
            run.status = "running"
            for one in run.individuals:
                one.status, one.started_at = "running", self._of.clock.now()
            self._of.later(self._of.delays.assessing, lambda: self._of.clock.work(self._look, run))

    def _look(self, run: Run) -> None:
        """Read the catalogue, judge it, and put the results. In the pool."""
        try:
            found = self._judged(run)
            verdicts = {name: "failed" if wrong else "passed" for name, wrong in found.items()}
            status = "failed" if "failed" in verdicts.values() else "passed"
            run.results.put("summary", {"name": run.name, "task": run.task.arn, "status": status, "results": verdicts})
            for name, wrong in found.items():
                run.results.put(name, {"name": name, "status": verdicts[name], "findings": wrong})
            failure = next((f"{name}: {wrong[0]}" for name, wrong in found.items() if wrong), "")
        except Exception as error:  # noqa: BLE001  whatever it is: a run may not stay `running` for ever
            status, failure = "error-executing", str(error) or repr(error)
            verdicts = dict.fromkeys((one.name for one in run.individuals), "error")
        with self._of.lock:
            if run.status == "running":
                run.failure = failure
                self._end(run, status, verdicts)

    def _judged(self, run: Run) -> dict[str, list[str]]:
        engine, mappings = run.task.source.engine, run.task.mappings
        source = self._of.readers[engine].open(login(self._of.aws, run.task.source))
        try:
            tables = [
                one
                for one in source.catalogue()
                if mappings.load_order(one.schema, one.name, is_view=one.is_view) is not None
            ]
        finally:
            source.close()
        names = [one.name for one in run.individuals]
        return {name: assessment_checks.findings(name, tables, lambda one: column_type(engine, one)) for name in names}

    def _end(self, run: Run, status: str, verdicts: Mapping[str, str]) -> None:
        for one in run.individuals:
            one.status = verdicts[one.name]
        run.status = status
        run.task.status = run.task_status

    def _remove(self, run: Run) -> None:
        del self._runs[run.arn]
        for arn in (run.arn, *(one.arn for one in run.individuals)):
            self._of.forget(arn)

    def _run(self, parameters: Parameters) -> Run:
        return require_found(self._runs, parameters["ReplicationTaskAssessmentRunArn"], "Assessment run")

    def _show(self, run: Run) -> dict[str, Any]:
        statuses = [one.status for one in run.individuals]
        counts = {word.capitalize(): statuses.count(word) for word in ("passed", "failed", "error", "cancelled")}
        newest = [one for one in self._runs.values() if one.task is run.task][-1]
        return members(
            ReplicationTaskAssessmentRunArn=run.arn,
            ReplicationTaskArn=run.task.arn,
            Status=run.status,
            ReplicationTaskAssessmentRunCreationDate=run.created_at,
            AssessmentProgress={
                "IndividualAssessmentCount": len(statuses),
                "IndividualAssessmentCompletedCount": sum(counts.values()),
            },
            LastFailureMessage=run.failure,
            IsLatestTaskAssessmentRun=run is newest,
            ResultStatistic=None if run.status in _UNDER_WAY else {**counts, "Warning": 0, "Skipped": 0},
            **run.given,
        )


def _show_individual(pair: tuple[Run, Individual]) -> dict[str, Any]:
    run, one = pair
    return members(
        ReplicationTaskIndividualAssessmentArn=one.arn,
        ReplicationTaskAssessmentRunArn=run.arn,
        IndividualAssessmentName=one.name,
        Status=one.status,
        ReplicationTaskIndividualAssessmentStartDate=one.started_at,
    )


def _chosen(parameters: Parameters, applicable: list[str]) -> list[str]:
    """The assessments that the request asks for: *applicable* ones, without what it leaves out."""
    only, without = parameters.get("IncludeOnly"), parameters.get("Exclude")
    if only and without:
        raise AwsError("InvalidParameterCombinationException", "IncludeOnly cannot go with Exclude")
    for name in only or without or ():
        if name not in assessment_checks.ASSESSMENTS:
            raise NotEmulatedError(f"the individual assessment {name}")
        if name not in applicable:
            raise refusal(f"The individual assessment {name} is not applicable to the task.")
    chosen = [name for name in applicable if (name in only if only else name not in (without or ()))]
    if not chosen:
        raise refusal("Exclude leaves no individual assessment.")
    return chosen
