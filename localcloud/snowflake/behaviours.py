"""What this stand-in for Snowflake does as Snowflake does it, and what it refuses. `local/COVERAGE.md` comes of it."""

from __future__ import annotations

from localcloud.behaviours import Behaviour

_DOCS = "https://docs.snowflake.com/en/"
_SQL_API = f"{_DOCS}developer-guide/sql-api/"
_COPY = f"{_DOCS}sql-reference/sql/copy-into-table"
_TRANSACTIONS = f"{_DOCS}sql-reference/transactions"
_INTEGRATION = f"{_DOCS}user-guide/data-load-s3-config-storage-integration"
_TO_CHECK = "reference/snowflake.md 5"
_API = "tests/contract/snowflake/test_snowflake_api.py::"
_LOADS = "tests/contract/snowflake/test_snowflake_loads.py::"
_STATEMENTS = "tests/contract/snowflake/test_snowflake_statements.py::"
_NIGHT = "tests/night/test_whole_night.py::"
_NAMES = f"{_STATEMENTS}test_an_unquoted_name_is_upper_case_and_another_case_is_another_table"
_BY_NAME = f"{_STATEMENTS}test_what_is_not_emulated_is_refused_by_name"


def _documented(name: str, source: str, test: str) -> Behaviour:
    return Behaviour(name, "documented", source, test)


def _assumed(name: str, test: str, verify: str) -> Behaviour:
    return Behaviour(name, "assumed", _TO_CHECK, test, verify)


def _refused(name: str, test: str = _BY_NAME) -> Behaviour:
    return Behaviour(name, "", test=test, is_refused=True)


_OF_THE_API = (
    _documented(
        "A statement is submitted, polled by its handle and cancelled",
        f"{_SQL_API}reference",
        f"{_API}test_an_asynchronous_request_is_polled_to_its_results",
    ),
    _assumed(
        "With snowflake_at_once requests under way, queued ones included, a further one is refused: 429, code 390505. "
        "Snowflake documents the status and no number; without the setting all are taken",
        "tests/contract/snowflake/test_snowflake_limits.py::"
        "test_a_request_beyond_what_the_account_has_under_way_is_refused_with_429_and_not_run",
        "POST /api/v2/statements?async=true with SELECT SYSTEM$WAIT(60), 1,000 times at once: how many are taken",
    ),
    _documented(
        "A result is kept for 24 hours, on the cloud's clock, and is unknown afterwards",
        f"{_DOCS}user-guide/querying-persisted-results",
        f"{_API}test_a_result_is_kept_for_a_day",
    ),
    _documented(
        "A statement of more than 45 seconds is answered 202, with its handle",
        f"{_SQL_API}handling-responses",
        f"{_API}test_a_statement_of_more_than_45_seconds_is_answered_by_its_handle",
    ),
    _documented(
        "A request sent again with its requestId and retry=true runs once",
        f"{_SQL_API}submitting-requests",
        f"{_API}test_a_request_sent_again_runs_once",
    ),
    _documented(
        "Several statements in one request, whose number must be told; those before a failure stay executed",
        f"{_SQL_API}submitting-multiple-statements",
        f"{_STATEMENTS}test_statements_before_a_failure_stay_executed_and_later_ones_do_not_run",
    ),
    _documented(
        "422 with code, sqlState, message and handle where a statement fails; it tells the failure again",
        f"{_SQL_API}handling-responses",
        f"{_STATEMENTS}test_a_failure_names_its_statement_line_and_position_as_documented",
    ),
    _documented(
        "Values are texts, with the types of their columns beside them",
        f"{_SQL_API}handling-responses",
        f"{_STATEMENTS}test_a_result_describes_its_columns",
    ),
    _documented(
        "Key-pair tokens: RS256, issuer and subject, one hour, either of a user's two keys",
        f"{_SQL_API}authenticating",
        f"{_API}test_a_token_is_refused_outside_of_its_hour",
    ),
    _assumed(
        "Codes 391902, 000709, 000605 and 002020, and the names of result columns without an alias",
        f"{_STATEMENTS}test_an_insert_of_more_or_fewer_values_than_columns_is_refused",
        "POST /api/v2/statements with the query parameter colour=red; SELECT 1 + 1; cancel a statement that has ended",
    ),
    Behaviour(
        "Codes and sentences of the other errors",
        "observed",
        "public error reports; reference/snowflake.md 5, point 9",
        f"{_LOADS}test_an_unreadable_file_fails_with_its_name",
    ),
)

_OF_LOADS = (
    _documented(
        "A storage integration assumes its role with its external ID; a wrong one is refused by the trust policy",
        _INTEGRATION,
        f"{_LOADS}test_a_wrong_external_id_is_refused_by_the_trust_policy",
    ),
    _documented(
        "Locations allowed and blocked bind the stages of an integration",
        _INTEGRATION,
        f"{_LOADS}test_a_stage_outside_the_allowed_locations_is_refused",
    ),
    _documented(
        "The role's own policies bind what COPY reads; an assumed role is kept for 60 minutes",
        _INTEGRATION,
        f"{_LOADS}test_a_prefix_outside_the_roles_policy_is_refused",
    ),
    _documented(
        "COPY of Parquet is all or nothing (ON_ERROR = ABORT_STATEMENT)",
        _COPY,
        f"{_LOADS}test_a_copy_of_which_one_file_is_bad_leaves_no_row",
    ),
    _documented("COPY: FILES, at most 1,000", _COPY, f"{_LOADS}test_more_than_a_thousand_named_files_are_refused"),
    _documented(
        "COPY: a named file that is missing stops the load",
        _COPY,
        f"{_LOADS}test_a_missing_named_file_stops_the_load_and_keeps_the_rows",
    ),
    _documented(
        "COPY remembers files by name and ETag, unless FORCE; a load that was rolled back is not remembered",
        _COPY,
        f"{_LOADS}test_a_file_loaded_before_is_not_loaded_again_unless_forced_or_changed",
    ),
    _documented(
        "COPY: MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE passes over columns that the table lacks, unless its schema "
        "evolves; INCLUDE_METADATA",
        _COPY,
        f"{_LOADS}test_columns_that_the_table_lacks_are_passed_over_unless_its_schema_evolves",
    ),
    _documented(
        "A text or binary longer than its column, and a number beyond its precision, fail the load",
        _COPY,
        f"{_LOADS}test_a_number_that_does_not_fit_fails_the_load",
    ),
    _documented(
        "TRUNCATE forgets what was loaded, DELETE does not",
        f"{_DOCS}sql-reference/sql/truncate-table",
        f"{_LOADS}test_truncate_forgets_what_was_loaded_and_delete_does_not",
    ),
    _assumed(
        "Empty texts load as empty texts under MATCH_BY_COLUMN_NAME with the vectorized scanner",
        f"{_NIGHT}test_every_value_of_every_table_arrives_as_it_was",
        "COPY INTO a table from a Parquet file with '' in a text column, then SELECT COUNT(*) ... WHERE C = ''",
    ),
    _assumed(
        "METADATA$FILENAME of an external stage is the key without its bucket",
        f"{_NIGHT}test_every_row_in_the_warehouse_names_its_database_and_its_file",
        "COPY INTO ... INCLUDE_METADATA = (F = METADATA$FILENAME), then SELECT DISTINCT F",
    ),
    Behaviour(
        "Loads are remembered for ever (64 days there)",
        "",
        _COPY,
        f"{_LOADS}test_copy_history_tells_the_loads_of_a_table",
    ),
)

_OF_STATEMENTS = (
    _documented(
        "DDL commits an open transaction",
        _TRANSACTIONS,
        f"{_STATEMENTS}test_a_definition_commits_the_open_transaction",
    ),
    _documented(
        "A transaction that a request leaves open is rolled back",
        f"{_SQL_API}submitting-multiple-statements",
        f"{_STATEMENTS}test_an_open_transaction_is_rolled_back_at_the_end_of_its_request",
    ),
    _documented(
        "Readers see a transaction's changes from its COMMIT on",
        _TRANSACTIONS,
        f"{_STATEMENTS}test_readers_see_the_old_rows_until_the_commit",
    ),
    _documented(
        "MERGE refuses two source rows for one target row",
        f"{_DOCS}sql-reference/sql/merge",
        f"{_LOADS}test_a_merge_with_two_rows_for_one_target_row_is_refused",
    ),
    _documented(
        "An unquoted name is upper case, a quoted one means itself",
        f"{_DOCS}sql-reference/identifiers-syntax",
        _NAMES,
    ),
    _assumed(
        "A failure between BEGIN and COMMIT of one request leaves nothing of the transaction",
        f"{_LOADS}test_a_wrong_expected_count_changes_nothing_and_says_both_counts",
        "BEGIN; INSERT INTO T VALUES (1); SELECT 1/0; COMMIT; in one request, then SELECT COUNT(*) FROM T",
    ),
    _assumed(
        "A guard's cast is not evaluated while its condition holds",
        f"{_STATEMENTS}test_a_guard_whose_condition_holds_does_not_evaluate_its_text",
        "SELECT IFF(COUNT(*) = 0, 0, TO_NUMBER('rows: ' || COUNT(*))) FROM a table without rows",
    ),
    Behaviour(
        "A transaction locks the tables it writes from its BEGIN (there: from the statement that writes)",
        "",
        _TRANSACTIONS,
        "tests/unit/local/test_snowflake_locks.py::test_a_second_writer_of_a_table_waits_for_the_first",
    ),
    _documented(
        "A role may use a table that it owns, or whose privilege it was granted with USAGE of schema and database; so "
        "may a role that it was granted to. A session without a role (`administer`) is not judged",
        f"{_DOCS}user-guide/security-access-control-overview",
        "tests/contract/snowflake/test_snowflake_privileges.py::"
        "test_nobody_reads_what_a_role_owns_that_no_other_role_was_granted",
    ),
    _documented(
        "Future grants count from a table's CREATE on; those of a schema switch off those of its database for its "
        "tables; who gives them must manage grants",
        f"{_DOCS}sql-reference/sql/grant-privilege",
        "tests/contract/snowflake/test_snowflake_privileges.py::"
        "test_a_future_grant_of_the_schema_switches_off_that_of_the_database",
    ),
    Behaviour(
        "Not judged: who may define or drop something or use a stage, a format or a warehouse, and whether a user was "
        "granted the role it names; warehouses do not queue, suspend or cost",
        "",
        test=f"{_STATEMENTS}test_a_warehouse_that_does_not_exist_is_no_active_warehouse",
    ),
    Behaviour(
        "Microseconds at most (there: nanoseconds); `/` gives a double (there: a number of six digits more)",
        "",
        test=f"{_STATEMENTS}test_division_by_zero_fails",
    ),
)

_REFUSALS = (
    _refused("Tokens of workload identity (WIF) and OAuth", f"{_API}test_workload_identity_is_refused_as_not_emulated"),
    _refused(
        "Parameters, fields and bindings of a request that are not known here",
        f"{_API}test_what_a_request_may_not_say_here_is_refused_by_name",
    ),
    _refused("SHOW, EXPLAIN, CALL, UNDROP, CLONE, scripting, streams, tasks, pipes, CREATE TABLE from a query"),
    _refused("Functions and types outside the lists of translation.py and column_types.py"),
    _refused("COPY with a SELECT, from a stage's columns, and out of a table"),
    _refused(
        "ON_ERROR other than ABORT_STATEMENT, and every other option of COPY",
        f"{_LOADS}test_an_unknown_copy_option_is_refused_by_name",
    ),
    _refused(
        "Parquet without the vectorized scanner",
        f"{_LOADS}test_a_format_without_the_vectorized_scanner_is_refused",
    ),
    _refused(
        "One transaction that writes to two databases",
        f"{_STATEMENTS}test_one_transaction_over_two_databases_is_refused",
    ),
    _refused("Two tables of one schema whose names differ only in case", _NAMES),
)

BEHAVIOURS = (*_OF_THE_API, *_OF_LOADS, *_OF_STATEMENTS, *_REFUSALS)
