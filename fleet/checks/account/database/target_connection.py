"""What the last test of the target's endpoint said."""

from __future__ import annotations

from fleet.checks.account.database.connections import judge_connection
from fleet.checks.account_facts import DatabaseFacts
from fleet.checks.check import Check, Judged


def _judge(facts: DatabaseFacts) -> Judged | None:
    return judge_connection(facts, facts.endpoint_ids[1])


CHECK = Check(
    "AWS-TARGET-CONNECTION",
    "A task starts only where the role may list, write, delete and tag in the landing bucket, with its key.",
    "Mend the endpoint's role with `fleet deploy`; "
    "`fleet check account --test-connections` tries again, as each run does.",
    "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Endpoints.Creating.html",
    _judge,
)
