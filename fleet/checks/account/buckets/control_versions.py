"""The control bucket keeps what is overwritten."""

from __future__ import annotations

from fleet.checks.account_facts import AccountFacts, Unseen, not_seen
from fleet.checks.check import Check, Judged


def _judge(facts: AccountFacts) -> Judged | None:
    if facts.control is None or isinstance(facts.control, Unseen):
        return None
    if isinstance(facts.control.keeps_versions, Unseen):
        return not_seen(facts.control.keeps_versions)
    if facts.control.keeps_versions:
        return Judged("passed", "versions are kept")
    return Judged("remark", "no versions are kept")


CHECK = Check(
    "AWS-CONTROL-VERSIONS",
    "A registry or report that was overwritten or deleted by mistake comes back from its version only.",
    "`fleet deploy` switches versions on again.",
    "https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html",
    _judge,
)
