"""A client of the local DMS on a clock of its own, and what must hold of each answer it gets."""

from __future__ import annotations

import heapq
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from botocore.exceptions import ClientError

from localcloud.aws import ACCOUNT, REGION, LocalAws
from localcloud.clock import Clock
from localcloud.dms.api import Dms
from localcloud.dms.engines.reader import TableHeldError
from localcloud.dms.resources import Delays
from localcloud.dms.states import may_follow
from localcloud.in_process_transport import AwsError
from localcloud.tests.dms.dms_cloud import FakeReader, allow, document

ROLE = f"arn:aws:iam::{ACCOUNT}:role/any"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:events"


class BrokenError(AssertionError):
    """Something happened that AWS rules out."""


class StepClock:
    """A clock that moves only by `advance`. Work is done when time next moves, in the order it came."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._number = 0
        self._due: list[tuple[float, int, Callable[[], object]]] = []

    def monotonic(self) -> float:
        return self._seconds

    def now(self) -> datetime:
        return datetime(2026, 11, 21, tzinfo=UTC) + timedelta(seconds=self._seconds)

    def call_later(self, seconds: float, callback: Callable[..., object], *args: object) -> None:
        self._number += 1
        heapq.heappush(self._due, (self._seconds + seconds, self._number, lambda: callback(*args)))

    def work(self, function: Callable[..., object], *args: object) -> None:
        self.call_later(0, function, *args)

    def advance(self, seconds: float) -> None:
        until = self._seconds + seconds
        while self._due and self._due[0][0] <= until:
            at, _, callback = heapq.heappop(self._due)
            self._seconds = max(self._seconds, at)
            callback()
        self._seconds = until


class FakeAws:
    """The other services, as far as DMS asks them: a role that may do everything, a secret, a topic, two subnets."""

    def __init__(self) -> None:
        self.read_of_iam: dict[str, Any] = {}

    def client(self, _: str) -> FakeAws:
        return self

    def get_role(self, **_: Any) -> dict[str, Any]:
        services = ["dms.amazonaws.com", f"dms.{REGION}.amazonaws.com"]
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": services}}
        return {"Role": {"Arn": ROLE, "RoleName": "any", "AssumeRolePolicyDocument": document(trust)}}

    def get_paginator(self, name: str) -> FakePaginator:
        return FakePaginator({"PolicyNames": ["own"]} if name == "list_role_policies" else {"AttachedPolicies": []})

    def get_role_policy(self, **_: Any) -> dict[str, Any]:
        return {"PolicyDocument": document(allow("*", "*"))}

    def describe_secret(self, SecretId: str) -> dict[str, Any]:  # noqa: N803  botocore's
        if SecretId != "shop":
            raise ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": SecretId}}, "DescribeSecret")
        return {"ARN": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:shop"}

    def get_secret_value(self, **_: Any) -> dict[str, Any]:
        return {"SecretString": '{"username": "u", "password": "p", "host": "h", "port": 1}'}

    def describe_subnets(self, SubnetIds: Sequence[str]) -> dict[str, Any]:  # noqa: N803  botocore's
        if unknown := set(SubnetIds) - {"subnet-a", "subnet-b"}:
            raise ClientError({"Error": {"Code": "InvalidSubnetID.NotFound", "Message": str(unknown)}}, "Describe")
        return {"Subnets": [{"SubnetId": one, "VpcId": "vpc-1", "AvailabilityZone": one[-1]} for one in SubnetIds]}

    def get_topic_attributes(self, TopicArn: str) -> dict[str, Any]:  # noqa: N803  botocore's
        if TopicArn != TOPIC:
            raise ClientError({"Error": {"Code": "NotFound", "Message": TopicArn}}, "GetTopicAttributes")
        return {}

    def __getattr__(self, _: str) -> Callable[..., dict[str, Any]]:
        return lambda **_: {}


class FakePaginator:
    """The one page that there is."""

    def __init__(self, page: Mapping[str, Any]) -> None:
        self._page = page

    def paginate(self, **_: Any) -> list[Mapping[str, Any]]:
        return [self._page]


@dataclass
class Seen:
    """What sequences did: how often each operation had each outcome."""

    sequences: int = 0
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def calls(self) -> int:
        return sum(self.outcomes.values())


class Picks:
    """A number, spent choice by choice."""

    def __init__(self, number: int) -> None:
        self._left = number

    def one(self, pool: Sequence[Any]) -> Any:
        self._left, index = divmod(self._left, len(pool))
        return pool[index]

    def some(self, **pools: Sequence[Any]) -> dict[str, Any]:
        """A member for each pool; one whose choice is None is left out."""
        chosen = {name: self.one(pool) for name, pool in pools.items()}
        return {name: value for name, value in chosen.items() if value is not None}


class Client:
    """One account at its beginning, and a client of it that remembers the ARNs it was given."""

    def __init__(self, seen: Seen) -> None:
        self.seen = seen
        self.trace: list[str] = []
        self.clock = StepClock()
        self.arns: dict[str, list[str]] = {kind: [] for kind in ("rep", "source", "target", "task", "cert", "run")}
        self.dms = Dms(
            cast(Clock, self.clock),
            cast(LocalAws, FakeAws()),
            {"postgres": _slow_reader()},
            delays=Delays(creating_instance=30, modifying_instance=30, rebooting=30, moving_task=20),
            on_change=self.changed,
        )

    def call(self, operation: str, parameters: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The answer, or None when it is refused. Raises BrokenError for what no client of AWS could meet."""
        self.trace.append(f"{operation}({json.dumps(parameters, default=str)})")
        try:
            answer = self.dms.answer(operation, json.loads(json.dumps(parameters)))
            json.dumps(answer, default=_timestamp)
        except AwsError as error:
            outcome, answer = error.code, None
            if not 400 <= error.status < 500 and error.code != "NotEmulated":
                raise BrokenError(f"{operation} answered {error.status}") from error
        except Exception as error:
            raise BrokenError(f"{operation}: {error!r}") from error
        else:
            outcome = "ok"
        self.trace[-1] += f" -> {outcome}"
        self.seen.outcomes[operation, outcome] += 1
        return answer

    def wait(self, seconds: float) -> None:
        if seconds:
            self.trace.append(f"wait {seconds}")
        try:
            self.clock.advance(seconds)
        except Exception as error:
            raise BrokenError(f"while time passed: {error!r}") from error

    def known(self, kind: str) -> list[str]:
        """The ARNs of that kind, newest first, and at times one that is nobody's."""
        return [*self.arns[kind][::-1] * 3, "arn:none"]

    def learn(self, kind: str, arn: str | None) -> None:
        if arn and arn not in self.arns[kind]:
            self.arns[kind].append(arn)

    def changed(self, kind: str, before: str, after: str) -> None:
        if not may_follow(kind, before, after):
            raise BrokenError(f"{kind}: {before or 'nothing'} became {after}")


def _slow_reader() -> FakeReader:
    """A source whose tables each need some time: they are held once before they are read."""
    reader = FakeReader({"orders": 1, "lines": 0, "v_sums": 0, "bad": "cannot be read"})
    held: list[str] = []

    def hold(table: str) -> None:
        if held.count(table) % 2 == 0:
            held.append(table)
            raise TableHeldError(15)
        held.append(table)

    reader.when_writing = hold
    return reader


def _timestamp(value: object) -> float:
    assert isinstance(value, datetime)
    return value.timestamp()
