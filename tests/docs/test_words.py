"""Words that make a sentence harder to read than it need be, in code, names, messages and documents."""

from __future__ import annotations

import re
from pathlib import Path

from own_files import ROOT, own_files

# Written apart, so that this page does not hold them.
_NOT_PLAIN = "|".join(("to" + "ld", "te" + "lls", "sta" + "nds", "who" + "ever"))
# A word of a name counts too, so an underscore ends one.
_AS_A_WORD = re.compile(f"(?<![a-z])({_NOT_PLAIN})(?![a-z])", re.IGNORECASE)
_CORPUS = ROOT / "localcloud/tests/stepfunctions/corpus"


def _lines_of(file: Path) -> list[str]:
    lines = file.read_text(encoding="utf-8").splitlines()
    return [
        f"{file.relative_to(ROOT)}:{number}: {line}" for number, line in enumerate(lines, 1) if _AS_A_WORD.search(line)
    ]


def test_a_word_is_found_in_a_sentence_and_in_a_name(tmp_path: Path) -> None:
    assert _AS_A_WORD.search("It te" + "lls.")
    assert _AS_A_WORD.search("is_to" + "ld")
    assert not _AS_A_WORD.search("The sta" + "ndstill of reteller")


def test_no_line_has_a_word_that_is_not_plain() -> None:
    corpus = (file for file in _CORPUS.rglob("*") if file.is_file())
    looked_at = [*own_files(".py", ".md", ".yaml", ".sql", ".js", ".css"), *corpus]
    assert len(looked_at) > 500
    assert [line for file in looked_at for line in _lines_of(file)] == []
