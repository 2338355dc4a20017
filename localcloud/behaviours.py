"""What a stand-in of ours claims of itself, declared beside its code. `local/COVERAGE.md` is written from all of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Trust = Literal["documented", "observed", "assumed", ""]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One thing that a stand-in does as the vendor's service does it, or refuses to do.

    *name*: an operation as the service's model spells it, or a sentence. *trust*: whether the vendor documents it,
    others observed it in public, or we assume it; nothing for what is refused. *source*: a URL, or a place in the
    project's reference ("reference/dms.md 4.2"). *test*: the node id of a test that holds it, as
    "tests/contract/dms/test_dms_api.py::test_name". *verify*: the command that settles it on a real account, for what
    is assumed; `docs/to-verify-on-aws.md` lists these. *reason*: why no command settles what is assumed.
    What is neither trusted nor refused differs: it is taken, and done in our own way or not at all.
    """

    name: str
    trust: Trust
    source: str = ""
    test: str = ""
    verify: str = ""
    is_refused: bool = False
    reason: str = ""
