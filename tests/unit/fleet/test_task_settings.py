"""Settings of a task that keep rows: what would lose them in silence is off."""

from __future__ import annotations

import json

from fleet.databases import TaskProfile
from fleet.dms.task_settings import delta_settings, full_load_settings


def test_what_happens_to_a_table_at_the_source_deletes_no_file_of_it() -> None:
    for text in (delta_settings(TaskProfile(), "partial"), full_load_settings(TaskProfile(), "partial")):
        followed = json.loads(text)["ChangeProcessingDdlHandlingPolicy"]
        assert (followed["HandleSourceTableTruncated"], followed["HandleSourceTableDropped"]) == (False, False)


def test_no_task_applies_in_batches_or_keeps_its_place_in_a_table_of_its_own() -> None:
    settings = json.loads(delta_settings(TaskProfile(), "partial"))
    assert settings["TargetMetadata"]["BatchApplyEnabled"] is False
    assert "TaskRecoveryTableEnabled" not in settings["TargetMetadata"]
