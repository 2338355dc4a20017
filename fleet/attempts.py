"""One try at one database. Its number is at once the fence, the order and the last part of the folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fleet.databases import Mode
from fleet.folders import Folder
from fleet.names import attempt_key


@dataclass(frozen=True)
class Attempt:
    """One try at one database, as the states of `database-run` pass it on.

    *number*: 1 and up, never used twice for a database; 0 means that no attempt was made (`skipped`).
    *execution*: ARN of the `database-run` execution that made it. *tables*: exact `schema.table` names if the run's
    input narrows the load, else None.
    """

    run: str
    database: str
    mode: Mode
    number: int
    execution: str
    tables: tuple[str, ...] | None = None

    @property
    def folder(self) -> Folder:
        """Where its rows land."""
        return Folder(self.database, self.mode, self.run, self.number)

    def key(self, document: str) -> str:
        """Where it keeps *document*, in the control bucket."""
        return attempt_key(self.run, self.database, self.number, document)


def covers(theirs: Sequence[str] | None, ours: Sequence[str] | None) -> bool:
    """Whether an attempt at the tables *theirs* did all that one at *ours* would; None means all of them.

    >>> covers(None, ["s.t"]), covers(["s.t", "s.u"], ["s.t"]), covers(["s.t"], ["s.u"]), covers(["s.t"], None)
    (True, True, False, False)
    """
    return theirs is None or (ours is not None and set(ours) <= set(theirs))
