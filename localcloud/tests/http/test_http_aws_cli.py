"""The real AWS CLI against the endpoint, which it knows from nothing but the environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localcloud.tests.http.http_cloud import KEY, Endpoint, empty_endpoint

Aws = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    with empty_endpoint(tmp_path_factory.mktemp("cloud")) as opened:
        yield opened


@pytest.fixture
def aws(endpoint: Endpoint, tmp_path: Path) -> Aws:
    """Types `aws ...` in an empty folder."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "LC_ALL": "C.UTF-8",
        "AWS_ENDPOINT_URL": endpoint.server.endpoint,
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": "eu-central-1",
    }
    program = str(Path(sys.executable).with_name("aws"))

    def type_in(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603  the CLI that is installed beside us
            [sys.executable, program, *arguments],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    return type_in


def test_a_file_goes_to_a_bucket_and_back(aws: Aws, endpoint: Endpoint, tmp_path: Path) -> None:
    (tmp_path / "rows").write_bytes(b"rows\n" * 1_000)
    assert aws("s3", "mb", "s3://by-hand").returncode == 0
    sent = aws("s3", "cp", "rows", "s3://by-hand/grün/rows +1")
    assert sent.returncode == 0, sent.stderr
    found = endpoint.client("s3").get_object(Bucket="by-hand", Key="grün/rows +1")["Body"].read()
    assert found == (tmp_path / "rows").read_bytes()
    assert "grün/rows +1" in aws("s3", "ls", "--recursive", "s3://by-hand").stdout


def test_dms_is_read_and_refuses(aws: Aws) -> None:
    listed = aws("dms", "describe-replication-instances")
    assert json.loads(listed.stdout) == {"ReplicationInstances": []}
    refused = aws("dms", "delete-endpoint", "--endpoint-arn", "arn:none")
    assert refused.returncode != 0
    assert "(ResourceNotFoundFault) when calling the DeleteEndpoint operation" in refused.stderr
