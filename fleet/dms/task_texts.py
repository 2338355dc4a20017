"""The two texts that say what a task moves and how, and whether a task has them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fleet.databases import Database, Engine, Mode, Settings
from fleet.dms.mappings import delta_mappings, find_difference, full_load_mappings
from fleet.dms.task_settings import delta_settings, full_load_settings
from fleet.tables.catalogue import Table, TableName


@dataclass(frozen=True)
class TaskTexts:
    """A task's table mappings and settings, as JSON."""

    mappings: str
    settings: str

    def find_difference(self, found: TaskTexts) -> str:
        """Where *found*, as DMS gives it, does not say what is said here, in words, or nothing."""
        return find_difference(self.mappings, found.mappings) or find_difference(self.settings, found.settings)


def task_texts(
    mode: Mode,
    settings: Settings,
    engine: Engine,
    database: Database,
    tables: Sequence[Table],
    names: Iterable[TableName],
) -> TaskTexts:
    """The texts of the task of *database* that moves *tables* in *mode*. *names*: all relations of the source's census.

    Raises:
        QuotaExceededError: The mappings are longer than DMS takes them.
    """
    profile, losses = settings.profile_of(database), database.losses
    if mode == "delta":
        return TaskTexts(delta_mappings(database, tables, names, engine), delta_settings(profile, losses))
    return TaskTexts(full_load_mappings(database, tables, names, engine), full_load_settings(profile, losses))
