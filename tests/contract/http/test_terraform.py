"""Terraform as the local cloud finds and runs it.

What it applies, plans and destroys is seen in tests/proved/test_terraform_cycle.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from configured_terraform import configured
from local.terraform import MIRROR, Installed, find, target
from localcloud.tests.http.http_cloud import Endpoint, empty_endpoint
from orchestration.terraform import TerraformFailedError, TerraformMissingError


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    with empty_endpoint(tmp_path_factory.mktemp("cloud")) as opened:
        yield opened


def test_terraform_says_why_it_failed(terraform: Installed, endpoint: Endpoint, tmp_path: Path) -> None:
    here = configured(terraform, endpoint, tmp_path)
    (tmp_path / "wrong.tf").write_text('resource "aws_s3_bucket" "b" {', encoding="utf-8")
    with pytest.raises(TerraformFailedError, match=r"(?s)terraform init ended with 1:.*wrong\.tf"):
        here.init()


def test_what_is_missing_for_terraform_is_said(tmp_path: Path) -> None:
    with pytest.raises(TerraformMissingError, match=r"^No terraform on the PATH\."):
        find({"PATH": str(tmp_path)})
    (tmp_path / "terraform").write_text("#!/bin/sh\n", encoding="utf-8")
    (tmp_path / "terraform").chmod(0o755)
    with pytest.raises(TerraformMissingError, match=rf"looked below {tmp_path}\), so nothing is proven"):
        find({"PATH": str(tmp_path), MIRROR: str(tmp_path)}, usual=())


@pytest.mark.parametrize(
    "kept", ["6.9.0/{target}/terraform-provider-aws_v6.9.0_x5", "terraform-provider-aws_6.9.0_{target}.zip"]
)
def test_the_newest_provider_is_found_unpacked_or_packed(tmp_path: Path, kept: str) -> None:
    (tmp_path / "terraform").write_text("#!/bin/sh\n", encoding="utf-8")
    (tmp_path / "terraform").chmod(0o755)
    for name in (kept, kept.replace("6.9.0", "5.100.0")):
        file = tmp_path / "registry.terraform.io/hashicorp/aws" / name.format(target=target())
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    found = find({"PATH": str(tmp_path), MIRROR: str(tmp_path)}, usual=())
    assert found == Installed(tmp_path / "terraform", tmp_path, "6.9.0")
