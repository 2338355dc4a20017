"""Whether a child outlives its parent: its parent's role says."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from cases import SETTINGS
from fleet.databases import Registry
from local.cloud import LocalCloud
from localcloud.tests.held_time import HeldTime
from localcloud.tests.http.http_cloud import Endpoint
from machine_roles import CHILDREN, HEARS, RUNS_CHILD, STARTS, WAITS, create, make_role, may
from orchestration.roles import Statement, allow


@pytest.mark.parametrize(
    ("more", "ends"), [([], "RUNNING"), ([allow("Stops", "states:StopExecution", CHILDREN)], "ABORTED")]
)
def test_a_child_is_stopped_with_its_parent_only_where_the_role_allows_it(
    tmp_path: Path, more: list[Statement], ends: str
) -> None:
    registry = Registry(SETTINGS, (), ())
    with (
        LocalCloud(tmp_path, registry, {}, clock="frozen", is_deployed=False) as cloud,
        Endpoint(cloud) as endpoint,
        ExitStack() as opened,
    ):
        make_role(endpoint)
        may(endpoint, HEARS, STARTS, *more)
        machines, time = endpoint.client("stepfunctions"), HeldTime(cloud.clock)
        opened.callback(time.release)
        create(machines, "child", WAITS)
        parent = machines.start_execution(stateMachineArn=create(machines, "parent", RUNS_CHILD))["executionArn"]
        child = f"{CHILDREN.removesuffix('*')}one"
        assert machines.describe_execution(executionArn=child)["status"] == "RUNNING"
        machines.stop_execution(executionArn=parent)
        assert machines.describe_execution(executionArn=child)["status"] == ends
