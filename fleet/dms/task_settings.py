"""The settings of a task, as DMS takes them. What is not said here is DMS's default.

Source: AWS DMS user guide, "Specifying task settings for AWS DMS tasks" (docs/facts/dms.md 6).
"""

from __future__ import annotations

import json

from fleet.databases import LossPolicy, TaskProfile


def full_load_settings(profile: TaskProfile, losses: LossPolicy) -> str:
    """The settings of a `full-load` task, as JSON text. Equal input, equal text.

    *losses*: where `failed`, DMS suspends a table as soon as it cuts a long value: a table that must not arrive so is
    withheld even if the source has no time to count.

    >>> settings = json.loads(full_load_settings(TaskProfile(tables_at_once=4), "failed"))
    >>> settings["FullLoadSettings"]["MaxFullLoadSubTasks"], settings["ErrorBehavior"]["DataTruncationErrorPolicy"]
    (4, 'SUSPEND_TABLE')
    """
    load = {
        # The folder is new for each attempt: there is nothing to drop or truncate.
        "TargetTablePrepMode": "DO_NOTHING",
        "MaxFullLoadSubTasks": profile.tables_at_once,
        "CommitRate": profile.commit_rate,
    }
    return _write({"FullLoadSettings": load, **_shared(profile, losses)})


def delta_settings(profile: TaskProfile, losses: LossPolicy) -> str:
    """The settings of every `cdc` task, as JSON text. Equal input, equal text.

    >>> "FullLoadSettings" in json.loads(delta_settings(TaskProfile(), "partial"))
    False
    """
    return _write(_shared(profile, losses))


def _shared(profile: TaskProfile, losses: LossPolicy) -> dict[str, object]:
    return {
        "TargetMetadata": {
            "SupportLobs": True,
            "FullLobMode": False,  # not possible on S3
            "LimitedSizeLobMode": True,
            "LobMaxSize": profile.lob_max_kilobytes,
            "BatchApplyEnabled": False,  # may lose data on S3
        },
        "ErrorBehavior": {
            # A mapping that matches nothing otherwise ends as a success.
            "FailOnNoTablesCaptured": True,
            "TableErrorPolicy": "SUSPEND_TABLE",
            "DataTruncationErrorPolicy": "SUSPEND_TABLE" if losses == "failed" else "LOG_ERROR",
            # The default retries without end, which no night has time for.
            "RecoverableErrorCount": 10,
        },
        "ChangeProcessingDdlHandlingPolicy": {
            # Otherwise a TRUNCATE at the source deletes the folder's files.
            "HandleSourceTableDropped": False,
            "HandleSourceTableTruncated": False,
            "HandleSourceTableAltered": True,
        },
        "Logging": {"EnableLogging": True},
    }


def _write(settings: dict[str, object]) -> str:
    return json.dumps(settings, separators=(",", ":"))
