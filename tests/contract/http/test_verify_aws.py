"""`fleet verify aws` against an account that is the local cloud itself, and against one that differs in one answer."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cases import SETTINGS
from cli.sample_registry import SAMPLE_REGISTRY
from fleet.databases import Registry
from local.cloud import LocalCloud
from local.coverage.account_checks import CHECKS
from localcloud.aws import REGION
from localcloud.http.messages import Reply, Request
from localcloud.http.routing import Router
from localcloud.http.server import HttpServer
from localcloud.tests.http.http_cloud import KEY, Endpoint

ROLE = "arn:aws:iam::123456789012:role/fleet-verify"
COMMAND = [sys.executable, "-c", "from cli.main import main; main()", "verify", "aws"]


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """An empty account on a clock that skips no wait: one check looks at an execution that is waiting."""
    registry = Registry(SETTINGS, (), ())
    with (
        LocalCloud(tmp_path_factory.mktemp("cloud"), registry, {}, clock="real", is_deployed=False) as cloud,
        Endpoint(cloud) as opened,
    ):
        yield opened


def verify(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own: it opens a local cloud too, and a process has room for one."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    where = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    asked = clean | where | {"AWS_EC2_METADATA_DISABLED": "true"} | environment
    return subprocess.run(  # noqa: S603  our own command
        [*COMMAND, *arguments], env=asked, capture_output=True, text=True, check=False, timeout=300
    )


def verify_at(url: str, *arguments: str) -> tuple[int, dict[str, Any]]:
    """The exit code and the document of the account that answers at *url*."""
    credentials = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": "local"}
    said = verify("--json", *arguments, AWS_ENDPOINT_URL=url, AWS_DEFAULT_REGION=REGION, **credentials)
    assert said.stderr == ""
    return said.returncode, json.loads(said.stdout)


def test_the_local_cloud_agrees_with_itself_in_everything_that_can_be_asked(endpoint: Endpoint) -> None:
    code, report = verify_at(endpoint.server.endpoint, "--create", "--role", ROLE)
    assert [(one["behaviour"], one["verdict"], one["left_behind"]) for one in report["checks"]] == [
        (one.settles, "agrees" if one.local is None else "not asked", []) for one in CHECKS
    ]
    (why,) = [one["why"] for one in report["checks"] if one["verdict"] == "not asked"]
    assert why.startswith("no S3 target of this account has been tested: deploy the fleet")
    assert code == 1
    left = endpoint.client("dms").describe_endpoints()["Endpoints"]
    assert [one["EndpointIdentifier"] for one in left if one["Status"] != "deleting"] == []
    assert endpoint.client("stepfunctions").list_state_machines()["stateMachines"] == []


def test_without_leave_nothing_is_made(endpoint: Endpoint) -> None:
    endpoint.heard.clear()
    code, report = verify_at(endpoint.server.endpoint)
    assert {one["verdict"] for one in report["checks"] if one["makes"]} == {"not run"}
    needs_fleet = {one.settles for one in CHECKS if one.local is not None}
    others = [one for one in report["checks"] if not one["makes"] and one["behaviour"] not in needs_fleet]
    assert {one["verdict"] for one in others} == {"agrees"}
    assert code == 1  # one question takes a fleet to ask
    assert not [call for call in endpoint.heard if "Create" in call and call.endswith(" 200")]


def test_an_account_that_answers_otherwise_is_found(endpoint: Endpoint) -> None:
    router = Router(endpoint.cloud)

    def answer(request: Request) -> Reply:
        reply = router.answer(request)
        return replace(reply, body=reply.body.replace(b"InvalidArn", b"ValidationException"))

    with HttpServer(answer) as server:
        code, report = verify_at(server.endpoint)
    assert code == 1
    (found,) = [one for one in report["checks"] if one["verdict"] == "differs"]
    assert found["behaviour"] == "An ARN of another kind is InvalidArn, which says the kind"
    assert found["local"] != found["seen"]
    assert "ValidationException" in json.dumps(found["seen"])
    assert found["commands"]
    assert report["totals"]["differs"] == 1


def test_an_account_that_runs_fewer_functions_than_the_registry_says_is_named_with_the_next_step(
    endpoint: Endpoint, tmp_path: Path
) -> None:
    registry = shutil.copytree(SAMPLE_REGISTRY, tmp_path / "registry")
    settings = registry / "settings.yaml"
    settings.write_text(settings.read_text().replace("lambda_at_once: 1000", "lambda_at_once: 4000"))
    _, report = verify_at(endpoint.server.endpoint, "--registry", str(registry))
    (found,) = [one for one in report["checks"] if one["verdict"] == "differs"]
    assert found["behaviour"] == "The account runs limits.lambda_at_once functions at once (GetAccountSettings)"
    assert (found["local"], found["seen"], found["commands"]) == (4000, 1000, ["aws lambda get-account-settings"])
    assert "limits.lambda_at_once into registry/settings.yaml" in found["remedy"]


def test_without_credentials_it_says_so_in_a_sentence() -> None:
    said = verify(AWS_DEFAULT_REGION=REGION)
    assert said.returncode == 2
    assert said.stdout == ""
    assert said.stderr == "Error: Unable to locate credentials. Sign in to AWS; `fleet demo` needs no account.\n"


def test_without_a_region_it_says_so_in_a_sentence() -> None:
    said = verify()
    assert said.returncode == 2
    assert said.stderr == "Error: You must specify a region. Set AWS_DEFAULT_REGION, or one in your profile.\n"


def test_the_list_needs_no_account() -> None:
    said = verify("--list", "--json")
    assert said.returncode == 0
    listed = json.loads(said.stdout)
    assert [one["behaviour"] for one in listed if one["by"] == "machine"] != []
    assert {one["behaviour"] for one in listed} >= {one.settles for one in CHECKS}
    assert all(one["ask"] for one in listed if one["by"] == "person")
