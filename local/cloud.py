"""The product in the local cloud: our own handlers in its process, and a registry deployed to it."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from fleet.databases import Registry
from fleet.names import control_bucket, function_arn, notification_topic_arn
from lambdas.entrypoint import logger
from lambdas.metrics import metrics_handler
from lambdas.wiring import Clients, Environment
from local.deploy import Deployment, snowflake_user_arn
from local.faults.faults import Faults
from local.functions import HandlersInProcess
from localcloud.clock import Kind
from localcloud.cloud import AccountLimits, Cloud, Event, Hooks
from localcloud.dms.changes.captured import CaptureHooks
from localcloud.dms.resources import Quotas
from localcloud.snowflake.transport import InProcessTransport
from orchestration.functions import MODULES

VARIABLES = "FLEET_"
"""How the variables of the environment begin that are the product's own."""
LEDGER_TABLE = "fleet-ledger"


class LocalCloud(Cloud):
    """A local cloud with the fleet of *registry*. *folder* gets the handlers' log too.

    *faults*: what is to break in it. *is_deployed*: else the account is empty, and of the registry only the settings
    count; they also say to how many endpoints and tasks AWS has raised the account. *on_status*, *captures*: as
    `Hooks` has them. Deploying skips its waits on a real clock too, which is ahead afterwards.
    """

    def __init__(
        self,
        folder: Path,
        registry: Registry,
        secrets: Mapping[str, Mapping[str, Any]],
        *,
        clock: Kind = "virtual",
        time_scale: float = 1,
        stays: bool = False,
        is_deployed: bool = True,
        limits: AccountLimits | None = None,
        on_status: Callable[[Event], object] = lambda _: None,
        seed: int = 0,
        faults: Faults | None = None,
        captures: CaptureHooks | None = None,
    ) -> None:
        settings = registry.settings
        self.registry = registry
        self.control_bucket = control_bucket(settings.prefix, settings.account)
        self.faults = faults or Faults()
        self.faults.attach(registry, secrets, lambda service: self.aws.client(service))
        self._secrets = secrets
        self._is_deployed = is_deployed
        self._log = ExitStack()
        known = Quotas()
        raised = Quotas(
            replace(known.endpoints, value=settings.limits.dms_endpoints),
            replace(known.tasks, value=settings.limits.dms_tasks),
        )
        modules = MODULES if is_deployed else {}
        super().__init__(
            folder,
            functions=HandlersInProcess(settings.prefix, lambda: self.clients, self.faults.invoke, modules),
            clock=clock,
            time_scale=time_scale,
            stays=stays,
            limits=replace(limits or AccountLimits(), dms_quotas=raised),
            hooks=Hooks(self.faults.reader, self.faults.dms, on_status, self._prepare, captures or CaptureHooks()),
            snowflake_account=settings.snowflake.account,
            snowflake_user_arn=snowflake_user_arn(settings),
            seed=seed,
        )

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._log_to(self.folder / "handlers.jsonl")
        return super().__enter__()

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        self._log.close()  # last: a handler may still end while the clock closes

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

    def _prepare(self) -> None:
        settings = self.registry.settings
        environment = Environment(
            control_bucket=self.control_bucket,
            ledger_table=LEDGER_TABLE,
            ask_source_function=function_arn(settings.account, settings.region, settings.prefix, "AskSource"),
            notification_topic=notification_topic_arn(settings.account, settings.region, settings.prefix),
        )
        transport = self.faults.transport(InProcessTransport(self.snowflake), self.clock)
        self.clients = Clients(
            environment, self.faults.client, transport, self.clock.now, self.clock.pause, self.random
        )
        self.machine_arns = self.deploy(self.registry) if self._is_deployed else {}

    def _log_to(self, path: Path) -> None:
        """What the handlers log goes to a file: a person watches progress, not JSON."""
        stream = self._log.enter_context(path.open("a", encoding="utf-8"))
        for handler in (logger.registered_handler, metrics_handler):
            if isinstance(handler, logging.StreamHandler):
                self._log.callback(handler.setStream, handler.stream)
                handler.setStream(stream)
