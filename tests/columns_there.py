"""Which columns a table of a case has: in the files of its last run, and in Snowflake."""

from __future__ import annotations

from cases import Case
from fleet.parquet_footer import read_footer


def columns_landed(case: Case, *tables: str) -> set[str]:
    """All columns that the Parquet files of the last run have of *tables*."""
    bucket = case.cloud.clients.records.current_registry().settings.landing_bucket
    found: set[str] = set()
    for mode in ("full", "delta"):
        listed = case.s3.list_objects_v2(Bucket=bucket, Prefix=f"{case.id}/{mode}/{case.run}/").get("Contents", ())
        for key in (one["Key"] for one in listed if one["Key"].split("/")[-2] in tables):
            found |= read_footer(case.s3.get_object(Bucket=bucket, Key=key)["Body"].read()).columns
    return found


def columns_published(case: Case, table: str) -> set[str]:
    """All columns of the *table* in Snowflake."""
    schema = case.warehouse_schema.split(".")[1].replace('"', "")
    where = f"TABLE_SCHEMA = '{schema}' AND TABLE_NAME = '{table.upper()}'"
    query = f"SELECT COLUMN_NAME FROM FLEET.INFORMATION_SCHEMA.COLUMNS WHERE {where}"
    return {row[0] for row in case.ask_warehouse(query)}
