"""What a person types to have a local cloud: up, down and reset, as processes of their own."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import psutil
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from cli.main import main
from local.up_folder import NotUpError, Up, end, find, hold, tell
from said import Fleet, Said

ROOT = Path(__file__).resolve().parents[3]
COMMAND = [sys.executable, "-c", "from cli.main import main; main()"]


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "FLEET_"))}


@pytest.fixture
def fleet(capsys: pytest.CaptureFixture[str]) -> Fleet:
    """The command `fleet`, from the entry that a terminal takes to the exit code."""

    def type_in(*arguments: str | Path) -> Said:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(one) for one in arguments])
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return Said(int(ended.value.code or 0), said.out, said.err)

    return type_in


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder on which a local cloud is up; none is afterwards."""
    made = tmp_path_factory.mktemp("up") / "cloud"
    arguments = ["up", "--folder", str(made), "--detach", "--port", "0", "--json", "--log"]
    said = subprocess.run(  # noqa: S603  our own program
        [*COMMAND, *arguments], cwd=ROOT, env=environment(), capture_output=True, text=True, check=False, timeout=120
    )
    assert said.returncode == 0, said.stderr
    (made / "document").write_text(said.stdout)
    yield made
    with suppress(NotUpError):
        end(made)


@pytest.fixture
def up(folder: Path) -> dict[str, Any]:
    """What `fleet up` document of the account it opened."""
    return json.loads((folder / "document").read_text())


@pytest.fixture
def client(up: dict[str, Any]) -> Iterator[Callable[[str], Any]]:
    """boto3's clients by the environment that `fleet up` document."""
    document, made = up["environment"], []

    def make(service: str) -> Any:
        made.append(
            boto3.client(
                service,
                endpoint_url=document["AWS_ENDPOINT_URL"],
                region_name=document["AWS_DEFAULT_REGION"],
                aws_access_key_id=document["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=document["AWS_SECRET_ACCESS_KEY"],
                config=Config(retries={"total_max_attempts": 1}),
            )
        )
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_an_account_that_came_up_is_empty_and_answers(client: Callable[[str], Any]) -> None:
    assert client("s3").list_buckets()["Buckets"] == []
    assert client("stepfunctions").list_state_machines()["stateMachines"] == []
    assert client("sns").list_topics()["Topics"] == []


def test_a_second_one_on_the_folder_says_where_the_first_is(fleet: Fleet, folder: Path, up: dict[str, Any]) -> None:
    said = fleet("up", "--folder", folder, "--port", "0")
    assert said.code == 2
    assert f"{up['endpoint']}, process {up['pid']}" in said.err


def test_a_port_that_is_taken_is_said_in_the_background_too(fleet: Fleet, up: dict[str, Any], tmp_path: Path) -> None:
    port = str(urlsplit(up["endpoint"]).port)
    said = fleet("up", "--folder", tmp_path / "other", "--port", port, "--detach")
    assert said.code == 2
    assert f"Port {port} of 127.0.0.1 cannot be taken" in said.err


def test_what_is_overwritten_takes_no_memory(up: dict[str, Any], client: Callable[[str], Any]) -> None:
    cloud, s3 = psutil.Process(up["pid"]), client("s3")
    s3.create_bucket(Bucket="overwritten", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})

    def overwrite(times: int) -> float:
        for number in range(times):
            s3.put_object(Bucket="overwritten", Key="key", Body=bytes([number]) * 2_000_000)
        return cloud.memory_info().rss / 1e6

    before = overwrite(5)
    assert overwrite(50) - before < 25  # megabytes, of 100 that came


def test_reset_empties_the_account_and_keeps_the_endpoint(
    fleet: Fleet, folder: Path, client: Callable[[str], Any]
) -> None:
    where = {"LocationConstraint": "eu-central-1"}
    client("s3").create_bucket(Bucket="left-behind", CreateBucketConfiguration=where)
    said = fleet("reset", "--folder", folder)
    assert said.code == 0, said.err
    assert "is empty" in said.out
    assert client("s3").list_buckets()["Buckets"] == []


def test_nobody_else_can_reset_it(up: dict[str, Any], client: Callable[[str], Any]) -> None:
    client("sns").create_topic(Name="kept")
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(up["endpoint"]).port)
    try:
        connection.request("POST", "/_cloud/reset", headers={"X-Cloud-Token": "guessed"})
        assert connection.getresponse().status == 403
    finally:
        connection.close()
    assert len(client("sns").list_topics()["Topics"]) == 1


def test_the_log_has_a_line_for_a_call(folder: Path, client: Callable[[str], Any]) -> None:
    client("dms").describe_endpoints()
    assert any(" dms DescribeEndpoints 200 " in line for line in (folder / "up.log").read_text().splitlines())


def test_dms_refuses_more_requests_than_aws_would(client: Callable[[str], Any]) -> None:
    dms = client("dms")

    def ask(times: int) -> None:
        for _ in range(times):
            dms.describe_account_attributes()

    with pytest.raises(ClientError, match="ThrottlingException"):
        ask(1_000)


def test_down_ends_it_and_says_so_once(fleet: Fleet, folder: Path, up: dict[str, Any]) -> None:
    said = fleet("down", "--folder", folder, "--json")
    assert (said.code, json.loads(said.out)) == (0, {"ended": up["pid"]})
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", urlsplit(up["endpoint"]).port)):
        pass
    for command in ("down", "reset"):
        again = fleet(command, "--folder", folder)
        assert again.code == 2
        assert "No local cloud is up" in again.err


def test_a_folder_of_somebody_else_is_left_alone(fleet: Fleet, tmp_path: Path) -> None:
    (tmp_path / "thesis").write_text("final")
    said = fleet("up", "--folder", tmp_path)
    assert said.code == 2
    assert "no `fleet up` made it" in said.err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis"]


def test_what_a_killed_one_left_is_no_local_cloud(fleet: Fleet, tmp_path: Path) -> None:
    with hold(tmp_path):
        tell(tmp_path, Up("http://127.0.0.1:1", 1, "", 0, "token"))
        left = {name: (tmp_path / name).read_bytes() for name in (".fleet-up", "up.lock", "up.json")}
    for name, content in left.items():
        (tmp_path / name).write_bytes(content)
    for command in ("down", "reset"):
        said = fleet(command, "--folder", tmp_path)
        assert said.code == 2
        assert "No local cloud is up" in said.err
    with hold(tmp_path), pytest.raises(NotUpError, match="still coming up"):
        find(tmp_path)


def test_a_fleet_comes_up_deployed_in_the_foreground_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    arguments = ["up", "--folder", str(tmp_path / "cloud"), "--port", "0", "--fleet", "sample"]
    arguments += ["--databases", "1", "--tables", "2"]
    with subprocess.Popen(  # noqa: S603  our own program
        [*COMMAND, *arguments],
        cwd=ROOT,
        env={**environment(), "AWS_ENDPOINT_URL_S3": "https://s3.example.com"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            lines = [process.stdout.readline().strip() for _ in range(5)]
            assert process.stdout.readline().strip() == "unset AWS_ENDPOINT_URL_S3"
            document = dict(line.removeprefix("export ").split("=", 1) for line in lines)
            machines = boto3.client(
                "stepfunctions",
                endpoint_url=document["AWS_ENDPOINT_URL"],
                region_name=document["AWS_REGION"],
                aws_access_key_id=document["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=document["AWS_SECRET_ACCESS_KEY"],
            )
            names = {one["name"] for one in machines.list_state_machines()["stateMachines"]}
            machines.close()
            process.send_signal(signal.SIGINT)
            said = process.communicate(timeout=60)[1]
        finally:
            with suppress(ProcessLookupError):
                process.kill()
    assert names == {"fleet-fleet-run", "fleet-database-run"}
    assert process.returncode == 0, said
    assert "the sample fleet of 1 database, deployed" in said
    assert "Traceback" not in said
