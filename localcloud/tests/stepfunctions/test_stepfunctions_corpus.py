"""Every rule of the language that the corpus writes down holds in our engine."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.tests.stepfunctions.stepfunctions_corpus import documents, run_ours

DOCUMENTS = documents()


@pytest.mark.parametrize("document", DOCUMENTS, ids=[document["rule"] for document in DOCUMENTS])
def test_the_engine_keeps_the_rule(document: dict[str, Any]) -> None:
    result = run_ours(document)
    assert (result.status, result.error) == (document["status"], document.get("error"))
    if "output" in document:
        assert result.output == document["output"]
        assert type(result.output) is type(document["output"])
    if "events" in document:
        assert list(result.events) == document["events"]
    if "seconds" in document:
        assert result.seconds == pytest.approx(document["seconds"], abs=0.001)


def test_every_document_names_its_section_and_no_rule_is_there_twice() -> None:
    rules = [document["rule"] for document in DOCUMENTS]
    assert len(set(rules)) == len(rules) >= 200
    assert all(document["section"] for document in DOCUMENTS)
