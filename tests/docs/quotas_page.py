"""docs/quotas.md as `fleet/quotas.py` says it. Run it to rewrite the page: `python tests/docs/quotas_page.py`."""

from __future__ import annotations

from pathlib import Path

import fleet.quotas
from fleet.quotas import Quota

PAGE = Path(__file__).parents[2] / "docs" / "quotas.md"

_HEAD = """\
# Quotas

What AWS and Snowflake impose, as `fleet/quotas.py` has it. Written by `make docs`: change that file, not this page.
Some can be raised on request; a number here is the one that the code plans for.

| quota | at most | of what | read on |
|---|---:|---|---|
"""


def page() -> str:
    """The page, a row a quota, in the order of `fleet/quotas.py`."""
    quotas = [(name, one) for name, one in vars(fleet.quotas).items() if isinstance(one, Quota)]
    rows = [f"| `{name}` | {one.value:,} | [{one.what}]({one.source}) | {one.checked_on} |" for name, one in quotas]
    return _HEAD + "\n".join(rows) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
