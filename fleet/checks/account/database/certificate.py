"""The certificate by which `verify-...` knows the server is in DMS, and not out of date."""

from __future__ import annotations

from fleet.checks.account_facts import DatabaseFacts, Unseen, not_seen
from fleet.checks.check import Check, Judged

_SOON_DAYS = 30


def _judge(facts: DatabaseFacts) -> Judged | None:
    arn, certificates = facts.server.certificate, facts.account.certificates
    if not arn:
        return None
    if isinstance(certificates, Unseen):
        return not_seen(certificates)
    if arn not in certificates:
        return Judged("failed", f"certificate {arn} is not in DMS")
    last = certificates[arn]
    if last is None:
        return Judged("passed", f"certificate {arn} is in DMS, which does not say how long it holds")
    days = (last - facts.account.today).days
    found = f"certificate {arn} holds until {last:%Y-%m-%d}"
    return Judged("failed" if days < 0 else "remark" if days < _SOON_DAYS else "passed", found)


CHECK = Check(
    "AWS-CERTIFICATE",
    "With verify-ca and verify-full DMS compares the server's certificate with this one, and connects to no other.",
    "Import the authority's newer certificate (docs/deploy.md 3), write its ARN as the server's `certificate`, deploy.",
    "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Security.SSL.html",
    _judge,
)
