from __future__ import annotations

import pytest

from fleet.errors import MalformedInputError
from fleet.names import require_database_id
from local.sources.sample_fleet import SAMPLE, build, plan


@pytest.mark.parametrize(("databases", "tables"), [(None, None), (40, None), (40, 12), (None, 5)])
def test_every_planned_database_has_an_id_and_a_name_of_its_own(databases: int | None, tables: int | None) -> None:
    planned = [sample for sample, _ in plan(databases, tables)]
    assert [require_database_id(sample.id) for sample in planned] == list(dict.fromkeys(s.id for s in planned))
    assert len({sample.name_at_source for sample in planned}) == len(planned) == (databases or len(SAMPLE))


def test_the_sample_has_a_dozen_databases_and_copies_follow_it() -> None:
    planned = plan(40, None)
    assert len(SAMPLE) >= 12
    assert tuple(sample for sample, _ in planned[: len(SAMPLE)]) == SAMPLE
    assert {template.id for _, template in planned[len(SAMPLE) :] if template} <= {sample.id for sample in SAMPLE}
    assert planned[len(SAMPLE)][0].id == f"fleet-{len(SAMPLE) + 1:04}"


def test_a_few_databases_are_the_first_of_the_sample() -> None:
    assert [sample.id for sample, _ in plan(2, None)] == ["nyc-flights", "type-museum"]


@pytest.mark.parametrize(("databases", "tables"), [(0, None), (3, 0)])
def test_a_fleet_of_nothing_is_refused(databases: int, tables: int | None) -> None:
    with pytest.raises(MalformedInputError, match="at least 1"):
        build(None, databases, tables)  # type: ignore[arg-type]  refused before the server is asked
