"""`fleet deploy`: which stacks, in which order, what is asked, what stops it, and what it says."""

from __future__ import annotations

import json

import pytest

from deploy_bench import CHANGED, MADE, Fleet, Place, cloud, fleet, place

__all__ = ["cloud", "fleet", "place"]

ALL = ["foundation", "instance-one", "pipeline"]


def test_each_stack_is_planned_shown_agreed_to_and_applied_before_the_next_is_planned(
    place: Place, fleet: Fleet
) -> None:
    for stack in ALL:
        place.terraform.play(stack, MADE)
    said = fleet("deploy", answers="y\ny\ny\n")
    assert (said.code, said.err) == (0, "")
    order = [(call[0], call[1]) for call in place.terraform.all_calls() if call[1] in {"plan", "apply"}]
    assert order == [(stack, command) for stack in ALL for command in ("plan", "apply")]
    assert said.out.index("Plan of foundation") < said.out.index("Apply foundation: 1 to create, 0 to change, 0 to")
    assert "foundation               applied       1 to create, 0 to change, 0 to destroy\n" in said.out
    assert "landing_bucket = the-bucket\n" in said.out


def test_what_is_applied_is_the_plan_that_was_shown_and_no_plan_is_left_on_the_disk(place: Place, fleet: Fleet) -> None:
    place.terraform.play("foundation", MADE)
    fleet("deploy", "--yes")
    (planned,), (applied,) = [
        [call for call in place.terraform.calls(command) if call[0] == "foundation"] for command in ("plan", "apply")
    ]
    assert "-out=fleet.tfplan" in planned
    assert applied[-1] == "fleet.tfplan"
    assert list(place.output.glob("**/*.tfplan")) == []


def test_a_second_deploy_applies_nothing_and_asks_nothing(place: Place, fleet: Fleet) -> None:
    place.terraform.play("foundation", MADE)
    assert fleet("deploy", "--yes").code == 0
    said = fleet("deploy")
    assert said.code == 0
    assert [line.split() for line in said.out.splitlines()[-4:-1]] == [[stack, "unchanged"] for stack in ALL]
    assert place.terraform.stacks_of("apply") == ["foundation"]


@pytest.mark.parametrize("answers", ["n\n", ""])
def test_a_plan_that_is_not_agreed_to_is_not_applied_and_nothing_after_it_begun(
    place: Place, fleet: Fleet, answers: str
) -> None:
    for stack in ALL:
        place.terraform.play(stack, MADE)
    said = fleet("deploy", answers=f"y\n{answers}")
    assert said.code == 1
    assert place.terraform.stacks_of("apply") == ["foundation"]
    assert "instance-one             declined" in said.out
    assert "pipeline                 not begun\n" in said.out
    assert "the same command again plans what is missing" in said.out


def test_the_first_failure_stops_and_says_what_is_applied_what_half_and_what_not(place: Place, fleet: Fleet) -> None:
    place.terraform.play("foundation", MADE)
    place.terraform.play("instance-one", MADE, fails="apply", says="the quota of instances is used up")
    said = fleet("deploy", "--yes")
    assert said.code == 3
    for line in ("foundation               applied", "instance-one             half applied"):
        assert f"{line:38} 1 to create" in said.out
    assert "pipeline                 not begun\n" in said.out
    assert "What is applied stays." in said.out
    assert said.err.startswith("Error: instance-one: terraform apply ended with 1:\n")
    assert "the quota of instances is used up" in said.err
    assert place.terraform.stacks_of("plan") == ["foundation", "instance-one"]


@pytest.mark.parametrize("command", ["init", "plan"])
def test_a_stack_that_cannot_be_planned_is_not_said_to_be_half_applied(
    place: Place, fleet: Fleet, command: str
) -> None:
    place.terraform.play("foundation", fails=command, says="no such bucket")
    said = fleet("deploy", "--yes")
    assert said.code == 3
    assert "foundation               failed" in said.out
    assert "no such bucket" in said.err
    assert place.terraform.stacks_of("apply") == []


def test_json_names_each_stack_on_standard_output_alone(place: Place, fleet: Fleet) -> None:
    place.terraform.play("foundation", MADE)
    place.terraform.play("pipeline", CHANGED, fails="apply", says="refused")
    said = fleet("deploy", "--yes", "--json")
    document = json.loads(said.out)
    assert said.code == 3
    assert [(one["stack"], one["state"]) for one in document["stacks"]] == [
        ("foundation", "applied"),
        ("instance-one", "unchanged"),
        ("pipeline", "half applied"),
    ]
    assert document["stacks"][0]["changes"] == [{"address": MADE[0], "actions": ["create"]}]
    assert document["stacks"][0]["outputs"] == {"landing_bucket": "the-bucket"}
    assert "refused" in document["error"]
    assert "Plan of foundation" in said.err


def test_json_without_a_yes_is_refused_because_it_asks_nobody(place: Place, fleet: Fleet) -> None:
    said = fleet("deploy", "--json")
    assert (said.code, said.out) == (2, "")
    assert said.err == "Error: --json asks nobody, and nothing says yes. Add --yes.\n"
    assert place.terraform.all_calls() == []


def test_plan_only_applies_nothing_and_its_exit_code_says_whether_anything_would_change(
    place: Place, fleet: Fleet
) -> None:
    assert fleet("deploy", "--plan-only").code == 0
    place.terraform.play("pipeline", CHANGED)
    said = fleet("deploy", "--plan-only", "--json")
    assert said.code == 1
    assert [one["state"] for one in json.loads(said.out)["stacks"]] == ["unchanged", "unchanged", "to change"]
    assert place.terraform.stacks_of("apply") == []


def test_plan_only_says_of_a_stack_that_looks_up_what_another_is_yet_to_make_that_it_waits(
    place: Place, fleet: Fleet
) -> None:
    place.terraform.play("foundation", MADE)
    place.terraform.play("instance-one", fails="plan", says="no matching security group")
    said = fleet("deploy", "--plan-only")
    assert said.code == 1
    assert "instance-one             waits         cannot be planned before foundation is applied\n" in said.out
    assert "no matching security group" in said.out


def test_plan_only_fails_where_a_stack_waits_for_nothing(place: Place, fleet: Fleet) -> None:
    place.terraform.play("instance-one", fails="plan", says="no matching security group")
    said = fleet("deploy", "--plan-only")
    assert said.code == 3
    assert "no matching security group" in said.err


def test_one_stack_alone_is_deployed_and_an_unknown_one_refused(place: Place, fleet: Fleet) -> None:
    for stack in ALL:
        place.terraform.play(stack, MADE)
    assert fleet("deploy", "--yes", "--stack", "pipeline").code == 0
    assert place.terraform.stacks_of("plan") == ["pipeline"]
    said = fleet("deploy", "--yes", "--stack", "instance-1")
    assert said.code == 2
    assert said.err == ("Error: there is no stack 'instance-1'. The stacks are foundation, instance-one, pipeline.\n")


def test_the_providers_are_chosen_once_and_kept_beside_the_registry(place: Place, fleet: Fleet) -> None:
    said = fleet("deploy", "--plan-only")
    lock = place.registry / "terraform.lock.hcl"
    assert f"The providers' versions now stand in {lock}: commit it." in said.out
    lock.write_text("# committed\n", encoding="utf-8")
    assert "commit it" not in fleet("deploy", "--plan-only").out
    for stack in ALL:
        kept = place.output / "stacks" / stack / ".terraform.lock.hcl"
        assert kept.read_text(encoding="utf-8") == "# committed\n"
