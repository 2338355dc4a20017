"""The stack of a replication instance that the registry no longer names, and what a second synthesis leaves alone."""

from __future__ import annotations

import pytest

from synthesised import LEFT_BY_TERRAFORM, Stacks


@pytest.fixture
def left(variants: dict[str, Stacks]) -> Stacks:
    """The sample, and an instance of which only a state still knows."""
    return variants["left"]


def test_the_stack_of_an_instance_that_is_gone_is_empty_so_that_terraform_removes_all_of_it(left: Stacks) -> None:
    assert not left["instance-gone"].document.keys() & {"resource", "data"}


def test_a_stack_that_a_state_holds_and_the_registry_names_is_written_as_ever(left: Stacks, sample: Stacks) -> None:
    assert left["instance-one"].text == sample["instance-one"].text


@pytest.mark.parametrize("name", LEFT_BY_TERRAFORM)
def test_synthesis_leaves_alone_what_terraform_keeps_beside_a_stack(left: Stacks, name: str) -> None:
    assert (left["instance-gone"].folder / name).read_text(encoding="utf-8") == "kept"
