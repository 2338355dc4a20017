"""Choice: which rule holds, and what happens when none does or a variable is missing."""

from __future__ import annotations

import pytest

from localcloud.stepfunctions.errors import DataFlowError, SyntaxNotReadError
from localcloud.stepfunctions.language.choices import compile_rule
from localcloud.tests.stepfunctions.stepfunctions_lab import failure_of, output_of

GIVEN = {"n": 5, "f": 5.0, "s": "abc", "star": "a*c", "t": True, "z": None, "m": 6, "u": "abc"}


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        ({"Variable": "$.s", "StringEquals": "abc"}, True),
        ({"Variable": "$.s", "StringEquals": "ab"}, False),
        ({"Variable": "$.n", "StringEquals": "5"}, False),
        ({"Variable": "$.s", "StringEqualsPath": "$.u"}, True),
        ({"Variable": "$.s", "StringMatches": "a*"}, True),
        ({"Variable": "$.s", "StringMatches": "*b*"}, True),
        ({"Variable": "$.s", "StringMatches": "a.c"}, False),
        ({"Variable": "$.s", "StringMatches": "a\\*c"}, False),
        ({"Variable": "$.star", "StringMatches": "a\\*c"}, True),
        ({"Variable": "$.n", "NumericEquals": 5}, True),
        ({"Variable": "$.n", "NumericEqualsPath": "$.f"}, True),
        ({"Variable": "$.t", "NumericEquals": 1}, False),
        ({"Variable": "$.n", "NumericLessThan": 5}, False),
        ({"Variable": "$.n", "NumericLessThanEquals": 5}, True),
        ({"Variable": "$.n", "NumericGreaterThan": 4.5}, True),
        ({"Variable": "$.n", "NumericGreaterThanEquals": 6}, False),
        ({"Variable": "$.n", "NumericLessThanPath": "$.m"}, True),
        ({"Variable": "$.s", "NumericGreaterThan": 1}, False),
        ({"Variable": "$.t", "BooleanEquals": True}, True),
        ({"Variable": "$.t", "BooleanEquals": False}, False),
        ({"Variable": "$.n", "BooleanEquals": True}, False),
        ({"Variable": "$.z", "IsNull": True}, True),
        ({"Variable": "$.n", "IsNull": True}, False),
        ({"Variable": "$.n", "IsNull": False}, True),
        ({"Variable": "$.z", "IsPresent": True}, True),
        ({"Variable": "$.no", "IsPresent": True}, False),
        ({"Variable": "$.no", "IsPresent": False}, True),
        ({"Not": {"Variable": "$.t", "BooleanEquals": True}}, False),
        ({"And": [{"Variable": "$.no", "IsPresent": True}, {"Variable": "$.no", "StringEquals": "x"}]}, False),
        ({"Or": [{"Variable": "$.t", "BooleanEquals": True}, {"Variable": "$.no", "StringEquals": "x"}]}, True),
        (
            {"And": [{"Or": [{"Variable": "$.n", "NumericEquals": 5}]}, {"Variable": "$$.go", "BooleanEquals": True}]},
            True,
        ),
    ],
)
def test_a_rule_holds(rule, holds):
    assert compile_rule({**rule, "Next": "A"})(GIVEN, {"go": True}) is holds


@pytest.mark.parametrize("comparison", [{"StringEquals": "x"}, {"IsNull": True}, {"NumericEqualsPath": "$.n"}])
def test_a_missing_variable_is_an_error(comparison):
    with pytest.raises(DataFlowError) as failed:
        compile_rule({"Variable": "$.no", **comparison})(GIVEN, {})
    assert failed.value.error == "States.Runtime"


@pytest.mark.parametrize(
    "rule",
    [
        {"Variable": "$.s", "StringEqual": "x"},
        {"Variable": "$.s", "StringMatchesPath": "$.u"},
        {"Variable": "$.s", "StringEquals": 5},
        {"Variable": "$.s", "IsPresent": "true"},
        {"Variable": "$.s", "StringEquals": "a", "IsPresent": True},
        {"StringEquals": "a"},
        {"And": []},
        {"Not": [{"Variable": "$.s", "IsPresent": True}]},
        {"And": [{"Variable": "$.s", "IsPresent": True, "Next": "B"}]},
        {"Condition": "{% true %}"},
    ],
)
def test_another_rule_is_refused(rule):
    with pytest.raises(SyntaxNotReadError):
        compile_rule(rule)


def choose(*rules, **more):
    return {
        "C": {"Type": "Choice", "Choices": list(rules), **more},
        "A": {"Type": "Pass", "Result": "a", "End": True},
        "B": {"Type": "Pass", "Result": "b", "End": True},
    }


BIG = {"Variable": "$.n", "NumericGreaterThan": 5, "Next": "A"}
HUGE = {"Variable": "$.n", "NumericGreaterThan": 50, "Next": "B"}


def test_the_first_rule_that_holds_decides():
    assert output_of(choose(BIG, HUGE), {"n": 100}) == "a"
    assert output_of(choose(HUGE, BIG), {"n": 100}) == "b"


def test_the_default_is_taken_when_no_rule_holds():
    assert output_of(choose(BIG, Default="B"), {"n": 1}) == "b"


def test_no_match_without_a_default_fails_with_no_choice_matched():
    assert failure_of(choose(BIG, HUGE), {"n": 1})[0] == "States.NoChoiceMatched"


def test_a_missing_variable_fails_rather_than_taking_the_default():
    error, cause = failure_of(choose(BIG, Default="B"), {})
    assert error == "States.Runtime"
    assert "'$.n'" in cause
