"""The blocks of a page that is typed into a shell."""

from __future__ import annotations

from proofs.by_hand import Step, steps


def test_each_block_of_commands_has_the_output_that_follows_it() -> None:
    page = "```sh\na\n```\n\n```text\nb\n```\n```sh\nc\n```\n"
    assert steps(page) == [Step("a\n", "b\n"), Step("c\n", "")]
