"""Which databases a run's input comes to, where a name or a document is missing."""

from __future__ import annotations

import pytest

from cases import SETTINGS
from fleet.databases import Database, Registry
from fleet.errors import MalformedInputError
from fleet.run_input import OldRun, choose_databases, choose_rerun


def test_a_tag_that_no_database_has_is_refused_beside_others_that_some_have() -> None:
    shop = Database("shop", "s", "Shop", "one", (), onboarded=True, tags=("sales",))
    idle = Database("idle", "s", "Idle", "one", (), tags=("later",))
    registry = Registry(SETTINGS, (), (shop, idle))
    assert choose_databases(registry, None, ["sales", "later"]) == (shop,)
    with pytest.raises(MalformedInputError, match=r"no database of the registry has the tag 'salse'.*`sales`"):
        choose_databases(registry, None, ["sales", "salse"])


@pytest.mark.parametrize("failed", [{"shop": []}, {}])
def test_a_partial_database_whose_failed_tables_nobody_knows_any_more_is_rerun_whole(
    failed: dict[str, list[str]],
) -> None:
    old = OldRun("night", "full", "FAILED", ["shop"], {"shop": "partial"}, failed)
    assert choose_rerun(old, "failed-tables") == {"shop": None}
