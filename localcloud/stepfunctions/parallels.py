"""A Parallel: every branch at once, each on the whole input.

When a branch fails, the others are cancelled and the Parallel fails with that branch's error. A redrive goes on with
the branches that have no output yet. Source: https://docs.aws.amazon.com/step-functions/latest/dg/state-parallel.html
and .../redrive-executions.html
"""

from __future__ import annotations

import asyncio

from localcloud.stepfunctions.dataflow import Payload
from localcloud.stepfunctions.errors import StateFailedError
from localcloud.stepfunctions.executions import Branch, Execution
from localcloud.stepfunctions.language.states import Parallel, States
from localcloud.stepfunctions.maps import Run, record_cut_off


def begin_parallel(execution: Execution, branch: Branch, parallel: Parallel) -> None:
    """Give *branch* one of its own for each of the state's branches."""
    execution.record(branch, "ParallelStateStarted")
    branch.iterations = [Branch({**branch.context}, branch.attempt, branch.last_event_id) for _ in parallel.branches]


async def run_parallel(run: Run, execution: Execution, branch: Branch, parallel: Parallel, taken: Payload) -> Payload:
    """The outputs of all branches, in their order; those that have one are not run again."""
    pairs = list(zip(branch.iterations, parallel.branches, strict=True))
    try:
        async with asyncio.TaskGroup() as group:
            for one, flow in pairs:
                if one.output is None:
                    group.create_task(_run_branch(run, execution, one, flow, taken))
    except BaseExceptionGroup as errors:
        error = errors.exceptions[0]
        if isinstance(error, StateFailedError):
            branch.last_event_id = max(one.last_event_id for one, _ in pairs)
            execution.record(branch, "ParallelStateFailed")
        raise error from None
    branch.last_event_id = max(one.last_event_id for one, _ in pairs)
    execution.record(branch, "ParallelStateSucceeded")
    return Payload([one.output.value for one, _ in pairs if one.output is not None])


async def _run_branch(run: Run, execution: Execution, one: Branch, flow: States, taken: Payload) -> None:
    try:
        one.output = await run(execution, one, flow, taken)
    except asyncio.CancelledError:
        record_cut_off(execution, one)
        raise
