"""From the seal to the outcome: what Snowflake refuses, what is never sent to it, and who may read what was loaded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from test_sealing import ALL, failures, second_night_up_to_the_seal

from cases import SETTINGS, Case, Cases
from fleet.names import warehouse_schema
from fleet.warehouse import public_key_text
from localcloud.snowflake.errors import SnowflakeError


def test_a_table_that_snowflake_refuses_leaves_the_others_published_and_the_outcome_partial(case: Case) -> None:
    case.go_through("ReleaseDatabase")
    schema = f"{case.id.replace('-', '_').upper()}__PUBLIC"
    case.ask_warehouse(f'ALTER TABLE FLEET."{schema}"."ORDERS" DROP COLUMN "AMOUNT"')
    before = case.warehouse_rows("orders")
    case.ask_source("INSERT INTO customers VALUES (3, 'Cy')")
    case.next_night(f"second-{case.id}")
    case.go_through("ReleaseDatabase")
    assert (case.outcome["outcome"], case.outcome["failure_class"]) == ("partial", "warehouse")
    assert failures(case) == {"orders": "LoadRefused"}
    assert "AMOUNT" in case.tables["orders"]["failure"]["text"]
    assert (case.warehouse_rows("orders"), len(case.warehouse_rows("customers"))) == (before, 3)


def test_a_file_that_is_gone_after_the_seal_is_refused_and_the_old_rows_stay(case: Case) -> None:
    rows = second_night_up_to_the_seal(case)
    case.settle("SealFolder")
    case.s3.delete_object(Bucket=case.bucket, Key=f"{case.folder}/public/customers/LOAD00000001.parquet")
    assert case.go_through_from("SubmitLoads")["outcome"] == "partial"
    assert failures(case) == {"customers": "LoadRefused"}
    assert case.warehouse_rows("customers") == rows


def test_a_file_whose_rows_name_another_database_is_refused(cases: Cases) -> None:
    neighbour, case = cases.take(), cases.take()
    neighbour.go_through("SealFolder")
    case.go_through("SealFolder")
    file = "public/customers/LOAD00000001.parquet"
    case.s3.copy_object(
        Bucket=case.bucket,
        Key=f"{case.folder}/{file}",
        CopySource={"Bucket": case.bucket, "Key": f"{neighbour.folder}/{file}"},
    )
    assert case.go_through_from("SubmitLoads")["outcome"] == "partial"
    assert "2 rows, 0 of this database, 2 by DMS" in case.tables["customers"]["failure"]["text"]
    assert case.warehouse_rows("customers") == []


@pytest.mark.parametrize("state", ["SubmitLoads", "PollLoads"])
def test_a_request_that_snowflake_refuses_is_an_outcome_of_class_warehouse_and_not_a_broken_execution(
    case: Case, state: str
) -> None:
    case.go_before(state)
    with strange_key(case):
        outcome = case.go_through_from(state)
    assert (outcome["outcome"], outcome["failure_class"], outcome["not_ok_count"]) == ("failed", "warehouse", 4)
    assert failures(case) == dict.fromkeys(ALL, "RequestRefused")
    assert "answered 401" in outcome["failure_text"]
    assert case.cloud.clients.ledger.claim(case.id).holder == ""


def public_key(kms: Any, key: str) -> str:
    return public_key_text(kms.get_public_key(KeyId=key)["PublicKey"])


@contextmanager
def strange_key(case: Case) -> Iterator[None]:
    """Snowflake has another public key for our user than the one whose private half signs."""
    kms, user = case.cloud.aws.client("kms"), SETTINGS.snowflake.user
    another = kms.create_key(KeyUsage="SIGN_VERIFY", KeySpec="RSA_2048")["KeyMetadata"]["KeyId"]
    change = "ALTER USER {} SET RSA_PUBLIC_KEY = '{}'"
    case.cloud.snowflake.administer(change.format(user, public_key(kms, another)))
    try:
        yield
    finally:
        case.cloud.snowflake.administer(change.format(user, public_key(kms, SETTINGS.snowflake.key_id)))


def test_an_older_attempt_does_not_overwrite_a_newer_ones_rows(case: Case) -> None:
    case.go_through("ReleaseDatabase")
    schema = f"{case.id.replace('-', '_').upper()}__PUBLIC"
    case.ask_warehouse(
        "INSERT INTO OPS.APPLIED SELECT DATABASE_ID, SCHEMA_NAME, TABLE_NAME, 9, RUN, MODE, ROW_COUNT, APPLIED_AT "
        f"FROM OPS.APPLIED WHERE DATABASE_ID = '{case.id}' AND TABLE_NAME = 'orders'"
    )
    case.ask_warehouse(f'DELETE FROM FLEET."{schema}"."ORDERS" WHERE "ID" > 1')
    case.next_night(f"second-{case.id}")
    case.go_through("ReleaseDatabase")
    assert failures(case) == {"orders": "LoadRefused"}
    assert "attempt 9 is applied already, this is attempt 2" in case.tables["orders"]["failure"]["text"]
    assert len(case.warehouse_rows("orders")) == 1


def test_loads_sent_before_a_crash_are_not_applied_twice(case: Case) -> None:
    case.go_through("SealFolder")
    case.call("SubmitLoads")
    loads = f"runs/{case.run}/{case.id}/000001/loads.json"
    forgotten = [{**load, "state": "sending", "handle": ""} for load in json.loads(case.read_control(loads))]
    case.s3.put_object(Bucket=case.cloud.control_bucket, Key=loads, Body=json.dumps(forgotten).encode())
    assert case.go_through_from("SubmitLoads")["outcome"] == "ok"
    applied = case.ask_warehouse(f"SELECT TABLE_NAME FROM OPS.APPLIED WHERE DATABASE_ID = '{case.id}'")
    assert applied == [["customers"], ["nothing"], ["orders"], ["totals"]]


def test_tables_that_would_be_one_in_snowflake_are_never_sent(case: Case) -> None:
    case.ask_source('CREATE TABLE "ORDERS" (id integer PRIMARY KEY); INSERT INTO "ORDERS" VALUES (1)')
    case.go_through("ReleaseDatabase")
    assert failures(case) == {"orders": "TablesClash", "ORDERS": "TablesClash"}
    assert case.outcome["outcome"] == "partial"


def rows_read(case: Case, role: str) -> int:
    """How many orders the role reads."""
    query = f'SELECT * FROM "FLEET"."{warehouse_schema(case.id, "public")}"."ORDERS"'
    (result,) = case.cloud.snowflake.administer(query, role=role, warehouse=case.settings.snowflake.warehouse)
    return len(result.rows)


def test_what_a_night_loads_is_read_by_the_readers_role_and_by_those_above_the_loaders(case: Case) -> None:
    case.go_through("ReleaseDatabase")
    assert [rows_read(case, role) for role in (case.settings.snowflake.reader_role, "SYSADMIN", "ACCOUNTADMIN")] == [
        5,
        5,
        5,
    ]
    with pytest.raises(SnowflakeError, match="not authorized"):
        rows_read(case, "PUBLIC")
