"""`fleet demo` and `fleet up` as a person starts them, in a shell that is set up for another cloud and other databases.

A demo is a full run, changes at the sources, a delta run, and a comparison.
"""

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

from cli.demo_runs import is_green
from local.up_folder import NotUpError, end

SIZE = ("--databases", "2", "--tables", "3")
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


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder on which no local cloud is up afterwards."""
    made = tmp_path_factory.mktemp("up") / "cloud"
    yield made
    with suppress(NotUpError):
        end(made)


@pytest.fixture(scope="module")
def environment(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """All of it at once, files that nobody could read, and what `fleet up`, started in it, exports."""
    config = tmp_path_factory.mktemp("config") / "config"
    config.write_text("no configuration [[[")
    files = dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "PGSERVICEFILE"), str(config))
    hostile = {"PATH": os.environ["PATH"], **HOSTILE, **files}
    up = _fleet(hostile, "up", "--detach", "--port", "0", "--folder", folder)
    assert up.returncode == 0, up.stderr
    # eval "$(fleet up --detach)"
    exported = dict(line.removeprefix("export ").split("=", 1) for line in up.stdout.splitlines() if "export" in line)
    return hostile | {name: shlex.split(value)[0] for name, value in exported.items()}


def test_after_fleet_up_in_any_environment_a_second_account_opens(
    environment: dict[str, str], folder: Path, tmp_path: Path
) -> None:
    assert environment["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
    again = _fleet(environment, "up", "--detach", "--port", "0", "--folder", folder)
    assert again.returncode == 2
    assert "A local cloud is up on" in again.stderr
    other = _fleet(environment, "up", "--detach", "--port", "0", "--folder", tmp_path / "other")
    assert other.returncode == 0, other.stderr
    assert _fleet(environment, "down", "--folder", tmp_path / "other").returncode == 0


def test_after_fleet_up_in_any_environment_a_demo_ends_with_a_delta_unless_faults_are_asked_for(
    environment: dict[str, str], tmp_path: Path
) -> None:
    demo_folder = tmp_path / "demo"
    whole = _fleet(environment, "demo", *SIZE, "--folder", demo_folder, "--json")
    assert whole.returncode == 0, whole.stderr[-2_000:]
    document = json.loads(whole.stdout)
    assert json.loads((demo_folder / "report.json").read_text()) == document
    changed = [table for one in document["changes"] for table in one["tables"]]
    assert len(document["changes"]) == 2
    assert min(sum(table[kind] for table in changed) for kind in ("inserted", "updated", "deleted")) > 0
    assert (document["status"], document["delta"]["status"]) == ("SUCCEEDED", "SUCCEEDED")
    assert document["delta"]["run"].startswith("delta-")
    applied = document["delta"]["totals"]["arrived"]["changes_applied"]["rows"]
    assert applied == sum(table[kind] for table in changed for kind in ("inserted", "updated", "deleted"))
    assert document["comparison"] == {"databases": 2, "tables": 6, "equal": 6, "different": []}
    assert "6 of 6 tables of 2 databases equal their sources" in whole.stderr
    assert document["delta"]["run"] in (demo_folder / "report-delta.html").read_text()
    assert document["run"] in (demo_folder / "report.html").read_text()

    broken = _fleet(os.environ, "demo", *SIZE, "--folder", demo_folder, "--json", "--break", "fleet-0001=lost-source")
    assert broken.returncode == 1
    assert "fleet-0001: 3 tables" in broken.stderr  # built anew: its rows had changed
    assert "Faults were asked for: the night is the full run alone" in broken.stderr
    document = json.loads(broken.stdout)
    assert {"changes", "delta", "comparison"} & document.keys() == set()
    assert [(one["database"], one["outcome"]) for one in document["databases"]] == [
        ("fleet-0001", "failed"),
        ("fleet-0002", "ok"),
    ]
    assert not (demo_folder / "report-delta.html").exists()


@pytest.mark.parametrize(
    ("status", "delta", "equal", "green"),
    [
        ("SUCCEEDED", "SUCCEEDED", 6, True),
        ("FAILED", "SUCCEEDED", 6, False),
        ("SUCCEEDED", "FAILED", 6, False),
        ("SUCCEEDED", "SUCCEEDED", 5, False),
    ],
)
def test_a_demo_is_green_only_where_both_runs_are_and_all_tables_are_equal(
    status: str, delta: str, equal: int, green: bool
) -> None:
    comparison = {"tables": 6, "equal": equal}
    assert is_green({"status": status, "delta": {"status": delta}, "comparison": comparison}) is green
    assert is_green({"status": status}) is (status == "SUCCEEDED")
