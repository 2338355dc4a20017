"""Task settings: what DMS fills in, what it refuses, and what a load here will not pass over."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localcloud.dms.settings import parse, require_loadable
from localcloud.dms.settings_defaults import DEFAULTS, LOG_COMPONENTS
from localcloud.in_process_transport import AwsError, NotEmulatedError


def test_no_settings_are_all_defaults_and_loadable() -> None:
    assert parse(None) == dict(DEFAULTS)
    require_loadable(parse(None))


def test_what_is_given_is_kept_and_the_rest_of_its_group_is_default() -> None:
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
        ({"Logging": {"CloudWatchLogGroup": "g"}}, "cannot be set on create"),
        ({"Logging": {"LogComponents": [{"Id": "WHALES", "Severity": "LOGGER_SEVERITY_INFO"}]}}, "WHALES"),
        ({"Logging": {"EnableLogContext": True}}, "EnableLogging is not set to true"),
        ({"BeforeImageSettings": {"Colour": 1}}, "unknown setting BeforeImageSettings.Colour"),
        ({"FailTaskWhenCleanTaskResourceFailed": "yes"}, "true or false"),
        ({"StreamBufferSettings": {"CtrlStreamBufferSizeInMB": 9}}, "from 1 to 8"),
        ({"ErrorBehavior": {"RecoverableErrorCount": -2}}, "from -1"),
        ({"TargetMetadata": {"FullLobMode": True, "LimitedSizeLobMode": True}}, "excludes LimitedSizeLobMode"),
        (
            {"FullLoadSettings": {"StopTaskCachedChangesApplied": True, "StopTaskCachedChangesNotApplied": True}},
            "excludes",
        ),
        ({"ChangeProcessingTuning": {"BatchApplyTimeoutMin": 31}}, "above BatchApplyTimeoutMax"),
        ({"ValidationSettings": {"ValidationOnly": True}}, "needs EnableValidation"),
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


def test_a_modify_keeps_what_it_does_not_name() -> None:
    before = parse('{"TargetMetadata": {"LobMaxSize": 64}, "FullLoadSettings": {"CommitRate": 5}}')
    after = parse('{"TargetMetadata": {"LobMaxSize": 1}}', before)
    assert (after["TargetMetadata"]["LobMaxSize"], after["FullLoadSettings"]["CommitRate"]) == (1, 5)
    assert before["TargetMetadata"]["LobMaxSize"] == 64


def test_a_log_component_that_is_not_named_keeps_its_severity() -> None:
    given = [{"Id": "SOURCE_UNLOAD", "Severity": "LOGGER_SEVERITY_DEBUG"}]
    shown = parse(json.dumps({"Logging": {"EnableLogging": True, "LogComponents": given}}))["Logging"]["LogComponents"]
    severities = {one["Id"]: one["Severity"] for one in shown}
    assert tuple(severities) == LOG_COMPONENTS
    assert severities.pop("SOURCE_UNLOAD") == "LOGGER_SEVERITY_DEBUG"
    assert set(severities.values()) == {"LOGGER_SEVERITY_DEFAULT"}


def test_full_lob_mode_that_is_asked_for_ends_the_limited_one() -> None:
    lobs = parse('{"TargetMetadata": {"FullLobMode": true}}')["TargetMetadata"]
    assert (lobs["FullLobMode"], lobs["LimitedSizeLobMode"]) == (True, False)


def test_lobs_that_are_left_out_are_loadable_whatever_their_mode() -> None:
    require_loadable(parse('{"TargetMetadata": {"SupportLobs": false, "LimitedSizeLobMode": false}}'))
