"""What the readers of MySQL, MariaDB and SQL Server claim of DMS."""

from __future__ import annotations

from localcloud.behaviours import Behaviour

_MYSQL = "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html"
_SQLSERVER = "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.SQLServer.html"
_MODEL = "https://docs.aws.amazon.com/dms/latest/APIReference/API_MySQLSettings.html"
_READ_MYSQL = "tests/contract/dms/test_dms_mysql.py::"
_ASK_MYSQL = "tests/unit/lambdas/test_sources_mysql.py::"
_READ_SQLSERVER = "tests/unit/local/dms/test_dms_sqlserver.py::"
_TDS_SQLSERVER = "tests/unit/lambdas/test_sources_tds.py::"
_ASK_SQLSERVER = "tests/unit/lambdas/test_sources_sqlserver.py::"
_DESCRIBE = "aws dms describe-table-statistics --replication-task-arn TASK"
_LOOK = "aws s3 cp s3://BUCKET/KEY.parquet - | parquet-tools inspect --detail -"
_SSL = "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Security.SSL.html"
_ASK_POSTGRESQL = "tests/unit/lambdas/test_sources_postgresql.py::"

BEHAVIOURS = (
    Behaviour(
        "An endpoint takes the SSL modes that its engine has at AWS; verify-ca and verify-full need a certificate",
        "documented",
        _SSL,
        "tests/unit/local/dms/test_dms_engines.py::"
        "test_an_endpoint_takes_the_modes_of_encryption_that_dms_has_for_its_engine",
    ),
    Behaviour(
        "SslMode require encrypts to PostgreSQL and SQL Server over TCP, and a connection over a socket of this "
        "machine then fails its test; with verify-ca and verify-full no connection is made",
        "",
        _SSL,
        "tests/contract/dms/test_dms_encryption.py::test_no_connection_counts_as_encrypted_that_is_not",
    ),
    Behaviour(
        "A secret under a customer's key is read by a role that may use the key through Secrets Manager, and by no "
        "other",
        "documented",
        "https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html",
        "tests/contract/dms/test_dms_encryption.py::"
        "test_a_secret_under_a_key_of_ones_own_is_read_by_the_role_that_may_use_the_key",
    ),
    Behaviour(
        "AskSource: encrypted as the server's ssl_mode says, or not at all",
        "documented",
        "https://www.postgresql.org/docs/current/protocol-flow.html",
        _ASK_POSTGRESQL + "test_a_server_that_cannot_encrypt_is_told_no_user_and_no_password_unless_the_mode_is_none",
    ),
    Behaviour(
        "MySQL and MariaDB: every integer type, signed and unsigned, DECIMAL to 38 digits, DOUBLE and YEAR arrive "
        "in the types that AWS lists, exactly at both ends",
        "documented",
        _MYSQL,
        _READ_MYSQL + "test_numbers_at_both_ends_arrive_exactly",
    ),
    Behaviour(
        "MySQL and MariaDB: TINYINT(1) is a number like every TINYINT",
        "documented",
        _MYSQL,
        _READ_MYSQL + "test_numbers_at_both_ends_arrive_exactly",
    ),
    Behaviour(
        "MySQL and MariaDB: a DECIMAL of more than 38 digits is text, FLOAT is a double with the exact value, BIT of "
        "two to 63 bits is bytes",
        "assumed",
        _MYSQL,
        _READ_MYSQL + "test_numbers_arrive_in_the_types_that_aws_lists",
        verify=_LOOK,
    ),
    Behaviour(
        "MySQL and MariaDB: a zero date or time is NULL; a DATETIME keeps its clock; a TIMESTAMP comes in UTC whatever "
        "the server's zone; TIME is text beyond 24 hours",
        "documented",
        _MYSQL,
        _READ_MYSQL + "test_times_keep_their_clock_timestamps_come_in_utc_and_zero_dates_are_null",
    ),
    Behaviour(
        "MySQL and MariaDB: a date with a zero month or day is NULL, and DATETIME(6) keeps its microseconds",
        "assumed",
        _MYSQL,
        _READ_MYSQL + "test_times_keep_their_clock_timestamps_come_in_utc_and_zero_dates_are_null",
        verify=_LOOK,
    ),
    Behaviour(
        "MySQL and MariaDB: CHAR, VARCHAR, TEXT, ENUM, SET and JSON of every character set are UTF-8 text, four-byte "
        "characters included (AWS's reference calls utf8mb4 unsupported)",
        "assumed",
        "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Reference.html",
        _READ_MYSQL + "test_texts_of_every_character_set_and_collation_arrive_as_text",
        verify=_LOOK,
    ),
    Behaviour(
        "MySQL and MariaDB: a geometry is the bytes that the server stores, SRID first",
        "assumed",
        _MYSQL,
        _READ_MYSQL + "test_bytes_arrive_as_bytes_and_shapes_as_the_server_stores_them",
        verify=_LOOK,
    ),
    Behaviour(
        "MySQL and MariaDB: MEDIUM and LONG texts and blobs are LOBs; TEXT, BLOB and the TINY ones are not",
        "documented",
        _MYSQL,
        _READ_MYSQL + "test_without_lob_support_only_the_lobs_are_left_out",
    ),
    Behaviour(
        "MariaDB: UUID, INET4 and INET6, which AWS does not list, are left out of the files",
        "assumed",
        _MYSQL,
        _READ_MYSQL + "test_columns_of_unknown_types_are_left_out_and_a_table_of_nothing_else_is_an_error",
        verify=_LOOK,
    ),
    Behaviour(
        "MySQL and MariaDB: a server that stops during a full load does not end the task with an error",
        "documented",
        _MYSQL,
        _READ_MYSQL + "test_a_server_that_stops_during_the_load_leaves_a_table_without_rows_and_without_an_error",
    ),
    Behaviour(
        "MySQL and MariaDB: a table under way when the server stops is completed with none of its rows",
        "assumed",
        _MYSQL,
        _READ_MYSQL + "test_a_server_that_stops_during_the_load_leaves_a_table_without_rows_and_without_an_error",
        verify=_DESCRIBE,
    ),
    Behaviour(
        "MariaDB: views are not migrated",
        "documented",
        _MYSQL,
        _READ_MYSQL + "test_of_a_mariadb_no_view_is_read",
    ),
    Behaviour(
        "MariaDB: a system-versioned table, which AWS does not support, errs by itself",
        "assumed",
        _MYSQL,
        _READ_MYSQL + "test_a_system_versioned_table_is_an_error_of_the_table",
        verify=_DESCRIBE,
    ),
    Behaviour(
        "MySQL and MariaDB: a table in partitions is loaded as one table; a sequence is no table",
        "assumed",
        _MYSQL,
        _READ_MYSQL + "test_the_catalogue_has_tables_with_keys_views_and_a_partitioned_table_once",
        verify=_DESCRIBE,
    ),
    Behaviour(
        "MySQL and MariaDB: ranges of `parallel-load` over several columns compare them as a row",
        "assumed",
        "reference/dms.md 5.5",
        _READ_MYSQL + "test_a_range_over_several_columns_compares_them_as_a_row",
        verify=_DESCRIBE,
    ),
    Behaviour(
        "MySQL and MariaDB: an endpoint names no database; the schema of the table mappings is one",
        "documented",
        _MODEL,
        "tests/night/test_mariadb_night.py::test_every_database_of_either_engine_ends_ok",
    ),
    Behaviour(
        "MySQL and MariaDB: an endpoint with DatabaseName, or with ServerTimezone",
        "",
        _MODEL,
        "tests/unit/local/dms/test_dms_engines.py::test_what_would_change_the_reading_of_mysql_is_refused_by_name",
        is_refused=True,
    ),
    Behaviour(
        "SQL Server (no server was ever reached): columns of every type arrive in the types that AWS lists",
        "documented",
        _SQLSERVER,
        _READ_SQLSERVER + "test_a_row_of_every_type_arrives_as_aws_lists_it",
    ),
    Behaviour(
        "SQL Server (no server was ever reached): what its catalogue and its driver answer",
        "documented",
        "https://learn.microsoft.com/en-us/sql/relational-databases/system-catalog-views/sys-columns-transact-sql",
        _ASK_SQLSERVER + "test_the_catalogue_has_lengths_in_characters_and_keys_in_their_order",
    ),
    Behaviour(
        "SQL Server (no server was ever reached): how DATETIMEOFFSET, UNIQUEIDENTIFIER and shapes look as text, and "
        "MONEY's digits",
        "assumed",
        _SQLSERVER,
        _READ_SQLSERVER + "test_the_query_turns_into_text_what_the_driver_has_no_type_for",
        verify=_LOOK,
    ),
    Behaviour(
        "SQL Server (no server was ever reached): rows are read as READ COMMITTED, without NOLOCK",
        "assumed",
        _SQLSERVER,
        _READ_SQLSERVER + "test_the_query_turns_into_text_what_the_driver_has_no_type_for",
        verify="SELECT session_id, transaction_isolation_level FROM sys.dm_exec_sessions, at the source during a load",
    ),
    Behaviour(
        "SQL Server (no server was ever reached): a table with a sql_variant, a temporal, memory-optimized, "
        "columnstore or sparse table, which AWS does not support, errs by itself",
        "assumed",
        _SQLSERVER,
        _READ_SQLSERVER + "test_a_table_that_dms_does_not_support_is_an_error_of_the_table",
        verify=_DESCRIBE,
    ),
    Behaviour(
        "SQL Server (no server was ever reached): SslMode `require` encrypts and compares nothing",
        "documented",
        _SSL,
        _TDS_SQLSERVER + "test_require_compares_nothing",
    ),
    Behaviour(
        "AskSource: the server ends a count that takes too long, and only that (statement_timeout)",
        "documented",
        "https://www.postgresql.org/docs/current/runtime-config-client.html",
        _ASK_POSTGRESQL + "test_the_server_itself_ends_a_count_that_takes_too_long_and_the_others_are_counted",
    ),
    Behaviour(
        "AskSource: MariaDB ends a count that takes too long, and only that (max_statement_time; MySQL: "
        "max_execution_time)",
        "documented",
        "https://mariadb.com/kb/en/aborting-statements/",
        _ASK_MYSQL + "test_the_server_itself_ends_a_count_that_takes_too_long",
    ),
    Behaviour(
        "AskSource: the driver of a SQL Server (none was ever reached) cancels a count that takes too long by an "
        "attention, after which the connection goes on",
        "documented",
        "https://learn.microsoft.com/en-us/openspecs/windows_protocols/ms-tds/dc28579f-49b1-4a78-9c5f-63fbda002d2e",
        _TDS_SQLSERVER + "test_a_slow_table_is_cancelled_at_the_server_and_the_others_are_counted",
    ),
    Behaviour(
        "AskSource: counts of MySQL and MariaDB come from one snapshot of InnoDB",
        "documented",
        "https://mariadb.com/kb/en/start-transaction/",
        _ASK_MYSQL + "test_every_table_is_counted_once",
    ),
    Behaviour(
        "AskSource: counts of a SQL Server (none was ever reached) come from one snapshot only where the database "
        "allows snapshot isolation",
        "documented",
        "https://learn.microsoft.com/en-us/sql/t-sql/statements/set-transaction-isolation-level-transact-sql",
        _ASK_SQLSERVER + "test_counts_come_from_one_snapshot_where_the_database_allows_it",
    ),
)
