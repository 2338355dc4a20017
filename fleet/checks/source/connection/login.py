"""Whether the secret can be read and the server lets its login in."""

from __future__ import annotations

from fleet.checks.check import Check, Judged
from fleet.checks.source_look import SourceLook, not_looked
from fleet.failures import Failure


def judge(look: SourceLook) -> Judged:
    """A certificate that cannot be used is a check of its own."""
    census = look.census
    if not isinstance(census, Failure):
        return Judged("passed", "the server let the login in")
    if census.failure_class == "credentials" and census.name != "CertificateUnusable":
        return Judged("failed", census.text)
    if census.failure_class == "mapping_empty":
        return Judged("passed", "the server knows the login")
    return not_looked(census)


CHECK = Check(
    "SRC-LOGIN",
    "DMS and AskSource use the login of the server's secret.",
    "Correct the secret (host, port, username, password), or the login at the server: `fleet prerequisites DATABASE`.",
    "https://docs.aws.amazon.com/dms/latest/userguide/security_iam_secretsmanager.html",
    judge,
)
