"""moto's engine as a second opinion: what both engines run gives the same events, outputs and end on both.

moto's takes real time for every wait, so the documents in which time passes are ours alone. Where the two differ,
localcloud/tests/stepfunctions/corpus/moto_differences.json says how, and by which source ours is right.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from localcloud.tests.stepfunctions.stepfunctions_corpus import (
    MotosEngine,
    documents,
    moto_differences,
    motos_engine,
    run_ours,
    takes_time,
)

DOCUMENTS = [document for document in documents() if not takes_time(document)]
DIFFERENCES = moto_differences()


@pytest.fixture(scope="module")
def moto() -> Iterator[MotosEngine]:
    with motos_engine() as engine:
        yield engine


@pytest.mark.parametrize("document", DOCUMENTS, ids=[document["rule"] for document in DOCUMENTS])
def test_motos_engine_agrees_or_differs_as_is_known(moto: MotosEngine, document: dict[str, Any]) -> None:
    ours, theirs = run_ours(document).comparable(), moto.run(document).comparable()
    if document["rule"] in DIFFERENCES:
        assert ours != theirs, "moto has learnt it: take the document out of moto_differences.json"
    else:
        assert ours == theirs


def test_every_known_difference_is_of_a_document_and_has_a_source() -> None:
    assert DIFFERENCES.keys() <= {document["rule"] for document in DOCUMENTS}
    assert all(difference["moto"] and difference["source"] for difference in DIFFERENCES.values())
    assert len(DIFFERENCES) * 8 < len(DOCUMENTS)
