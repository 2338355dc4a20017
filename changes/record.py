"""One record for every change, whatever carried it: Parquet, CSV, a file of envelopes, a topic.

`Change` and `Position` are named tuples, which are as frozen as a dataclass and take a fifth of the time to make: a
change of a large file has little more than a microsecond.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, NamedTuple

Operation = Literal["load", "insert", "update", "delete"]
"""What happened to a row. `load`: a full load read it, so that nothing happened to it at all."""
Row = Mapping[str, object]
"""Values by column. A column that is absent is not there; a null is None."""

_ATTEMPT_DIGITS, _ORDINAL_DIGITS = 12, 19
_BETWEEN_PARTS = " "


class Position(NamedTuple):
    """Where a change is in the order of its database's changes. Totally ordered, part by part.

    *attempt*: the attempt whose folder holds it; 0 where the carrier has no attempts. *place*: in the source's log, as
    `sortable_position` writes it; of a row without such a place, the file that holds it; empty in a topic. *sequence*:
    DMS's number of the change, 35 digits. *ordinal*: where there is no sequence, the number of the row in its file, or
    of the message in its partition.

    What the order promises depends on the carrier:

    a delta's folder  the order of the source's log, over all tables of the database
    a full load       nothing but that a row has one position, and that all come before later attempts' changes
    other files       the order of the files' names, which DMS makes of the time, and of the rows within each
    a topic           the order within one partition; so all changes of a key must go to one partition
    """

    attempt: int
    place: str
    sequence: str
    ordinal: int

    @property
    def text(self) -> str:
        """The position as a text of printable characters, which sorts byte by byte as positions do.

        Raises:
            ValueError: A part has a blank or a control character, or a number has too many digits.

        >>> Position(7, "00000016B374D848", "20261130", 0).text
        '000000000007 00000016B374D848 20261130 0000000000000000000'
        """
        if self.attempt >= 10**_ATTEMPT_DIGITS or self.ordinal >= 10**_ORDINAL_DIGITS:
            raise ValueError(f"{self} has a number of too many digits: {_ATTEMPT_DIGITS} and {_ORDINAL_DIGITS} fit")
        if any(letter <= _BETWEEN_PARTS for letter in self.place + self.sequence):
            raise ValueError(f"{self} has a blank or a control character, which would sort in another way")
        attempt, ordinal = f"{self.attempt:0{_ATTEMPT_DIGITS}}", f"{self.ordinal:0{_ORDINAL_DIGITS}}"
        return _BETWEEN_PARTS.join((attempt, self.place, self.sequence, ordinal))


class Change(NamedTuple):
    """What happened to one row.

    *source*: the carrier; the key of a file, or `topic/partition`. *database*: its id in the registry; *schema* and
    *table*: by their names at the source. *key*: the values of the primary key's columns, in their order; the new ones
    where an update changes them; empty where the table has no key or nobody knows it.

    *before*: of an update, what the carrier gives of the row as it was: the key alone, as a rule. Of a delete, the row
    that is gone, or as much of it as the source gives. *after*: the row after a load, an insert or an update. Either
    is empty where there is no such row. On PostgreSQL an update does not give a long value that it leaves as it was:
    that is a null in a file, and *after* has it as None (`INCOMPLETE` in `fleet/deltas/change_sql.py`).

    *committed_at*: when the change was committed, aware, UTC; of a load, when the task started; None where the carrier
    does not say. It orders nothing: all changes of a transaction share it.
    """

    source: str
    database: str
    schema: str
    table: str
    key: tuple[object, ...]
    operation: Operation
    before: Row
    after: Row
    position: Position
    committed_at: datetime | None
