"""Every operation of DMS that is emulated, typed into the real AWS CLI against `fleet up`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from cli_process import AwsCli
from dms_walk import DATABASE, OPERATION_OF, Walk
from local.up_folder import NotUpError, end
from localcloud.servers.postgres import EmbeddedPostgres

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def source(postgres: EmbeddedPostgres) -> Iterator[EmbeddedPostgres]:
    """A server with a database of one small table."""
    postgres.create_database(DATABASE)
    with postgres.connect(DATABASE) as connection:
        connection.execute("CREATE TABLE orders (id int PRIMARY KEY, note text)")
        connection.execute("INSERT INTO orders VALUES (1, 'a'), (2, NULL)")
    yield postgres
    postgres.drop_database(DATABASE)


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[AwsCli]:
    """The CLI, which knows an empty account from what `fleet up` prints. No wait takes any time, and none is over while
    a load is under way, however long that is held up."""
    folder = tmp_path / "cloud"
    command = [sys.executable, "-c", "from cli.main import main; main()"]
    options = ["up", "--folder", str(folder), "--detach", "--port", "0", "--json"]
    options += ["--clock", "virtual", "--time-scale", "0.001"]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "FLEET_"))}
    said = subprocess.run(  # noqa: S603  our own program
        [*command, *options], cwd=ROOT, env=inherited, capture_output=True, text=True, check=False, timeout=120
    )
    assert said.returncode == 0, said.stderr
    try:
        with AwsCli(json.loads(said.stdout)["environment"], tmp_path) as cli:
            yield cli
    finally:
        with suppress(NotUpError):
            end(folder)


def test_the_aws_cli_walks_through_every_operation_that_is_emulated(source: EmbeddedPostgres, aws: AwsCli) -> None:
    walk = Walk(aws)
    walk.account(source)
    walk.subnet_group()
    walk.instances()
    walk.endpoints()
    walk.connections()
    walk.tasks()
    walk.run(source)
    walk.assessments()
    walk.move()
    walk.events()
    walk.tags()
    walk.leave()
    assert walk.typed == set(OPERATION_OF)
