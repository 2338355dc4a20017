"""What a local cloud answers to the checks of `fleet verify aws`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from cli.sample_registry import SAMPLE_REGISTRY
from cli.verifying import PREFIX, pause_locally
from fleet.databases import Limits
from local.cloud import VARIABLES, LocalCloud
from local.coverage.account_checks import AccountQuestion
from local.coverage.asking import Answered, Asking
from localcloud.account import ACCOUNT, REGION
from localcloud.cloud import AccountLimits
from localcloud.environment import own_environment
from localcloud.http.routing import Router
from localcloud.http.server import HttpServer
from onboarding.reader import read_registry


def ask_local(checks: Iterable[AccountQuestion], limits: Limits) -> list[Answered]:
    """What a local cloud that bears *limits* says to *checks*, over HTTP as the account will be asked."""
    registry = replace(read_registry(SAMPLE_REGISTRY, {}), databases=())
    borne = AccountLimits(lambda_at_once=limits.lambda_at_once)
    arguments = {"region_name": REGION, "aws_access_key_id": "local", "aws_secret_access_key": "local"}
    with (
        own_environment(VARIABLES),
        tempfile.TemporaryDirectory() as folder,
        LocalCloud(Path(folder), registry, {}, clock="real", is_deployed=False, limits=borne) as cloud,
        HttpServer(Router(cloud).answer) as server,
    ):
        account = Asking(
            {**arguments, "endpoint_url": server.endpoint},
            account=ACCOUNT,
            region=REGION,
            prefix=PREFIX,
            role=f"arn:aws:iam::{ACCOUNT}:role/{PREFIX}",
            pause=pause_locally,
        )
        return [account.put(one.ask) if one.local is None else Answered(one.local, "", (), ()) for one in checks]
