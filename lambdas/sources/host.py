"""The host of a secret, as a socket takes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def host_of(secret: Mapping[str, Any]) -> str:
    """The host that *secret* names; an IPv6 address without the brackets that a URL puts around it.

    >>> host_of({"host": "[::1]"}), host_of({"host": "::1"}), host_of({"host": "db.example.com"})
    ('::1', '::1', 'db.example.com')
    """
    host = str(secret["host"])
    return host[1:-1] if host.startswith("[") and host.endswith("]") else host
