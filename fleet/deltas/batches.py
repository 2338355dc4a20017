"""Which changes of which folders are applied to each table now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from fleet.attempts import Attempt
from fleet.deltas.chain import TableState
from fleet.manifests import Manifest, SealedTable
from fleet.tables.catalogue import TableName


@dataclass(frozen=True)
class DeltaFolder:
    """A sealed folder of a chain. *is_closed*: it and those before it hold all up to a known place of the log.

    *reaches*: all that was committed at the source before it is in them; None where nobody knows.
    """

    attempt: Attempt
    is_closed: bool
    manifest: Manifest
    reaches: datetime | None = None

    def table(self, name: TableName) -> SealedTable | None:
        """What was sealed of a table in it; None where the task did not read that table."""
        return next((table for table in self.manifest.tables if table.name == name), None)


def closed_through(folders: Iterable[DeltaFolder]) -> int:
    """The newest attempt up to which changes may be applied; 0 where none is.

    Behind an open folder the next one may begin with changes that belong before its own: only together do they end at
    a known place, and only so do rows never go backwards.
    """
    return max((folder.attempt.number for folder in folders if folder.is_closed), default=0)


def plan_batch(
    state: TableState, folders: Sequence[DeltaFolder], through: int
) -> tuple[tuple[Attempt, SealedTable], ...]:
    """The folders with changes of *state*'s table that are not applied yet, in order, up to attempt *through*."""
    found = ((folder.attempt, folder.table(state.name)) for folder in _pending(state, folders, through))
    return tuple((attempt, sealed) for attempt, sealed in found if sealed is not None and sealed.files)


def find_broken(state: TableState, folders: Sequence[DeltaFolder], lost: Iterable[int], through: int) -> str:
    """Why the table's changes in those folders cannot be applied: what one of them was sealed with; or nothing.

    A task that did not read the table for a while has its changes of that time in no folder. *lost*: attempts whose
    manifest is gone.
    """
    for number in sorted(lost):
        if state.applied < number <= through:
            return f"the manifest of attempt {number}, which has changes of it, is gone"
    for folder in _pending(state, folders, through):
        sealed = folder.table(state.name)
        if sealed is None:
            return f"attempt {folder.attempt.number} read changes of other tables without it"
        if sealed.failure is not None:
            return sealed.failure.text
    return ""


def _pending(state: TableState, folders: Sequence[DeltaFolder], through: int) -> list[DeltaFolder]:
    """Those that are not applied to *state*'s table yet, in order, up to attempt *through*."""
    ordered = sorted(folders, key=lambda one: one.attempt.number)
    return [one for one in ordered if state.applied < one.attempt.number <= through]
