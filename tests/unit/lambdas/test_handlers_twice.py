"""Every state of a full run may run twice: the second call, with the same input, changes nothing anywhere.

Those of deltas: tests/deltas/test_deltas_killed_calls.py.
"""

from __future__ import annotations

from typing import Any

import pytest

from cases import FULL_RUN, Cases

Twice = tuple[dict[str, Any], dict[str, Any], dict[str, Any], dict[str, Any]]


@pytest.fixture(scope="module")
def walk(cases: Cases) -> dict[str, Twice]:
    """A good night by hand, each handler called once more when it has settled: answer and world before and after."""
    case = cases.take()
    case.claim()
    seen: dict[str, Twice] = {}
    for state in FULL_RUN[1:]:
        first = case.settle(state)
        case.time.pass_seconds(7)
        before = case.everything()
        seen[state] = (first, before, case.call(state), case.everything())
    return seen


@pytest.mark.parametrize("state", FULL_RUN[1:])
def test_a_handler_called_twice_changes_nothing_the_second_time(walk: dict[str, Twice], state: str) -> None:
    first, before, second, after = walk[state]
    assert after == before
    assert second == first | ({"sent": 0} if state == "SubmitLoads" else {})
