"""A column of a source, and the type in which DMS carries it to the target."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_WRITTEN = re.compile(r"(\w+)(?:\((\d+)(?:,(\d+))?\))?")
_MOST_DIGITS = 38


@dataclass(frozen=True)
class SourceColumn:
    """A column as its server's catalogue has it. *type_name*: the server's own word, in lower case, without numbers.

    *length*: characters of a text, bytes of a binary, bits of a bit string; None where it has no bound. *precision*,
    *scale*: digits of an exact number, None where none were declared.
    """

    name: str
    type_name: str
    length: int | None = None
    precision: int | None = None
    scale: int | None = None


@dataclass(frozen=True)
class DmsType:
    """A data type of DMS's own. Source: https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Reference.DataTypes.html"""

    name: str
    length: int | None = None
    precision: int | None = None
    scale: int | None = None

    @property
    def is_lob(self) -> bool:
        """Whether the LOB settings of a task apply.

        >>> DmsType("CLOB").is_lob, DmsType("STRING", 10).is_lob
        (True, False)
        """
        return self.name.endswith("LOB")


def read_type(written: str) -> DmsType:
    """The type that AWS's pages write so.

    >>> read_type("STRING(50)")
    DmsType(name='STRING', length=50, precision=None, scale=None)
    >>> read_type("NUMERIC(38,4)")
    DmsType(name='NUMERIC', length=None, precision=38, scale=4)
    """
    found = _WRITTEN.fullmatch(written)
    if found is None:
        raise ValueError(f"{written!r} is no type of DMS")
    name, first, second = found.groups()
    if second is not None:
        return DmsType(name, precision=int(first), scale=int(second))
    return DmsType(name, length=int(first) if first else None)


def read_rows(rows: Mapping[str, Sequence[str]]) -> dict[str, DmsType]:
    """The DMS type of each source type, from the source types of each DMS type.

    >>> read_rows({"INT2": ["smallint", "year"]})["year"].name
    'INT2'
    """
    return {name: read_type(written) for written, names in rows.items() for name in names}


def exact_number(precision: int, scale: int) -> DmsType:
    """NUMERIC of up to 38 digits, else STRING with room for what such a number looks like.

    AWS's page for PostgreSQL says so; for MySQL, which goes to 65 digits, it is assumed. The length is assumed, and so
    is what becomes of a scale that a decimal cannot have, below zero or above the precision: it is carried whole.

    >>> exact_number(38, 10).name, exact_number(39, 2)
    ('NUMERIC', DmsType(name='STRING', length=41, precision=None, scale=None))
    >>> exact_number(39, 39).length, len("-0." + 39 * "9")
    (42, 42)
    """
    whole, fraction = max(precision - scale, 0), max(scale, 0)
    if whole + fraction <= _MOST_DIGITS:
        return DmsType("NUMERIC", precision=whole + fraction, scale=fraction)
    sign, point = 1, 1
    return DmsType("STRING", sign + max(whole, 1) + point + fraction)
