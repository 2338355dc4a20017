"""Places in a source's log as texts that sort as the log does: in Python what `position_order` is in SQL."""

from __future__ import annotations

from fleet.databases import Engine

_HALF_OF_A_LOG_POSITION, _FILE_OF_A_LOG, _PLACE_IN_A_FILE = 8, 64, 20


def sortable_position(engine: Engine, position: str) -> str:
    """*position*, as DMS writes it, as a text whose order is the order of the source's log.

    Equal to what the SQL of `position_order` (`fleet/deltas/change_sql.py`) makes of it, so that a row in Snowflake and
    a change that a consumer reads are ordered alike. Like there, a part that is longer than its place is cut: DMS may
    write more behind a position of PostgreSQL, which the sequence orders.
    Source: observed, https://github.com/crate/commons-codec (test_aws_dms.py, read 2026-12-01), the
    last example below.

    >>> sortable_position("postgresql", "16/B374D848"), sortable_position("sqlserver", "00000014:00000061:0001")
    ('00000016B374D848', '00000014:00000061:0001')
    >>> sortable_position("mysql", "mysql-bin.000024:373:4")[48:]
    'mysql-bin.00002400000000000000000373'
    >>> sortable_position("postgresql", "00000002/7C007178.3.00000002/7C007178")
    '000000027C007178'
    """
    if engine == "sqlserver":
        return position
    if engine == "postgresql":
        high, _, rest = position.partition("/")
        return _padded(high, _HALF_OF_A_LOG_POSITION) + _padded(rest.partition("/")[0], _HALF_OF_A_LOG_POSITION)
    file, _, rest = position.partition(":")
    return _padded(file, _FILE_OF_A_LOG) + _padded(rest.partition(":")[0], _PLACE_IN_A_FILE)


def _padded(part: str, width: int) -> str:
    return part.rjust(width, "0")[:width]
