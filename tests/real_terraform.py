"""Terraform with AWS's real provider, for the tests that need them."""

from __future__ import annotations

import pytest

from local.terraform import Installed, find


@pytest.fixture(scope="session")
def terraform() -> Installed:
    """The Terraform and the provider of this machine."""
    return find()
