"""Terraform with AWS's real provider, for the tests that need them."""

from __future__ import annotations

import pytest

from left_out import how_to_leave_out
from local.terraform import Installed, find
from orchestration.terraform import TerraformMissingError


@pytest.fixture(scope="session")
def terraform() -> Installed:
    """The Terraform and the provider of this machine."""
    try:
        return find()
    except TerraformMissingError as error:
        pytest.fail(f"{error} {how_to_leave_out('terraform')}", pytrace=False)
