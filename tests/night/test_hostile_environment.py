"""Nights and accounts for people whose shell is set up for another cloud and for other databases."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from local.up_folder import NotUpError, end

ROOT = Path(__file__).resolve().parents[2]
# Each of these alone broke `fleet demo` or changed what it moved, but for those marked, which did not.
HOSTILE = {
    "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1",
    "AWS_PROFILE": "nowhere",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "AWS_USE_DUALSTACK_ENDPOINT": "true",
    "AWS_RETRY_MODE": "nonsense",
    "AWS_MAX_ATTEMPTS": "nonsense",  # harmless before
    "AWS_CA_BUNDLE": "/nonexistent",  # harmless before
    "AWS_REGION": "us-gov-west-1",  # harmless before
    "HTTP_PROXY": "http://127.0.0.1:1",  # harmless before
    "HTTPS_PROXY": "http://127.0.0.1:1",  # harmless before
    "TEST_SERVER_MODE": "true",  # moto's
    "PGSERVICE": "nowhere",
    "PGOPTIONS": "-c nonsense=1",
    "PGCONNECT_TIMEOUT": "nonsense",
    "PGCLIENTENCODING": "LATIN1",
    "PGREQUIREAUTH": "none",
    "PGTARGETSESSIONATTRS": "standby",
    "PGHOST": "/nonexistent",  # harmless before
    "PGPASSWORD": "wrong",  # harmless before
    "PGSSLMODE": "verify-full",  # harmless before
    "PGTZ": "Asia/Tokyo",  # harmless before
    "PGDATESTYLE": "German",  # harmless before
    "MYSQL_HOST": "nowhere",  # harmless before
    "HOME": "/nonexistent",
    "TMPDIR": "/nonexistent",  # harmless before
    "TZ": "Asia/Tokyo",  # harmless before
    "LC_ALL": "xx_XX",  # harmless before
    "SSL_CERT_FILE": "/nonexistent",  # harmless before
    "PYTHONWARNINGS": "error",  # harmless before
}


def _fleet(environment: Mapping[str, str], *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  our own program
        [Path(sys.executable).with_name("fleet"), *arguments],
        cwd=ROOT,
        env=dict(environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.fixture
def hostile(tmp_path: Path) -> dict[str, str]:
    """All of it at once, and files that nobody could read."""
    config = tmp_path / "config"
    config.write_text("no configuration [[[")
    files = dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "PGSERVICEFILE"), str(config))
    return {"PATH": os.environ["PATH"], **HOSTILE, **files}


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder on which no local cloud is up afterwards."""
    yield tmp_path / "cloud"
    with suppress(NotUpError):
        end(tmp_path / "cloud")


def test_after_fleet_up_in_any_environment_a_demo_ends_green_and_a_second_account_opens(
    hostile: dict[str, str], folder: Path, tmp_path: Path
) -> None:
    up = _fleet(hostile, "up", "--detach", "--port", "0", "--folder", folder)
    assert up.returncode == 0, up.stderr
    # eval "$(fleet up --detach)"
    exported = dict(line.removeprefix("export ").split("=", 1) for line in up.stdout.splitlines() if "export" in line)
    environment = hostile | {name: shlex.split(value)[0] for name, value in exported.items()}
    assert environment["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")

    again = _fleet(environment, "up", "--detach", "--port", "0", "--folder", folder)
    assert again.returncode == 2
    assert "A local cloud is up on" in again.stderr
    other = _fleet(environment, "up", "--detach", "--port", "0", "--folder", tmp_path / "other")
    assert other.returncode == 0, other.stderr
    assert _fleet(environment, "down", "--folder", tmp_path / "other").returncode == 0

    size = ("--databases", "1", "--tables", "2")
    demo = _fleet(environment, "demo", *size, "--folder", tmp_path / "demo", "--json")
    assert demo.returncode == 0, demo.stderr[-2_000:]
    assert json.loads(demo.stdout)["status"] == "SUCCEEDED"
