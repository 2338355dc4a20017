"""Lets the SQL Server driver encrypt as SslMode `require` does: without comparing the server's certificate.

The driver (python-tds 1.17) takes the name of a file of authorities, and always compares with them. It has no parameter
for another context, so its maker of contexts is wrapped, and one special name means that nothing is compared. What
others make of other names stays as it is.

Source: https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Security.SSL.html: `require` does not verify.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytds.tls
from OpenSSL import SSL

COMPARE_NOTHING = "(no authorities)"
"""In place of the file's name."""
_lock = threading.Lock()


class _Maker:
    """Makes the driver's contexts; *inner*: who makes those that compare."""

    def __init__(self, inner: Callable[[str], Any]) -> None:
        self._inner = inner

    def __call__(self, cafile: str) -> Any:
        if cafile != COMPARE_NOTHING:
            return self._inner(cafile)
        context = SSL.Context(SSL.TLS_METHOD)
        context.set_max_proto_version(SSL.TLS1_2_VERSION)  # TDS 7 carries the handshake in packets of its own
        return context


def let_driver_compare_nothing() -> None:
    """Wrap the driver's maker of contexts, unless it is wrapped: another library in the process may replace it."""
    with _lock:
        if not isinstance(pytds.tls.create_context, _Maker):
            pytds.tls.create_context = _Maker(pytds.tls.create_context)
