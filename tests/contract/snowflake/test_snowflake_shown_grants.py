"""What SHOW GRANTS, SHOW FUTURE GRANTS and LIST say to a role that asks what it has and what it reaches."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from snowflake_account import BUCKET, Account, new_account


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with new_account() as one:
        one.snowflake.administer(
            """
            CREATE ROLE READER; CREATE ROLE BELOW; GRANT ROLE BELOW TO ROLE READER;
            GRANT USAGE ON DATABASE RAW TO ROLE READER;
            GRANT USAGE ON SCHEMA RAW.OPS TO ROLE READER;
            GRANT USAGE ON STAGE RAW.OPS.LANDING TO ROLE READER;
            GRANT USAGE ON FILE FORMAT RAW.OPS.PARQUET TO ROLE READER;
            GRANT USAGE ON WAREHOUSE LOAD_WH TO ROLE READER;
            GRANT SELECT ON TABLE RAW.OPS.APPLIED TO ROLE READER;
            CREATE SCHEMA RAW."odd one"; GRANT USAGE ON SCHEMA RAW."odd one" TO ROLE READER;
            CREATE VIEW RAW.OPS.SEEN AS SELECT ATTEMPT FROM RAW.OPS.APPLIED;
            GRANT SELECT ON VIEW RAW.OPS.SEEN TO ROLE READER;
            GRANT USAGE ON FUTURE SCHEMAS IN DATABASE RAW TO ROLE READER;
            GRANT SELECT ON FUTURE TABLES IN DATABASE RAW TO ROLE READER
            """
        )
        yield one


def shown(account: Account, role: str) -> set[tuple[str | None, str | None, str | None]]:
    return {(row["privilege"], row["granted_on"], row["name"]) for row in account.rows(f"SHOW GRANTS TO ROLE {role}")}


def test_a_roles_own_grants_are_shown_by_privilege_kind_and_full_name(account: Account) -> None:
    assert shown(account, "READER") == {
        ("USAGE", "DATABASE", "RAW"),
        ("USAGE", "SCHEMA", "RAW.OPS"),
        ("USAGE", "SCHEMA", 'RAW."odd one"'),
        ("USAGE", "STAGE", "RAW.OPS.LANDING"),
        ("USAGE", "FILE_FORMAT", "RAW.OPS.PARQUET"),
        ("USAGE", "WAREHOUSE", "LOAD_WH"),
        ("SELECT", "TABLE", "RAW.OPS.APPLIED"),
        ("SELECT", "VIEW", "RAW.OPS.SEEN"),
        ("USAGE", "ROLE", "BELOW"),
    }


def test_future_grants_are_shown_apart(account: Account) -> None:
    rows = account.rows("SHOW FUTURE GRANTS TO ROLE READER")
    assert [(row["privilege"], row["grant_on"], row["name"], row["grantee_name"]) for row in rows] == [
        ("SELECT", "TABLE", "RAW.<TABLE>", "READER"),
        ("USAGE", "SCHEMA", "RAW.<SCHEMA>", "READER"),
    ]


def test_what_is_revoked_or_made_anew_is_shown_no_more(account: Account) -> None:
    account.snowflake.administer("CREATE ROLE PASSING; CREATE WAREHOUSE SHORT WAREHOUSE_SIZE = XSMALL")
    account.snowflake.administer("GRANT USAGE, OPERATE ON WAREHOUSE SHORT TO ROLE PASSING")
    account.snowflake.administer("REVOKE OPERATE ON WAREHOUSE SHORT FROM ROLE PASSING")
    assert shown(account, "PASSING") == {("USAGE", "WAREHOUSE", "SHORT")}
    account.snowflake.administer("CREATE OR REPLACE WAREHOUSE SHORT WAREHOUSE_SIZE = XSMALL")
    assert shown(account, "PASSING") == set()


def test_the_grants_of_a_role_that_is_not_there_are_refused(account: Account) -> None:
    assert "NOBODY" in account.failed("SHOW GRANTS TO ROLE NOBODY").message
    assert "not emulated" in account.failed("SHOW GRANTS ON TABLE RAW.OPS.APPLIED").message


def test_list_names_the_objects_below_a_path_of_a_stage(account: Account) -> None:
    account.s3.put_object(Bucket=BUCKET, Key="listed/a.parquet", Body=b"four")
    (row,) = account.rows("LIST @RAW.OPS.LANDING/listed/")
    assert (row["name"], row["size"]) == (f"s3://{BUCKET}/listed/a.parquet", "4")
    assert account.rows("LS '@RAW.OPS.LANDING/nothing here/'") == []
    assert "not emulated" in account.failed("LIST @~").message


def test_list_is_refused_where_the_role_is_not_to_be_assumed(account: Account) -> None:
    account.snowflake.administer(
        f"""
        CREATE STORAGE INTEGRATION OTHER TYPE = EXTERNAL_STAGE STORAGE_PROVIDER = 'S3' ENABLED = TRUE
          STORAGE_AWS_ROLE_ARN = '{account.role_arn}' STORAGE_AWS_EXTERNAL_ID = 'somebody-elses'
          STORAGE_ALLOWED_LOCATIONS = ('s3://{BUCKET}/');
        CREATE STAGE RAW.OPS.OTHER URL = 's3://{BUCKET}/' STORAGE_INTEGRATION = OTHER
        """
    )
    assert "Error assuming AWS_ROLE" in account.failed("LIST @RAW.OPS.OTHER/listed/").message
