"""Every number that a SQL Server said before its driver gave up, not the last alone.

The server answers a login to a database that is not there with two errors: 4060, then 18456. The driver (python-tds
1.17) keeps the last number and joins the words, and has no parameter for another way; so the method that raises is
wrapped here, for the whole process.
"""

from __future__ import annotations

from typing import Any

import pytds
from pytds import tds_session

_ATTRIBUTE = "fleet_numbers"
_raise_alone = tds_session._TdsSession.raise_db_exception


def _raise_with_numbers(self: Any) -> None:
    numbers = tuple(one["msgno"] for one in self.messages)
    try:
        _raise_alone(self)
    except pytds.Error as error:
        setattr(error, _ATTRIBUTE, numbers)
        raise


tds_session._TdsSession.raise_db_exception = _raise_with_numbers


def numbers_of(error: BaseException) -> tuple[int, ...]:
    """The server's numbers behind *error*, in the order in which it said them; none if the error is not the server's.

    >>> numbers_of(TimeoutError())
    ()
    """
    if not isinstance(error, pytds.DatabaseError):
        return ()
    return getattr(error, _ATTRIBUTE, ()) or tuple(filter(None, [error.msg_no]))
