"""One judgement over the landing and the control bucket."""

from __future__ import annotations

from collections.abc import Callable

from fleet.checks.account_facts import AccountFacts, BucketFacts, Seen, Unseen, not_seen
from fleet.checks.check import Judged, Verdict
from fleet.names import control_bucket


def names(facts: AccountFacts) -> tuple[str, str]:
    """Of the landing and the control bucket."""
    settings = facts.registry.settings
    return settings.landing_bucket, control_bucket(settings.prefix, settings.account)


def judge_both(
    facts: AccountFacts, is_right: Callable[[BucketFacts], Seen[bool]], wrong: Verdict, is_so: str, is_not: str
) -> Judged | None:
    """`passed` where *is_right* says so of each bucket that is there, else *wrong*; None where none is there.

    *is_so*, *is_not*: the sentence, before the buckets' names.
    """
    found = dict(zip(names(facts), (facts.landing, facts.control), strict=True))
    there = {name: one for name, one in found.items() if isinstance(one, BucketFacts)}
    if not there:
        return None
    answers = {name: is_right(one) for name, one in there.items()}
    if bad := [name for name, answer in answers.items() if answer is False]:
        return Judged(wrong, f"{is_not}: {', '.join(bad)}")
    for answer in answers.values():
        if isinstance(answer, Unseen):
            return not_seen(answer)
    return Judged("passed", f"{is_so}: {', '.join(there)}")


def judge_place(facts: AccountFacts, name: str, bucket: Seen[BucketFacts | None]) -> Judged:
    """Whether the bucket is there, in the fleet's Region."""
    if isinstance(bucket, Unseen):
        return not_seen(bucket)
    if bucket is None:
        return facts.judge_missing(f"bucket {name!r}")
    region = facts.registry.settings.region
    if bucket.region != region:
        return Judged("failed", f"{name!r} is in {bucket.region}, the registry says {region}")
    return Judged("passed", f"{name!r} is in {region}")
