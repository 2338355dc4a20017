"""How much of its starter's environment reaches a local cloud."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.aws import LocalAws
from localcloud.environment import own_environment

_CONFIG = """\
[default]
endpoint_url = http://127.0.0.1:1
services = elsewhere
use_fips_endpoint = true
retry_mode = nonsense
[services elsewhere]
sns =
  endpoint_url = http://127.0.0.1:1
"""
HOSTILE = {
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    "AWS_ENDPOINT_URL_SNS": "http://127.0.0.1:1",
    "AWS_PROFILE": "nowhere",
    "AWS_DEFAULT_PROFILE": "nowhere",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "AWS_USE_DUALSTACK_ENDPOINT": "true",
    "AWS_RETRY_MODE": "nonsense",
    "AWS_MAX_ATTEMPTS": "nonsense",
    "AWS_REGION": "us-gov-west-1",
    "AWS_DEFAULTS_MODE": "nonsense",
    "AWS_CA_BUNDLE": "/nonexistent",
    "AWS_STS_REGIONAL_ENDPOINTS": "nonsense",
}


@pytest.fixture
def environment() -> Iterator[dict[str, str]]:
    """Variables put in here are the process's until the test ends."""
    before = dict(os.environ)
    yield os.environ  # type: ignore[misc]
    os.environ.clear()
    os.environ.update(before)


def _make_topic() -> str:
    with LocalAws() as aws:
        return aws.client("sns").create_topic(Name="reached")["TopicArn"]


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_no_variable_leads_the_local_clouds_clients_elsewhere(environment: dict[str, str], name: str) -> None:
    environment[name] = HOSTILE[name]
    assert _make_topic().endswith(":reached")


@pytest.mark.parametrize("content", [_CONFIG, "no configuration [[["])
def test_no_configuration_file_leads_them_elsewhere(environment: dict[str, str], tmp_path: Path, content: str) -> None:
    (tmp_path / "config").write_text(content)
    environment |= {name: str(tmp_path / "config") for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")}
    assert _make_topic().endswith(":reached")


def test_a_process_of_the_cloud_knows_where_programs_are_and_nothing_of_other_clouds(
    environment: dict[str, str],
) -> None:
    environment |= {"FLEET_ONBOARD_NYC_FLIGHTS": "true", "PGSERVICE": "reports", "PYTHONPATH": "/elsewhere"}
    environment |= {"HOME": "/nonexistent", "MYSQL_HOST": "elsewhere", "TZ": "Asia/Tokyo", **HOSTILE}
    before, path = dict(environment), environment["PATH"]
    with own_environment("FLEET_"):
        home = Path(environment["HOME"])
        assert list(home.iterdir()) == []
        assert environment["TMPDIR"] == tempfile.gettempdir()
        assert environment["FLEET_ONBOARD_NYC_FLIGHTS"] == "true"
        passed = {name for name in environment if name in before} - {"TERM", "COLUMNS", "LINES", "LD_LIBRARY_PATH"}
        of_fleet = {name for name in passed if name.startswith("FLEET_")}
        assert passed - of_fleet <= {"PATH", "HOME", "TMPDIR", "TZ", "COLORTERM", "NO_COLOR", "FORCE_COLOR"}
        assert (environment["PATH"], environment["TZ"]) == (path, "UTC")
    assert dict(environment) == before
    assert not home.exists()
