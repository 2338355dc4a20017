"""Every command and option with every kind of wrong value, in an account that is empty, dead or full.

The commands and options are click's own list, so that a new one is tried without a line here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
import urllib3
from botocore.config import Config

from cases import SETTINGS, Cases
from cli.account import Account
from cli.main import main
from cli.stack.stacks import Bench
from fleet.databases import Registry
from fleet.names import control_bucket, ledger_table, machine_arn
from lambdas.wiring import Clients, Environment
from local.cloud import LocalCloud
from localcloud.servers.postgres import EmbeddedPostgres
from said import Fleet, Said
from typed_values import commands, lines

NOBODY = "http://127.0.0.1:1"
WHERE = (SETTINGS.account, SETTINGS.region, SETTINGS.prefix)


@dataclass(frozen=True)
class Place:
    """An account of one *kind*. *runs*: the names of all runs that were ever started in it."""

    kind: str
    account: Account
    client: Callable[[str], Any]
    runs: Callable[[], set[str]]


def account_of(client: Callable[[str], Any]) -> Account:
    document = Environment(
        control_bucket(SETTINGS.prefix, SETTINGS.account), ledger_table(SETTINGS.prefix), "ask", "topic"
    )
    clients = Clients(
        document, client, urllib3.PoolManager(), lambda: datetime(2026, 11, 21, tzinfo=UTC), lambda _: None, lambda: 0.5
    )
    return Account(clients, machine_arn(*WHERE, "fleet-run"), machine_arn(*WHERE, "database-run"), float)


def dead_client(service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=NOBODY,
        region_name=SETTINGS.region,
        aws_access_key_id="nobody",
        aws_secret_access_key="nobody",
        config=Config(retries={"total_max_attempts": 1}),
    )


def no_runs() -> set[str]:
    return set()


# One after the other: moto has one memory for the whole process.
@pytest.fixture(scope="module", params=["dead", "empty", "full"])
def place(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    postgres: EmbeddedPostgres,
    case_template: str,
) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "dead":
        yield Place("dead", account_of(dead_client), dead_client, no_runs)
    elif request.param == "empty":
        with LocalCloud(folder, Registry(SETTINGS, (), ()), {}, is_deployed=False, clock="real") as cloud:
            client = made_before(cloud)
            yield Place("empty", account_of(client), client, no_runs)
    else:
        with Cases(folder, postgres, case_template, count=3) as cases:
            cases.run_night("done", databases=[cases.take().id])
            client, arns = made_before(cases.cloud), cases.cloud.machine_arns
            account = Account(cases.cloud.clients, arns["fleet-run"], arns["database-run"], cases.time.pass_seconds)
            yield Place("full", account, client, lambda: names_of(client("stepfunctions"), arns["fleet-run"]))


def made_before(cloud: LocalCloud) -> Callable[[str], Any]:
    """The cloud's clients, made before the environment becomes one in which no client can be made."""
    return {name: cloud.aws.client(name) for name in ("stepfunctions", "dynamodb", "s3", "sts", "dms")}.__getitem__


def names_of(machines: Any, fleet_run: str) -> set[str]:
    return {one["name"] for one in machines.list_executions(stateMachineArn=fleet_run, maxResults=1000)["executions"]}


@pytest.fixture
def fleet(place: Place, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    """The command `fleet` in a folder without a registry, with credentials of nobody."""
    monkeypatch.chdir(tmp_path)
    Path("afile").touch()
    document = {"AWS_ENDPOINT_URL": NOBODY, "AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "nobody"}
    document |= {"AWS_MAX_ATTEMPTS": "1", "AWS_DEFAULT_REGION": SETTINGS.region}
    for name, value in document.items():
        monkeypatch.setenv(name, value)
    bench = Bench(place.account, place.client, lambda *_: [], {"PATH": str(tmp_path)})

    def type_in(*arguments: str) -> Said:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(arguments, bench if arguments[0] in {"deploy", "destroy"} else place.account)
        said = capsys.readouterr()
        return Said(int(ended.value.code or 0), said.out, said.err)

    return type_in


def fault_of(said: Said, *, must_be_refused: bool) -> str:
    """What is wrong with how a command ended; nothing if it is fine."""
    if "Traceback" in said.out + said.err:
        return "a traceback"
    if said.code not in ({2} if must_be_refused else {0, 1, 2}):
        return f"exit code {said.code}"
    if said.code == 2 and sum(line.startswith("Error: ") for line in said.err.splitlines()) != 1:
        return "no sentence that says why"
    return ""


@pytest.mark.parametrize("name", sorted(commands()))
def test_no_value_of_any_option_brings_a_traceback_or_exit_code_3_or_starts_a_run(
    fleet: Fleet, place: Place, name: str
) -> None:
    before = place.runs()
    wrong = []
    for typed in lines(name):
        said = fleet(*typed.words)
        if fault := fault_of(said, must_be_refused=typed.must_be_refused):
            wrong.append((fault, *typed.words, said.err.splitlines()[-1:]))
    assert wrong == []
    assert place.runs() == before


ASKING = (
    ("run",),
    ("status",),
    ("status", "done"),
    ("rerun", "done"),
    ("stop", "done"),
    ("report", "done", "--no-open"),
)


@pytest.mark.parametrize("words", ASKING, ids=" ".join)
def test_an_account_that_is_dead_or_empty_is_one_sentence_with_the_next_step(
    fleet: Fleet, place: Place, words: tuple[str, ...]
) -> None:
    if place.kind == "full":
        return
    said = fleet(*words)
    assert (said.code, said.out, len(said.err.splitlines())) == (2, "", 1), said.err
    expected = {"dead": ("AWS cannot be reached: ", "AWS_ENDPOINT_URL"), "empty": ("", "`fleet deploy`")}
    assert all(part in said.err for part in expected[place.kind])
