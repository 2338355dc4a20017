"""Terraform on the DMS resources of tests/terraform, in a folder of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

from local.terraform import Installed, Terraform
from localcloud.tests.http.http_cloud import KEY, Endpoint

CONFIGURATION = Path(__file__).parent / "terraform" / "dms.tf"


def configured(installed: Installed, endpoint: Endpoint, folder: Path) -> Terraform:
    """As a person would configure it for the account that answers at *endpoint*."""
    shutil.copy(CONFIGURATION, folder)
    environment = {
        "AWS_ENDPOINT_URL": endpoint.server.endpoint,
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": "eu-central-1",
    }
    return Terraform(installed, folder, environment)
