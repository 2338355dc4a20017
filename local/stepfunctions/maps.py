"""An inline Map: a branch for each item, so many at once as is asked and AWS surely gives.

When an item fails, the others are cancelled and the Map fails with the item's own error.
Source: https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from fleet.quotas import SFN_INLINE_MAP_AT_ONCE
from local.stepfunctions.dataflow import Payload, read_items, read_whole_number
from local.stepfunctions.errors import StateFailedError
from local.stepfunctions.executions import Branch, Execution
from local.stepfunctions.states import Map, State, States

Run = Callable[[Execution, Branch, States, Payload], Awaitable[Payload]]

_CUT_OFF = {"Task": "TaskStateAborted", "Map": "MapStateAborted", "Wait": "WaitStateAborted"}


async def run_map(run: Run, execution: Execution, branch: Branch, state: State, each: Map, taken: Payload) -> Payload:
    """The outputs of all items, in the items' order."""
    items = read_items(each.items_path, taken.value, branch.context)
    at_once = read_whole_number(each.at_once, taken.value, branch.context) or SFN_INLINE_MAP_AT_ONCE.value
    execution.record(branch, "MapStateStarted", mapStateStartedEventDetails={"length": len(items)})
    started_id = branch.last_event_id
    branch.iterations = [
        Branch({**branch.context, "Map": {"Item": {"Index": index, "Value": item}}}, started_id)
        for index, item in enumerate(items)
    ]
    waiting = iter(enumerate(branch.iterations))

    async def work_through() -> None:
        # A cancelled iteration raises out of here, so that its worker never takes the next one.
        for index, iteration in waiting:
            await _run_item(run, execution, iteration, state.name, each, index, taken)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(at_once, SFN_INLINE_MAP_AT_ONCE.value, len(items))):
                group.create_task(work_through())
    except BaseExceptionGroup as errors:
        error = errors.exceptions[0]
        if isinstance(error, StateFailedError):
            branch.last_event_id = max(iteration.last_event_id for iteration in branch.iterations)
            execution.record(branch, "MapStateFailed")
        raise error from None
    branch.last_event_id = max((each.last_event_id for each in branch.iterations), default=started_id)
    execution.record(branch, "MapStateSucceeded")
    return Payload([iteration.output.value for iteration in branch.iterations if iteration.output is not None])


async def _run_item(
    run: Run, execution: Execution, iteration: Branch, name: str, each: Map, index: int, taken: Payload
) -> None:
    about: dict[str, Any] = {"name": name, "index": index}
    execution.record(iteration, "MapIterationStarted", mapIterationStartedEventDetails=about)
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
        if iteration.kind in _CUT_OFF:
            execution.record(iteration, _CUT_OFF[iteration.kind])
        execution.record(iteration, "MapIterationAborted", mapIterationAbortedEventDetails=about)
        raise
    execution.record(iteration, "MapIterationSucceeded", mapIterationSucceededEventDetails=about)
