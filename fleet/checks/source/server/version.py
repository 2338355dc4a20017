"""Whether DMS reads the server's version."""

from __future__ import annotations

from fleet.checks.check import Check, Judged
from fleet.checks.source_look import SourceLook, not_looked
from fleet.dms.source_versions import is_too_old, needs_dms, read_version
from fleet.failures import Failure


def judge(look: SourceLook) -> Judged:
    """A version that AWS's page does not name may work; one that is older than all that it names does not."""
    if isinstance(look.facts, Failure):
        return not_looked(look.facts)
    text, engine = look.facts.version, look.engine
    is_mariadb = "mariadb" in text.lower()
    if (engine == "mysql" and is_mariadb) or (engine == "mariadb" and not is_mariadb):
        # DMS reads MariaDB as one that is compatible with MySQL: a run may well succeed.
        return Judged("remark", f"`engine: {engine}`, and the server says that it is {text}")
    version, here = read_version(text), look.registry.settings.stack.replication.engine_version
    if not version:
        return Judged("unknown", f"the server's version {text!r} cannot be read")
    if is_too_old(engine, version):
        return Judged("failed", f"{text} is older than all versions that DMS reads from")
    needed = needs_dms(engine, version)
    if needed is None:
        return Judged("remark", f"{text} is not among the versions that AWS's page names")
    if needed and read_version(here) < read_version(needed):
        return Judged("failed", f"{text} takes DMS {needed}, and `replication.engine_version` is {here}")
    return Judged("passed", text)


CHECK = Check(
    "SRC-VERSION",
    "DMS reads from the versions that AWS names, each from a version of DMS on.",
    "Upgrade the server, or raise `stack.replication.engine_version` in settings.yaml; correct `engine` where the "
    "server is another.",
    "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Introduction.Sources.html",
    judge,
)
