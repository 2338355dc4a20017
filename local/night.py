"""A run of the local cloud from the outside: start it, look at it while it runs, read how it ended."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fleet.databases import Mode
from fleet.execution_ends import read_cause
from fleet.names import child_name, task_id
from fleet.outcomes import Outcome
from lambdas.clients.executions import Execution, describe
from lambdas.outcome_records import read_outcome
from local.cloud import Event, LocalCloud
from orchestration.functions import DATABASE_RUN

_MOVING = DATABASE_RUN.index("PollTask")
_LOADING = DATABASE_RUN.index("SubmitLoads")


@dataclass(frozen=True)
class DatabaseLook:
    """One database of a run as it is now. *status*: `waiting`, or its execution's; *seconds*: since its start."""

    database: str
    status: str
    state: str
    tables_loaded: int
    tables: int
    seconds: float

    @property
    def share_done(self) -> float:
        """A rough share of its work, for an estimate: rows first, then the warehouse."""
        if self.status not in {"waiting", "RUNNING"}:
            return 1.0
        position = DATABASE_RUN.index(self.state) if self.state in DATABASE_RUN else 0
        if position < _MOVING:
            return 0.0
        loaded = self.tables_loaded / self.tables if self.tables else 0.0
        return 0.6 * loaded if position < _LOADING else 0.8


class Night:
    """One run. Make it before the cloud, give `hear` to the cloud, then `start` it. *mode*: the run's."""

    def __init__(self, run: str, mode: Mode = "full") -> None:
        self.run = run
        self.mode: Mode = mode
        self._over = threading.Event()
        self._heard: dict[str, dict[str, Any]] = {}

    def hear(self, event: Event) -> None:
        """Take in EventBridge's event for an execution of either machine."""
        detail = event["detail"]
        self._heard[detail["name"]] = detail
        if detail["name"] == self.run and detail["status"] != "RUNNING":
            self._over.set()

    def start(self, cloud: LocalCloud) -> None:
        """Start `fleet-run` under this run's name, in its mode."""
        self._cloud = cloud
        self._arn = cloud.start_run(self.run, {"mode": self.mode})

    def wait(self, seconds: float) -> bool:
        """Whether the run has ended, after at most *seconds* of real time."""
        return self._over.wait(seconds)

    def describe(self) -> Execution:
        """The execution as Step Functions describes it."""
        execution = describe(self._cloud.aws.client("stepfunctions"), self._arn)
        if execution is None:
            raise ValueError(f"{self._arn} was not started")
        return execution

    def look(self) -> list[DatabaseLook]:
        """Every onboarded database that has a task for the run's mode, as it is.

        The stand-ins are asked without boto3: reading hundreds of answers a second would slow the night looked at.
        """
        tasks = {task["ReplicationTaskIdentifier"]: task for task in self._cloud.dms.tasks()}
        prefix = self._cloud.registry.settings.prefix
        return [
            self._look_at(database.id, tasks.get(task_id(prefix, database.id, self.mode), {}))
            for database in self._cloud.registry.databases
            if database.onboarded and self.mode in database.modes
        ]

    def _look_at(self, database: str, task: Mapping[str, Any]) -> DatabaseLook:
        detail = self._heard.get(child_name(self.run, database, 0))
        if detail is None:
            return DatabaseLook(database, "waiting", "", 0, 0, 0.0)
        end = (detail.get("stopDate") or self._cloud.clock.now().timestamp() * 1000) / 1000
        stats = task.get("ReplicationTaskStats", {})
        counts = [stats.get(name, 0) for name in ("TablesLoaded", "TablesLoading", "TablesQueued", "TablesErrored")]
        state = self._state(detail["executionArn"]) if detail["status"] == "RUNNING" else ""
        return DatabaseLook(database, detail["status"], state, counts[0], sum(counts), end - detail["startDate"] / 1000)

    def _state(self, execution_arn: str) -> str:
        """The last task state that the execution entered."""
        asked = {"executionArn": execution_arn, "reverseOrder": True, "maxResults": 20, "includeExecutionData": False}
        history = self._cloud.machines.answer("GetExecutionHistory", asked)
        entered = (event.get("stateEnteredEventDetails", {}).get("name", "") for event in history["events"])
        return next((name for name in entered if name in DATABASE_RUN), "")

    def outcomes(self) -> list[Outcome]:
        """The outcomes that were recorded, whole, by database."""
        clients = self._cloud.clients
        return [read_outcome(record, clients) for record in clients.ledger.outcomes(self.run)]

    def explain(self) -> str:
        """Why the run as a whole failed, in the words of the state that failed it."""
        return read_cause(self.describe().cause)
