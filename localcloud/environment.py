"""The environment of a process that plays the cloud: nothing in it points a client somewhere else.

boto3, libpq, DuckDB, moto and the servers' programs read hundreds of variables, and files below the home folder. What
may pass is listed here; everything else stays outside, for this process and for the processes that it starts.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

_KEPT = frozenset(
    {
        # Where programs and their libraries are.
        "PATH",
        "LD_LIBRARY_PATH",
        "DYLD_LIBRARY_PATH",
        # What the terminal can show. Source: https://rich.readthedocs.io/en/stable/console.html#environment-variables
        "TERM",
        "COLORTERM",
        "COLUMNS",
        "LINES",
        "NO_COLOR",
        "FORCE_COLOR",
        "TTY_COMPATIBLE",
        "TTY_INTERACTIVE",
    }
)


def kept(environment: Mapping[str, str], own: str | None = None) -> dict[str, str]:
    """What a process of the local cloud may know of *environment*. *own*: how the caller's own variables begin.

    >>> kept({"PATH": "/bin", "SHOP_SIZE": "3", "AWS_PROFILE": "work", "PGSERVICE": "reports"}, own="SHOP_")
    {'PATH': '/bin', 'SHOP_SIZE': '3'}
    """
    begins = (own,) if own else ()
    return {name: value for name, value in environment.items() if name in _KEPT or name.startswith(begins)}


@contextmanager
def own_environment(own: str | None = None) -> Iterator[None]:
    """Until the context ends, this process has the environment of a local cloud, with an empty home folder, and the
    variables that begin with *own*.

    For the process that plays the cloud and nothing else: the environment is the whole process's. Enter it before the
    first thread starts, because the C library's environment has no lock.
    """
    before = dict(os.environ)
    with tempfile.TemporaryDirectory(prefix="localcloud-home-", ignore_cleanup_errors=True) as home:
        # Python has found a folder for temporary files that it may write to; other programs would not look for one.
        _set({**kept(before, own), "HOME": home, "TMPDIR": tempfile.gettempdir(), "TZ": "UTC"})
        try:
            yield
        finally:
            _set(before)


def _set(environment: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
