"""The storage integration names the role of the landing bucket, and shows the user that the role trusts."""

from __future__ import annotations

from fleet.checks.account_facts import AccountFacts, Unseen, not_seen
from fleet.checks.check import Check, Judged
from fleet.names import resource_name
from fleet.warehouse import SNOWFLAKE_ROLE


def _judge(facts: AccountFacts) -> Judged:
    settings, found = facts.registry.settings, facts.snowflake.integration
    if isinstance(found, Unseen):
        if facts.snowflake.landing_refused == "":  # it was used just now
            return Judged("passed", f"{settings.snowflake.role} is not shown it, and reads the bucket by it")
        return not_seen(found)
    role = f"arn:aws:iam::{settings.account}:role/{resource_name(settings.prefix, SNOWFLAKE_ROLE)}"
    trust, bucket = settings.stack.snowflake_trust, f"s3://{settings.landing_bucket}/"
    wrong = [
        f"{what} is {is_!r}, wanted {wanted!r}"
        for what, is_, wanted in (
            ("ENABLED", found.is_enabled, True),
            ("STORAGE_AWS_ROLE_ARN", found.role_arn, role),
            ("STORAGE_AWS_IAM_USER_ARN", found.user_arn, trust.user_arn or found.user_arn),
            ("STORAGE_AWS_EXTERNAL_ID", found.external_id, trust.external_id or found.external_id),
        )
        if is_ != wanted
    ]
    if not any(one == "*" or bucket.startswith(one) for one in found.locations):
        wrong.append(f"STORAGE_ALLOWED_LOCATIONS is {', '.join(found.locations)}, wanted {bucket}")
    return Judged("failed", "; ".join(wrong)) if wrong else Judged("passed", "FLEET_LANDING is as the settings say")


CHECK = Check(
    "SNOW-INTEGRATION",
    "Snowflake assumes the role that it names, as the user that it shows, with the external id that it keeps.",
    "Put its user and external id into stack.snowflake_trust and deploy; or, as ACCOUNTADMIN, ALTER STORAGE "
    "INTEGRATION FLEET_LANDING SET what differs.",
    "https://docs.snowflake.com/en/sql-reference/sql/desc-integration",
    _judge,
)
