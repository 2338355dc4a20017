"""What must hold before a deployment may touch an account: it is the right one, and no run is open in it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from cli.account import Account
from fleet.databases import Settings
from fleet.errors import RequestError
from lambdas.clients.executions import Execution, list_all
from lambdas.clients.refusals import code_of


class WrongAccountError(RequestError):
    """The credentials are of another account than the settings name."""


class RunOpenError(RequestError):
    """A run is open, whose databases a deployment would change under its hands."""


class StateError(RequestError):
    """A state of Terraform's cannot be read, or the bucket is not there that holds them."""


@dataclass(frozen=True)
class OpenRun:
    """An execution that runs. *machine*: `fleet-run`, or `database-run` for one that was started by hand."""

    machine: str
    name: str
    started_at: datetime

    def __str__(self) -> str:
        since = f"since {self.started_at:%Y-%m-%d %H:%M} UTC"
        return f"run {self.name!r} {since}" if self.machine == "fleet-run" else f"{self.machine} {self.name!r} {since}"


def require_account(sts: Any, settings: Settings) -> None:
    """Refuse credentials of another account.

    Raises:
        WrongAccountError: Says which account it is and which was wanted.
    """
    who = sts.get_caller_identity()
    if who["Account"] != settings.account:
        raise WrongAccountError(
            f"the credentials are of account {who['Account']} ({who['Arn']}), settings.yaml says {settings.account}.",
            remedy="Sign in to that account, or mend `account`.",
        )


def open_runs(account: Account) -> list[OpenRun]:
    """What runs now: runs first, then executions of single databases; none where nothing is deployed yet."""
    found = []
    for machine, arn in (("fleet-run", account.fleet_run), ("database-run", account.database_run)):
        found += [OpenRun(machine, one.name, one.started_at) for one in _running(account, arn)]
    return found


def _running(account: Account, machine_arn: str) -> list[Execution]:
    try:
        return list(list_all(account.clients.executions, machine_arn, "RUNNING"))
    except ClientError as error:
        if code_of(error) == "StateMachineDoesNotExist":
            return []
        raise


def require_no_open_run(account: Account) -> None:
    """Refuse while a run is open.

    Raises:
        RunOpenError: Names the run, since when it runs and how to end it.
    """
    runs = open_runs(account)
    if not runs:
        return
    first = runs[0]
    more = f", and {len(runs) - 1} more executions" if len(runs) > 1 else ""
    remedy = f"Wait for its end, or end it with `fleet stop {first.name}`."
    if first.machine != "fleet-run":
        remedy = "It was started by itself: wait for its end, or stop it in the console."
    raise RunOpenError(f"{first} is open{more}: a deployment would change tasks that move.", remedy=remedy)


def left_instances(s3: Any, settings: Settings, folder: Path) -> list[str]:
    """The stacks of replication instances that a state holds resources of.

    Raises:
        StateError: There is no such bucket, these credentials may not read it, or a state is broken.
    """
    if settings.stack.state_bucket:
        return _left_in_bucket(s3, settings)
    files = folder.glob("stacks/instance-*/instance-*.tfstate")
    return sorted(file.stem for file in files if _holds_resources(str(file), file.read_bytes()))


def _left_in_bucket(s3: Any, settings: Settings) -> list[str]:
    bucket, place = settings.stack.state_bucket, f"{settings.prefix}/"
    try:
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{place}instance-")
        keys = [one["Key"] for page in pages for one in page.get("Contents", ())]
        states = {
            key.removeprefix(place).removesuffix(".tfstate"): s3.get_object(Bucket=bucket, Key=key)["Body"].read()
            for key in keys
            if key.endswith(".tfstate")
        }
    except ClientError as error:
        raise StateError(
            f"the states in bucket {bucket!r} (`stack.state_bucket`) cannot be read: {code_of(error)}.",
            remedy="docs/deploy.md says how to make the bucket, and who may read it.",
        ) from error
    return sorted(name for name, state in states.items() if _holds_resources(f"{name} in {bucket}", state))


def _holds_resources(name: str, state: bytes) -> bool:
    try:
        return bool(json.loads(state or b"{}").get("resources"))
    except (ValueError, AttributeError) as error:
        raise StateError(
            f"the state {name} is none of Terraform's: {error}.", remedy="Bring its last good version back."
        ) from error
