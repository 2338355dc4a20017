"""Whether the connection is encrypted, as `ssl_mode` says."""

from __future__ import annotations

from fleet.checks.check import Check, Judged
from fleet.checks.source_look import SourceLook, not_looked
from fleet.failures import Failure


def judge(look: SourceLook) -> Judged:
    """What the connection that asked was encrypted by, in the server's words."""
    facts, mode = look.facts, look.server.ssl_mode
    if isinstance(facts, Failure):
        return not_looked(facts)
    if facts.is_local:
        return Judged("passed", "a socket of this machine, which nothing encrypts and no network carries")
    if mode == "none":
        return Judged("remark", "`ssl_mode: none`: the password and all rows go over the network as they are")
    if facts.encryption is None:
        return Judged("unknown", f"`ssl_mode: {mode}`, and the login may not see how its connection is encrypted")
    if not facts.encryption:
        return Judged("failed", f"`ssl_mode: {mode}`, and the server says that the connection is not encrypted")
    return Judged("passed", f"{facts.encryption} (`ssl_mode: {mode}`)")


CHECK = Check(
    "SRC-TLS",
    "Without encryption anybody on the way reads the password and the rows.",
    "Give the server a certificate and say `ssl_mode: require` or more of it in servers.yaml; look for a proxy that "
    "ends the encryption.",
    "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Security.SSL.html",
    judge,
)
