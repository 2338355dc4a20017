"""An inline Map: a branch for each item, so many at once as is asked and AWS surely gives.

When an item fails, the others are cancelled and the Map fails with the item's own error. A redrive goes on with the
items that failed or were cancelled, each from the state that it was in, and begins those that had not begun.
Source: https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html and .../redrive-executions.html
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from localcloud.quotas import SFN_INLINE_MAP_AT_ONCE
from localcloud.stepfunctions.dataflow import Payload, read_items, read_whole_number
from localcloud.stepfunctions.errors import StateFailedError
from localcloud.stepfunctions.executions import Branch, Execution
from localcloud.stepfunctions.language.states import Map, State, States

Run = Callable[[Execution, Branch, States, Payload], Awaitable[Payload]]

_CUT_OFF = {
    "Task": "TaskStateAborted",
    "Map": "MapStateAborted",
    "Parallel": "ParallelStateAborted",
    "Wait": "WaitStateAborted",
}


def begin_map(execution: Execution, branch: Branch, each: Map, taken: Payload) -> None:
    """Give *branch* an iteration for each item."""
    items = read_items(each.items_path, taken.value, branch.context)
    execution.record(branch, "MapStateStarted", mapStateStartedEventDetails={"length": len(items)})
    branch.iterations = [
        Branch(
            {**branch.context, "Map": {"Item": {"Index": index, "Value": item}}},
            branch.attempt,
            branch.last_event_id,
        )
        for index, item in enumerate(items)
    ]


async def run_map(run: Run, execution: Execution, branch: Branch, state: State, each: Map, taken: Payload) -> Payload:
    """The outputs of all iterations of *branch*, in the items' order; those that have one are not run again."""
    at_once = read_whole_number(each.at_once, taken.value, branch.context) or SFN_INLINE_MAP_AT_ONCE.value
    iterations = branch.iterations
    waiting = iter([(index, one) for index, one in enumerate(iterations) if one.output is None])

    async def work_through() -> None:
        # A cancelled iteration raises out of here, so that its worker never takes the next one.
        for index, iteration in waiting:
            await _run_item(run, execution, iteration, state.name, each, index, taken)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(at_once, SFN_INLINE_MAP_AT_ONCE.value, len(iterations))):
                group.create_task(work_through())
    except BaseExceptionGroup as errors:
        error = errors.exceptions[0]
        if isinstance(error, StateFailedError):
            branch.last_event_id = max(iteration.last_event_id for iteration in iterations)
            execution.record(branch, "MapStateFailed")
        raise error from None
    branch.last_event_id = max((one.last_event_id for one in iterations), default=branch.last_event_id)
    execution.record(branch, "MapStateSucceeded")
    return Payload([iteration.output.value for iteration in iterations if iteration.output is not None])


def record_cut_off(execution: Execution, branch: Branch) -> None:
    """Note in the history that the state which the cancelled *branch* was in was aborted."""
    if branch.standing is not None and branch.standing.state.kind in _CUT_OFF:
        execution.record(branch, _CUT_OFF[branch.standing.state.kind])


async def _run_item(
    run: Run, execution: Execution, iteration: Branch, name: str, each: Map, index: int, taken: Payload
) -> None:
    about: dict[str, Any] = {"name": name, "index": index}
    if not iteration.begun_id:
        execution.record(iteration, "MapIterationStarted", mapIterationStartedEventDetails=about)
        iteration.begun_id = iteration.last_event_id
    try:
        # As in AWS's histories, those that begin together are all begun before the first enters a state.
        await asyncio.sleep(0)
        if each.item_selector is None:
            item = Payload(iteration.context["Map"]["Item"]["Value"])
        else:
            item = Payload(each.item_selector(taken.value, iteration.context))
        iteration.output = await run(execution, iteration, each.processor, item)
    except StateFailedError:
        execution.record(iteration, "MapIterationFailed", mapIterationFailedEventDetails=about)
        raise
    except asyncio.CancelledError:
        record_cut_off(execution, iteration)
        execution.record(iteration, "MapIterationAborted", mapIterationAbortedEventDetails=about)
        raise
    execution.record(iteration, "MapIterationSucceeded", mapIterationSucceededEventDetails=about)
