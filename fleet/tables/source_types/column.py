"""A source's column, and the type that DMS gives it on the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Column:
    """A column as the source's catalogue has it. *type_name* is the engine's own name, in lower case.

    *length*: characters of a text type (bytes of a binary one, bits of MySQL's `bit`), or None where it has no bound;
    *precision* and *scale*: of a numeric type, or None; SQL Server's times have their digits of a second as scale.
    *declared*: the type as the source's own people write it, where that is another word (a domain, an alias, a type
    with its modifier). *is_masked*: the login reads a mask in place of each value.
    """

    name: str
    type_name: str
    length: int | None = None
    precision: int | None = None
    scale: int | None = None
    is_nullable: bool = True
    declared: str = ""
    is_masked: bool = False


@dataclass(frozen=True)
class DmsType:
    """A type of DMS's own (INT4, WSTRING, ...), between source and target."""

    name: str
    length: int | None = None
    precision: int | None = None
    scale: int | None = None

    @property
    def is_lob(self) -> bool:
        """Whether LobMaxSize cuts its values.

        >>> DmsType("NCLOB").is_lob, DmsType("WSTRING", 40).is_lob
        (True, False)
        """
        return self.name in {"BLOB", "CLOB", "NCLOB"}


LossKind = Literal[
    "digits",
    "whole digits",
    "length",
    "bytes",
    "long",
    "fraction",
    "offset",
    "range",
    "midnight",
    "trailing",
    "zero date",
    "not a number",
    "character",
    "reference system",
    "heights",
    "mask",
]


@dataclass(frozen=True)
class Loss:
    """One way in which values of a column change. *how*: a clause for people that says what becomes of such a value.

    *is_rare*: hardly any column has such values; it is counted, not announced. *kind* and *bound* say which values
    those are, for the statement that counts them at the source:

    digits        a number with more than *bound* digits after the point
    whole digits  a number with more than *bound* digits before the point
    length        a text of more than *bound* characters
    bytes         a text of more than *bound* bytes of UTF-8
    long          a large object of more than *bound* units, of which LobMaxSize keeps that many (`lob_units`)
    fraction      a time with more than *bound* digits of a second
    offset        a time with an offset from UTC that is not zero
    range         a point in time that is infinite, or outside the years that arrive
    midnight      a time of day that is 24:00
    trailing      a text that ends in blanks
    zero date     a date without a day or a month, or on a day that its month does not have
    not a number  a number that is NaN or infinite
    character     a text with a character that Unicode does not have
    reference system  a shape in another spatial reference system than *bound*
    heights       a shape whose points have heights or measures
    mask          any value at all
    """

    kind: LossKind
    how: str
    bound: int = 0
    is_rare: bool = False


_DMS_DECIMAL_DIGITS = 38


def numeric(precision: int, scale: int) -> DmsType:
    """NUMERIC, or text where the number has more digits than a decimal of DMS's holds.

    The bound is documented for PostgreSQL's `numeric` (the guide's "Source data types for PostgreSQL") and assumed for
    the other engines, of which only MySQL has longer ones (65). The text has room for a sign, a point, and a zero
    before it. A scale below zero or above the precision, which PostgreSQL has and a decimal has not, is made up for
    with digits, so that nothing is lost (assumed for DMS).

    >>> numeric(65, 30)
    DmsType(name='STRING', length=67, precision=None, scale=None)
    >>> numeric(5, -2), numeric(3, 5).precision
    (DmsType(name='NUMERIC', length=None, precision=7, scale=0), 5)
    """
    precision, scale = max(precision - min(scale, 0), scale), max(scale, 0)
    if precision > _DMS_DECIMAL_DIGITS:
        return DmsType("STRING", max(precision, scale + 1) + 2)
    return DmsType("NUMERIC", precision=precision, scale=scale)
