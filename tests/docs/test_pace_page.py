"""docs/pace.md states the requests of each state as the code plans them."""

from __future__ import annotations

import re
from pathlib import Path

from fleet.pace import CALLS, CALLS_PER_DATABASE

PAGE = Path(__file__).parents[2] / "docs" / "pace.md"


def test_the_page_has_the_requests_of_each_state() -> None:
    text = PAGE.read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| ([A-Z]\w+) \| (\d+) \|", text, re.MULTILINE))
    assert {state: int(calls) for state, calls in rows.items()} == dict(CALLS)
    assert f"That makes {CALLS_PER_DATABASE}, and {CALLS_PER_DATABASE + 2} in a database's first run." in text
