"""What the last test of the source's endpoint said."""

from __future__ import annotations

from fleet.checks.account.database.connections import judge_connection
from fleet.checks.account_facts import DatabaseFacts
from fleet.checks.check import Check, Judged


def _judge(facts: DatabaseFacts) -> Judged | None:
    return judge_connection(facts, facts.endpoint_ids[0])


CHECK = Check(
    "AWS-SOURCE-CONNECTION",
    "A replication instance that does not reach the source moves nothing, even where AskSource, elsewhere in the "
    "network, reaches it.",
    "Let the server take connections from the instance's subnets, and see that its secret signs in; "
    "`fleet check account --test-connections` tries again, as each run does.",
    "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Endpoints.Creating.html",
    _judge,
)
