"""The bucket of the Parquet files is there, in the fleet's Region."""

from __future__ import annotations

from fleet.checks.account.buckets.both import judge_place, names
from fleet.checks.account_facts import AccountFacts
from fleet.checks.check import Check, Judged


def _judge(facts: AccountFacts) -> Judged:
    return judge_place(facts, names(facts)[0], facts.landing)


CHECK = Check(
    "AWS-LANDING-BUCKET",
    "DMS writes all files there; it must be in the Region of its replication instances.",
    "`fleet deploy` makes it. One of that name in another Region must be given another name: `landing_bucket`.",
    "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Target.S3.html",
    _judge,
)
