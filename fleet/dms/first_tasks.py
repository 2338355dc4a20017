"""The tasks of a database as a deployment makes them; what a night changes of them is the night's afterwards."""

from __future__ import annotations

from dataclasses import dataclass

from fleet.databases import Database, Mode, Settings
from fleet.dms.mappings import first_mappings
from fleet.dms.task_settings import delta_settings, full_load_settings
from fleet.names import task_id


@dataclass(frozen=True)
class FirstTask:
    """A task with its first values. *mappings*, *settings*: JSON text."""

    mode: Mode
    id: str
    migration_type: str
    mappings: str
    settings: str


def first_tasks(settings: Settings, database: Database) -> tuple[FirstTask, ...]:
    """The tasks of *database*: two where it does deltas, since a task's migration type cannot be changed, and only a
    full load moves views (docs/design.md 3)."""
    return tuple(_first_task(settings, database, mode) for mode in database.modes)


def _first_task(settings: Settings, database: Database, mode: Mode) -> FirstTask:
    write = full_load_settings if mode == "full" else delta_settings
    return FirstTask(
        mode,
        task_id(settings.prefix, database.id, mode),
        "full-load" if mode == "full" else "cdc",
        first_mappings(database, mode),
        write(settings.profile_of(database), database.losses),
    )
