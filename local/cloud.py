"""AWS and Snowflake in one process: one clock, one account, our own handlers in it, and a registry deployed to it."""

from __future__ import annotations

import gc
import json
import logging
import random
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from fleet.databases import Registry
from lambdas.entrypoint import logger, metrics_log
from lambdas.wiring import Clients, Environment
from local.cores import core_set_apart
from local.deploy import Deployment, snowflake_user_arn
from local.faults.faults import Faults
from local.functions import Functions
from localcloud.authorization.iam import Roles
from localcloud.aws import LocalAws
from localcloud.clock import Clock, Kind
from localcloud.deliveries.alarms import Alarms
from localcloud.deliveries.event_bus import EventBus
from localcloud.deliveries.schedules import Schedules
from localcloud.dms.api import Dms
from localcloud.dms.engines.sources import readers
from localcloud.dms.requests.throttle import AWS_RATE
from localcloud.dms.resources import Delays, Quotas
from localcloud.lambda_service.api import LambdaService
from localcloud.lambda_service.places import Places
from localcloud.moto_patches import correct
from localcloud.quotas import DMS_ENDPOINTS, DMS_TASKS, LAMBDA_AT_ONCE
from localcloud.snowflake.loading.role_stages import RoleStages
from localcloud.snowflake.process import SnowflakeProcess
from localcloud.snowflake.transport import InProcessTransport
from localcloud.stepfunctions.api import AWS_RATES, StepFunctions
from localcloud.stepfunctions.log_groups import MotoLogGroups
from localcloud.throttling import Rate
from orchestration.functions import MODULES, function_arn

# Python runs one thread at a time: each one more waits for the others, at every call of DuckDB's. A night of 12 x 48
# tables took 15 % less with 4 than with 16 on two cores; with 3 to 5 it takes the same.
_WORKERS = 4
# Tables, objects and histories of one night stay until its end: to look through them for garbage every 700 objects, as
# Python does by default, took a tenth of a night. A cloud that stays has garbage of days, and does as Python does.
_GARBAGE = 50_000, 50, 100
LEDGER_TABLE = "fleet-ledger"
Event = dict[str, Any]


class LocalCloud:
    """A cloud that does not crash, in memory. *folder* gets the warehouse and the handlers' log; nothing else.

    Use it as a context. *on_status* gets EventBridge's event for each change of an execution's status, on a thread of
    its own. *faults*: what is to break in it. *is_deployed*: else the account is empty, and of the
    registry only the settings count. *has_machine*: nothing else runs beside it, so its two processes share the cores
    out. *dms_rate*: how many requests its DMS answers once all is deployed; None: all of them. *machine_rates*: the
    same of Step Functions, by operation. *lambda_at_once*: how many functions run at once, each for *lambda_seconds* on
    the clock at least. *snowflake_at_once*: with how many requests under way Snowflake takes no more; None: it takes
    all. *dms_delays*: how long DMS's changes of state take. *stays*: it serves for days, not for one night, so what is
    no longer used is given back. Deploying skips its waits on a real clock too, which is ahead afterwards.
    Whoever serves it over HTTP sets `endpoint`, by which the processes of deployed functions reach it.
    """

    def __init__(
        self,
        folder: Path,
        registry: Registry,
        secrets: Mapping[str, Mapping[str, Any]],
        *,
        clock: Kind = "virtual",
        time_scale: float = 1,
        has_machine: bool = False,
        stays: bool = False,
        is_deployed: bool = True,
        dms_rate: Rate | None = AWS_RATE,
        machine_rates: Mapping[str, Rate] = AWS_RATES,
        lambda_at_once: int = LAMBDA_AT_ONCE.value,
        lambda_seconds: float = 0,
        snowflake_at_once: int | None = None,
        dms_delays: Delays | None = None,
        on_status: Callable[[Event], object] = lambda _: None,
        seed: int = 0,
        faults: Faults | None = None,
    ) -> None:
        self.folder = folder
        self.registry = registry
        self.control_bucket = f"{registry.settings.prefix}-control-{registry.settings.account}"
        self._secrets = secrets
        self._clock_kind: Kind = clock
        self._time_scale = time_scale
        self._has_machine = has_machine
        self._stays = stays
        self._is_deployed = is_deployed
        self._dms_rate = dms_rate
        self._machine_rates = machine_rates
        self._lambda = lambda_at_once, lambda_seconds
        self._snowflake_at_once = snowflake_at_once
        self._dms_delays = dms_delays
        self._on_status = on_status
        self.faults = faults or Faults()
        self._random = random.Random(seed)  # noqa: S311  jitter of retries, repeatable
        self._open = ExitStack()
        self.endpoint = ""

    def __enter__(self) -> Self:
        settings = self.registry.settings
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self._stays:
            self._open.callback(gc.set_threshold, *gc.get_threshold())
            gc.set_threshold(*_GARBAGE)
        core = self._open.enter_context(core_set_apart()) if self._has_machine else None
        # First, so that it is given back last: a handler may still end while the clock closes.
        self._log_to(self.folder / "handlers.jsonl")
        correct()
        self.aws = self._open.enter_context(LocalAws())
        to_deploy: Kind = "virtual" if self._clock_kind == "real" else self._clock_kind
        self.clock = self._open.enter_context(Clock(to_deploy, workers=_WORKERS, scale=self._time_scale))
        self.faults.attach(self.registry, self._secrets, self.aws.client)
        faulty = {engine: self.faults.reader(reader) for engine, reader in readers().items()}
        raised = Quotas(
            replace(DMS_ENDPOINTS, value=settings.limits.dms_endpoints),
            replace(DMS_TASKS, value=settings.limits.dms_tasks),
        )
        self.dms = Dms(
            self.clock,
            self.aws,
            faulty,
            delays=self._dms_delays,
            quotas=raised,
            on_event=lambda event: self.events.deliver(event),
        )
        self.aws.serve("dms", self.faults.dms(self.dms.answer))
        self._environment = Environment(
            control_bucket=self.control_bucket,
            ledger_table=LEDGER_TABLE,
            ask_source_function=function_arn(settings.account, settings.region, settings.prefix, "AskSource"),
            notification_topic=f"arn:aws:sns:{settings.region}:{settings.account}:{settings.prefix}-runs",
        )
        iam_user_arn = snowflake_user_arn(settings)
        self.snowflake = SnowflakeProcess(
            self.folder / "warehouse",
            RoleStages(self.aws, iam_user_arn, self.clock.now),
            iam_user_arn=iam_user_arn,
            clock=self.clock,
            account=settings.snowflake.account,
            core=core,
            most_under_way=self._snowflake_at_once,
        )
        self._open.callback(self.snowflake.close)
        transport = self.faults.transport(InProcessTransport(self.snowflake), self.clock)
        self.clients = Clients(
            self._environment, self.faults.client, transport, self.clock.now, self.clock.pause, self._random.random
        )
        in_process = Functions(
            settings.prefix, lambda: self.clients, self.faults.invoke, MODULES if self._is_deployed else {}
        )
        places = Places(self.clock, *self._lambda)
        self.functions = LambdaService(
            self.folder / "functions", self.aws, self.clock, in_process, lambda: self.endpoint, places
        )
        self._open.callback(self.functions.close)
        self.aws.serve_requests("lambda", self.functions.answer)
        self.events = EventBus(self.aws, self.functions)
        self.schedules = Schedules(self.aws, self.functions)
        self.aws.serve_requests("cloudwatch", Alarms(self.aws).answer)
        self.machines = StepFunctions(
            self.clock,
            self.functions.invoke,
            account=settings.account,
            region=settings.region,
            jitter=self._random.random,
            on_status=self._tell,
            log_groups=MotoLogGroups(settings.account, settings.region),
            roles=Roles(self.aws),
            take_place=places.take,
            rates=self._machine_rates,
        )
        self.aws.serve("stepfunctions", self.machines.answer)
        self.machine_arns = self.deploy(self.registry) if self._is_deployed else {}
        self.clock.kind = self._clock_kind
        if self._dms_rate:  # not before: deploying takes no time here, and would be refused
            self.dms.start_throttling(self._dms_rate)
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def deploy(self, registry: Registry) -> dict[str, str]:
        """Bring the account to *registry*; the machines' ARNs by name."""
        deployment = Deployment(self.aws, self.clock, registry, self.control_bucket, LEDGER_TABLE)
        return deployment.make(self._secrets, self.snowflake)

    def start_run(self, run: str, run_input: Mapping[str, Any]) -> str:
        """Start `fleet-run` under the name *run*; the execution's ARN."""
        started = self.aws.client("stepfunctions").start_execution(
            stateMachineArn=self.machine_arns["fleet-run"], name=run, input=json.dumps(run_input)
        )
        return started["executionArn"]

    def _tell(self, event: Event) -> None:
        """A status event goes to the rules' functions, and to whoever watches."""
        self.events.deliver(event)
        self._on_status(event)

    def _log_to(self, path: Path) -> None:
        """What the handlers log goes to a file: a person watches progress, not JSON."""
        stream = self._open.enter_context(path.open("a", encoding="utf-8"))
        for handler in (logger.registered_handler, metrics_log.handlers[0]):
            if isinstance(handler, logging.StreamHandler):
                self._open.callback(handler.setStream, handler.stream)
                handler.setStream(stream)
