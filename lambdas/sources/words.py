"""What an error of a driver or of the network says of the source, in words, and whose affair it is."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import Any

from fleet.failures import Failure, FailureClass

NOT_ANSWERING = "SourceNotAnswering"


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
    'TimeoutError'
    >>> find_words(ConnectionRefusedError(111, "Connection refused"))
    '[Errno 111] Connection refused'
    """
    return next(filter(None, map(_words, causes_of(error))), type(error).__name__)


def _words(error: BaseException) -> str:
    """What *error* itself says, in the drivers' shapes: fields, a text with more behind it, a code and a text."""
    args: tuple[Any, ...] = error.args
    if args and isinstance(args[0], dict):
        return str(args[0].get("M", args[0]))
    if args and isinstance(args[0], str):
        return args[0].strip()
    if len(args) > 1 and isinstance(args[0], int) and not isinstance(error, OSError):
        return str(args[1])
    return str(error).strip()


def describe(error: BaseException, failure_class: FailureClass) -> Failure:
    """The failure that *error* is: *failure_class* says the engine, except where a certificate is at fault."""
    for one in causes_of(error):
        if isinstance(one, UnusableCertificateError):
            text = f"the source was not asked: {find_words(one)}. Write the authority's certificate there as PEM."
            return Failure("credentials", "CertificateUnusable", text)
        if isinstance(one, ssl.SSLCertVerificationError):
            text = (
                f"the source's certificate was not accepted: {find_words(one)}. Put its authority's certificate into "
                "the secret's member `certificate`, or correct `ssl_mode` or the secret's `host`."
            )
            return Failure("connection", "CertificateNotAccepted", text)
    return Failure(failure_class, NOT_ANSWERING, f"the source did not answer: {find_words(error)}")
