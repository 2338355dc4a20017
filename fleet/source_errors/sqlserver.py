"""SQL Server's error numbers. No server of this kind was ever reached: the numbers are as Microsoft lists them.

Source: https://learn.microsoft.com/en-us/sql/relational-databases/errors-events/database-engine-events-and-errors and,
for Azure, https://learn.microsoft.com/en-us/azure/azure-sql/database/troubleshoot-common-errors-issues.
"""

from __future__ import annotations

from fleet.failures import FailureClass

_CODES: dict[int, FailureClass] = {
    # The server or the database takes no connection now.
    233: "connection",  # the connection was made, and the login then met an error
    596: "connection",  # the session is in the kill state
    701: "connection",  # not enough memory for the query
    802: "connection",  # not enough memory in the buffer pool
    921: "connection",  # the database has not been recovered yet
    922: "connection",  # the database is being recovered
    924: "connection",  # the database is open to one user at a time
    942: "connection",  # the database is offline
    945: "connection",  # the database cannot be opened: its files, or disk or memory
    976: "connection",  # of an availability group: the replica takes no connection now
    978: "connection",  # of an availability group: the replica takes read-only connections alone
    983: "connection",  # of an availability group: the replica is neither primary nor secondary now
    6005: "connection",  # the server is shutting down
    8645: "connection",  # no memory for the query in time
    10928: "connection",  # Azure: the limit of sessions or workers is reached
    10929: "connection",  # Azure: the server is too busy
    17142: "connection",  # the server is paused
    17187: "connection",  # the server is not ready for connections
    17809: "connection",  # all connections are in use
    18461: "connection",  # the server is in single-user mode
    40197: "connection",  # Azure: the service met an error
    40501: "connection",  # Azure: the service is busy
    40613: "connection",  # Azure: the database is not available now
    # The login, or its rights.
    229: "credentials",  # permission was denied on the object
    230: "credentials",  # permission was denied on the column
    297: "credentials",  # the user may not do this
    300: "credentials",  # a permission of the server was denied
    916: "credentials",  # the login is no user of this database
    4064: "credentials",  # the login's own default database cannot be opened
    15247: "credentials",  # the user may not do this
    15562: "credentials",  # the module was signed, and is not any more
    18450: "credentials",  # the login may not be used: another way to sign in is wanted
    18451: "credentials",  # only administrators may connect now
    18452: "credentials",  # the login is of a domain that is not trusted
    18456: "credentials",  # login failed
    18470: "credentials",  # the login is disabled
    18486: "credentials",  # the login is locked
    18487: "credentials",  # the password has expired
    18488: "credentials",  # the password must be changed
    # The database: 4060 is also said where the login is no user there.
    911: "mapping_empty",  # there is no such database
    4060: "mapping_empty",  # the database cannot be opened by this login
    # One table or view, while the others can be read.
    207: "table_error",  # invalid column name
    208: "table_error",  # invalid object name
    220: "table_error",  # arithmetic overflow
    232: "table_error",  # arithmetic overflow
    241: "table_error",  # a text is no date
    242: "table_error",  # a text is no date within the range
    245: "table_error",  # a value cannot be converted
    468: "table_error",  # two collations conflict
    512: "table_error",  # a subquery gives more than one row
    601: "table_error",  # rows moved while they were scanned
    605: "table_error",  # a page belongs to another table: corruption
    823: "table_error",  # the system could not read a page
    824: "table_error",  # a page is not consistent: corruption
    1205: "table_error",  # deadlock: this statement was chosen
    1222: "table_error",  # no lock within LOCK_TIMEOUT
    3952: "table_error",  # the database does not allow snapshots
    3960: "table_error",  # a conflict of updates under snapshot isolation
    3961: "table_error",  # the object was altered after the snapshot began
    3967: "table_error",  # the version store is full
    3986: "table_error",  # the version store has no room
    4413: "table_error",  # the view does not bind: it reads what is not there any more
    4414: "table_error",  # the view nests too deep
    4502: "table_error",  # the view names more columns than its query has
    8114: "table_error",  # a value cannot be converted
    8115: "table_error",  # arithmetic overflow
    8134: "table_error",  # division by zero
    41332: "table_error",  # a memory-optimised table, and the session's isolation level is SNAPSHOT
    41333: "table_error",  # a memory-optimised table, and the isolation level fits none
}


def classify_code(code: int) -> FailureClass:
    """The class of the error numbered *code*, or `unknown`.

    >>> classify_code(4060), classify_code(41332), classify_code(1)
    ('mapping_empty', 'table_error', 'unknown')
    """
    return _CODES.get(code, "unknown")
