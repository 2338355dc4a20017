"""What cannot be read: a record among others that can, or a file from some place on."""

from __future__ import annotations

import re
from collections.abc import Callable

from fleet.errors import FleetError

_SHOWN_CHARACTERS = 24


class BrokenFileError(FleetError):
    """A file cannot be read on: it is cut, damaged, or not what its name says. Changes that were read before are good.

    *source*: the file's key. *why*: in words.
    """

    def __init__(self, source: str, why: str, *, remedy: str = "Write it again, or park it.") -> None:
        super().__init__(f"{source}: {why}", remedy=remedy)
        self.source = source


class PoisonRecordError(FleetError):
    """A record is no change as its table's are. Those after it can be read.

    *source*: the file's key, or `topic/partition`. *number*: of the row in its file, from 1 (without a header); of the
    line on which an envelope begins; of the message. *column*: whose value is at fault, or empty. *why*: in words,
    without the value, which may be a secret. *record*: all of it, as JSON or as the line was: for the place where it is
    parked, never for a log.
    """

    def __init__(self, source: str, number: int, column: str, why: str, record: str) -> None:
        super().__init__(f"{source}, record {number}: {why}", remedy="Mend its source, or redrive it once it is read.")
        self.source = source
        self.number = number
        self.column = column
        self.why = why
        self.record = record


class UnfitError(ValueError):
    """A value, or a record, is not as its table wants it. *column*: of the value, or empty. *why*: in words."""

    def __init__(self, why: str, column: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.column = column


Park = Callable[[PoisonRecordError], None]
"""Takes each record that cannot be read; the reader goes on with the next one."""


def refuse(error: PoisonRecordError) -> None:
    """Raises *error*: what a reader does without a place to park records in.

    Raises:
        PoisonRecordError: Always.
    """
    raise error


def outline(value: object) -> str:
    """What *value* looks like, without what it says: letters become a, digits 9. It may be a secret.

    >>> outline("31.12.2026"), outline("hunter2 " * 9), outline(b"abc"), outline(12.5)
    ("'99.99.9999'", "'aaaaaa9 aaaaaa9 aaaaaa9 '... (72 characters)", '3 bytes', "'99.9' (float)")
    """
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    text = str(value)
    shown = re.sub(r"[^\W\d_]", "a", re.sub(r"\d", "9", text[:_SHOWN_CHARACTERS]))
    more = f"... ({len(text)} characters)" if len(text) > _SHOWN_CHARACTERS else ""
    kind = "" if isinstance(value, str) else f" ({type(value).__name__})"
    return f"{shown!r}{more}{kind}"
