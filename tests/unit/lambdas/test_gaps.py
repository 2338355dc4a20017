"""What could not be checked is said in the outcome, and reddens nothing."""

from __future__ import annotations

import json

from cases import Case
from fleet.dms.long_values import describe_cuts
from fleet.tables.catalogue import Table
from fleet.tables.columns import Column


def test_columns_whose_values_may_have_been_cut_are_a_stated_gap_of_an_ok_database(case: Case) -> None:
    case.go_through("ReleaseDatabase")
    assert case.outcome["outcome"] == "ok"
    # `nothing.what` is text, too, but holds no row.
    (gap,) = case.outcome["gaps"]
    assert gap == "whether values longer than 32 KB were cut (lob_max_kilobytes): public.orders.what"


def test_a_database_of_many_long_columns_names_some_and_counts_the_rest() -> None:
    notes = Table("s", "notes", False, tuple(Column(f"c{n}", "jsonb") for n in range(2000)))
    gap = describe_cuts("postgresql", [notes], 64) or ""
    assert gap.endswith("64 KB were cut (lob_max_kilobytes): s.notes.c0, s.notes.c1, s.notes.c2 and 1,997 more columns")


def test_a_database_without_long_columns_has_no_such_gap() -> None:
    bounded = Table("s", "t", False, (Column("id", "bigint"), Column("name", "varchar", length=40)))
    assert describe_cuts("postgresql", [bounded], 32) is None


def test_a_source_that_could_not_be_asked_before_the_load_either_is_a_stated_gap(case: Case) -> None:
    case.go_through("ReleaseDatabase")
    ask_with_another_secret(case)
    case.next_night(f"second-{case.id}")
    case.go_through("ReleaseDatabase")
    assert case.outcome["outcome"] == "ok"
    before, cut, counts = case.outcome["gaps"]
    assert ["before the start" in before, " were cut " in cut, "not counted" in counts] == [True, True, True]
    assert {table["rows_at_source"] for table in case.tables.values()} == {None}


def ask_with_another_secret(case: Case) -> None:
    """From now on DMS reads the source with a secret of its own, and AskSource's is wrong."""
    secret = case.cloud.aws.client("secretsmanager").create_secret(
        Name=f"dms/{case.id}", SecretString=json.dumps(case.cases.postgres.secret(case.id))
    )
    case.cloud.aws.client("iam").put_role_policy(
        RoleName="fleet-secrets",
        PolicyName=f"also-{case.id}",
        PolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": {
                    "Effect": "Allow",
                    "Action": "secretsmanager:GetSecretValue",
                    "Resource": secret["ARN"],
                },
            }
        ),
    )
    case.dms.modify_endpoint(
        EndpointArn=case.endpoint("source")["EndpointArn"], PostgreSQLSettings={"SecretsManagerSecretId": secret["ARN"]}
    )
    case.time.pass_seconds(60)
    case.put_secret(password="not the password")
