"""One small machine without a fault, and for each rule the same machine with one."""

import copy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.definitions import load
from orchestration.lint import RULES, Contract, LintFinding, lint
from orchestration.lint.retriers import RETRIERS, START_RETRIERS, retriers_of

Document = dict[str, Any]


REVERSED = list(reversed(RETRIERS))


def handler(name: str, **more: Any) -> Document:
    retry = copy.deepcopy(list(RETRIERS))
    return {"Type": "Task", "Resource": f"${{{name}}}", "TimeoutSeconds": 60, "Retry": retry, **more}


CONTRACTS = {
    "TakeJob": Contract(
        "TakeJob",
        request=frozenset({"run"}),
        response=frozenset({"verdict", "names", "at_once", "wait_seconds"}),
        verdicts=frozenset({"taken", "wait"}),
        raises=frozenset({"ClaimLostError"}),
    ),
    "DoJob": Contract(
        "DoJob", request=frozenset({"name"}), response=frozenset({"done"}), verdicts=frozenset(), raises=frozenset()
    ),
}
GOOD: Document = {
    "TimeoutSeconds": 3600,
    "StartAt": "TakeJob",
    "States": {
        "TakeJob": handler("TakeJob", Parameters={"run.$": "$$.Execution.Name"}, ResultPath="$.job", Next="IsTaken"),
        "IsTaken": {
            "Type": "Choice",
            "Choices": [
                {"Variable": "$.job.verdict", "StringEquals": "taken", "Next": "EachName"},
                {"Variable": "$.job.verdict", "StringEquals": "wait", "Next": "WaitForJob"},
            ],
        },
        "WaitForJob": {"Type": "Wait", "SecondsPath": "$.job.wait_seconds", "Next": "TakeJob"},
        "EachName": {
            "Type": "Map",
            "ItemsPath": "$.job.names",
            "MaxConcurrencyPath": "$.job.at_once",
            "ItemSelector": {"name.$": "$$.Map.Item.Value", "count.$": "$.job.at_once"},
            "ItemProcessor": {
                "StartAt": "DoJob",
                "States": {
                    "DoJob": handler(
                        "DoJob",
                        Parameters={"name.$": "States.Format('{}-{}', $.name, $.count)"},
                        ResultSelector={"done.$": "$.done"},
                        Catch=[{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Note"}],
                        End=True,
                    ),
                    "Note": {"Type": "Pass", "Parameters": {"cause.$": "$.error.Cause"}, "End": True},
                },
            },
            "ResultPath": None,
            "Next": "Finish",
        },
        "Finish": {"Type": "Succeed"},
    },
}
TOP = GOOD["States"]


def with_fault(change: Callable[[Document], Any]) -> list[LintFinding]:
    document = copy.deepcopy(GOOD)
    change(document)
    return lint(document, CONTRACTS)


def set_at(*path: Any, to: Any) -> Callable[[Document], None]:
    """Put *to* at *path* below States; steps that are names of inner states go through the Map."""

    def change(document: Document) -> None:
        place: Any = document
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = to

    return change


def without(*path: Any) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        place: Any = document
        for step in path[:-1]:
            place = place[step]
        del place[path[-1]]

    return change


TAKE = ("States", "TakeJob")
WAIT = ("States", "WaitForJob")
TAKEN = ("States", "IsTaken")
EACH = ("States", "EachName")
INNER = (*EACH, "ItemProcessor", "States")
DO = (*INNER, "DoJob")
ALL = {"ErrorEquals": ["States.ALL"], "Next": "Finish"}
START = {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2", "TimeoutSeconds": 9, "End": True}
HASTY = {**START, "Retry": [START_RETRIERS[0], {**START_RETRIERS[1], "MaxAttempts": 3}]}
QUICK = {"ErrorEquals": ["Lambda.Unknown"], "MaxDelaySeconds": 9, "JitterStrategy": "FULL"}

FAULTS: list[tuple[str, str, Callable[[Document], None], str]] = [
    ("malformed-document", "(the machine)", set_at("States", to=[]), "has a list as States"),
    ("malformed-document", "TakeJob", set_at(*TAKE, to=5), "wanted an object with a Type"),
    ("malformed-document", "TakeJob", set_at(*TAKE, "Next", to=["a"]), "Next is a list, wanted the name of a state."),
    ("malformed-document", "TakeJob", set_at(*TAKE, "Retry", 0, to={}), "Retry[0] wants ErrorEquals"),
    ("malformed-document", "TakeJob", set_at(*TAKE, "TimeoutSeconds", to="60"), "TimeoutSeconds is text, wanted a who"),
    ("malformed-document", "IsTaken", set_at(*TAKEN, "Choices", to=[]), "has no Choices."),
    ("malformed-document", "IsTaken", without(*TAKEN, "Choices", 0, "Next"), "Choices[0] has no Next."),
    ("malformed-document", "WaitForJob", set_at(*WAIT, "SecondsPath", to=None), "SecondsPath is nothing, wanted text."),
    ("malformed-document", "EachName", without(*EACH, "ItemProcessor"), "has no ItemProcessor"),
    ("malformed-document", "EachName", without(*INNER), "has nothing as States"),
    ("timeout-missing", "(the machine)", without("TimeoutSeconds"), "has no TimeoutSeconds beside StartAt."),
    ("dangling-target", "WaitForJob", set_at(*WAIT, "Next", to="TakeJobs"), "Next leads to 'TakeJobs', which is no st"),
    ("dangling-target", "IsTaken", set_at(*TAKEN, "Default", to="Nowhere"), "Default leads to 'Nowhere'"),
    ("dangling-target", "IsTaken", set_at(*TAKEN, "Choices", 1, "Next", to="Hm"), "Choices[1].Next leads to 'Hm'"),
    ("dangling-target", "EachName/DoJob", set_at(*DO, "Catch", 0, "Next", to="Finish"), "lies in another scope"),
    ("dangling-target", "WaitForJob", set_at(*WAIT, "Next", to="Note"), "EachName/Note, which lies in another scope"),
    ("unreachable-state", "Lost", set_at("States", "Lost", to={"Type": "Succeed"}), "no path leads here"),
    ("unreachable-state", "EachName/Lost", set_at(*INNER, "Lost", to={"Type": "Succeed"}), "no path leads here"),
    ("choice-with-next", "IsTaken", set_at(*TAKEN, "Next", to="Finish"), "is a Choice and has Next"),
    ("choice-with-next", "IsTaken", set_at(*TAKEN, "End", to=True), "is a Choice and has End"),
    (
        "no-path-to-end",
        "(the machine)",
        set_at(*EACH, "Next", to="TakeJob"),
        "no end can be reached from TakeJob, IsTaken",
    ),
    ("name-twice", "EachName/Finish", set_at(*INNER, "Finish", to={"Type": "Succeed"}), "Finish, EachName/Finish."),
    ("fail-state", "Finish", set_at("States", "Finish", "Type", to="Fail"), "which a redrive cannot heal"),
    ("timeout-missing", "TakeJob", without(*TAKE, "TimeoutSeconds"), "has no TimeoutSeconds."),
    ("heartbeat-not-below-timeout", "TakeJob", set_at(*TAKE, "HeartbeatSeconds", to=60), "wanted less than TimeoutS"),
    ("all-not-alone-and-last", "TakeJob", set_at(*TAKE, "Catch", to=[ALL, ALL]), "Catch[0] names States.ALL, and Catc"),
    (
        "all-not-alone-and-last",
        "TakeJob",
        set_at(*TAKE, "Catch", to=[{"ErrorEquals": ["States.ALL", "States.Timeout"], "Next": "Finish"}]),
        "Catch[0] names States.ALL beside others.",
    ),
    ("unjittered-retry", "EachName", set_at(*EACH, "Retry", to=[{**QUICK, "JitterStrategy": "NONE"}]), "'NONE', w"),
    (
        "unjittered-retry",
        "EachName",
        set_at(*EACH, "Retry", to=[{"ErrorEquals": ["States.Timeout"]}]),
        "no MaxDelaySec",
    ),
    ("retriers-differ", "TakeJob", without(*TAKE, "Retry", 0), "has no retrier for ThrottledError. Copy it"),
    ("retriers-differ", "TakeJob", without(*TAKE, "Retry"), "has no retrier for TransientError. Copy it"),
    ("retriers-differ", "TakeJob", set_at(*TAKE, "Retry", 1, "MaxAttempts", to=3), "MaxAttempts is 3, wanted 8."),
    ("retriers-differ", "TakeJob", without(*TAKE, "Retry", 2), "has no retrier for Lambda.TooManyRequestsException."),
    ("retriers-differ", "TakeJob", set_at(*TAKE, "Retry", 2, "MaxAttempts", to=6), "MaxAttempts is 6, wanted 9999."),
    ("retriers-differ", "TakeJob", without(*TAKE, "Retry", 3), "has no retrier for Lambda.ClientExecutionTimeoutExcep"),
    ("retriers-differ", "TakeJob", without(*TAKE, "Retry", 5), "has no retrier for Sandbox.Timedout"),
    ("retriers-differ", "TakeJob", without(*TAKE, "Retry", 4), "has no retrier for ApiRefusedError"),
    ("retriers-differ", "TakeJob", set_at(*TAKE, "Retry", to=REVERSED), "in another order"),
    ("start-retriers-differ", "TakeJob", set_at(*TAKE, to=START), "has no retrier for StepFunctions.ExecutionLimitExc"),
    ("start-retriers-differ", "TakeJob", set_at(*TAKE, to=HASTY), "MaxAttempts is 3, wanted 60."),
    (
        "unknown-error",
        "TakeJob",
        set_at(*TAKE, "Catch", to=[{**ALL, "ErrorEquals": ["ClaimLost"]}]),
        "ClaimLost",
    ),
    (
        "unknown-error",
        "EachName/DoJob",
        set_at(*DO, "Catch", 0, "ErrorEquals", to=["ClaimLostError"]),
        "names ClaimLostError, which is not among what its handler raises.",
    ),
    (
        "unknown-error",
        "TakeJob",
        set_at(*TAKE, "Catch", to=[{**ALL, "ErrorEquals": ["States.TimeOut"]}]),
        "names States.TimeOut, which is no error",
    ),
    ("path-without-suffix", "EachName", set_at(*EACH, "ItemSelector", "x", to="$.job"), "ItemSelector.x holds '$.job'"),
    (
        "path-without-suffix",
        "EachName",
        set_at(*EACH, "ItemSelector", "x", to=[{"y": "$$.Execution.Id"}]),
        "x[0].y h",
    ),
    ("path-without-suffix", "EachName", set_at(*EACH, "ItemSelector", "x", to="States.UUID()"), "as mere text"),
    ("suffix-without-path", "EachName", set_at(*EACH, "ItemSelector", "x.$", to="job"), "ItemSelector.x.$ holds 'job'"),
    ("suffix-without-path", "EachName", set_at(*EACH, "ItemSelector", "x.$", to={"a": 1}), "holds {'a': 1}, wanted"),
    ("placeholder-in-text", "Finish", set_at("States", "Finish", "Comment", to="a ${B}"), "Comment holds 'a ${B}'"),
    ("no-handler", "TakeJob", set_at(*TAKE, "Resource", to="${DoJob}"), "calls ${DoJob}, wanted ${TakeJob}"),
    (
        "payload-differs",
        "TakeJob",
        set_at(*TAKE, "Parameters", to={}),
        "does not pass run, which",
    ),
    ("payload-differs", "TakeJob", set_at(*TAKE, "Parameters", "mode", to="full"), "passes mode, which the handler's"),
    ("payload-differs", "TakeJob", without(*TAKE, "Parameters"), "has no Parameters"),
    ("missing-path", "WaitForJob", set_at(*WAIT, "SecondsPath", to="$.job.seconds"), "SecondsPath reads $.job.seconds"),
    ("missing-path", "EachName", set_at(*EACH, "ItemsPath", to="$.names"), "$.names, which is not there"),
    ("missing-path", "EachName/DoJob", without(*EACH, "ItemSelector", "count.$"), "Parameters reads $.count"),
    (
        "missing-path",
        "EachName/Note",
        set_at(*INNER, "Note", "Parameters", "cause.$", to="$.error.cause"),
        "has Cause",
    ),
    ("verdict-not-covered", "IsTaken", without(*TAKEN, "Choices", 1), "has no branch for 'wait', which its handler"),
    (
        "verdict-not-covered",
        "IsTaken",
        set_at(*TAKEN, "Choices", 1, to={"Variable": "$.job.at_once", "NumericEquals": 1, "Next": "WaitForJob"}),
        "has no Default, and its branches are not the verdicts of one handler.",
    ),
    (
        "verdict-unknown",
        "IsTaken",
        lambda document: document["States"]["IsTaken"]["Choices"].append(
            {"Variable": "$.job.verdict", "StringEquals": "waits", "Next": "Finish"}
        ),
        "has a branch for 'waits'; its handler answers 'taken', 'wait'.",
    ),
]


def test_the_machine_without_a_fault_gives_no_finding() -> None:
    assert lint(GOOD, CONTRACTS) == []


@pytest.mark.parametrize(("code", "state", "change", "said"), FAULTS)
def test_a_fault_is_found_by_its_rule_in_its_state(
    code: str, state: str, change: Callable[[Document], None], said: str
) -> None:
    found = with_fault(change)
    assert [one for one in found if (one.code, one.state) == (code, state) and said in one.message], found


def test_every_rule_has_a_fault_that_it_finds_and_words_that_explain_it() -> None:
    assert {code for code, *_ in FAULTS} == {rule.code for rule in RULES}
    assert len({rule.code for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule.title
        assert rule.why.endswith(".")
        assert rule.source


def test_a_state_without_a_handler_is_found() -> None:
    found = lint(GOOD, {"TakeJob": CONTRACTS["TakeJob"]})
    assert [str(finding) for finding in found] == [
        "EachName/DoJob: no handler has this name. There are: TakeJob. [no-handler]"
    ]


def test_a_field_that_only_one_of_two_paths_fills_is_found() -> None:
    """IsTaken leads to EachName with and without a path through a state that overwrites what was answered."""

    def change(document: Document) -> None:
        document["States"]["WaitForJob"] |= {"Next": "Forget"}
        document["States"]["Forget"] = {"Type": "Pass", "Result": {}, "ResultPath": "$.job", "Next": "EachName"}

    assert {(finding.code, finding.state) for finding in with_fault(change)} == {("missing-path", "EachName")}


def test_a_default_takes_the_verdicts_without_a_branch() -> None:
    def change(document: Document) -> None:
        choice = document["States"]["IsTaken"]
        choice["Default"] = choice["Choices"].pop()["Next"]

    assert with_fault(change) == []


def test_a_choice_may_ask_whether_something_is_there() -> None:
    def change(document: Document) -> None:
        choice = document["States"]["IsTaken"]
        choice["Default"] = "WaitForJob"
        choice["Choices"] = [
            {
                "And": [
                    {"Variable": "$.job.names[0]", "IsPresent": True},
                    {"Not": {"Variable": "$.job.other", "IsPresent": True}},
                ],
                "Next": "EachName",
            }
        ]

    assert with_fault(change) == []


def _paths(content: Any) -> list[tuple[Any, ...]]:
    inner = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    return [path for key, value in inner for path in [(key,), *((key, *rest) for rest in _paths(value))]]


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["", "$", "$.a", "${A}", "States.ALL", "Finish"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["Next", "a.$", "Not"]), inner),
    max_leaves=4,
)


@given(st.sampled_from(_paths(GOOD)), junk)
@settings(max_examples=300, deadline=None)
def test_no_document_makes_the_lint_fail(path: tuple[Any, ...], value: Any) -> None:
    document = copy.deepcopy(GOOD)
    set_at(*path, to=value)(document)
    assert all(isinstance(finding, LintFinding) for finding in lint(document, CONTRACTS))
    assert all(isinstance(finding, LintFinding) for finding in lint(value, CONTRACTS))


@pytest.mark.parametrize("machine", ["fleet-run", "database-run"])
def test_the_retriers_of_our_machines_are_the_ones_the_lint_knows(machine: str) -> None:
    for name, state in load(machine)["States"].items():
        assert state.get("Retry", []) in ([], list(retriers_of(name))), name


def test_the_lint_needs_python_alone_and_no_other_linter() -> None:
    """Isolated and without site-packages: cfn-lint, or anything else that was installed, could not be imported."""
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from orchestration.definitions import load\n"
        "from orchestration.lint import lint\n"
        "print(len(lint(load('database-run'), {})) > 0)"
    )
    root = str(Path(__file__).parents[3])
    done = subprocess.run(  # noqa: S603 - our own interpreter, our own text
        [sys.executable, "-I", "-S", "-c", program, root], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("True\n", "")
