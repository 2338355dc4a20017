"""In-process functions that are bound by the roles they would have: each of their calls is judged before it is made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from fleet.databases import Registry
from lambdas.wiring import LOCAL, Clients
from local.cloud import LocalCloud
from local.faults.calls import current_invocation
from local.faults.faults import Faults
from localcloud.authorization.facts import Facts
from localcloud.authorization.iam import Role
from localcloud.authorization.needs import Need
from localcloud.authorization.operations import ask_of
from localcloud.snowflake.transport import InProcessTransport
from orchestration.function_roles import function_role_name, may
from orchestration.roles import Statement


def role_of(function: str, statements: list[Statement]) -> Role:
    """A role of *function* that allows *statements* and nothing else."""
    return Role(f"arn:aws:iam::123456789012:role/{function_role_name('fleet', function)}", statements)


def without_each(function: str, statements: list[Statement]) -> Iterator[tuple[str, str, list[Statement]]]:
    """Each action of *statements*: its statement's Sid without the function's name, the action, all but the action."""
    for place, statement in enumerate(statements):
        actions = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        for action in actions:
            left = [one for one in actions if one != action]
            rest = [*statements[:place], *([{**statement, "Action": left}] if left else []), *statements[place + 1 :]]
            yield statement["Sid"].removeprefix(function), action, rest


class JudgedFunctions(Faults):
    """`LocalCloud(..., faults=JudgedFunctions())`: a call that its function's role does not allow ends the function.

    *needs*: what each function's calls have needed so far, each once. With `start_cold`, no function remembers from one
    call to the next what it has read, as in a process of its own that was just begun. *more*: what every function may
    do beside, to what a test has put in the place of the fleet's own. *before*: called with the event before a function
    of that state is.
    """

    def __init__(self, *more: Statement, broken: Mapping[str, Iterable[str]] | None = None) -> None:
        super().__init__(broken)
        self._more = more
        self.before: dict[str, Callable[[Mapping[str, Any]], None]] = {}
        self.needs: dict[str, list[Need]] = {}
        self._judged: set[str] = set()
        self._roles: dict[str, Role] = {}
        self._facts = Facts(self._dms_tags)
        self._make_clients: Callable[[], Clients] | None = None
        self._secret_arns: list[str] = []

    def start_cold(self, cloud: LocalCloud) -> None:
        """From now on each call of a function of *cloud*'s is its process's first."""
        self._make_clients = lambda: Clients(
            cloud.clients.environment,
            self.client,
            InProcessTransport(cloud.snowflake),
            cloud.clock.now,
            cloud.clock.pause,
            lambda: 0.5,
        )

    def invoke(self, name: str, event: Mapping[str, Any], call: Callable[[], Any]) -> Any:
        if before := self.before.get(name.rpartition("-")[2]):
            before(event)
        if self._make_clients is not None:
            LOCAL.set(self._make_clients())  # in the context of this one call
        return super().invoke(name, event, call)

    def attach(
        self, registry: Registry, secrets: Mapping[str, Mapping[str, Any]], client: Callable[[str], Any]
    ) -> None:
        super().attach(registry, secrets, client)
        self.servers = registry.servers
        self._settings, self._clients = registry.settings, client

    def client(self, service: str) -> Any:
        made = super().client(service)
        if service not in self._judged:
            self._judged.add(service)

            def judge(params: Mapping[str, Any], model: Any, **_: Any) -> None:
                self._require(service, model.name, params)

            made.meta.events.register_first("before-parameter-build", judge)
        return made

    def statements(self, function: str) -> list[Statement]:
        """What the role of *function* allows, as the stack has it."""
        if not self._secret_arns:
            secrets = self._clients("secretsmanager")
            self._secret_arns = [secrets.describe_secret(SecretId=server.secret)["ARN"] for server in self.servers]
        return may(self._settings, function, self._secret_arns, self.servers)["Statement"]

    def _require(self, service: str, operation: str, parameters: Mapping[str, Any]) -> None:
        invocation = current_invocation()
        if invocation is None or invocation.depth:  # a stand-in calls, and no function
            return
        invocation.depth += 1  # so do we
        try:
            needs = list(ask_of(service, operation)(parameters, self._facts))
            if invocation.state not in self._roles:
                self._roles[invocation.state] = role_of(
                    invocation.state, [*self.statements(invocation.state), *self._more]
                )
        finally:
            invocation.depth -= 1
        noted = self.needs.setdefault(invocation.state, [])
        noted += [need for need in needs if need not in noted]
        for need in needs:
            self._roles[invocation.state].require(need.action, need.resource, need.context)

    def _dms_tags(self, arn: str) -> Mapping[str, str]:
        return {
            tag["Key"]: tag["Value"] for tag in self._clients("dms").list_tags_for_resource(ResourceArn=arn)["TagList"]
        }
