"""Task settings: what DMS fills in, what it refuses, and what a load here will not pass over."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.dms.settings import DEFAULTS, parse, require_loadable
from local.wire import AwsError, NotEmulatedError


def test_no_settings_are_all_defaults_and_loadable() -> None:
    assert parse(None) == dict(DEFAULTS)
    require_loadable(parse(None))


def test_what_is_given_stands_and_the_rest_of_its_group_is_default() -> None:
    settings = parse('{"TargetMetadata": {"LobMaxSize": 64}}')
    assert settings["TargetMetadata"]["LobMaxSize"] == 64
    assert settings["TargetMetadata"]["LimitedSizeLobMode"] is True
    assert DEFAULTS["TargetMetadata"]["LobMaxSize"] == 32


def test_settings_read_back_are_settings_that_may_be_sent_again() -> None:
    settings = parse('{"FullLoadSettings": {"MaxFullLoadSubTasks": 49}}')
    assert parse(json.dumps(settings)) == settings


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"Speed": {}}, "unknown group Speed"),
        ({"FullLoadSettings": {"Speed": 1}}, "unknown setting FullLoadSettings.Speed"),
        ({"FullLoadSettings": {"MaxFullLoadSubTasks": 50}}, "from 1 to 49"),
        ({"FullLoadSettings": {"MaxFullLoadSubTasks": "8"}}, "must be a number"),
        ({"FullLoadSettings": {"CommitRate": 50_001}}, "from 1 to 50000"),
        ({"FullLoadSettings": {"TargetTablePrepMode": "EMPTY"}}, "EMPTY"),
        ({"TargetMetadata": {"SupportLobs": 1}}, "true or false"),
        ({"Logging": {"CloudWatchLogGroup": "g"}}, "cannot be set"),
        ({"Logging": []}, "must be an object"),
        ([], "must be an object"),
    ],
)
def test_settings_that_dms_does_not_know_are_refused(settings: Any, words: str) -> None:
    with pytest.raises(AwsError, match=words):
        parse(json.dumps(settings))


@pytest.mark.parametrize(
    ("group", "key", "value"),
    [
        ("TargetMetadata", "FullLobMode", True),
        ("TargetMetadata", "LimitedSizeLobMode", False),
        ("TargetMetadata", "TargetSchema", "other"),
        ("ValidationSettings", "EnableValidation", True),
        ("ControlTablesSettings", "StatusTableEnabled", True),
        ("ErrorBehavior", "DataTruncationErrorPolicy", "STOP_TASK"),
    ],
)
def test_a_setting_that_a_load_cannot_follow_is_named(group: str, key: str, value: Any) -> None:
    with pytest.raises(NotEmulatedError, match=f"{group}.{key}"):
        require_loadable(parse(json.dumps({group: {key: value}})))
