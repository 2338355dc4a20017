"""What a module's tests share is as a seeded database is wanted, whatever the test before made of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

import pytest

from delta_case import DeltaCase, SharedCase


@dataclass
class Database:
    """What of a `DeltaCase` a test may leave otherwise."""

    shape: str = "as made"
    unequal: list[str] = field(default_factory=list)

    def lasting(self) -> tuple[object, ...]:
        return (self.shape,)

    def differences(self) -> list[str]:
        return self.unequal


def test_a_database_that_is_left_as_it_was_is_taken_again() -> None:
    shared = SharedCase(lambda: cast("DeltaCase", Database()))
    assert shared.take() is shared.take()


@pytest.mark.parametrize("left", [Database(shape="altered"), Database(unequal=["orders"])])
def test_a_database_that_is_left_otherwise_is_given_to_no_other_test(left: Database) -> None:
    made = iter([Database(), fresh := Database()])
    shared = SharedCase(lambda: cast("DeltaCase", next(made)))
    taken = cast("Database", shared.take())
    taken.shape, taken.unequal = left.shape, left.unequal
    assert shared.take() is cast("DeltaCase", fresh)
    assert shared.take() is cast("DeltaCase", fresh)
