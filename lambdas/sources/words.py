"""What an error of a driver or of the network says of the source, in words, and whose affair it is."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from typing import Any

from fleet.failures import Failure, FailureClass
from fleet.sentences import as_clause

NOT_ANSWERING = "SourceNotAnswering"
_UNKNOWN_WORDS = "no reason given"
_PYTHONS_NUMBER = re.compile(r"\[Errno -?\d+\] ?")


class UnusableCertificateError(OSError):
    """The secret's member `certificate` is no certificate."""


def causes_of(error: BaseException) -> Iterator[BaseException]:
    """*error*, then what it came from, the nearest first."""
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        one = one.__cause__ or one.__context__


def find_words(error: BaseException) -> str:
    """The first words among *error* and what it came from; a driver may raise a bare error over the one that says why.

    >>> find_words(TimeoutError())
    'no answer in time'
    >>> find_words(ConnectionRefusedError(111, "Connection refused"))
    'Connection refused'
    >>> find_words(UnicodeDecodeError("utf-8", b"caf\\xe9", 3, 4, "unexpected end of data"))
    'the byte 0xe9 is no text in utf-8'
    """
    words = next(filter(None, map(_words, causes_of(error))), _silent_words(error))
    return _PYTHONS_NUMBER.sub("", words)


def _silent_words(error: BaseException) -> str:
    return "no answer in time" if any(isinstance(one, TimeoutError) for one in causes_of(error)) else _UNKNOWN_WORDS


def _words(error: BaseException) -> str:
    """What *error* itself says, in the drivers' shapes: fields, a text with more behind it, a code and a text."""
    args: tuple[Any, ...] = error.args
    if isinstance(error, UnicodeDecodeError):
        return f"the byte 0x{error.object[error.start]:02x} is no text in {error.encoding}"
    if isinstance(error, UnicodeEncodeError):
        return f"the character U+{ord(error.object[error.start]):04X} cannot be written in {error.encoding}"
    if isinstance(error, OSError) and error.strerror and not isinstance(error, ssl.SSLError):
        return str(error.strerror).strip()
    if args and isinstance(args[0], dict):
        return str(args[0].get("M", _UNKNOWN_WORDS)).strip()
    if args and isinstance(args[0], str):
        return args[0].strip()
    if len(args) > 1 and isinstance(args[0], int) and not isinstance(error, OSError):
        return str(args[1]).strip()
    return "" if len(args) > 1 and not isinstance(error, OSError) else str(error).strip()


def describe(error: BaseException, failure_class: FailureClass) -> Failure:
    """The failure that *error* is: the engine gives *failure_class*; a bad certificate or a bad text overrules it.

    `table_error` is, of a question that names no table, a name that is no text.
    """
    for one in causes_of(error):
        if isinstance(one, UnusableCertificateError):
            words = as_clause(find_words(one))
            text = f"the source was not asked: {words}. Write the authority's certificate there as PEM."
            return Failure("credentials", "CertificateUnusable", text)
        if isinstance(one, ssl.SSLCertVerificationError):
            text = (
                f"the source's certificate was not accepted: {as_clause(find_words(one))}. Put its authority's "
                "certificate into the secret's member `certificate`, or correct `ssl_mode` or the secret's `host`."
            )
            return Failure("connection", "CertificateNotAccepted", text)
        if isinstance(one, UnicodeError):
            failure_class = "table_error"
    words = as_clause(find_words(error))
    match failure_class:
        case "table_error":
            text = (
                f"the source's answer cannot be read: {words}. A name in its catalogue is in another encoding than the "
                "server says. Rename it, or leave its schema out."
            )
            return Failure(failure_class, "SourceTextUnreadable", text)
        case "connection":
            return Failure(failure_class, NOT_ANSWERING, f"the source did not answer: {words}")
        case "credentials":
            return Failure(failure_class, "SourceRefused", f"the source refused: {words}")
        case "mapping_empty":
            text = (
                f"the source does not open the database: {words}. Correct `name_at_source` in databases.yaml, or "
                "create the database there and let the login in."
            )
            return Failure(failure_class, "DatabaseNotThere", text)
        case _:
            return Failure(failure_class, "SourceErred", f"the source answered with an error: {words}")
