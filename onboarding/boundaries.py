"""The boundaries of a parallel load, as the registry writes them: texts, which DMS compares as the column's type does.

The type is not known here: they are compared as numbers where all of them are numbers, else as text, which is also the
order of dates in ISO form.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from itertools import pairwise


def find_repeated(boundaries: Sequence[str]) -> str | None:
    """The first of *boundaries* that repeats one before it, or None.

    >>> find_repeated(["10", "20", "10.0"]), find_repeated(["a", "A"])
    ('10.0', None)
    """
    seen: set[Decimal | str] = set()
    for boundary, value in zip(boundaries, _values(boundaries), strict=True):
        if value in seen:
            return boundary
        seen.add(value)
    return None


def find_out_of_order(boundaries: Sequence[str]) -> tuple[str, str] | None:
    """The first two neighbours of *boundaries* that do not rise, or None.

    >>> find_out_of_order(["9", "10", "100"]), find_out_of_order(["100", "50"])
    (None, ('100', '50'))
    >>> find_out_of_order(["2026-01-01", "2025-01-01"]), find_out_of_order(["9", "10", "x"])
    (('2026-01-01', '2025-01-01'), ('9', '10'))
    """
    values = _values(boundaries)
    for place, (one, other) in enumerate(pairwise(values)):
        if other < one:  # pyright: ignore[reportOperatorIssue]  all of one type
            return boundaries[place], boundaries[place + 1]
    return None


def _values(boundaries: Sequence[str]) -> list[Decimal] | list[str]:
    try:
        numbers = [Decimal(boundary) for boundary in boundaries]
    except InvalidOperation:
        return list(boundaries)
    return numbers if all(number.is_finite() for number in numbers) else list(boundaries)
