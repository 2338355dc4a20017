from typing import Any, cast

from fleet.attempts import Attempt
from fleet.deltas.batches import DeltaFolder
from fleet.deltas.chain import Chain, TableState
from fleet.folders import LandedFile
from fleet.manifests import SealedTable, seal
from fleet.tables.account import NOTHING_ACCOUNTED
from fleet.tables.catalogue import Table, TableName
from lambdas.chain_context import ChainContext
from lambdas.change_loads import next_states

NAMES = TableName("s", "changed"), TableName("s", "quiet")


def test_what_was_not_handed_off_of_a_folder_waits_and_a_table_without_changes_moves_on() -> None:
    states = {name: TableState(*name, chain=1, applied=4, written=4, fingerprint="f") for name in NAMES}
    attempt = Attempt("run", "shop", "delta", 5, "arn")
    sealed = [
        SealedTable(*NAMES[0], False, "loaded", 3, None, (LandedFile("key", 9, "e"),)),
        SealedTable(*NAMES[1], False, "empty", 0, None, ()),
    ]
    manifest = seal(attempt, sealed, bucket="b", sealed_at="", failure=None, account=NOTHING_ACCOUNTED)
    context = ChainContext(Chain(1, "arn", "c", 5), states, (DeltaFolder(attempt, True, manifest),))
    tables = {name: Table(*name, False, ()) for name in NAMES}

    after = next_states(cast(Any, None), context, tables, {})

    assert [(state.name, state.applied) for state in after] == [(NAMES[1], 5)]
