"""Words that make a sentence harder to read than it need be, in code, names, messages and documents."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Written apart, so that this page does not hold them.
_NOT_PLAIN = "|".join(("to" + "ld", "te" + "lls", "sta" + "nds", "who" + "ever"))
# A word of a name counts too, so an underscore ends one.
_AS_A_WORD = f"(^|[^a-z])({_NOT_PLAIN})([^a-z]|$)"
_LOOKED_AT = ("*.py", "*.md", "*.yaml", "*.sql", "*.js", "*.css", "localcloud/tests/stepfunctions/corpus")


def test_no_line_has_a_word_that_is_not_plain() -> None:
    command = ["git", "grep", "--untracked", "-niE", _AS_A_WORD, "--", *_LOOKED_AT]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout  # noqa: S603
    assert found.splitlines() == []
