"""The text of statements: cut a request at its semicolons, read names and literals, read `NAME = value` options."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from localcloud.snowflake.errors import syntax_error

NAME = r'(?:"(?:[^"]|"")+"|[A-Za-z_][\w$]*)'
QUALIFIED_NAME = rf"{NAME}(?:\.{NAME}){{0,2}}"
TEXT = r"'(?:[^'\\]|''|\\.)*'"
_QUOTED = r'"(?:[^"]|"")*"'
_COMMENT = r"--[^\n]*|//[^\n]*|/\*.*?\*/"

# The rest in runs: what begins with a space is one, so that a statement's place is that of its first letter.
_RUN = r"\s+|[^'\"$;/\s-][^'\"$;/-]*|."
_PIECE = re.compile(rf"(?P<comment>{_COMMENT})|(?P<end>;)|{TEXT}|{_QUOTED}|(?P<dollar>\$\$)|{_RUN}", re.DOTALL)
_OPTION_TOKEN = re.compile(rf"\s*({TEXT}|{QUALIFIED_NAME}|[()=,]|[^\s()=,'\"]+)")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "b": "\b", "f": "\f"}


@dataclass(frozen=True)
class Statement:
    """One statement of a request, without comments. *line* from 1 and *position* from 0, as Snowflake counts them."""

    text: str
    line: int
    position: int


def split_statements(request: str) -> list[Statement]:
    """The statements of *request*, empty ones left out; a semicolon in a literal, a name or a comment cuts nothing.

    >>> [one.text for one in split_statements("SELECT ';' -- a;b\\n; DELETE FROM \\"a;b\\";")]
    ["SELECT ';'", 'DELETE FROM "a;b"']
    """
    found: list[Statement] = []
    pieces: list[str] = []
    start: int | None = None

    def close() -> None:
        if start is not None:
            before = request[:start]
            text = "".join(pieces).strip()
            found.append(Statement(text, before.count("\n") + 1, start - (before.rfind("\n") + 1)))
        pieces.clear()

    for match in _PIECE.finditer(request):
        if match["dollar"]:
            raise syntax_error("unexpected '$$': scripts and procedures are not emulated here")
        if match["end"]:
            close()
            start = None
        elif match["comment"]:
            pieces.append(" ")
        else:
            if start is None and not match[0].isspace():
                start = match.start()
            pieces.append(match[0])
    close()
    return found


def name_of(written: str) -> str:
    """The name that an identifier means: as it is between quotes, otherwise in upper case.

    >>> name_of("flights"), name_of('"flights"'), name_of('"a""b"')
    ('FLIGHTS', 'flights', 'a"b')
    """
    return written[1:-1].replace('""', '"') if written.startswith('"') else written.upper()


def parts_of(written: str) -> tuple[str, ...]:
    """The names of a dotted identifier, outermost first."""
    return tuple(name_of(part) for part in re.findall(NAME, written))


def quoted(*names: str) -> str:
    """A dotted identifier with every name between quotes."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


def text_of(literal: str) -> str:
    r"""The text that a Snowflake string literal means; backslashes escape as quotes do.

    >>> text_of(r"'it''s \'x\''")
    "it's 'x'"
    """

    def unescape(match: re.Match[str]) -> str:
        if match[0] == "''":
            return "'"
        if match[1] in "ux":
            raise syntax_error(f"in {literal!r}: code-point escapes are not emulated here")
        return _ESCAPES.get(match[1], match[1])

    return re.sub(r"''|\\(.)", unescape, literal[1:-1], flags=re.DOTALL)


def literal(text: str) -> str:
    """A DuckDB string literal.

    >>> literal("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def options(written: str) -> dict[str, Any]:
    """The options of a statement by upper-case name: text, a word, a list, or options again.

    >>> options("TYPE = PARQUET FILES=('a', 'b') FILE_FORMAT=(FORMAT_NAME='X')")
    {'TYPE': 'PARQUET', 'FILES': ['a', 'b'], 'FILE_FORMAT': {'FORMAT_NAME': 'X'}}
    """
    tokens = _OptionTokens(written)
    found = _read_pairs(tokens)
    if tokens.peek() is not None:
        raise syntax_error(f"unexpected {tokens.peek()!r}")
    return found


class _OptionTokens:
    """The tokens of a list of options, with a look at what comes next."""

    def __init__(self, written: str) -> None:
        self._tokens = list(_tokens(written))
        self._at = 0

    def peek(self, ahead: int = 0) -> str | None:
        at = self._at + ahead
        return self._tokens[at] if at < len(self._tokens) else None

    def take(self) -> str:
        token = self.peek()
        if token is None:
            raise syntax_error("unexpected end of statement")
        self._at += 1
        return token


def _tokens(written: str) -> Iterator[str]:
    at = 0
    written = written.rstrip()
    while at < len(written):
        match = _OPTION_TOKEN.match(written, at)
        if match is None:
            raise syntax_error(f"unexpected {written[at : at + 20].strip()!r}")
        yield match[1]
        at = match.end()


def _read_pairs(tokens: _OptionTokens) -> dict[str, Any]:
    found: dict[str, Any] = {}
    while tokens.peek() not in {None, ")"}:
        if tokens.peek() == ",":
            tokens.take()
            continue
        name = tokens.take()
        if tokens.peek() != "=":
            raise syntax_error(f"unexpected {name!r}")
        tokens.take()
        found[name.upper()] = _read_value(tokens)
    return found


def _read_value(tokens: _OptionTokens) -> Any:
    token = tokens.take()
    if token.startswith("'"):
        return text_of(token)
    if token != "(":  # noqa: S105  a parenthesis, not a secret
        return token
    if tokens.peek(1) == "=":
        pairs = _read_pairs(tokens)
        tokens.take()
        return pairs
    values: list[Any] = []
    while tokens.peek() != ")":
        if tokens.peek() == ",":
            tokens.take()
        else:
            values.append(_read_value(tokens))
    tokens.take()
    return values


def is_true(value: object) -> bool:
    """Whether an option is TRUE."""
    return str(value).upper() == "TRUE"
