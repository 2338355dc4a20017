"""What is cited exists: files of this repository by their paths, decisions by number, facts by section."""

from __future__ import annotations

import re
from collections.abc import Iterator

from own_files import ROOT, own_files

_OURS = (
    "bench|changes|cli|docs|fleet|lambdas|local|localcloud|onboarding|orchestration|proofs|registry|report|"
    "requirements|tests"
)
_PATH = re.compile(rf"(?<![\w/.:@-])((?:{_OURS})/[\w./-]*\w\.(?:py|md|yaml|json|sql|toml|txt|css|js|tf))\b")
_SECTION = re.compile(r"docs/(facts/\w+|design)\.md (\d+(?:\.\d+)?)")
_DECISION = re.compile(r"\bdecisions? (\d{4})\b|decisions/(\d{4})-")
# A page that was written for the first design, and says so.
_OF_OTHERS = re.compile(r"\b(?:reference/\w+\.md|house-style|field-2026|delta-rules\.md|next\.md|\.\./shared)")
_KEYS_OF_S3 = {"registry/current.json", "registry/v.json"}
_NEVER_LOOKED_AT = ("CHANGELOG.md", "requirements/", "tests/unit/bench/test_suite.py")


def _texts() -> Iterator[tuple[str, str]]:
    for file in own_files(".py", ".md", ".yaml", ".toml", ".sql"):
        name = str(file.relative_to(ROOT))
        if not name.startswith(_NEVER_LOOKED_AT):
            yield name, file.read_text(encoding="utf-8")


def _found(pattern: re.Pattern[str]) -> Iterator[tuple[str, re.Match[str]]]:
    for name, text in _texts():
        for match in pattern.finditer(text):
            yield f"{name}:{text.count(chr(10), 0, match.start()) + 1}", match


def test_every_path_that_is_cited_exists() -> None:
    cited = {where: match[1] for where, match in _found(_PATH) if match[1] not in _KEYS_OF_S3}
    assert {where: path for where, path in cited.items() if not (ROOT / path).exists()} == {}


def test_every_section_that_is_cited_is_on_its_page() -> None:
    missing = {}
    for where, match in _found(_SECTION):
        page = (ROOT / "docs" / f"{match[1]}.md").read_text(encoding="utf-8")
        if not re.search(rf"^#+ {re.escape(match[2])}\.? ", page, re.MULTILINE):
            missing[where] = match[0]
    assert missing == {}


def test_every_decision_that_is_cited_was_made() -> None:
    made = {file.name[:4] for file in (ROOT / "docs" / "decisions").glob("*.md")}
    assert {where: match[0] for where, match in _found(_DECISION) if (match[1] or match[2]) not in made} == {}


def test_nothing_cites_what_is_not_in_the_repository() -> None:
    assert [where for where, _ in _found(_OF_OTHERS) if not where.startswith("tests/docs/test_citations.py")] == []
