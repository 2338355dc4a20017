"""The versions of engines that DMS reads from, as AWS's pages name them.

Source: https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Introduction.Sources.html and, of PostgreSQL,
https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.PostgreSQL.html, read 2026-12-01 in translations of that
month: the first says of SQL Server 2008 that DMS 3.5.4 bears it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from fleet.databases import Engine

Version = tuple[int, ...]

_POSTGRESQL: Mapping[Version, str] = {
    (9,): "",
    (10,): "",
    (11,): "",
    (12,): "",
    (13,): "3.4.3",
    (14,): "3.4.7",
    (15,): "3.5.1",
    (16,): "3.5.3",
    (17,): "3.6.1",
}
"""Each with the first version of DMS that reads it; empty where any does."""
_NAMED: Mapping[Engine, Mapping[Version, str]] = {
    "postgresql": _POSTGRESQL,
    "mysql": dict.fromkeys([(5, 5), (5, 6), (5, 7), (8, 0), (8, 4)], ""),
    "mariadb": dict.fromkeys(
        [(10, 0), (10, 2), (10, 3), (10, 4), (10, 5), (10, 6), (10, 11), (11, 4)],
        "",
    ),
    # 2012, 2014, 2016, 2017, 2019 and 2022, as their servers number themselves.
    "sqlserver": dict.fromkeys([(11,), (12,), (13,), (14,), (15,), (16,)], ""),
}
_OLDEST: Mapping[Engine, Version] = {
    "postgresql": (9, 4),
    "mysql": (5, 5),
    "mariadb": (10, 0, 24),
    "sqlserver": (11,),
}


def read_version(text: str) -> Version:
    """The numbers that a version begins with; none where it begins with another character.

    >>> read_version("16.4 (Debian 16.4-1)"), read_version("10.11.6-MariaDB-0+deb12u1"), read_version("?")
    ((16, 4), (10, 11, 6), ())
    """
    found = re.match(r"\d+(\.\d+)*", text)
    return tuple(int(part) for part in found[0].split(".")) if found else ()


def is_too_old(engine: Engine, version: Version) -> bool:
    """Whether *version* is older than all that AWS's page names.

    >>> is_too_old("mariadb", (10, 0, 23)), is_too_old("sqlserver", (10, 50, 6000)), is_too_old("postgresql", (9, 4, 1))
    (True, True, False)
    """
    return version < _OLDEST[engine]


def needs_dms(engine: Engine, version: Version) -> str | None:
    """The first version of DMS that reads *version*, empty where any does; None where AWS's page does not name it.

    >>> needs_dms("postgresql", (16, 4)), needs_dms("mysql", (8, 4, 2)), needs_dms("mysql", (9, 1)), needs_dms(
    ...     "mariadb", (10, 11, 6))
    ('3.5.3', '', None, '')
    """
    known = _NAMED[engine]
    length = len(next(iter(known)))
    return known.get(version[:length])
