"""What could not be checked is said in the outcome, and reddens nothing."""

from __future__ import annotations

import json
from dataclasses import replace

from cases import Case
from fleet.names import newest_census_key
from fleet.tables.catalogue import Census


def test_a_database_whose_source_counted_everything_has_no_gap(case: Case) -> None:
    case.go_through("ReleaseDatabase")
    assert (case.outcome["outcome"], case.outcome["gaps"]) == ("ok", ())


def test_a_source_that_could_not_be_asked_before_the_load_either_is_a_stated_gap(case: Case) -> None:
    case.go_through("ReleaseDatabase")
    ask_with_another_secret(case)
    case.next_night(f"second-{case.id}")
    case.go_through("ReleaseDatabase")
    assert case.outcome["outcome"] == "ok"
    before, counts, losses = case.outcome["gaps"]
    assert ["before the start" in before, "rows at the source" in counts] == [True, True]
    columns = "public.orders.what, public.orders.amount, public.totals.amount"
    assert losses == f"values that may be lost were not counted: {columns}"
    assert {table["rows_at_source"] for table in case.tables.values()} == {None}


def test_what_the_login_may_be_kept_from_seeing_is_a_gap_of_the_run(case: Case) -> None:
    case.go_through("ReleaseDatabase")
    records, key = case.cloud.clients.records, newest_census_key(case.id)
    census = records.read(key, Census)
    assert census is not None
    records.write(key, replace(census, gaps=("views may lack rows",)), Census)
    ask_with_another_secret(case)  # so that the last census counts
    case.next_night(f"second-{case.id}")
    case.go_through("ReleaseDatabase")
    assert "views may lack rows" in case.outcome["gaps"]


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
