"""`fleet destroy`: the stacks backwards, and what is kept."""

from __future__ import annotations

import json

from deploy_bench import CHANGED, GONE, MADE, Fleet, Place, cloud, fleet, place

__all__ = ["cloud", "fleet", "place"]


def test_the_stacks_go_backwards_and_the_foundation_stays_with_the_data(place: Place, fleet: Fleet) -> None:
    for stack in ("foundation", "instance-one", "pipeline"):
        place.terraform.play(stack, GONE)
    said = fleet("destroy", answers="y\ny\n")
    assert said.code == 0
    assert place.terraform.stacks_of("apply") == ["pipeline", "instance-one"]
    assert all("-destroy" in call for call in place.terraform.calls("plan"))
    assert "Destroy pipeline: 0 to create, 0 to change, 1 to destroy?" in said.out
    assert "foundation               kept          `stack.keep_data` is true\n" in said.out


def test_the_foundation_goes_last_where_the_settings_give_the_data_up(place: Place, fleet: Fleet) -> None:
    place.write_settings("keep_data: false")
    for stack in ("foundation", "instance-one", "pipeline"):
        place.terraform.play(stack, GONE)
    said = fleet("destroy", "--yes", "--json")
    assert said.code == 0
    assert [(one["stack"], one["state"]) for one in json.loads(said.out)["stacks"]] == [
        ("pipeline", "applied"),
        ("instance-one", "applied"),
        ("foundation", "applied"),
    ]


def test_data_is_not_given_up_before_the_account_knows_of_it(place: Place, fleet: Fleet) -> None:
    place.write_settings("keep_data: false")
    place.terraform.play("foundation", CHANGED, MADE)
    said = fleet("destroy", "--yes")
    assert said.code == 2
    assert "is not as the settings say (aws_sns_topic.runs), so its buckets and ledger would refuse to go." in said.err
    assert said.err.endswith("`fleet deploy --stack foundation` first.\n")
    assert place.terraform.stacks_of("apply") == []


def test_an_open_run_refuses_to_have_its_tasks_destroyed(place: Place, fleet: Fleet) -> None:
    place.start("full-20261123")
    said = fleet("destroy", "--yes")
    assert said.code == 2
    assert "`fleet stop full-20261123`" in said.err
    assert place.terraform.all_calls() == []


def test_nothing_is_destroyed_that_nobody_agreed_to(place: Place, fleet: Fleet) -> None:
    place.terraform.play("pipeline", GONE)
    said = fleet("destroy", answers="\n")
    assert said.code == 1
    assert place.terraform.stacks_of("apply") == []
    assert "pipeline                 declined      0 to create, 0 to change, 1 to destroy\n" in said.out
