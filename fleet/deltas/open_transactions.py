"""A transaction that is open while the task of a chain rests: whether the next delta brings all that it wrote.

PostgreSQL and MySQL's kin hand a transaction over whole, when it commits, so that none is cut by a stop. A slot keeps
the log from the beginning of the oldest one that is open; a binary log gets a transaction at its commit.
Source: https://www.postgresql.org/docs/current/logicaldecoding-output-plugin.html ("Transactions are decoded in commit
order") and https://dev.mysql.com/doc/refman/8.4/en/binary-log.html ("When a COMMIT statement is executed, it writes the
entire transaction to the binary log") (documented).

SQL Server's log has each change where it was made. No page says, and no account has shown, that a task which goes on
behind it still knows what a transaction wrote before (docs/to-verify-on-aws.md).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from fleet.databases import Engine

_MAY_CUT: frozenset[Engine] = frozenset({"sqlserver"})


def find_open(engine: Engine, open_since: str, rested_at: datetime) -> str:
    """*open_since* (`SourceLog`), if what began then may be cut by a stop of the task; else nothing.

    *rested_at*: when the task was seen at rest: what began later is behind it.

    >>> rest = datetime.fromisoformat("2026-11-30T14:00:00+00:00")
    >>> earlier, later = "2026-11-30T13:59:59+00:00", "2026-11-30T14:00:01+00:00"
    >>> [find_open("sqlserver", since, rest) for since in (earlier, later, "")]
    ['2026-11-30T13:59:59+00:00', '', '']
    >>> find_open("postgresql", earlier, rest)
    ''
    """
    is_cut = engine in _MAY_CUT and open_since and datetime.fromisoformat(open_since) <= rested_at
    return open_since if is_cut else ""


def has_ended(before: str, open_since: str) -> bool:
    """Whether what `find_open` found at an earlier seal is over, if it found anything. *open_since*: as the source says
    now, whose reckoning of the same moment may differ by a second.

    >>> since, same, later = (f"2026-11-30T14:00:0{second}+00:00" for second in (0, 1, 2))
    >>> [has_ended(since, now) for now in (since, same, later, "")]
    [False, False, True, True]
    >>> has_ended("", later)
    False
    """
    if not before or not open_since:
        return bool(before)
    return datetime.fromisoformat(open_since) - datetime.fromisoformat(before) > _SAME_MOMENT


_SAME_MOMENT = timedelta(seconds=1)


def describe_ended(open_since: str) -> str:
    """The gap that its end is."""
    return (
        f"the transaction that was open at the source from {open_since} on, while the task was stopped, is over: this "
        "run compares the keys of all tables; whether their values are whole it cannot see"
    )


def describe_open(open_since: str) -> list[str]:
    """The gap that a transaction is which `find_open` has found, in words; nothing without one.

    >>> describe_open("")
    []
    """
    if not open_since:
        return []
    return [
        f"a transaction was open at the source from {open_since} on, while the task was stopped: nobody knows whether "
        f"what it wrote before comes with a later delta"
    ]
