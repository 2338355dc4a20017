"""The two texts that say what a task moves and how, and whether a task has them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fleet.databases import Database, Engine, Settings
from fleet.dms.mappings import find_difference, full_load_mappings
from fleet.dms.task_settings import full_load_settings
from fleet.tables.catalogue import Table, TableName


@dataclass(frozen=True)
class TaskTexts:
    """A task's table mappings and settings, as JSON."""

    mappings: str
    settings: str

    def find_difference(self, found: TaskTexts) -> str:
        """Where *found*, as DMS gives it, does not say what is said here, in words, or nothing."""
        return find_difference(self.mappings, found.mappings) or find_difference(self.settings, found.settings)


def full_load_texts(
    settings: Settings, engine: Engine, database: Database, tables: Sequence[Table], names: Iterable[TableName]
) -> TaskTexts:
    """The texts of the full-load task of *database* that moves *tables*. *names*: all relations of the source's census.

    Raises:
        QuotaExceededError: The mappings are longer than DMS takes them.
    """
    how = full_load_settings(settings.profile_of(database), settings.losses_of(database))
    return TaskTexts(full_load_mappings(database, tables, names, engine), how)
