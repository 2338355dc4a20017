"""A bench for deployments without AWS: a Terraform that plays its part, and an account of moto's."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import urllib3

import registry_texts
from cases import SETTINGS
from cli.account import Account
from cli.main import main
from cli.stack.stacks import Bench
from fleet.databases import Registry
from fleet.names import machine_arn
from lambdas.wiring import Clients, Environment
from local.cloud import LocalCloud
from localcloud.aws import ACCOUNT, REGION, LocalAws
from said import Fleet, Said

MADE = ("aws_s3_bucket.landing", ("create",))
CHANGED = ("aws_sns_topic.runs", ("update",))
GONE = ("aws_dms_replication_instance.instance", ("delete",))

# Reads plays.json beside it: {"<stack>": {"plan": [[address, [actions]]], "fails": "<command>", "says": "..."}}, and
# notes each call in calls.jsonl.
_PROGRAM = """\
#!{python} -IS
import json, pathlib, sys
here, stack = pathlib.Path({here!r}), pathlib.Path.cwd().name
arguments = sys.argv[1:]
with (here / "calls.jsonl").open("a") as calls:
    calls.write(json.dumps([stack, *arguments]) + "\\n")
plays = json.loads((here / "plays.json").read_text())
command = arguments[0]
if command == "version":
    print(json.dumps({{"terraform_version": plays["version"]}}) if plays["version"] else "OpenThing 1")
    sys.exit()
play = plays["stacks"].get(stack, {{}})
if play.get("fails") == command:
    print("\\u2577\\n\\u2502 Error: " + play["says"] + "\\n\\u2575", file=sys.stderr)
    sys.exit(1)
applied = here / f"{{stack}}.applied"
changes = [] if applied.exists() and "-destroy" not in arguments else play.get("plan", [])
if command == "init":
    lock = pathlib.Path(".terraform.lock.hcl")
    if not lock.exists():
        lock.write_text("# chosen by init\\n")
elif command == "plan":
    pathlib.Path("fleet.tfplan").write_text("a secret")
    print("Plan of " + stack if changes else "No changes.")
    sys.exit(2 if changes else 0)
elif command == "show":
    listed = [{{"address": address, "change": {{"actions": actions}}}} for address, actions in changes]
    print(json.dumps({{"resource_changes": listed}}))
elif command == "apply":
    applied.touch()
    print("Apply complete!")
elif command == "output":
    print(json.dumps({{"landing_bucket": {{"value": "the-bucket"}}}} if stack == "foundation" else {{}}))
"""


@dataclass
class Terraform:
    """The program in *folder*. *plays*: what it makes of each stack; an applied stack has nothing more to change."""

    folder: Path
    version: str = "1.11.4"
    stacks: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir()
        program = self.folder / "terraform"
        program.write_text(_PROGRAM.format(python=sys.executable, here=str(self.folder)), encoding="utf-8")
        program.chmod(0o755)
        self.write()

    def write(self) -> None:
        """Tell it anew what to play."""
        plays = {"version": self.version, "stacks": self.stacks}
        (self.folder / "plays.json").write_text(json.dumps(plays), encoding="utf-8")

    def play(self, stack: str, *changes: tuple[str, tuple[str, ...]], **more: str) -> None:
        """What it makes of *stack*; *fails*: the command that fails, *says*: why."""
        self.stacks[stack] = {"plan": changes, **more}
        self.write()

    def all_calls(self) -> list[list[str]]:
        """Each as [stack, command, arguments ...]."""
        file = self.folder / "calls.jsonl"
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []

    def calls(self, command: str) -> list[list[str]]:
        """Those of *command*."""
        return [call for call in self.all_calls() if call[1] == command]

    def stacks_of(self, command: str) -> list[str]:
        """The stacks that *command* was called for, in order."""
        return [call[0] for call in self.calls(command)]


_MACHINE = json.dumps({"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 9_000, "End": True}}})
_STACK = "stack:\n  network: {cidr: 10.90.0.0/24, zones: [eu-central-1a, eu-central-1b]}\n"
_DATABASE = "- {{id: {name}, server: embedded, name_at_source: {name}, instance: {instance}, schemas: [public]}}\n"


class Place:
    """A folder with a registry, a Terraform that plays, and an account of the local cloud."""

    def __init__(self, folder: Path, aws: LocalAws) -> None:
        self.aws = aws
        self.terraform = Terraform(folder / "bin")
        self.output = folder / "build" / "stack"
        self.registry = folder / "registry"
        self.registry.mkdir()
        self.write_registry()
        self.environment = {"PATH": str(self.terraform.folder)}
        self.happenings: dict[int, Callable[[], None]] = {}
        self._runs: list[str] = []

    def write_registry(self, *, account: str = ACCOUNT, **databases: str) -> None:
        """The registry anew: the instance of each of *databases*; chinook on instance one if there are none."""
        self.write_settings(account=account)
        servers = "- {id: embedded, engine: postgresql, secret: fleet/server/embedded}\n"
        (self.registry / "servers.yaml").write_text(servers, encoding="utf-8")
        listed = databases or {"chinook": "one"}
        text = "".join(_DATABASE.format(name=name, instance=instance) for name, instance in listed.items())
        (self.registry / "databases.yaml").write_text(text, encoding="utf-8")

    def write_settings(self, *lines: str, account: str = ACCOUNT) -> None:
        """The settings anew, with *lines* under `stack`."""
        text = registry_texts.SETTINGS.replace("123456789012", account) + _STACK
        text += "".join(f"  {line}\n" for line in lines)
        (self.registry / "settings.yaml").write_text(text, encoding="utf-8")

    def bench(self) -> Bench:
        """What the commands work with in place of AWS's account."""
        document = Environment("control", "ledger", "ask", "topic")
        clients = Clients(
            document,
            self.aws.client,
            urllib3.PoolManager(),
            lambda: datetime(2026, 11, 21, tzinfo=UTC),
            lambda _: None,
            lambda: 0.5,
        )
        machines = [machine_arn(ACCOUNT, REGION, "fleet", name) for name in ("fleet-run", "database-run")]
        account = Account(clients, machines[0], machines[1], float)
        return Bench(account, self.aws.client, _write_stacks, self.environment)

    def start(self, run: str, machine: str = "fleet-run") -> None:
        """Let a run be open, on a machine that does nothing else."""
        machines = self.aws.client("stepfunctions")
        arn = machines.create_state_machine(
            name=f"fleet-{machine}", definition=_MACHINE, roleArn=f"arn:aws:iam::{ACCOUNT}:role/fleet-machines"
        )["stateMachineArn"]
        self._runs.append(machines.start_execution(stateMachineArn=arn, name=run)["executionArn"])

    def when_asked(self, question: int, happens: Callable[[], None]) -> None:
        """Let something happen while a person thinks about the question of that number."""
        self.happenings[question] = happens

    def end_runs(self) -> None:
        """End what `start` began."""
        for arn in self._runs:
            self.aws.client("stepfunctions").stop_execution(executionArn=arn)
        self._runs.clear()


def _write_stacks(registry: Registry, folder: Path, left: Collection[str]) -> Sequence[str]:
    """As the real one names them, without the eight seconds that the bindings take to load."""
    instances = {f"instance-{one.instance}" for one in registry.databases} | set(left)
    names = ["foundation", *sorted(instances), "pipeline"]
    for name in names:
        (folder / "stacks" / name).mkdir(parents=True, exist_ok=True)
    return names


class Keyboard(io.StringIO):
    """What a person types, a line for each question. *happenings*: what happens meanwhile, by the question's number."""

    def __init__(self, answers: str, happenings: Mapping[int, Callable[[], None]]) -> None:
        super().__init__(answers)
        self._happenings = happenings
        self._questions = 0

    def readline(self, size: int | None = -1, /) -> str:
        self._questions += 1
        self._happenings.get(self._questions, lambda: None)()
        return super().readline(-1 if size is None else size)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    registry = Registry(SETTINGS, (), ())
    folder = tmp_path_factory.mktemp("cloud")
    with LocalCloud(folder, registry, {}, is_deployed=False, clock="real") as opened:
        yield opened


@pytest.fixture
def place(cloud: LocalCloud, tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path, cloud.aws)
    yield made
    made.end_runs()


@pytest.fixture
def fleet(place: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Fleet:
    """The command `fleet`, from the entry that a terminal takes to the exit code. *answers*: what a person types."""

    def type_in(*arguments: str, answers: str = "") -> Said:
        monkeypatch.setattr("sys.stdin", Keyboard(answers, place.happenings))
        with pytest.raises(SystemExit) as ended:
            main([*arguments, "--registry", str(place.registry), "--output", str(place.output)], place.bench())
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return Said(int(ended.value.code or 0), said.out, said.err)

    return type_in
