"""The error numbers of MySQL and MariaDB. Below 1900 both mean the same by one; above they part, and none is both's.

Sources: https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html and .../client-error-reference.html,
https://mariadb.com/kb/en/mariadb-error-codes/.
"""

from __future__ import annotations

from fleet.failures import FailureClass

TOO_LONG = {1969, 3024}
"""ER_STATEMENT_TIMEOUT of MariaDB's max_statement_time, ER_QUERY_TIMEOUT of MySQL's max_execution_time."""
UNKNOWN_VARIABLE = 1193

_CODES: dict[int, FailureClass] = {
    # The server takes no connection, or lost it.
    1040: "connection",  # ER_CON_COUNT_ERROR: too many connections
    1042: "connection",  # ER_BAD_HOST_ERROR
    1043: "connection",  # ER_HANDSHAKE_ERROR
    1053: "connection",  # ER_SERVER_SHUTDOWN
    1077: "connection",  # ER_NORMAL_SHUTDOWN
    1079: "connection",  # ER_SHUTDOWN_COMPLETE
    1080: "connection",  # ER_FORCING_CLOSE
    1129: "connection",  # ER_HOST_IS_BLOCKED: until somebody flushes the hosts
    1152: "connection",  # ER_ABORTING_CONNECTION
    1158: "connection",  # ER_NET_READ_ERROR
    1159: "connection",  # ER_NET_READ_INTERRUPTED
    1160: "connection",  # ER_NET_ERROR_ON_WRITE
    1161: "connection",  # ER_NET_WRITE_INTERRUPTED
    1184: "connection",  # ER_NEW_ABORTING_CONNECTION
    1203: "connection",  # ER_TOO_MANY_USER_CONNECTIONS
    1226: "connection",  # ER_USER_LIMIT_REACHED
    1927: "connection",  # MariaDB, ER_CONNECTION_KILLED
    2002: "connection",  # CR_CONNECTION_ERROR
    2003: "connection",  # CR_CONN_HOST_ERROR
    2005: "connection",  # CR_UNKNOWN_HOST
    2006: "connection",  # CR_SERVER_GONE_ERROR
    2012: "connection",  # CR_SERVER_HANDSHAKE_ERR
    2013: "connection",  # CR_SERVER_LOST
    2026: "connection",  # CR_SSL_CONNECTION_ERROR
    2055: "connection",  # CR_SERVER_LOST_EXTENDED
    3159: "connection",  # MySQL, ER_SECURE_TRANSPORT_REQUIRED: `ssl_mode` is `none` there
    4031: "connection",  # MySQL, ER_CLIENT_INTERACTION_TIMEOUT
    # The login, or its rights.
    1044: "credentials",  # ER_DBACCESS_DENIED_ERROR: said of a database that is not there, too
    1045: "credentials",  # ER_ACCESS_DENIED_ERROR
    1130: "credentials",  # ER_HOST_NOT_PRIVILEGED
    1142: "credentials",  # ER_TABLEACCESS_DENIED_ERROR
    1143: "credentials",  # ER_COLUMNACCESS_DENIED_ERROR
    1227: "credentials",  # ER_SPECIFIC_ACCESS_DENIED_ERROR
    1251: "credentials",  # ER_NOT_SUPPORTED_AUTH_MODE
    1370: "credentials",  # ER_PROCACCESS_DENIED_ERROR
    1524: "credentials",  # ER_PLUGIN_IS_NOT_LOADED: the login's way to sign in
    1698: "credentials",  # ER_ACCESS_DENIED_NO_PASSWORD_ERROR
    1820: "credentials",  # ER_MUST_CHANGE_PASSWORD
    1862: "credentials",  # ER_MUST_CHANGE_PASSWORD_LOGIN
    2049: "credentials",  # CR_SECURE_AUTH
    2059: "credentials",  # CR_AUTH_PLUGIN_CANNOT_LOAD
    2061: "credentials",  # CR_AUTH_PLUGIN_ERR
    3118: "credentials",  # MySQL, ER_ACCOUNT_HAS_BEEN_LOCKED
    4151: "credentials",  # MariaDB, ER_ACCOUNT_HAS_BEEN_LOCKED
    # The database.
    1046: "mapping_empty",  # ER_NO_DB_ERROR
    1049: "mapping_empty",  # ER_BAD_DB_ERROR: there is no such database
    # One table or view, while the others can be read.
    1016: "table_error",  # ER_CANT_OPEN_FILE
    1017: "table_error",  # ER_FILE_NOT_FOUND
    1021: "table_error",  # ER_DISK_FULL: of a temporary table
    1028: "table_error",  # ER_FILSORT_ABORT
    1030: "table_error",  # ER_GET_ERRNO: the storage engine's
    1032: "table_error",  # ER_KEY_NOT_FOUND
    1033: "table_error",  # ER_NOT_FORM_FILE
    1034: "table_error",  # ER_NOT_KEYFILE
    1035: "table_error",  # ER_OLD_KEYFILE
    1054: "table_error",  # ER_BAD_FIELD_ERROR
    1114: "table_error",  # ER_RECORD_FILE_FULL
    1146: "table_error",  # ER_NO_SUCH_TABLE
    1194: "table_error",  # ER_CRASHED_ON_USAGE
    1195: "table_error",  # ER_CRASHED_ON_REPAIR
    1205: "table_error",  # ER_LOCK_WAIT_TIMEOUT
    1213: "table_error",  # ER_LOCK_DEADLOCK
    1242: "table_error",  # ER_SUBQUERY_NO_1_ROW
    1267: "table_error",  # ER_CANT_AGGREGATE_2COLLATIONS
    1286: "table_error",  # ER_UNKNOWN_STORAGE_ENGINE
    1305: "table_error",  # ER_SP_DOES_NOT_EXIST
    1317: "table_error",  # ER_QUERY_INTERRUPTED
    1356: "table_error",  # ER_VIEW_INVALID: it reads what is not there, or its definer may not
    1365: "table_error",  # ER_DIVISION_BY_ZERO
    1366: "table_error",  # ER_TRUNCATED_WRONG_VALUE_FOR_FIELD
    1412: "table_error",  # ER_TABLE_DEF_CHANGED: it was altered after the snapshot began
    1449: "table_error",  # ER_NO_SUCH_USER: a view's definer
    1690: "table_error",  # ER_DATA_OUT_OF_RANGE
    1932: "table_error",  # MariaDB, ER_NO_SUCH_TABLE_IN_ENGINE
    1969: "table_error",  # MariaDB, ER_STATEMENT_TIMEOUT
    3024: "table_error",  # MySQL, ER_QUERY_TIMEOUT
}


def classify_code(code: int) -> FailureClass:
    """The class of the error numbered *code*, or `unknown`.

    >>> classify_code(1049), classify_code(1356), classify_code(1)
    ('mapping_empty', 'table_error', 'unknown')
    """
    return _CODES.get(code, "unknown")
