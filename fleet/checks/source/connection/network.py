"""Whether the server answers at all."""

from __future__ import annotations

from fleet.checks.check import Check, Judged
from fleet.checks.source_look import SourceLook, not_looked
from fleet.failures import Failure

_OF_THE_CERTIFICATE = frozenset({"CertificateNotAccepted", "CertificateUnusable"})
"""The server answered, and its certificate is a check of its own."""
_OF_THE_SECRET = frozenset({"SecretMissing", "SecretDenied", "SecretUnusable"})


def judge(look: SourceLook) -> Judged:
    """A refusal is an answer."""
    census = look.census
    if not isinstance(census, Failure):
        return Judged("passed", f"server {look.server.id} answers")
    if census.name in _OF_THE_SECRET or census.failure_class not in {"connection", "credentials", "mapping_empty"}:
        return not_looked(census)
    if census.failure_class == "connection" and census.name not in _OF_THE_CERTIFICATE:
        return Judged("failed", census.text)
    return Judged("passed", f"server {look.server.id} answers")


CHECK = Check(
    "SRC-NETWORK",
    "A server that does not answer is not copied.",
    "Correct the secret's host and port; open the way from AskSource's and the instance's subnets to it "
    "(security groups, routes, the server's own firewall).",
    "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_ReplicationInstance.VPC.html",
    judge,
)
