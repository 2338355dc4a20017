"""A client that makes any sequence of DMS calls, and what must hold whatever it does.

A sequence is a list of steps, each a pair of numbers: which call (or wait), and its values. The numbers come
from Hypothesis, so a sequence that breaks something is shrunk to a short one. Time is a clock of its own that moves
only when a step waits, and nothing runs in a thread: a step is exactly one call, or some time.
"""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from localcloud.tests.dms.operations import dms_calls
from localcloud.tests.dms.operations.dms_random_client import BrokenError, Client, Picks, Seen

Step = tuple[int, int]
STEPS = st.lists(st.tuples(st.integers(0, 9_999), st.integers(0, 2**32)), min_size=10, max_size=40)
_MOVING_TASKS = {"creating", "starting", "stopping", "modifying", "moving", "testing", "deleting", "running"}


def run(steps: Sequence[Step], seen: Seen) -> None:
    """Make the calls of *steps* on a new account. Raises BrokenError, with the calls made in its message."""
    client = Client(seen)
    try:
        _prepare(client, _BEGINNINGS[steps[0][0] % len(_BEGINNINGS)])
        for which, what in steps[1:]:
            _step(client, which, Picks(what))
        _require_rest(client)
    except BrokenError as error:
        raise BrokenError("\n".join([*client.trace, str(error)])) from error
    seen.sequences += 1


_BEGINNINGS = (0, 4, 4, 3, 2, 4, 1, 3, 4)


def _prepare(client: Client, how_far: int) -> None:
    """0: nothing; 1: an instance, two endpoints, and what goes with them; 2: a task; 3: tested; 4: started."""
    if how_far == 0:
        return
    for make in (dms_calls.subnet_group, dms_calls.subscription, dms_calls.certificate):
        make(client, Picks(0))
    ends = [dms_calls.create_instance, dms_calls.create_source, dms_calls.create_target]
    for make in ends:
        make(client, Picks(0))
    dms_calls.create_instance(client, Picks(1))  # another name
    client.wait(60)
    if how_far == 1:
        return
    dms_calls.create_task(client, Picks(0))
    client.wait(20)
    for endpoint in ("source", "target") if how_far > 2 else ():
        client.call(
            "TestConnection",
            {"ReplicationInstanceArn": client.arns["rep"][-1], "EndpointArn": client.arns[endpoint][-1]},
        )
    client.wait(20)
    if how_far == 4:
        start = {"ReplicationTaskArn": client.arns["task"][-1], "StartReplicationTaskType": "start-replication"}
        client.call("StartReplicationTask", start)


def _step(client: Client, which: int, picks: Picks) -> None:
    act = dms_calls.ACTS[which % len(dms_calls.ACTS)]
    if isinstance(act, str):
        dms_calls.any_call(client, act, picks)
    else:
        act(client, picks)


def _require_rest(client: Client) -> None:
    """After a quiet hour nothing moves any more, and what is shown fits together."""
    client.wait(3_600)
    instances = (client.call("DescribeReplicationInstances", {}) or {})["ReplicationInstances"]
    endpoints = (client.call("DescribeEndpoints", {}) or {})["Endpoints"]
    tasks = (client.call("DescribeReplicationTasks", {"WithoutSettings": True}) or {})["ReplicationTasks"]
    connections = (client.call("DescribeConnections", {}) or {"Connections": []})["Connections"]
    arns = {one["ReplicationInstanceArn"] for one in instances} | {one["EndpointArn"] for one in endpoints}
    _require(all(one["ReplicationInstanceStatus"] in {"available", "storage-full"} for one in instances), instances)
    _require(all(one["Status"] == "active" for one in endpoints), endpoints)
    _require(all(one["Status"] in {"successful", "failed"} for one in connections), connections)
    for one in connections:
        _require({one["ReplicationInstanceArn"], one["EndpointArn"]} <= arns, one)
        _require((one["Status"] == "failed") == ("LastFailureMessage" in one), one)
    for one in tasks:
        _require(one["Status"] not in _MOVING_TASKS, one)
        _require({one["ReplicationInstanceArn"], one["SourceEndpointArn"], one["TargetEndpointArn"]} <= arns, one)
        _require((one["Status"] == "ready") == ("ReplicationTaskStartDate" not in one), one)
        _require((one["Status"] == "ready") == ("StopReason" not in one), one)
        _require((one["Status"] == "failed") == ("LastFailureMessage" in one), one)


def _require(holds: bool, what: object) -> None:
    if not holds:
        raise BrokenError(f"this does not fit: {what}")
