"""`local/COVERAGE.md`: what the local cloud does, refuses and does in its own way, as its parts declare it.

Rewritten by `make docs`, and on its own by `python -m local.coverage.page`.
"""

from __future__ import annotations

from pathlib import Path

from local.coverage.declarations import SECTIONS
from localcloud.coverage.tables import tables

PAGE = Path(__file__).parents[1] / "COVERAGE.md"

_HEAD = """\
# What the local cloud is, and what it is not

Written by `make docs` from what each part declares beside its code (`behaviours.yaml`): change that, not this page.

How to read it. A row is an operation, as the service's model spells it, or a sentence.

| it is | that means |
|---|---|
| emulated | done as the vendor does it, as far as the trust goes |
| differs | taken, and done in our own way, or kept without effect |
| refused | answered `NotEmulated` (HTTP 501), or refused by its name; nothing is accepted and passed over in silence |

| trust | that means |
|---|---|
| documented | the vendor's documents say so |
| observed | others saw it in public: in issues, recordings, other tools' code |
| assumed | nobody said so; `docs/to-verify-on-aws.md` has what settles it, and `fleet verify aws` asks some of it |

No real account has been seen by this code yet. Sources that begin with `reference/` are places in the project's own
collection of such facts. What is not listed is refused. A test is named where one holds the row.

"""


def page() -> str:
    """The page, sections in the order of their declaration."""
    return _HEAD + tables(SECTIONS)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
