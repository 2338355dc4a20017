"""The registry that is in the repository: it can be read, explains itself, and is the demo's fleet."""

import dataclasses
from pathlib import Path

import pytest

from fleet.databases import Database, Limits, Registry, Server, Settings, SnowflakeSettings, TableRules, TaskProfile
from fleet.stack_settings import (
    Functions,
    InstanceSize,
    Network,
    NightSchedule,
    Replication,
    StackSettings,
    Tag,
    Trust,
)
from local.sources.sample_fleet import SAMPLE
from onboarding.reader import read_registry

FOLDER = Path(__file__).parents[3] / "registry"


@pytest.fixture(scope="module")
def registry() -> Registry:
    return read_registry(FOLDER, {})


def test_the_registry_holds_the_sample_databases_as_they_are_built(registry: Registry) -> None:
    built = {
        one.id: (one.name_at_source, one.schemas, tuple(sorted(one.tags)), one.parallel_loads, one.rules, one.deltas)
        for one in SAMPLE
    }
    named = {
        one.id: (one.name_at_source, one.schemas, tuple(sorted(one.tags)), one.parallel_loads, one.tables, one.deltas)
        for one in registry.databases
    }
    assert named == built


def test_the_sample_fleet_runs_on_two_instances_from_one_server(registry: Registry) -> None:
    assert {one.instance for one in registry.databases} == {"one", "two"}
    assert [(server.id, server.engine, server.secret) for server in registry.servers] == [
        ("embedded", "postgresql", "fleet/server/embedded")
    ]
    assert all(one.onboarded for one in registry.databases)


def test_the_settings_file_shows_every_default_as_it_is(registry: Registry) -> None:
    assert registry.settings.profile == TaskProfile()
    assert registry.settings.limits == Limits()
    stack, default = registry.settings.stack, StackSettings()
    assert dataclasses.replace(stack, network=default.network, nights=()) == default
    assert stack.network.source_networks == default.network.source_networks
    (night,) = stack.nights
    assert dataclasses.replace(night, time_zone="UTC") == NightSchedule("nightly", "full", "cron(0 22 * * ? *)")


@pytest.mark.parametrize(
    ("file", "kinds"),
    [
        ("settings.yaml", (Settings, SnowflakeSettings, TaskProfile, Limits)),
        (
            "settings.yaml",
            (StackSettings, Network, Replication, InstanceSize, NightSchedule, Functions, Trust, Tag),
        ),
        ("servers.yaml", (Server,)),
        ("databases.yaml", (Database, TableRules)),
    ],
)
def test_a_file_of_the_registry_names_every_key_it_may_have(file: str, kinds: tuple[type, ...]) -> None:
    text = (FOLDER / file).read_text(encoding="utf-8")
    for kind in kinds:
        for field in dataclasses.fields(kind):
            assert f"{field.name}:" in text or f"\n# {field.name} " in text, field.name
