"""The commands of docs/deploy.md that make the state bucket, typed with the real AWS CLI."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.tests.http.http_cloud import KEY, Endpoint, empty_endpoint

STATE_BUCKET = "fleet-states-123456789012"


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    with empty_endpoint(tmp_path_factory.mktemp("cloud")) as opened:
        yield opened


def test_the_state_bucket_comes_out_versioned_encrypted_private_and_tls_only(
    endpoint: Endpoint, tmp_path: Path
) -> None:
    page = (Path(__file__).parents[3] / "docs" / "deploy.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (script,) = [text for text in blocks if "create-bucket" in text]
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "AWS_ENDPOINT_URL": endpoint.server.endpoint,
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": "local",
        "LC_ALL": "C.UTF-8",
    }
    done = subprocess.run(  # noqa: S603  the page's own text
        ["bash", "-e", "-c", script],  # noqa: S607  as a person's terminal has it
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    s3 = endpoint.client("s3")
    assert s3.get_bucket_versioning(Bucket=STATE_BUCKET)["Status"] == "Enabled"
    (rule,) = s3.get_bucket_encryption(Bucket=STATE_BUCKET)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert all(s3.get_public_access_block(Bucket=STATE_BUCKET)["PublicAccessBlockConfiguration"].values())
    assert "aws:SecureTransport" in s3.get_bucket_policy(Bucket=STATE_BUCKET)["Policy"]
