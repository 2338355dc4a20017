"""Texts of every character set as the server itself would convert them to UTF-8.

A character set of one byte a character is asked for once, as 256 characters. What else is not plainly UTF-8 is sent to
the server: what it makes of bytes that are no text, nobody else knows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa

from localcloud.dms.engines.binlog.server import Server
from localcloud.dms.engines.binlog.tables import Charsets

_UTF8 = {"utf8", "utf8mb3", "utf8mb4"}
_ASKED_VALUES = 500
_ASKED_BYTES = 1024 * 1024


def read_charsets(server: Server) -> Charsets:
    """The character sets that the server knows. MariaDB 10.10 and later have collations without a number of their own,
    which another view numbers for each character set."""
    found = server.rows(
        "SELECT count(*) FROM information_schema.columns WHERE table_schema = 'information_schema' "
        "AND table_name = 'COLLATION_CHARACTER_SET_APPLICABILITY' AND column_name = 'ID'"
    )
    view = "COLLATION_CHARACTER_SET_APPLICABILITY" if found[0][0] else "COLLATIONS"
    numbered = server.rows(f"SELECT id, character_set_name FROM information_schema.{view} WHERE id IS NOT NULL")
    widths = server.rows("SELECT character_set_name, maxlen FROM information_schema.character_sets")
    return Charsets(dict(map(tuple, numbered)), dict(map(tuple, widths)))


class TextDecoder:
    """Asks *server*."""

    def __init__(self, server: Server, charsets: Charsets) -> None:
        self._server = server
        self._widths = charsets.widths
        self._tables: dict[str, str] = {}

    def array(self, charset: str, values: pa.Array) -> pa.Array:
        """*values*, bytes of texts of *charset*, as text."""
        if charset in _UTF8:
            try:
                return values.cast(pa.string())
            except pa.ArrowInvalid:
                return self._asked(charset, values.to_pylist())
        if self._widths[charset] > 1:
            return self._asked(charset, values.to_pylist())
        characters = self._table(charset)
        texts = [None if one is None else one.decode("latin-1").translate(characters) for one in values.to_pylist()]
        return pa.array(texts, pa.string())

    def _table(self, charset: str) -> str:
        if charset not in self._tables:
            found = self._asked(charset, [bytes((number,)) for number in range(256)]).to_pylist()
            self._tables[charset] = "".join(one if len(one) == 1 else "?" for one in found)
        return self._tables[charset]

    def _asked(self, charset: str, values: Sequence[bytes | None]) -> pa.Array:
        known: dict[bytes | None, str | None] = {None: None}
        for some in _portions({value for value in values if value is not None}):
            asked = ", ".join(f"CONVERT(CONVERT(x'{value.hex()}' USING {charset}) USING utf8mb4)" for value in some)
            known.update(zip(some, self._server.rows(f"SELECT {asked}")[0], strict=True))
        return pa.array([known[value] for value in values], pa.string())


def _portions(values: set[bytes]) -> Iterator[list[bytes]]:
    some: list[bytes] = []
    size = 0
    for value in values:
        if some and (len(some) == _ASKED_VALUES or size + len(value) > _ASKED_BYTES):
            yield some
            some, size = [], 0
        some.append(value)
        size += len(value)
    if some:
        yield some
