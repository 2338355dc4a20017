"""Faults on request: what is to break in which database, handed to the local cloud, felt by its night, taken away."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from typing import Any

from fleet.databases import Registry
from fleet.names import task_id
from lambdas.clients.snowflake import Transport
from local.faults.calls import Calls, Invocation, current_invocation
from local.faults.causes import Causes, Struck
from local.faults.endless import change_answer
from local.faults.moments import Moments
from local.faults.requests import Fault, read_fault
from local.faults.sources import WRONG_PASSWORD, FaultContext, FaultyReader, lost_secret, slow_down
from local.faults.warehouse import FaultyTransport
from localcloud.clock import Clock
from localcloud.dms.engines.reader import Login, Reader
from localcloud.in_process_transport import Answer, AwsError

Client = Callable[[str], Any]


class Faults:
    """The faults of one local cloud: `LocalCloud(..., faults=Faults({"nyc-flights": ["lost-source"]}))`.

    *broken*: faults by database, as texts or read already. Thread-safe; more may be added while a night runs.
    """

    def __init__(self, broken: Mapping[str, Iterable[str | Fault]] | None = None) -> None:
        self._causes = Causes()
        self._calls = Calls(self._causes)
        for database, faults in (broken or {}).items():
            for fault in faults:
                self.add(database, fault)

    def add(self, database: str, fault: str | Fault) -> None:
        """Break *database* from now on.

        Raises:
            MalformedInputError: There is no such fault, or a parameter of it is wrong.
        """
        self._causes.add(database, read_fault(fault) if isinstance(fault, str) else fault)

    def clear(self, database: str) -> None:
        """Take away every cause of *database*; what has come of them stays."""
        self._causes.clear(database)

    def struck(self) -> tuple[Struck, ...]:
        """Every fault that was asked for, with the times that the night has felt it; 0 where it never came to that."""
        return self._causes.struck()

    def effects(self, database: str) -> dict[str, int]:
        """How many calls that change something each state has made for *database*; "" for the run's own states."""
        return self._causes.effects(database)

    def calls(self, database: str) -> Counter[tuple[str, str]]:
        """How often each state has made each call for *database*; states of the run's own as `effects` has them."""
        return self._causes.calls(database)

    # The cloud's seams

    def attach(self, registry: Registry, secrets: Mapping[str, Mapping[str, Any]], client: Client) -> None:
        """Learn whose faults these are; before anything else of this section."""
        self._registry = registry
        self._client = client
        self._moments = Moments(registry.settings, client)
        self._places = {}
        for database in registry.databases:
            secret = secrets.get(registry.server_of(database).secret, {})
            self._places[secret.get("host"), secret.get("port"), database.name_at_source] = database.id

    def client(self, service: str) -> Any:
        """The client of *service* that handlers get."""
        return self._calls.hook(service, self._client(service), self._change_answer)

    def reader(self, inner: Reader) -> Reader:
        """The reader that DMS gets."""
        held = self._registry.settings.limits.stuck_seconds / 3
        return FaultyReader(inner, self._causes, FaultContext(self._database_of, self._stop_task, held))

    def transport(self, inner: Transport, clock: Clock) -> Transport:
        """The transport that handlers get."""
        return FaultyTransport(inner, self._causes, self._calls, clock.monotonic)

    def dms(self, inner: Answer) -> Answer:
        """The DMS that everybody gets."""

        def answer(operation: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
            self._refuse_gone(operation, parameters)
            return change_answer(inner(operation, parameters), self._causes, self._registry.settings)

        return answer

    def invoke(self, name: str, event: Mapping[str, Any], call: Callable[[], Any]) -> Any:
        """The call of a function, with what happens ahead of it and to it."""
        database = _database_of_event(event)
        for cause in self._causes.of(database, *self._moments.deeds):
            self._moments.come(cause, name, event)
        answer = self._calls.invoke(name, database, call)
        if name != "AskSource" or answer["answer"] is None:
            return answer
        if event["question"] == "census":
            for cause in self._causes.of(database, "mapping-empty"):
                cause.strike()
                return {**answer, "answer": {**answer["answer"], "tables": []}}
        if event["question"] != "counts":
            return answer
        return {**answer, "answer": slow_down(answer["answer"], event["seconds_each"], self._causes.of(database))}

    # What the seams do

    def _database_of(self, login: Login) -> str | None:
        return self._places.get((login.host, login.port, login.database))

    def _stop_task(self, database: str) -> None:
        dms, name = self._client("dms"), task_id(self._registry.settings.prefix, database, "full")
        filters = [{"Name": "replication-task-id", "Values": [name]}]
        task = dms.describe_replication_tasks(Filters=filters, WithoutSettings=True)["ReplicationTasks"][0]
        if task["Status"] == "running":
            dms.stop_replication_task(ReplicationTaskArn=task["ReplicationTaskArn"])

    def _change_answer(self, invocation: Invocation, operation: str, parsed: MutableMapping[str, Any]) -> None:
        """AskSource finds in the secret what the source has become."""
        if invocation.state != "AskSource" or operation != "GetSecretValue":
            return
        for cause in self._causes.of(invocation.database, "bad-password", "lost-source"):
            secret = json.loads(parsed["SecretString"])
            if cause.fault.name == "bad-password":
                cause.strike()
                secret["password"] = WRONG_PASSWORD
            elif cause.times:
                secret = lost_secret(secret)
            parsed["SecretString"] = json.dumps(secret)

    def _refuse_gone(self, operation: str, parameters: Mapping[str, Any]) -> None:
        """A task that is gone is not found, but by the plan, which was made before."""
        invocation = current_invocation()
        if operation != "DescribeReplicationTasks" or invocation is None:
            return
        for cause in self._causes.of(invocation.database, "task-gone"):
            cause.strike()
            raise AwsError("ResourceNotFoundFault", f"No Tasks found matching filter: {parameters.get('Filters')}")


def _database_of_event(event: Mapping[str, Any]) -> str | None:
    """The database that a function is called for, wherever its parameters carry it."""
    carriers = (event.get("attempt"), event.get("input"), event)  # AskSource has the attempt's number alone
    return next(one for one in carriers if one and isinstance(one, Mapping)).get("database")
