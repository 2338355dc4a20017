"""Every list of Step Functions: its pages, tokens and filters. Which operations list, botocore's model says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest

from localcloud.in_process_transport import AwsError, NotEmulatedError
from localcloud.tests.stepfunctions.stepfunctions_lab import Gate, Lab, call, each, execution_arn, machine_arn
from localcloud.tests.whole_list import whole_list

COUNT = 130  # more than a page of the default size holds
STATUSES = ("RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")
ASKED: dict[str, dict[str, Any]] = {
    "ListStateMachines": {},
    "ListExecutions": {"stateMachineArn": machine_arn("m")},
    "GetExecutionHistory": {"executionArn": execution_arn("long", "x")},
    "ListStateMachineVersions": {"stateMachineArn": machine_arn("m")},
}
REFUSED = {"ListActivities", "ListMapRuns", "ListStateMachineAliases"}
_PASS = {"Type": "Pass", "End": True}


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """An account with long lists, and executions in each status."""
    with Lab() as opened:
        gate = Gate()
        opened.functions["held"] = gate
        opened.create("long", {"M": each({"In": _PASS}, ItemsPath="$.items")})
        opened.finish(opened.begin("long", {"items": list(range(60))}, name="x"))
        states = {"C": _choice(), "F": {"Type": "Fail"}, "H": call("held"), "W": _wait(), "P": _PASS}
        opened.create("m", states, TimeoutSeconds=60)
        for number in range(COUNT):
            opened.clock.work(_begin, opened, STATUSES[1 + number % 4], f"x{number}").result()
            opened.finish(execution_arn("m", f"x{number}"))
        for number in range(3):
            opened.begin("m", {"to": "RUNNING"}, name=f"running{number}")
        for number in range(COUNT):
            opened.create(f"m{number}", {"P": _PASS})
        yield opened
        gate.open()


def _begin(lab: Lab, wanted: str, name: str) -> None:
    """Begin an execution that ends in the status *wanted*. Time must not move, so that none times out too soon."""
    arn = lab.begin("m", {"to": wanted}, name=name)
    if wanted == "ABORTED":
        lab.answer("StopExecution", executionArn=arn)


def _choice() -> dict[str, Any]:
    ways = {"FAILED": "F", "RUNNING": "H", "ABORTED": "W", "TIMED_OUT": "W"}
    choices = [{"Variable": "$.to", "StringEquals": status, "Next": to} for status, to in ways.items()]
    return {"Type": "Choice", "Choices": choices, "Default": "P"}


def _wait() -> dict[str, Any]:
    return {"Type": "Wait", "Seconds": 3600, "End": True}


def _page(lab: Lab, operation: str, **given: Any) -> tuple[list[Any], str]:
    """The entries of one page, and the token of the next."""
    answer = lab.answer(operation, **{**ASKED[operation], **given})
    (entries,) = (value for value in answer.values() if isinstance(value, list))
    return entries, answer.get("nextToken", "")


def _whole(lab: Lab, operation: str, size: int, **given: Any) -> list[Any]:
    """The entries of all pages; none but the last holds fewer than were asked for."""

    def page(token: str) -> tuple[list[Any], str]:
        return _page(lab, operation, maxResults=size, **({"nextToken": token} if token else {}), **given)

    return whole_list(page, size)


def _refusal(lab: Lab, operation: str, **given: Any) -> str:
    with pytest.raises(AwsError) as caught:
        _page(lab, operation, **given)
    assert caught.value.status == 400
    return caught.value.code


def test_each_list_of_the_model_is_gone_through_or_refused_by_name(lab: Lab) -> None:
    model = botocore.session.get_session().get_service_model("stepfunctions")
    listing = {one for one in model.operation_names if "nextToken" in model.operation_model(one).input_shape.members}
    assert listing == set(ASKED) | REFUSED
    for operation in REFUSED:
        with pytest.raises(NotEmulatedError, match=operation):
            lab.answer(operation)


@pytest.mark.parametrize("operation", ASKED)
def test_the_pages_of_a_list_of_step_functions_hold_each_entry_once_and_in_one_order(lab: Lab, operation: str) -> None:
    whole = _whole(lab, operation, 1000)
    assert len(whole) >= (0 if operation == "ListStateMachineVersions" else COUNT)
    assert [one for at, one in enumerate(whole) if one in whole[:at]] == []
    for size in (1, 7, 100):
        assert _whole(lab, operation, size) == whole
    assert _page(lab, operation)[0] == _page(lab, operation, maxResults=0)[0] == whole[:100]


@pytest.mark.parametrize("operation", ASKED)
def test_a_page_of_step_functions_is_of_at_most_a_thousand_entries(lab: Lab, operation: str) -> None:
    for size in (-1, 1001):
        assert _refusal(lab, operation, maxResults=size) == "ValidationException"


@pytest.mark.parametrize("operation", ASKED)
def test_a_token_that_was_not_given_for_the_request_is_refused(lab: Lab, operation: str) -> None:
    other = "ListStateMachines" if operation != "ListStateMachines" else "ListExecutions"
    _, token = _page(lab, other, maxResults=5)
    for made_up in (token, token[:-4], "x", "100", "é"):
        assert _refusal(lab, operation, nextToken=made_up) == "InvalidToken"
    assert _refusal(lab, operation, nextToken="") == "ValidationException"


@pytest.mark.parametrize("status", STATUSES)
def test_executions_are_listed_by_each_status_in_pages(lab: Lab, status: str) -> None:
    every = _whole(lab, "ListExecutions", 1000)
    wanted = [one for one in every if one["status"] == status]
    assert len(wanted) >= 3
    assert _whole(lab, "ListExecutions", 2, statusFilter=status) == wanted


def test_executions_are_listed_by_no_other_status(lab: Lab) -> None:
    for given in ({"statusFilter": "LOST"}, {"statusFilter": "PENDING_REDRIVE"}, {"redriveFilter": "REDRIVEN"}):
        assert _refusal(lab, "ListExecutions", **given) == "ValidationException"


def test_a_history_in_pages_is_the_same_backwards(lab: Lab) -> None:
    whole = _whole(lab, "GetExecutionHistory", 1000)
    assert _whole(lab, "GetExecutionHistory", 7, reverseOrder=True) == whole[::-1]
    _, token = _page(lab, "GetExecutionHistory", maxResults=7)
    assert _refusal(lab, "GetExecutionHistory", reverseOrder=True, nextToken=token) == "InvalidToken"
