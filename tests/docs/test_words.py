"""Words that make a sentence harder to read than it need be, in code, messages and documents."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Written apart, so that this page does not hold them.
_NOT_PLAIN = "|".join(("to" + "ld", "te" + "lls", "sta" + "nds", "who" + "ever"))
_LOOKED_AT = ("*.py", "*.md", "*.yaml", "*.sql", "*.js", "*.css", ":!CHANGELOG.md")
# Where such words still are; a folder leaves this list once it was gone through.
_TO_GO_THROUGH = (
    *("lambdas", "local/coverage", "local/COVERAGE.md", "docs/to-verify-on-aws.md", "*behaviours.yaml"),
    *("localcloud/dms", "localcloud/snowflake", "localcloud/stepfunctions", "localcloud/moto_fast_path"),
    *("localcloud/tests", "tests/contract", "tests/night", "tests/unit/lambdas", "tests/unit/local"),
)


def test_no_line_has_a_word_that_is_not_plain() -> None:
    command = [
        "git",
        "grep",
        "--untracked",
        "-nwiE",
        _NOT_PLAIN,
        "--",
        *_LOOKED_AT,
        *(f":!{one}" for one in _TO_GO_THROUGH),
    ]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout  # noqa: S603
    assert found.splitlines() == []
