"""cfn-lint, which knows CloudFormation's schema of state machines, reads ours as a template would hold them."""

import json
from typing import Any

from orchestration.definitions import bind, load, placeholders


def machine(name: str, **change: Any) -> dict[str, Any]:
    definition = load(name)
    arn = "arn:aws:lambda:eu-central-1:123456789012:function:f"
    bound = bind(definition, dict.fromkeys(placeholders(definition), arn))
    return {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {"RoleArn": "arn:aws:iam::123456789012:role/fleet", "Definition": {**bound, **change}},
    }


def inner(**change: Any) -> dict[str, Any]:
    """A machine whose Map holds one state; *change*: of the machine inside of the Map."""
    processor = {"StartAt": "One", "States": {"One": {"Type": "Pass", "End": True}}, **change}
    return {"States": {"Each": {"Type": "Map", "ItemProcessor": processor, "End": True}}, "StartAt": "Each"}


def alone(**fields: Any) -> dict[str, Any]:
    """A machine of this state, and another behind it."""
    return {"StartAt": "One", "States": {"One": fields, "Two": {"Type": "Succeed"}}}


def test_cfn_lint_finds_nothing_in_our_machines_and_what_our_own_lint_leaves_to_it() -> None:
    from cfnlint.api import lint_all  # here: loading it takes seconds, which the other workers need not wait

    wrong = {
        "StartsNowhere": {"StartAt": "Nowhere"},
        "StartsNowhereInside": inner(StartAt="Nowhere"),
        "NoStartInside": inner(StartAt=None),
        "NeitherNextNorEnd": alone(Type="Pass"),
        "EndFalse": alone(Type="Pass", End=False),
        "NextAndEnd": alone(Type="Pass", Next="Two", End=True),
        "SucceedWithEnd": alone(Type="Succeed", End=True),
        "SucceedWithNext": alone(Type="Succeed", Next="Two"),
        "FailWithEnd": alone(Type="Fail", End=True),
    }
    right = {"FleetRun": {}, "DatabaseRun": {}, "Inside": inner(), "Alone": alone(Type="Pass", Next="Two")}
    machines = {name: machine("fleet-run", **change) for name, change in {**right, **wrong}.items()}
    machines["DatabaseRun"] = machine("database-run")
    # One call: cfn-lint takes seconds to load its schemas.
    found = lint_all(json.dumps({"Resources": machines}))
    # What begins with I is advice on the template, which only this test has.
    about = {str(one.path[1]) for one in found if one.rule.id[0] in "EW" and one.path and len(one.path) > 1}
    assert about == wrong.keys(), found
