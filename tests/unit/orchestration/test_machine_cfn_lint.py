"""cfn-lint, which knows CloudFormation's schema of state machines, reads ours as a template would hold them."""

import json
from typing import Any

from cfnlint.api import lint_all

from orchestration.definitions import bind, load, placeholders


def machine(name: str, **change: Any) -> dict[str, Any]:
    definition = load(name)
    arn = "arn:aws:lambda:eu-central-1:123456789012:function:f"
    bound = bind(definition, dict.fromkeys(placeholders(definition), arn))
    return {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {"RoleArn": "arn:aws:iam::123456789012:role/fleet", "Definition": {**bound, **change}},
    }


def test_cfn_lint_finds_nothing_in_our_machines_and_something_in_a_wrong_one() -> None:
    machines = {
        "FleetRun": machine("fleet-run"),
        "DatabaseRun": machine("database-run"),
        # So that silence about the others means something. One call: cfn-lint takes seconds to load its schemas.
        "Wrong": machine("fleet-run", StartAt="Nowhere"),
    }
    found = lint_all(json.dumps({"Resources": machines}))
    # What begins with I is advice on the template, which only this test has.
    about = {str(one.path[1]) for one in found if one.rule.id[0] in "EW" and one.path and len(one.path) > 1}
    assert about == {"Wrong"}, found
