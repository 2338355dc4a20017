"""AWS and Snowflake in one process: one clock, one account, empty until somebody fills it."""

from __future__ import annotations

import gc
import random
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from localcloud.authorization.iam import Roles
from localcloud.aws import ACCOUNT, REGION, LocalAws
from localcloud.clock import Clock, Kind
from localcloud.deliveries.alarms import Alarms
from localcloud.deliveries.event_bus import EventBus
from localcloud.deliveries.schedules import Schedules
from localcloud.dms.api import Dms
from localcloud.dms.changes.captured import CaptureHooks
from localcloud.dms.engines.reader import Reader
from localcloud.dms.engines.sources import readers
from localcloud.dms.requests.throttle import AWS_RATE
from localcloud.dms.resources import Delays, Quotas
from localcloud.functions import Functions, NoFunctions
from localcloud.in_process_transport import Answer
from localcloud.lambda_service.api import LambdaService
from localcloud.lambda_service.places import Places
from localcloud.log_groups import MotoLogGroups
from localcloud.moto_patches import correct
from localcloud.quotas import LAMBDA_AT_ONCE
from localcloud.snowflake.loading.role_stages import RoleStages
from localcloud.snowflake.process import SnowflakeProcess
from localcloud.stepfunctions.api import AWS_RATES, StepFunctions
from localcloud.throttling import Rate

# Python runs one thread at a time: each one more waits for the others, at every call of DuckDB's. A run of 12 x 48
# tables took 15 % less with 4 than with 16 on two cores; with 3 to 5 it takes the same.
_WORKERS = 4
# Tables, objects and histories of one run stay until its end: to look through them for garbage every 700 objects, as
# Python does by default, took a tenth of a run. A cloud that stays has garbage of days, and does as Python does.
_GARBAGE = 50_000, 50, 100
Event = dict[str, Any]


@dataclass(frozen=True)
class AccountLimits:
    """How much the account lets pass. *dms_rate*: how many requests its DMS answers; None: all. *dms_delays*: how long
    DMS's changes of state take. *machine_rates*: requests of Step Functions, by operation. *lambda_at_once*: how many
    functions run at once, each for *lambda_seconds* on the clock at least. *snowflake_at_once*: with how many requests
    under way Snowflake takes no more; None: it takes all."""

    dms_rate: Rate | None = AWS_RATE
    dms_quotas: Quotas = field(default_factory=Quotas)
    dms_delays: Delays = field(default_factory=Delays)
    machine_rates: Mapping[str, Rate] = field(default_factory=lambda: AWS_RATES)
    lambda_at_once: int = LAMBDA_AT_ONCE.value
    lambda_seconds: float = 0
    snowflake_at_once: int | None = None


@dataclass(frozen=True)
class Hooks:
    """Where somebody may step in. *reader*: around what reads the sources; *dms*: around DMS's answers; *on_status*
    gets EventBridge's event for each change of an execution's status, on a thread of its own; *prepare*: what there is
    from the start is made by it, while requests are not limited and the clock skips waits; *captures*: what is done to
    captures of changes."""

    reader: Callable[[Reader], Reader] = lambda reader: reader
    dms: Callable[[Answer], Answer] = lambda answer: answer
    on_status: Callable[[Event], object] = lambda _: None
    prepare: Callable[[], object] = lambda: None
    captures: CaptureHooks = field(default_factory=CaptureHooks)


class Cloud:
    """A cloud that does not crash, in memory. *folder* gets the warehouse and deployed functions; nothing else.

    Use it as a context. *functions*: those that run in this process, without being deployed. *snowflake_account* and
    *snowflake_user_arn*: Snowflake's account, and its IAM user at AWS. *seed*: of the jitter of
    retries. *stays*: it serves for days, not for one run, so what is no longer used is given back. A process has room
    for one. Set `endpoint` where it is served over HTTP: by it the processes of deployed functions reach it.
    """

    def __init__(
        self,
        folder: Path,
        *,
        functions: Functions | None = None,
        clock: Kind = "virtual",
        time_scale: float = 1,
        stays: bool = False,
        limits: AccountLimits | None = None,
        hooks: Hooks | None = None,
        snowflake_account: str = "LOCAL-CLOUD",
        snowflake_user_arn: str = f"arn:aws:iam::{ACCOUNT}:user/snowflake-local",
        seed: int = 0,
    ) -> None:
        self.folder = folder
        self.endpoint = ""
        self.random = random.Random(seed).random  # noqa: S311  jitter, repeatable
        self._in_process = functions or NoFunctions()
        self._clock_kind: Kind = clock
        self._time_scale = time_scale
        self._stays = stays
        self._limits = limits or AccountLimits()
        self._hooks = hooks or Hooks()
        self._snowflake_account = snowflake_account
        self._snowflake_user_arn = snowflake_user_arn
        self._open = ExitStack()

    def __enter__(self) -> Self:
        limits = self._limits
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self._stays:
            self._open.callback(gc.set_threshold, *gc.get_threshold())
            gc.set_threshold(*_GARBAGE)
        correct()
        self.aws = self._open.enter_context(LocalAws())
        to_prepare: Kind = "virtual" if self._clock_kind == "real" else self._clock_kind
        self.clock = self._open.enter_context(Clock(to_prepare, workers=_WORKERS, scale=self._time_scale))
        self.dms = Dms(
            self.clock,
            self.aws,
            {engine: self._hooks.reader(reader) for engine, reader in readers().items()},
            delays=limits.dms_delays,
            quotas=limits.dms_quotas,
            on_event=lambda event: self.events.deliver(event),
            capture_hooks=self._hooks.captures,
        )
        self.aws.serve("dms", self._hooks.dms(self.dms.answer))
        self.snowflake = SnowflakeProcess(
            self.folder / "warehouse",
            RoleStages(self.aws, self._snowflake_user_arn, self.clock.now),
            iam_user_arn=self._snowflake_user_arn,
            clock=self.clock,
            account=self._snowflake_account,
            most_under_way=limits.snowflake_at_once,
        )
        self._open.callback(self.snowflake.close)
        places = Places(self.clock, limits.lambda_at_once, limits.lambda_seconds)
        self.functions = LambdaService(
            self.folder / "functions", self.aws, self.clock, self._in_process, lambda: self.endpoint, places
        )
        self._open.callback(self.functions.close)
        self.aws.serve_requests("lambda", self.functions.answer)
        self.events = EventBus(self.aws, self.functions)
        self.schedules = Schedules(self.aws, self.functions)
        self.aws.serve_requests("cloudwatch", Alarms(self.aws).answer)
        self.machines = StepFunctions(
            self.clock,
            self.functions.invoke,
            account=ACCOUNT,
            region=REGION,
            jitter=self.random,
            on_status=self._publish_status,
            log_groups=MotoLogGroups(ACCOUNT, REGION),
            roles=Roles(self.aws),
            take_place=places.take,
            rates=limits.machine_rates,
        )
        self.aws.serve("stepfunctions", self.machines.answer)
        self._hooks.prepare()
        self.clock.kind = self._clock_kind
        if limits.dms_rate:  # not before: preparing takes no time here, and would be refused
            self.dms.start_throttling(limits.dms_rate)
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def _publish_status(self, event: Event) -> None:
        """A status event goes to the rules' functions, and to who watches."""
        self.events.deliver(event)
        self._hooks.on_status(event)
