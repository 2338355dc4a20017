"""LOBs, cut where limited LOB mode cuts them.

Source: AWS DMS user guide, "Setting LOB support for source databases in an AWS DMS task" and, for how characters count,
"Working with LOB source data types for PostgreSQL": a CLOB's character counts as one byte and an NCLOB's as two, each
twice as much outside of the basic plane. So a limit is a number of UTF-16 units. (That the rule for PostgreSQL holds
for every engine is assumed.)
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from localcloud.dms.type_tables.column import DmsType


def units(kind: DmsType, lob_bytes: int) -> int:
    """How much of a value of the LOB type *kind* is carried: bytes of a BLOB, UTF-16 units of a text.

    A reader need not send more than one unit beyond it.

    >>> units(DmsType("NCLOB"), 1024), units(DmsType("CLOB"), 1024), units(DmsType("BLOB"), 1024)
    (512, 1024, 1024)
    """
    return lob_bytes // 2 if kind.name == "NCLOB" else lob_bytes


def cut(values: pa.Array, limit: int) -> tuple[pa.Array, int]:
    """*values* with none longer than *limit* units, and how many were."""
    longest = pc.call_function("max", [pc.call_function("binary_length", [values])]).as_py()
    # UTF-8 never takes fewer bytes than UTF-16 takes units.
    if longest is None or longest <= limit:
        return values, 0
    count = 0
    found: list[str | bytes | None] = values.to_pylist()
    for place, value in enumerate(found):
        if value is None:
            continue
        short = value[:limit] if isinstance(value, bytes) else _cut_text(value, limit)
        if len(short) < len(value):
            found[place] = short
            count += 1
    return (pa.array(found, values.type) if count else values), count


def _cut_text(text: str, limit: int) -> str:
    """The first *limit* UTF-16 units of *text*, without half a surrogate pair, which no file in UTF-8 can hold.

    >>> _cut_text("a😀", 2), _cut_text("a😀", 3)
    ('a', 'a😀')
    """
    if len(text) <= limit // 2:
        return text
    units_of_two = text[:limit].encode("utf-16-le", "surrogatepass")
    return units_of_two[: 2 * limit].decode("utf-16-le", "ignore")


def without_cut_half(text: str) -> str:
    r"""*text* without the half of a surrogate pair at its end, which a source leaves that cuts by UTF-16 units.

    >>> without_cut_half("a\ud83d"), without_cut_half("a"), without_cut_half("")
    ('a', 'a', '')
    """
    return text[:-1] if "\ud800" <= text[-1:] <= "\udbff" else text
