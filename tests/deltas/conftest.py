"""Databases that do deltas, after their first run: one for a test alone, or one for the tests of a module."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cases import Cases
from delta_case import DeltaCase, SharedCase


@pytest.fixture(scope="module")
def seed(cases: Cases) -> Callable[[], DeltaCase]:
    """Makes a database and runs it for the first time. A module with databases of another kind has its own `seed`."""

    def make() -> DeltaCase:
        database = DeltaCase(cases)
        assert database.run_ok() == ["prime", "full"]
        return database

    return make


@pytest.fixture
def seeded(seed: Callable[[], DeltaCase]) -> DeltaCase:
    """A database of the test's own, for a test that changes more of it than rows."""
    return seed()


@pytest.fixture(scope="module")
def sharing(seed: Callable[[], DeltaCase]) -> SharedCase:
    return SharedCase(seed)


@pytest.fixture
def shared(sharing: SharedCase) -> DeltaCase:
    """The database of the module's tests that bring rows of their own and leave all else as it was."""
    return sharing.take()
