"""The shape of a statement: its text without names and values, so that 12,000 tables share one translation.

Parsing costs about 2.5 ms and a night sends the same few shapes for every table. A quoted name becomes `"§0§"`, a text
`'§1§'`, a whole number 880000000000002; what was translated carries them, and `fill` puts the originals back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from localcloud.snowflake.sql.lexing import TEXT, literal, name_of, quoted, text_of

_QUOTED = r'"(?:[^"]|"")*"'
# The numbers of a type belong to the shape: what becomes of a cast depends on them.
_TYPE = r"\b(?:NUMBER|DECIMAL|NUMERIC|VARCHAR|CHAR|STRING|TEXT|BINARY|TIME\w*)\s*\([\d\s,]*\)"
_TOKEN = re.compile(rf"{_QUOTED}|{TEXT}|(?P<type>{_TYPE})|(?<![\w$.])\d{{1,18}}(?![\w$.])", re.IGNORECASE)
_NUMBER = 880_000_000_000_000
_HOLE = re.compile(r"\"§(?P<name>\d+)§\"|'§(?P<text>\d+)§'|\b88(?P<number>\d{13})\b|\"(?P<other>§[A-Z]\w*§)\"")
# A unit of time is part of the translation, though it may be written as text.
_KEEPS_VALUES = re.compile(r"\b(?:DATEDIFF|DATEADD|TIMESTAMPDIFF|TIMESTAMPADD|INTERVAL|DATE_TRUNC)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Shaped:
    """*text*: the statement with holes; *values*: what stood there, as it was written."""

    text: str
    values: tuple[str, ...]

    def fill(self, text: str, others: Mapping[str, str]) -> str:
        """DuckDB text with the original names and values in its holes, and *others* in theirs."""

        def value(hole: re.Match[str]) -> str:
            if hole["other"]:
                return others[hole["other"]]
            written = self._written(hole)
            if hole["name"]:
                return quoted(name_of(written))
            return literal(text_of(written)) if hole["text"] else written

        return _HOLE.sub(value, text)

    def fill_name(self, text: str) -> str:
        """The name of a result column: a name as it is, an expression as it was written, in upper case (assumed)."""
        if found := re.fullmatch(r'"§(\d+)§"', text):
            return name_of(self.values[int(found[1])])
        return _HOLE.sub(self._written, text).upper()

    def text_value(self, literal_value: str) -> str:
        """The text that a literal of the parsed shape means."""
        found = re.fullmatch(r"§(\d+)§", literal_value)
        return text_of(self.values[int(found[1])]) if found else literal_value

    def name(self, identifier: str) -> str:
        """The name that an identifier of the parsed shape means.

        >>> shape('SELECT "flights" FROM T').name("§0§")
        'flights'
        """
        found = re.fullmatch(r"§(\d+)§", identifier)
        return name_of(self.values[int(found[1])]) if found else identifier

    def _written(self, hole: re.Match[str]) -> str:
        at = int(hole["name"] or hole["text"] or hole["number"])
        # A number of the statement's own that happens to look like a hole stays as it is.
        return self.values[at] if at < len(self.values) else hole[0]


def shape(statement: str) -> Shaped:
    """The shape of *statement*; equal names and values share a hole.

    >>> shape('SELECT "A", \\'x\\', 7 FROM "A"')
    Shaped(text='SELECT "§0§", \\'§1§\\', 880000000000002 FROM "§0§"', values=('"A"', "'x'", '7'))
    """
    values: dict[str, int] = {}
    keeps_values = _KEEPS_VALUES.search(statement) is not None

    def hole(match: re.Match[str]) -> str:
        written = match[0]
        if match["type"] or (keeps_values and not written.startswith('"')):
            return written
        at = values.setdefault(written, len(values))
        if written.startswith('"'):
            return f'"§{at}§"'
        return f"'§{at}§'" if written.startswith("'") else str(_NUMBER + at)

    return Shaped(_TOKEN.sub(hole, statement), tuple(values))
