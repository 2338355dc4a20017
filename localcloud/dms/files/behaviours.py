"""What the files of the local DMS claim: formats, columns, values and cuts; and of the rules that shape them."""

from __future__ import annotations

from localcloud.behaviours import Behaviour

_GUIDE = "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_"
_S3 = f"{_GUIDE}Target.S3.html"
_SETTINGS = "https://docs.aws.amazon.com/dms/latest/APIReference/API_S3Settings.html"
_POSTGRESQL = f"{_GUIDE}Source.PostgreSQL.html"
_LOBS = f"{_GUIDE}Tasks.LOBSupport.html"

_FILES = "tests/contract/dms/test_dms_files.py::"
_EDGES = "tests/contract/dms/test_dms_files_postgresql.py::"
_LOADS = "tests/contract/dms/test_dms_files_load.py::"
_DMS_LOAD = "tests/contract/dms/test_dms_load.py::"
_WHOLE = "tests/contract/dms/test_dms_postgresql.py::test_a_load_moves_the_rows_of_a_database_into_the_bucket"
_READ = "tests/unit/local/dms/test_dms_target_settings.py::"
_TYPES = "tests/unit/local/dms/test_dms_types.py::"

_FOOTER = (
    "aws s3 cp s3://BUCKET/KEY file.parquet && python -c "
    "\"import pyarrow.parquet as p; f = p.ParquetFile('file.parquet'); print(f.metadata, f.schema)\""
)
_FIRST_ROWS = "aws s3 cp s3://BUCKET/KEY - | head"
_LOG = "aws logs tail dms-tasks-INSTANCE --since 1d"
_TABLES = "aws dms describe-table-statistics --replication-task-arn TASK"


def _files() -> tuple[Behaviour, ...]:
    return (
        Behaviour(
            "Full-load files are LOAD and an eight-digit hexadecimal number, in a folder for schema and table",
            "documented",
            _S3,
            f"{_DMS_LOAD}test_files_are_counted_in_hexadecimal",
        ),
        Behaviour("A table without rows has no object", "documented", _S3, f"{_FILES}test_no_rows_make_no_file"),
        Behaviour(
            "A CSV file is never longer than MaxFileSize (unless one row is)",
            "documented",
            _SETTINGS,
            f"{_FILES}test_csv_files_are_never_longer_than_asked_and_each_has_its_header",
        ),
        Behaviour(
            "MaxFileSize holds for Parquet too, between two row groups, and for compressed CSV before compression",
            "assumed",
            _SETTINGS,
            f"{_FILES}test_a_parquet_file_ends_before_it_would_be_too_long",
            "aws s3 ls s3://BUCKET/FOLDER/SCHEMA/TABLE/ --human-readable",
        ),
        Behaviour(
            "A compressed CSV file ends in .csv.gz, a compressed Parquet file in .parquet",
            "assumed",
            _SETTINGS,
            f"{_LOADS}test_csv_is_what_an_endpoint_without_a_format_writes",
            "aws s3 ls s3://BUCKET/FOLDER/SCHEMA/TABLE/",
        ),
        Behaviour(
            "DatePartitionEnabled leaves the keys of a full load as they are",
            "documented",
            "reference/dms.md 4.2",
            f"{_LOADS}test_a_date_partition_leaves_the_keys_of_a_full_load_as_they_are",
        ),
        Behaviour(
            "Op, then the timestamp column, then the source's columns, then the added ones",
            "observed",
            "reference/dms.md 4.5",
            "tests/contract/dms/test_dms_postgresql.py::test_what_dms_adds_stands_around_the_columns_of_the_source",
        ),
        Behaviour(
            "IncludeOpForFullLoad: the first column is I, in CSV and Parquet",
            "documented",
            _SETTINGS,
            f"{_FILES}test_csv_takes_delimiters_a_null_word_and_a_header",
        ),
        Behaviour(
            "TimestampColumnName: a text like 2026-11-21 01:02:03.000004, with UseTaskStartTime... the task's start",
            "documented",
            _SETTINGS,
            _WHOLE,
        ),
        Behaviour(
            "Without UseTaskStartTimeForFullLoadTimestamp all rows of a segment have one time",
            "assumed",
            _SETTINGS,
            _WHOLE,
            _FIRST_ROWS,
        ),
        Behaviour(
            "Settings of S3 that exclude each other are refused with InvalidParameterCombinationException",
            "assumed",
            _S3,
            f"{_READ}test_settings_that_exclude_each_other_are_refused",
            "aws dms modify-endpoint --endpoint-arn ARN --s3-settings DatePartitionEnabled=true,CdcPath=x",
        ),
        Behaviour(
            "Enums of S3Settings are taken in the spelling of the model and of the guide",
            "observed",
            "reference/dms.md 4.1",
            f"{_READ}test_enums_are_taken_in_the_models_and_the_guides_spelling",
        ),
    )


def _parquet() -> tuple[Behaviour, ...]:
    return (
        Behaviour(
            "RowGroupLength: exactly as many rows in a group, 10,000 by default",
            "documented",
            _SETTINGS,
            f"{_FILES}test_row_groups_of_more_rows_than_a_batch_have_exactly_ten_thousand",
        ),
        Behaviour(
            "A row group ends before 64 MiB of data",
            "assumed",
            _SETTINGS,
            f"{_FILES}test_a_row_group_ends_before_64_mebibytes_of_data",
            _FOOTER,
        ),
        Behaviour(
            "EncodingType: RLE_DICTIONARY, PLAIN_DICTIONARY or PLAIN pages",
            "documented",
            _SETTINGS,
            f"{_FILES}test_an_encoding_type_decides_how_values_stand",
        ),
        Behaviour(
            "The footer names Parquet's version 2 with rle-dictionary and plain, 1 with plain-dictionary",
            "assumed",
            _SETTINGS,
            f"{_FILES}test_an_encoding_type_decides_how_values_stand",
            _FOOTER,
        ),
        Behaviour(
            "DataPageSize and ParquetVersion shape the data pages",
            "documented",
            _SETTINGS,
            f"{_FILES}test_data_pages_are_of_the_version_and_size_asked_for",
        ),
        Behaviour(
            "DictPageSizeLimit: beyond it a column falls back to plain",
            "documented",
            _SETTINGS,
            f"{_FILES}test_a_dictionary_beyond_its_limit_falls_back_to_plain",
        ),
        Behaviour("EnableStatistics", "documented", _SETTINGS, f"{_FILES}test_statistics_can_be_left_out"),
        Behaviour(
            "ParquetTimestampInMillisecond: TIMESTAMP in milliseconds, else in microseconds",
            "documented",
            _SETTINGS,
            f"{_FILES}test_times_have_the_unit_of_their_setting",
        ),
        Behaviour(
            "TIME is TIME32 and so has milliseconds",
            "documented",
            f"{_S3}#CHAP_Target.S3.DataTypes",
            f"{_EDGES}test_times_of_day_lose_what_is_finer_than_a_millisecond_and_their_offset",
        ),
        Behaviour(
            "Every DMS type has the Parquet type of AWS's table",
            "documented",
            f"{_S3}#CHAP_Target.S3.DataTypes",
            f"{_TYPES}test_a_dms_type_becomes_the_parquet_type_of_awss_table",
        ),
        Behaviour(
            "TIMESTAMP is not adjusted to UTC in its Parquet type",
            "assumed",
            f"{_S3}#CHAP_Target.S3.DataTypes",
            f"{_FILES}test_times_have_the_unit_of_their_setting",
            _FOOTER,
        ),
        Behaviour(
            "EncodingType plain-dictionary for a column of type UINT4",
            "",
            test=f"{_FILES}test_a_lob_cannot_be_filtered_and_an_unsigned_number_not_be_plain_dictionary",
            is_refused=True,
        ),
    )


def _csv() -> tuple[Behaviour, ...]:
    return (
        Behaviour(
            "CSV: NULL is the word NULL or CsvNullValue, an empty text is nothing",
            "documented",
            _SETTINGS,
            f"{_FILES}test_csv_writes_null_as_a_word_and_an_empty_text_as_nothing",
        ),
        Behaviour(
            "Rfc4180: a field with a delimiter, quotation mark or newline is quoted, or nothing is",
            "documented",
            _SETTINGS,
            f"{_FILES}test_csv_quotes_what_rfc_4180_says_and_nothing_without_it",
        ),
        Behaviour(
            "CsvDelimiter, CsvRowDelimiter, AddColumnName",
            "documented",
            _SETTINGS,
            f"{_FILES}test_csv_takes_delimiters_a_null_word_and_a_header",
        ),
        Behaviour(
            "A delimiter written as a backslash and a letter is the sign it means",
            "observed",
            "https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/dms_s3_endpoint",
            f"{_READ}test_everything_that_shapes_a_csv_file_is_read",
        ),
        Behaviour(
            "CSV: a timestamp has microseconds",
            "documented",
            _SETTINGS,
            f"{_EDGES}test_dates_and_times_stand_in_csv_with_microseconds",
        ),
        Behaviour(
            "CSV: binaries in hexadecimal, true and false, NaN and Infinity, times of day with their milliseconds",
            "assumed",
            _S3,
            f"{_FILES}test_csv_writes_each_type_as_text",
            _FIRST_ROWS,
        ),
        *(
            Behaviour(
                f"S3Settings.{name}", "", test=f"{_READ}test_what_is_not_done_here_is_refused_by_name", is_refused=True
            )
            for name in ("AddTrailingPaddingCharacter", "PreserveTransactions", "GlueCatalogGeneration")
        ),
    )


def _values() -> tuple[Behaviour, ...]:
    return (
        Behaviour(
            "Every type of PostgreSQL, MySQL and SQL Server has the DMS type of AWS's table",
            "documented",
            f"{_POSTGRESQL}#CHAP_Source-PostgreSQL-DataTypes",
            f"{_TYPES}test_a_source_type_becomes_the_dms_type_of_awss_table",
        ),
        Behaviour(
            "A column of a type that stands in no table of AWS's is left out, with a warning in the task's log",
            "assumed",
            _POSTGRESQL,
            f"{_LOADS}test_what_is_cut_left_out_or_errs_stands_in_the_tasks_log",
            _LOG,
        ),
        Behaviour(
            "Infinite timestamps become 9999-12-31 23:59:59 and 4713-01-01 BC",
            "documented",
            _POSTGRESQL,
            f"{_EDGES}test_endless_times_become_the_ends_that_the_guide_names",
        ),
        Behaviour(
            "A time zone is lost: timestamps stand in UTC",
            "documented",
            _POSTGRESQL,
            f"{_EDGES}test_dates_and_times_arrive_at_both_ends_and_in_utc",
        ),
        Behaviour(
            "A numeric NaN errs its table",
            "assumed",
            _POSTGRESQL,
            "tests/contract/dms/test_dms_postgresql.py::"
            "test_a_decimal_that_is_not_a_number_errors_the_table_instead_of_becoming_zero",
            _TABLES,
        ),
        Behaviour(
            "Intervals, arrays, JSON, ranges and composites are the text that the source shows",
            "assumed",
            _POSTGRESQL,
            f"{_EDGES}test_what_dms_carries_as_text_is_the_text_that_the_source_shows",
            _FIRST_ROWS,
        ),
        Behaviour(
            "The padding of char(n) is dropped (TrimSpaceInChar), the blanks of other texts stay",
            "documented",
            "reference/dms.md 4.7",
            f"{_EDGES}test_texts_and_binaries_keep_empty_from_null_and_every_sign",
        ),
        Behaviour(
            "Limited LOB mode cuts at LobMaxSize: bytes of a BLOB; a CLOB's character counts once, an NCLOB's twice",
            "documented",
            f"{_POSTGRESQL}#CHAP_Source-PostgreSQL-DataTypes-LOBs",
            f"{_FILES}test_lobs_are_cut_by_units_and_every_cut_is_counted",
        ),
        Behaviour(
            "A cut LOB is warned of in the task's log and nowhere else",
            "documented",
            _LOBS,
            f"{_LOADS}test_what_is_cut_left_out_or_errs_stands_in_the_tasks_log",
        ),
        Behaviour(
            "Without dms-cloudwatch-logs-role there is no log, silently",
            "documented",
            "reference/dms.md 8",
            f"{_LOADS}test_without_the_role_there_is_no_log",
        ),
        Behaviour(
            "SupportLobs false leaves LOB columns out",
            "documented",
            _LOBS,
            f"{_LOADS}test_without_lob_support_a_table_is_loaded_without_its_lobs",
        ),
        Behaviour(
            "FullLobMode and InlineLobMaxSize, which an S3 target does not take",
            "",
            _LOBS,
            f"{_LOADS}test_a_lob_mode_that_s3_does_not_take_is_refused_at_the_start",
            is_refused=True,
        ),
    )


BEHAVIOURS = (*_files(), *_parquet(), *_csv(), *_values())
