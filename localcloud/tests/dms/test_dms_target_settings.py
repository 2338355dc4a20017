"""`S3Settings` as a load reads them: AWS's defaults, both spellings of its enums, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.dms.files.formats import Csv, Parquet
from localcloud.dms.loads.target import TargetSettings, read_settings
from localcloud.in_process_transport import AwsError, NotEmulatedError


def settings(**given: Any) -> TargetSettings:
    return read_settings({"ServiceAccessRoleArn": "arn", "BucketName": "b", **given})


def test_the_defaults_are_those_that_aws_documents() -> None:
    assert settings() == TargetSettings(role_arn="arn", bucket="b", folder="", format=Csv())
    assert settings(DataFormat="parquet").format == Parquet()
    assert settings().file_bytes == 1_048_576 * 1024
    assert Csv() == Csv("none", ",", "\n", "NULL", is_rfc4180=True, has_header=False)
    assert Parquet() == Parquet("none", "rle-dictionary", "1.0", 10_000, 1_048_576, 1_048_576)


@pytest.mark.parametrize(
    "given",
    [
        {
            "DataFormat": "PARQUET",
            "CompressionType": "GZIP",
            "EncodingType": "PLAIN_DICTIONARY",
            "ParquetVersion": "PARQUET_2_0",
        },
        {
            "DataFormat": "parquet",
            "CompressionType": "gzip",
            "EncodingType": "plain-dictionary",
            "ParquetVersion": "parquet-2-0",
        },
    ],
)
def test_enums_are_taken_in_the_models_and_the_guides_spelling(given: dict[str, str]) -> None:
    assert settings(**given).format == Parquet("gzip", "plain-dictionary", "2.0")


def test_everything_that_shapes_a_parquet_file_is_read() -> None:
    found = settings(
        DataFormat="parquet",
        RowGroupLength=5_000,
        DataPageSize=2_048,
        DictPageSizeLimit=4_096,
        EnableStatistics=False,
        ParquetTimestampInMillisecond=True,
        MaxFileSize=512,
    )
    assert found.format == Parquet(
        row_group_rows=5_000,
        data_page_bytes=2_048,
        dictionary_page_bytes=4_096,
        has_statistics=False,
        has_milliseconds=True,
    )
    assert found.file_bytes == 512 * 1024


def test_a_row_group_longer_than_the_longest_is_the_longest() -> None:
    assert settings(DataFormat="parquet", RowGroupLength=10**9).format == Parquet(row_group_rows=64 * 1024 * 1024)


def test_everything_that_shapes_a_csv_file_is_read() -> None:
    found = settings(
        CsvDelimiter="\\t", CsvRowDelimiter="\\n", CsvNullValue="", Rfc4180=False, AddColumnName=True
    ).format
    assert found == Csv("none", "\t", "\n", "", is_rfc4180=False, has_header=True)


def test_what_only_concerns_changes_passes_over_a_full_load() -> None:
    plain = settings(DataFormat="parquet")
    assert plain == settings(
        DataFormat="parquet",
        DatePartitionEnabled=True,
        DatePartitionSequence="YYYYMMDDHH",
        DatePartitionDelimiter="UNDERSCORE",
        DatePartitionTimezone="Europe/Berlin",
        CdcMaxBatchInterval=3_600,
        CdcMinFileSize=64_000,
        CdcInsertsOnly=True,
        CsvNoSupValue="?",
        UseCsvNoSupValue=True,
    )


@pytest.mark.parametrize(
    "given",
    [
        {"DataFormat": "json"},
        {"CompressionType": "snappy"},
        {"DataFormat": "parquet", "EncodingType": "delta"},
        {"DataFormat": "parquet", "ParquetVersion": "parquet-3-0"},
        {"MaxFileSize": 0},
        {"MaxFileSize": 1_048_577},
        {"DataFormat": "parquet", "RowGroupLength": 0},
        {"DataFormat": "parquet", "DataPageSize": -1},
        {"DatePartitionSequence": "YYYY"},
        {"DatePartitionDelimiter": "DOT"},
    ],
)
def test_a_value_that_aws_does_not_know_is_refused_with_its_member(given: dict[str, Any]) -> None:
    with pytest.raises(AwsError, match=f"S3Settings.{list(given)[-1]}") as caught:
        settings(**given)
    assert caught.value.code == "InvalidParameterValueException"


@pytest.mark.parametrize("name", ["PreserveTransactions", "AddTrailingPaddingCharacter", "GlueCatalogGeneration"])
def test_what_is_not_done_here_is_refused_by_name(name: str) -> None:
    with pytest.raises(NotEmulatedError, match=name):
        settings(**{name: True})
    assert settings(**{name: False}) == settings()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"DatePartitionEnabled": True}, {"CdcPath": "changes"}),
        ({"AddColumnName": True}, {"PreserveTransactions": True}),
        ({"CdcInsertsOnly": True}, {"CdcInsertsAndUpdates": True}),
    ],
)
def test_settings_that_exclude_each_other_are_refused(one: dict[str, Any], other: dict[str, Any]) -> None:
    with pytest.raises(AwsError, match=f"{next(iter(one))} cannot go with {next(iter(other))}") as caught:
        settings(**one, **other)
    assert caught.value.code == "InvalidParameterCombinationException"
