"""Whether the server's certificate is the one that `ssl_mode` asks for."""

from __future__ import annotations

from fleet.checks.check import Check, Judged
from fleet.checks.source_look import SourceLook, not_looked
from fleet.failures import Failure

_REFUSED = frozenset({"CertificateNotAccepted", "CertificateUnusable"})


def judge(look: SourceLook) -> Judged | None:
    """Nothing is said where `ssl_mode` compares no certificate."""
    mode = look.server.ssl_mode
    if mode not in {"verify-ca", "verify-full"}:
        return None
    if isinstance(look.census, Failure):
        return Judged("failed", look.census.text) if look.census.name in _REFUSED else not_looked(look.census)
    compared = "its authority and its name" if mode == "verify-full" else "its authority"
    return Judged("passed", f"the certificate was accepted by {compared} (`ssl_mode: {mode}`)")


CHECK = Check(
    "SRC-CERTIFICATE",
    "DMS and AskSource refuse a server whose certificate is not signed or named as `ssl_mode` asks.",
    "Put the authority's certificate into the secret's member `certificate` and into DMS (`certificate` in "
    "servers.yaml), or correct `ssl_mode` or the secret's host.",
    "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Security.SSL.html",
    judge,
)
