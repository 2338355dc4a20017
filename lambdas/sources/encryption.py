"""What encrypts a connection to a source, as DMS's endpoint for it does."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any

from fleet.databases import SslMode
from lambdas.sources.words import UnusableCertificateError

AUTHORITY = "certificate"
"""The member of a server's secret that holds its authority's certificate as PEM, where Python does not trust that one.

DMS keeps the same certificate for its endpoints, out of AskSource's reach.
"""


def encryption(secret: Mapping[str, Any], ssl_mode: SslMode) -> ssl.SSLContext | None:
    """What a connection of *ssl_mode* to the server that *secret* names is wrapped in; None for `none`.

    Source: https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Security.SSL.html: `require` compares nothing,
    `verify-ca` the authority, `verify-full` the server's name as well.

    >>> encryption({}, "none"), encryption({}, "require").verify_mode.name, encryption({}, "verify-ca").check_hostname
    (None, 'CERT_NONE', False)

    Raises:
        UnusableCertificateError: The secret's certificate is to be compared with, and is none.
    """
    if ssl_mode == "none":
        return None
    pem = None if ssl_mode == "require" else read_authority(secret)
    context = ssl.create_default_context(cadata=pem)
    context.check_hostname = ssl_mode == "verify-full"
    if ssl_mode == "require":
        context.verify_mode = ssl.CERT_NONE
    return context


def read_authority(secret: Mapping[str, Any]) -> str | None:
    """The certificate in *secret*, or None where it names none.

    Raises:
        UnusableCertificateError: What is there is no certificate.
    """
    pem = secret.get(AUTHORITY)
    if not pem:
        return None
    try:
        ssl.create_default_context(cadata=pem)
    except (TypeError, ValueError, ssl.SSLError):
        # Without the parser's words and value: what is there may be a key.
        raise UnusableCertificateError(f"the secret's member `{AUTHORITY}` is no certificate in PEM") from None
    return pem
