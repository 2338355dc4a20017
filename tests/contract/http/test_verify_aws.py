"""`fleet verify aws` against an account that is the local cloud itself, and against one that differs in one answer."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from cases import SETTINGS
from cli.sample_registry import SAMPLE_REGISTRY
from fleet.databases import Registry
from forks import ROOT, said_by_forks
from local.cloud import LocalCloud
from local.coverage.account_checks import CHECKS
from localcloud.aws import REGION
from localcloud.http.messages import Reply, Request
from localcloud.http.routing import Router
from localcloud.http.server import HttpServer
from localcloud.tests.http.http_cloud import KEY, Endpoint

ROLE = "arn:aws:iam::123456789012:role/fleet-verify"


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """An empty account on a clock that skips no wait: one check looks at an execution that is waiting."""
    registry = Registry(SETTINGS, (), ())
    with (
        LocalCloud(tmp_path_factory.mktemp("cloud"), registry, {}, clock="real", is_deployed=False) as cloud,
        Endpoint(cloud) as opened,
    ):
        yield opened


@dataclass(frozen=True)
class Verified:
    """What the command said, by case, and what the account heard of the one that has no leave to make anything."""

    said: Mapping[str, Mapping[str, Any]]
    heard_without_leave: Sequence[str]

    def report(self, case: str) -> tuple[int, dict[str, Any]]:
        """The exit code and the document."""
        said = self.said[case]
        assert said["err"] == ""
        return said["code"], json.loads(said["out"])


@pytest.fixture(scope="module")
def verified(endpoint: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Verified:
    """`fleet verify aws`, case after case, in processes beside this one: it opens a local cloud too, and a process has
    room for one.
    """
    folder = tmp_path_factory.mktemp("verify")
    router = Router(endpoint.cloud)
    heard: list[str] = []

    def answer_otherwise(request: Request) -> Reply:
        reply = router.answer(request)
        return replace(reply, body=reply.body.replace(b"InvalidArn", b"ValidationException"))

    def hear(reply: Reply, _: float) -> None:
        heard.append(f"{reply.operation} {reply.status}")

    with HttpServer(answer_otherwise) as otherwise, HttpServer(router.answer, heard=hear) as heeding:
        same = endpoint.server.endpoint
        cases = {
            "with leave": case("--json", "--create", "--role", ROLE, **at(same)),
            "without leave": case("--json", **at(heeding.endpoint)),
            "otherwise": case("--json", **at(otherwise.endpoint)),
            "fewer functions": case("--json", "--registry", more_functions(folder), **at(same)),
            "no credentials": case(AWS_DEFAULT_REGION=REGION),
            "no region": case(),
            "list": case("--list", "--json"),
        }
        said = said_by_forks(cases, "cli.local_answers")
    return Verified(said, heard)


def case(*arguments: str, **environment: str) -> dict[str, Any]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    where = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    asked = clean | where | {"AWS_EC2_METADATA_DISABLED": "true"} | environment
    return {"words": ["verify", "aws", *arguments], "environment": asked, "folder": str(ROOT)}


def at(url: str) -> dict[str, str]:
    """The environment of who asks the account at *url*."""
    credentials = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": "local"}
    return {"AWS_ENDPOINT_URL": url, "AWS_DEFAULT_REGION": REGION, **credentials}


def more_functions(folder: Path) -> str:
    """A registry that wants four times as many functions at once as the account runs."""
    registry = shutil.copytree(SAMPLE_REGISTRY, folder / "registry")
    settings = registry / "settings.yaml"
    settings.write_text(settings.read_text().replace("lambda_at_once: 1000", "lambda_at_once: 4000"))
    return str(registry)


def test_the_local_cloud_agrees_with_itself_in_everything_that_can_be_asked(
    endpoint: Endpoint, verified: Verified
) -> None:
    code, report = verified.report("with leave")
    assert [(one["behaviour"], one["verdict"], one["left_behind"]) for one in report["checks"]] == [
        (one.settles, "agrees" if one.local is None else "not asked", []) for one in CHECKS
    ]
    (why,) = [one["why"] for one in report["checks"] if one["verdict"] == "not asked"]
    assert why.startswith("no S3 target of this account has been tested: deploy the fleet")
    assert code == 1
    left = endpoint.client("dms").describe_endpoints()["Endpoints"]
    assert [one["EndpointIdentifier"] for one in left if one["Status"] != "deleting"] == []
    assert endpoint.client("stepfunctions").list_state_machines()["stateMachines"] == []


def test_without_leave_nothing_is_made(verified: Verified) -> None:
    code, report = verified.report("without leave")
    assert {one["verdict"] for one in report["checks"] if one["makes"]} == {"not run"}
    needs_fleet = {one.settles for one in CHECKS if one.local is not None}
    others = [one for one in report["checks"] if not one["makes"] and one["behaviour"] not in needs_fleet]
    assert {one["verdict"] for one in others} == {"agrees"}
    assert code == 1  # one question takes a fleet to ask
    heard = verified.heard_without_leave
    assert any(call.endswith(" 200") for call in heard)
    assert not [call for call in heard if "Create" in call and call.endswith(" 200")]


def test_an_account_that_answers_otherwise_is_found(verified: Verified) -> None:
    code, report = verified.report("otherwise")
    assert code == 1
    (found,) = [one for one in report["checks"] if one["verdict"] == "differs"]
    assert found["behaviour"] == "An ARN of another kind is InvalidArn, which says the kind"
    assert found["local"] != found["seen"]
    assert "ValidationException" in json.dumps(found["seen"])
    assert found["commands"]
    assert report["totals"]["differs"] == 1


def test_an_account_that_runs_fewer_functions_than_the_registry_says_is_named_with_the_next_step(
    verified: Verified,
) -> None:
    _, report = verified.report("fewer functions")
    (found,) = [one for one in report["checks"] if one["verdict"] == "differs"]
    assert found["behaviour"] == "The account runs limits.lambda_at_once functions at once (GetAccountSettings)"
    assert (found["local"], found["seen"], found["commands"]) == (4000, 1000, ["aws lambda get-account-settings"])
    assert "limits.lambda_at_once into registry/settings.yaml" in found["remedy"]


def test_without_credentials_it_says_so_in_a_sentence(verified: Verified) -> None:
    said = verified.said["no credentials"]
    assert (said["code"], said["out"]) == (2, "")
    assert said["err"] == "Error: Unable to locate credentials. Sign in to AWS; `fleet demo` needs no account.\n"


def test_without_a_region_it_says_so_in_a_sentence(verified: Verified) -> None:
    said = verified.said["no region"]
    assert said["code"] == 2
    assert said["err"] == "Error: You must specify a region. Set AWS_DEFAULT_REGION, or one in your profile.\n"


def test_the_list_needs_no_account(verified: Verified) -> None:
    said = verified.said["list"]
    assert said["code"] == 0
    listed = json.loads(said["out"])
    assert [one["behaviour"] for one in listed if one["by"] == "machine"] != []
    assert {one["behaviour"] for one in listed} >= {one.settles for one in CHECKS}
    assert all(one["ask"] for one in listed if one["by"] == "person")
