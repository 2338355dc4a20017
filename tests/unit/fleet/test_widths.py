"""How many databases at once: by processors, memory, settings and what a server bears."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases import SETTINGS
from fleet.databases import Database, Limits, Registry, Server, Settings, TaskProfile
from fleet.dms.instance_classes import INSTANCE_CLASSES
from fleet.dms.task_settings import full_load_settings
from fleet.measures import Measured
from fleet.stack_settings import InstanceSize, Replication
from fleet.widths import (
    TABLE_LOADS_PER_PROCESSOR,
    Demand,
    choose_instance_width,
    choose_server_width,
    demand_of,
)
from localcloud.dms.instance_classes import MEMORY_GIB

measures = st.lists(
    st.builds(Measured, st.just(60.0), st.integers(1, 99), st.lists(st.integers(1, 9), max_size=49).map(tuple)),
    min_size=1,
    max_size=30,
)
classes = st.sampled_from(sorted(INSTANCE_CLASSES))


def settings_of(instance_class: str, **profile: int) -> Settings:
    stack = replace(SETTINGS.stack, replication=Replication(instance_class=instance_class))
    return replace(SETTINGS, stack=stack, limits=Limits(), profile=TaskProfile(**profile))


def width_of(instance_class: str, loads: int, lob_columns: tuple[int, ...] = (), **profile: int) -> tuple[int, str]:
    settings = settings_of(instance_class, **profile)
    demand = demand_of(Measured(60.0, loads, lob_columns), settings.profile)
    width = choose_instance_width("one", [demand] * 48, settings)
    return width.at_once, width.by


@pytest.mark.parametrize(
    ("instance_class", "loads", "expected"),
    [
        ("dms.r6i.large", 48, (2, "processors")),
        ("dms.r6i.large", 2, (8, "processors")),
        ("dms.r6i.xlarge", 2, (16, "limit")),
        ("dms.r6i.4xlarge", 48, (16, "limit")),
        ("dms.t3.micro", 48, (2, "processors")),
    ],
)
def test_a_database_counts_as_the_tables_that_it_can_really_load_at_once(
    instance_class: str, loads: int, expected: tuple[int, str]
) -> None:
    assert width_of(instance_class, loads) == expected


def test_long_values_take_memory_by_columns_length_and_rows_of_a_commit() -> None:
    # 2 loads x 1 column x 32 KB x 10,000 rows = 625 MB each, of 12 GB
    assert width_of("dms.r6i.large", 2, (1, 1)) == (8, "processors")
    assert width_of("dms.r6i.large", 2, (4, 4)) == (4, "memory")
    assert width_of("dms.r6i.large", 2, (4, 4), commit_rate=1_000) == (8, "processors")
    assert width_of("dms.r6i.large", 2, (1, 1), lob_max_kilobytes=256) == (2, "memory")
    assert width_of("dms.c6i.large", 48, (9,) * 8) == (1, "memory")


def test_a_database_of_which_nothing_is_known_does_not_make_a_first_run_absurdly_narrow() -> None:
    settings = settings_of("dms.r6i.large")
    assert choose_instance_width("one", [demand_of(None, settings.profile)] * 48, settings).at_once == 4


def test_a_run_that_is_narrowed_to_some_tables_counts_these() -> None:
    profile = TaskProfile()
    assert demand_of(Measured(60, 48, (1,) * 9), profile, tables=2) == Demand(2, 2 * 32 * 1024 * 10_000)
    assert demand_of(None, profile, tables=1).loads == 1


def test_an_instance_has_the_class_that_is_said_of_it_alone() -> None:
    settings = settings_of("dms.r6i.large")
    sizes = (InstanceSize("one", "dms.r6i.2xlarge", 100),)
    replication = replace(settings.stack.replication, sizes=sizes)
    settings = replace(settings, stack=replace(settings.stack, replication=replication))
    demands = [demand_of(Measured(60, 8), settings.profile)] * 48
    assert choose_instance_width("one", demands, settings).at_once == 8
    assert choose_instance_width("two", demands, settings).at_once == 2


def test_a_class_that_is_not_known_leaves_the_setting_and_says_so() -> None:
    settings = settings_of("dms.r9x.large")
    width = choose_instance_width("one", [demand_of(None, settings.profile)] * 48, settings)
    assert (width.at_once, width.by) == (16, "limit")
    assert "dms.r9x.large is not known" in width.text


def test_an_instance_that_bears_not_even_its_only_database_says_what_is_short() -> None:
    settings = settings_of("dms.t3.micro")
    width = choose_instance_width("one", [demand_of(Measured(60, 1, lob_columns=(4,)), settings.profile)], settings)
    assert (width.at_once, width.by) == (1, "memory")


@given(measures, classes)
def test_whichever_databases_come_together_the_instance_bears_them(seen: list[Measured], instance_class: str) -> None:
    settings = settings_of(instance_class)
    demands = [demand_of(one, settings.profile) for one in seen]
    width = choose_instance_width("one", demands, settings).at_once
    assert 1 <= width <= settings.limits.databases_at_once
    found = INSTANCE_CLASSES[instance_class]
    heaviest = sorted((one.loads for one in demands), reverse=True)[:width]
    assert width == 1 or sum(heaviest) <= found.processors * TABLE_LOADS_PER_PROCESSOR
    memory = sorted((one.long_value_bytes for one in demands), reverse=True)[:width]
    assert width == 1 or sum(memory) < found.memory_bytes


def test_the_local_clouds_own_table_has_the_memory_of_each_class_that_both_know() -> None:
    both = INSTANCE_CLASSES.keys() & MEMORY_GIB.keys()
    assert len(both) > 20
    assert {name: INSTANCE_CLASSES[name].memory_gigabytes for name in both} == {name: MEMORY_GIB[name] for name in both}


def test_a_database_is_tuned_by_its_own_word_and_its_server_reckoned_by_the_widest() -> None:
    narrow = Database("narrow", "s", "n", "one", ("public",), tables_at_once=2, commit_rate=500)
    wide = Database("wide", "s", "w", "one", ("public",), tables_at_once=20)
    usual = Database("usual", "t", "u", "one", ("public",))
    server = Server("s", "postgresql", "secret", connections_at_once=130)
    registry = Registry(SETTINGS, (server, Server("t", "postgresql", "secret")), (narrow, wide, usual))
    settings = json.loads(full_load_settings(SETTINGS.profile_of(narrow), "partial"))["FullLoadSettings"]
    assert (settings["MaxFullLoadSubTasks"], settings["CommitRate"]) == (2, 500)
    assert SETTINGS.profile_of(usual) == SETTINGS.profile
    assert choose_server_width(server, registry.profile_at("s")).at_once == 2
    assert choose_server_width(server, replace(registry, databases=(narrow,)).profile_at("s")).at_once == 4
    assert registry.profile_at("t") == SETTINGS.profile
