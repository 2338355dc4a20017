"""local/COVERAGE.md and docs/to-verify-on-aws.md: written from the declarations, which name tests that exist."""

from __future__ import annotations

import ast
from collections import Counter
from functools import lru_cache
from pathlib import Path

import pytest

from local.coverage import page as coverage
from local.coverage import to_verify
from local.coverage.account_checks import CHECKS
from local.coverage.declarations import SECTIONS
from localcloud.authorization.operations import OPERATIONS
from localcloud.behaviours import Behaviour

ROOT = Path(__file__).parents[2]
BEHAVIOURS = [one for section in SECTIONS for one in section.behaviours]
CHECKED = {one.settles for one in CHECKS}


@lru_cache
def names_in(file: Path) -> frozenset[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


def said_of(named: list[Behaviour]) -> list[str]:
    return [one.name for one in named]


@pytest.mark.parametrize(
    ("page", "text"), [(coverage.PAGE, coverage.page()), (to_verify.PAGE, to_verify.page())], ids=["coverage", "verify"]
)
def test_the_page_says_what_the_declarations_say(page: Path, text: str) -> None:
    assert page.read_text(encoding="utf-8") == text, "run: make docs"


def test_every_test_that_is_declared_exists() -> None:
    missing = []
    for one in BEHAVIOURS:
        path, _, name = one.test.partition("::")
        if one.test and not ((ROOT / path).is_file() and name.partition("[")[0] in names_in(ROOT / path)):
            missing.append(one.test)
    assert missing == []


def test_what_is_assumed_has_a_way_to_settle_it_or_a_reason_why_there_is_none() -> None:
    assumed = [one for one in BEHAVIOURS if one.trust == "assumed"]
    assert said_of([one for one in assumed if not (one.verify or one.reason or one.name in CHECKED)]) == []


def test_what_is_documented_or_observed_names_where() -> None:
    known = [one for one in BEHAVIOURS if one.trust in {"documented", "observed"}]
    assert said_of([one for one in known if not one.source]) == []


def test_what_is_emulated_names_a_test() -> None:
    assert said_of([one for one in BEHAVIOURS if one.trust and not one.is_refused and not one.test]) == []


def test_no_service_declares_a_name_twice() -> None:
    named = Counter((section.title, one.name) for section in SECTIONS for one in section.behaviours)
    assert [one for one, count in named.items() if count > 1] == []


def test_what_is_refused_is_not_trusted_to_be_as_aws_does_it() -> None:
    assert said_of([one for one in BEHAVIOURS if one.is_refused and one.trust]) == []


def test_every_operation_that_is_judged_is_declared_with_its_service() -> None:
    judged: dict[str, list[str]] = {}
    for service, operation in sorted(OPERATIONS):
        judged.setdefault(service, []).append(operation)
    del judged["sts"]  # GetCallerIdentity, which needs no permission
    declared = {one.name for section in SECTIONS if section.title == "Who may call what" for one in section.behaviours}
    assert {f"{service}: {', '.join(names)}" for service, names in judged.items()} <= declared


def test_each_check_of_an_account_settles_a_declared_behaviour() -> None:
    assert set(said_of(BEHAVIOURS)) >= CHECKED
    assert len(CHECKED) == len(CHECKS)
