"""Faults of API calls, and of the functions that make them: a refusal, a broken connection, a death after an effect.

Only calls that a handler makes are touched: a stand-in's own calls of other services, and those of an onlooker,
are none of the night's. That is why a call is matched by the invocation it is made in, which names the database even
where the request does not (an ARN of DMS's is a random word).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Literal

from botocore.awsrequest import AWSResponse
from botocore.exceptions import ReadTimeoutError

from local.faults.causes import Cause, Causes
from local.faults.deaths import death_of
from local.faults.operations import THROTTLED, is_effect
from localcloud.in_process_transport import response
from orchestration.functions import FLEET_RUN

_BEFORE = ("throttled-before", "timed-out-before")
_AFTER = ("throttled-after", "timed-out-after")
_MESSAGE = "Rate exceeded (a fault on request)"
Trouble = Literal["throttled", "timed out"]


class KilledError(BaseException):
    """The process of a function is gone. No handler may catch it, so it is no Exception. *death*: one of `DEATHS`."""

    def __init__(self, death: str) -> None:
        super().__init__(death)
        self.death = death


@dataclass
class Invocation:
    """One call of a function. *depth*: how many of its API calls are under way inside of each other."""

    state: str
    database: str | None
    depth: int = 0


_Answer = MutableMapping[str, Any]
"""What boto3's hooks pass: an answer as it is parsed, or the context of a call."""
_INVOCATION: ContextVar[Invocation | None] = ContextVar("invocation", default=None)


def current_invocation() -> Invocation | None:
    """The invocation that this thread works for, if it does so directly and not in a stand-in."""
    invocation = _INVOCATION.get()
    return invocation if invocation is not None and invocation.depth <= 1 else None


class Calls:
    """The API calls of handlers, and the invocations they are made in."""

    def __init__(self, causes: Causes) -> None:
        self._causes = causes
        self._hooked: set[str] = set()

    # Invocations

    def invoke(self, state: str, database: str | None, call: Callable[[], Any]) -> Any:
        """What *call* answers. Raises FunctionError for a function that died, under the name that a retrier matches."""
        invocation = Invocation(state, database)
        token = _INVOCATION.set(invocation)
        try:
            self._begin(invocation)
            answer = call()
            for cause in self._causes.of(database, "killed-everywhere"):
                self._kill_once(cause, state)
            return answer
        except KilledError as killed:
            raise death_of(killed.death) from None
        finally:
            _INVOCATION.reset(token)

    def _begin(self, invocation: Invocation) -> None:
        for cause in self._kills(invocation, "dies-each-time"):
            cause.strike()
            raise KilledError(cause.fault.values[1])
        for cause in self._kills(invocation):
            if cause.fault.values[1] == "0" and cause.strike_at_most(1):
                raise KilledError(cause.fault.values[2])

    def _kills(self, invocation: Invocation, fault: str = "killed-handler") -> Iterator[Cause]:
        """The deaths that are asked for in this state; PlanRun and CloseRun are of every database."""
        if invocation.state in FLEET_RUN:
            found = self._causes.named(fault)
        else:
            found = self._causes.of(invocation.database, fault)
        return (cause for cause in found if cause.fault.values[0] == invocation.state)

    def _kill_once(self, cause: Cause, state: str) -> None:
        if cause.count(state) == 1:
            cause.strike()
            raise KilledError(cause.fault.values[0])

    # Calls

    @contextmanager
    def called(self) -> Iterator[Invocation | None]:
        """A call of the invocation's own, or None where a stand-in makes it, or nobody's invocation does."""
        invocation = _INVOCATION.get()
        if invocation is None:
            yield None
            return
        invocation.depth += 1
        try:
            yield invocation if invocation.depth == 1 else None
        finally:
            invocation.depth -= 1

    def before(self, invocation: Invocation, operation: str) -> Trouble | None:
        """What happens instead of *operation*. Raises KilledError where the function dies ahead of it."""
        self._causes.count_call(invocation.database or "", invocation.state, operation)
        for cause in list(self._kills(invocation, "killed-call")):
            self._kill_around(cause, "before", cause.count("call"))
        return self._trouble(invocation, operation, _BEFORE)

    def _kill_around(self, cause: Cause, when: str, number: int) -> None:
        _, call, wanted, times, death = cause.fault.values
        if wanted == when and number >= int(call) and cause.strike_at_most(int(times)):
            raise KilledError(death)

    def after(self, invocation: Invocation, operation: str, *, is_done: bool) -> Trouble | None:
        """What comes instead of *operation*'s answer. Raises KilledError where the function dies of it."""
        for cause in self._kills(invocation, "killed-call"):
            self._kill_around(cause, "after", cause.counted("call"))
        if is_done and is_effect(operation):
            self._causes.count_effect(invocation.database or "", invocation.state)
            # Every cause counts every effect, whichever of them it is that strikes.
            due = [cause for cause in self._kills(invocation) if cause.count("effect") == int(cause.fault.values[1])]
            if struck := [cause for cause in due if cause.strike_at_most(1)]:
                raise KilledError(struck[0].fault.values[2])
            for cause in self._causes.of(invocation.database, "killed-everywhere"):
                self._kill_once(cause, invocation.state)
        return self._trouble(invocation, operation, _AFTER) if is_done else None

    def _trouble(self, invocation: Invocation, operation: str, names: tuple[str, str]) -> Trouble | None:
        for cause in self._causes.of(invocation.database, *names):
            wanted, times = cause.fault.values
            if wanted == operation and cause.strike_at_most(int(times)):
                return "throttled" if cause.fault.name.startswith("throttled") else "timed out"
        return None

    # botocore

    def hook(self, service: str, client: Any, changed: Callable[[Invocation, str, _Answer], None]) -> Any:
        """Let *client* feel the faults; *changed* may change an answer. The same client comes back."""
        if service in self._hooked:
            return client
        self._hooked.add(service)
        events, name = client.meta.events, client.meta.service_model.service_id.hyphenize()
        calls = _Hooks(self, service, client.meta.endpoint_url, changed)
        events.register_last(f"before-call.{name}", calls.before)
        events.register_last(f"after-call.{name}", calls.after)
        events.register_last(f"after-call-error.{name}", calls.failed)
        return client


class _Hooks:
    """botocore's events around one client's calls. What belongs to a call is kept in its request's context."""

    def __init__(
        self, calls: Calls, service: str, url: str, changed: Callable[[Invocation, str, _Answer], None]
    ) -> None:
        self._calls = calls
        self._service = service
        self._url = url
        self._changed = changed

    def before(self, model: Any, context: dict[str, object], **_: Any) -> tuple[AWSResponse, Mapping[str, Any]] | None:
        call = self._calls.called()
        invocation = call.__enter__()
        context["fleet_call"] = call, invocation
        if invocation is None:
            return None
        try:
            trouble = self._calls.before(invocation, model.name)
        except KilledError:  # botocore calls no hook of ours after this
            call.__exit__(None, None, None)
            raise
        if trouble is None:
            return None
        context["fleet_call"] = call, None  # the answer is ours already: nothing more is done to it
        if trouble == "timed out":
            call.__exit__(None, None, None)
            raise ReadTimeoutError(endpoint_url=self._url)
        status, parsed = self._refusal()
        return response(self._url, status, json.dumps(parsed).encode()), parsed

    def after(
        self,
        http_response: Any,
        parsed: _Answer,
        model: Any,
        context: _Answer,
        **_: Any,
    ) -> None:
        if "fleet_call" not in context:  # it began before the client was hooked
            return
        call, invocation = context["fleet_call"]
        try:
            if invocation is None:
                return
            is_done = http_response.status_code < 300
            if is_done:
                self._changed(invocation, model.name, parsed)
            trouble = self._calls.after(invocation, model.name, is_done=is_done)
            if trouble == "timed out":
                raise ReadTimeoutError(endpoint_url=self._url)
            if trouble == "throttled":
                http_response.status_code, refusal = self._refusal()
                parsed.clear()
                parsed.update(refusal)
        finally:
            call.__exit__(None, None, None)

    def failed(self, context: _Answer, **_: Any) -> None:
        if "fleet_call" in context:
            context["fleet_call"][0].__exit__(None, None, None)

    def _refusal(self) -> tuple[int, dict[str, object]]:
        code, status = THROTTLED.get(self._service, ("ThrottlingException", 400))
        return status, {
            "Error": {"Code": code, "Message": _MESSAGE},
            "ResponseMetadata": {"HTTPStatusCode": status},
        }
