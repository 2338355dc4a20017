"""A source's column, and the type that DMS gives it on the way."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """A column as the source's catalogue has it. *type_name* is the engine's own name, in lower case.

    *length*: characters of a text type (bytes of a binary one, bits of MySQL's `bit`), or None where it has no bound;
    *precision* and *scale*: of a numeric type, or None.
    """

    name: str
    type_name: str
    length: int | None = None
    precision: int | None = None
    scale: int | None = None
    is_nullable: bool = True


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


_DMS_DECIMAL_DIGITS = 38


def numeric(precision: int, scale: int) -> DmsType:
    """NUMERIC, or text where the number has more digits than a decimal of DMS's holds.

    The bound is documented for PostgreSQL's `numeric` (the guide's "Source data types for PostgreSQL") and assumed for
    the other engines, of which only MySQL has longer ones (65). The text has room for a sign and a point.

    >>> numeric(65, 30)
    DmsType(name='STRING', length=67, precision=None, scale=None)
    """
    if precision > _DMS_DECIMAL_DIGITS:
        return DmsType("STRING", precision + 2)
    return DmsType("NUMERIC", precision=precision, scale=scale)
