import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet.databases import (
    Database,
    EndpointSetting,
    Limits,
    ParallelLoad,
    Registry,
    Rename,
    Server,
    Settings,
    SnowflakeSettings,
    TableRules,
    TaskProfile,
    registry_version,
)
from fleet.errors import RegistryError
from onboarding.effective import effective_json, read_effective

words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6)
numbers = st.integers(min_value=0, max_value=2**53)


def lists_of(one: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(one, max_size=3).map(tuple)


registries = st.builds(
    Registry,
    settings=st.builds(
        Settings,
        *[words] * 4,
        snowflake=st.builds(SnowflakeSettings, *[words] * 7),
        profile=st.builds(TaskProfile, numbers, numbers, numbers),
        limits=st.builds(Limits, *[numbers] * 6),
    ),
    servers=st.lists(
        st.builds(
            Server,
            words,
            st.just("postgresql"),
            words,
            endpoint_settings=st.lists(
                st.builds(EndpointSetting, words, st.one_of(st.booleans(), numbers, words)), max_size=2
            ).map(tuple),
        ),
        max_size=2,
    ).map(tuple),
    databases=st.lists(
        st.builds(
            Database,
            *[words] * 4,
            schemas=lists_of(words),
            onboarded=st.booleans(),
            views=st.booleans(),
            exclude=lists_of(words),
            parallel_loads=st.lists(st.builds(ParallelLoad, words, words, words, lists_of(words)), max_size=2).map(
                tuple
            ),
            tags=lists_of(words),
            expected_seconds=numbers,
            row_tolerance=numbers,
            deltas=st.booleans(),
            drift=st.sampled_from(["accept", "partial", "failed"]),
            deletes=st.sampled_from(["hard", "soft", "history"]),
            tables=st.lists(
                st.builds(TableRules, words, words, deletes=st.sampled_from([None, "hard", "soft", "history"])),
                max_size=2,
            ).map(tuple),
            renames=st.lists(st.builds(Rename, words, words, words, words), max_size=2).map(tuple),
        ),
        max_size=2,
    ).map(tuple),
)


@given(registries)
@settings(max_examples=50, deadline=None)
def test_reading_the_effective_registry_back_gives_the_same_registry(registry: Registry) -> None:
    assert read_effective(effective_json(registry)) == registry


@given(registries)
@settings(max_examples=20, deadline=None)
def test_the_text_and_so_the_version_depend_on_the_registry_alone(registry: Registry) -> None:
    copy = read_effective(effective_json(registry))
    assert effective_json(copy) == effective_json(registry)
    changed = replace(registry, settings=replace(registry.settings, prefix=registry.settings.prefix + "x"))
    assert registry_version(effective_json(changed)) != registry_version(effective_json(registry))


@given(registries)
@settings(max_examples=10, deadline=None)
def test_the_text_is_compact_and_its_keys_are_sorted(registry: Registry) -> None:
    text = effective_json(registry)
    assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def test_a_text_that_is_no_registry_is_refused_with_the_place() -> None:
    with pytest.raises(RegistryError, match="at settings: Field required"):
        read_effective('{"servers": [], "databases": []}')
    with pytest.raises(RegistryError, match="at the text itself: Invalid JSON"):
        read_effective("{")


@given(registries)
@settings(max_examples=1, deadline=None)
def test_a_setting_of_an_endpoint_stays_a_switch_a_number_or_a_text(registry: Registry) -> None:
    values = (True, 1, "1", "true")
    server = Server("a", "mysql", "s", endpoint_settings=tuple(EndpointSetting("x", one) for one in values))
    written = effective_json(replace(registry, servers=(server,)))
    (read,) = read_effective(written).servers
    assert [(type(one.value), one.value) for one in read.endpoint_settings] == [(type(one), one) for one in values]
