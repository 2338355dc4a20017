"""What cannot be deployed is refused in words, with quota, excess and remedy, before the bindings are loaded."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from fleet.databases import Database, Registry, Server
from fleet.errors import MalformedSettingError, QuotaExceededError
from fleet.stack_settings import InstanceSize, Network, Replication, StackSettings
from onboarding.reader import read_registry
from orchestration.refusals import refuse_undeployable

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def registry() -> Registry:
    return read_registry(ROOT / "registry", {})


def with_stack(registry: Registry, stack: StackSettings) -> Registry:
    return replace(registry, settings=replace(registry.settings, stack=stack))


def many(count: int, on: int) -> tuple[Database, ...]:
    """*count* databases, *on* to each instance."""
    return tuple(
        Database(f"d{n}", "embedded", f"D{n}", f"i{n // on}", ("public",), onboarded=True) for n in range(count)
    )


def test_the_fleet_of_the_repository_can_be_deployed(registry: Registry) -> None:
    refuse_undeployable(registry)


def test_settings_without_a_network_are_refused(registry: Registry) -> None:
    with pytest.raises(MalformedSettingError, match=r"does not say where replication instances stand\. Write `stack: "):
        refuse_undeployable(with_stack(registry, StackSettings()))


@pytest.mark.parametrize(
    ("count", "on", "said"),
    [
        (51, 51, r"^instance 'i0' needs 102 of at most 100 endpoints .*: 2 too many\. Move some of its databases"),
        (501, 48, r"^the fleet needs 1,002 of at most 1,000 endpoints .*: 2 too many\. Divide it into cells"),
        (122, 2, r"^the fleet needs 61 of at most 60 replication instances .*: 1 too many\. Divide it into cells"),
    ],
)
def test_more_databases_than_dms_holds_are_refused(registry: Registry, count: int, on: int, said: str) -> None:
    with pytest.raises(QuotaExceededError, match=said):
        refuse_undeployable(replace(registry, databases=many(count, on)))


def test_more_storage_than_dms_holds_is_refused(registry: Registry) -> None:
    sizes = (InstanceSize("i0", "dms.r6i.large", 6_000),)
    stack = StackSettings(
        network=Network(cidr="10.0.0.0/24"), replication=Replication(storage_gigabytes=5_000, sizes=sizes)
    )
    fleet = replace(with_stack(registry, stack), databases=many(6, 1))
    with pytest.raises(
        QuotaExceededError, match=r"^the fleet needs 31,000 of at most 30,000 GB .*: 1,000 too many\. Give"
    ):
        refuse_undeployable(fleet)
    refuse_undeployable(replace(fleet, databases=many(5, 1)))


def test_more_servers_than_one_role_can_name_the_secrets_of_are_refused(registry: Registry) -> None:
    servers = tuple(Server(f"s{number}", "postgresql", f"fleet/server/{number:04}") for number in range(120))
    with pytest.raises(
        QuotaExceededError, match=r"AskSource, .* needs 1\d,\d{3} of at most 10,240 .* It has 120 servers"
    ):
        refuse_undeployable(replace(registry, servers=servers))


def test_main_says_why_and_writes_nothing(tmp_path: Path) -> None:
    done = subprocess.run(  # noqa: S603  our own program
        [sys.executable, "main.py", "--registry", str(tmp_path), "--output", str(tmp_path / "out")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "settings.yaml: the file does not exist. Create settings.yaml" in done.stderr
    assert not (tmp_path / "out").exists()
