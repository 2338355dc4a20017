"""A chain: deltas of one database that follow each other without a gap, from a first one (the prime) on.

The ledger keeps the chain and, of each table, how far it has been applied. Decisions only; nothing here asks anybody.
Reasons: docs/decisions/0030.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from fleet.databases import Deletes, Mode
from fleet.tables.catalogue import TableName


@dataclass(frozen=True)
class Chain:
    """What the ledger keeps of a database's newest chain.

    *number*: the attempt that primed it, which names it. *task_arn*: the `cdc` task that reads it; another one has
    another place in the log. *checkpoint*: where that task had read to when *newest*, the last attempt of it that is
    sealed, came to rest. *broken*: why it cannot go on; empty while it can. *sealed_at*: when *newest* was sealed;
    until the next one the source keeps its log from there on.
    """

    number: int
    task_arn: str
    checkpoint: str
    newest: int
    broken: str = ""
    sealed_at: datetime | None = None


@dataclass(frozen=True)
class TableState:
    """How far one table of a database that does deltas is in Snowflake.

    *chain*: the one that its rows belong to. *applied*: the attempt up to which all of its changes are in; *written*:
    the last attempt with a row of it in OPS.APPLIED. *fingerprint*: of its columns and key as they were applied.
    *needs_full*: why no delta of it applies until a later full load; empty where one does. *refused*: how often in a
    row Snowflake has refused its changes, the last time those of attempt *refused_by*. *loaded_in*: the run that last
    loaded it in full. *deletes*: what that made of deleted rows.
    """

    schema: str
    table: str
    chain: int
    applied: int
    written: int
    fingerprint: str
    needs_full: str = ""
    refused: int = 0
    refused_by: int = 0
    loaded_in: str = ""
    deletes: Deletes = "hard"

    @property
    def name(self) -> TableName:
        """Its two names."""
        return TableName(self.schema, self.table)


States = Mapping[TableName, TableState]
Purpose = Literal["prime", "delta", "full"]
SweepStage = Literal["compare", "confirm", "over"]
"""What a key sweep waits for: that the newest delta's keys are compared, another delta, or nothing any more."""


@dataclass(frozen=True)
class DeltaStep:
    """One attempt of an execution that makes several. *tables*: what a full load is narrowed to, None for all."""

    purpose: Purpose
    tables: tuple[str, ...] | None = None

    @property
    def mode(self) -> Mode:
        """The mode of its attempt: a prime is a delta."""
        return "full" if self.purpose == "full" else "delta"


def why_full(state: TableState | None, chain: Chain, fingerprint: str, deletes: Deletes) -> str:
    """Why a table cannot take its deltas before a full load, in words; nothing where it can.

    *deletes*: what the registry says of it now.

    >>> chain = Chain(3, "arn", "checkpoint:1", 5)
    >>> why_full(TableState("s", "t", 3, 5, 4, "ab"), chain, "ab", "hard")
    ''
    >>> why_full(TableState("s", "t", 3, 5, 4, "ab"), chain, "ab", "soft")
    'it was last loaded with `deletes: hard`, and the registry says `soft`'
    >>> why_full(None, chain, "ab", "hard"), why_full(TableState("s", "t", 2, 5, 4, "ab"), chain, "ab", "hard")
    ('it was never loaded in full', 'it was last loaded in full before this chain of deltas began')
    """
    if state is None:
        return "it was never loaded in full"
    if state.needs_full:
        return state.needs_full
    if state.chain != chain.number:
        return "it was last loaded in full before this chain of deltas began"
    if state.fingerprint != fingerprint:
        return "it was altered, made anew or emptied at the source"
    if state.deletes != deletes:
        return f"it was last loaded with `deletes: {state.deletes}`, and the registry says `{deletes}`"
    return ""


def first_step(mode: Mode, chain: Chain | None) -> DeltaStep:
    """What an execution for a database with deltas begins with.

    A full run begins a chain where there is none: its load is the seed, and the next delta has what comes after.

    >>> first_step("delta", None).purpose, first_step("delta", Chain(3, "arn", "c", 5)).purpose
    ('prime', 'delta')
    >>> first_step("full", None).purpose, first_step("full", Chain(3, "arn", "c", 5)).purpose
    ('prime', 'full')
    """
    return DeltaStep("prime" if chain is None or chain.broken else mode)


def joined_step(chain: Chain | None) -> DeltaStep | None:
    """What an execution makes after all else, where a run that was due meanwhile has joined it (`fleet/claims.py`).

    >>> joined_step(Chain(3, "arn", "c", 5)), joined_step(None)
    (DeltaStep(purpose='delta', tables=None), None)
    """
    return None if chain is None or chain.broken else DeltaStep("delta")


def next_step(
    mode: Mode,
    done: Sequence[Purpose],
    chain: Chain | None,
    needing: Iterable[TableName],
    whole: Iterable[TableName],
    sweep: SweepStage = "over",
) -> DeltaStep | Literal["compare"] | None:
    """What follows the steps that are *done* in this execution of a run of *mode*; None at its end. `compare`: no
    further attempt, but a comparison of keys after the newest.

    *needing*: tables that need a full load before their next delta. *whole*: all that a full load moves. A chain that
    broke is begun anew, once; what needs a full load after a delta gets it, once. A full run that began a chain loads
    all, whatever became of the chain. *sweep*: how far a key sweep is; what it finds missing is in *needing* later.

    >>> chain, t, u = Chain(3, "arn", "c", 5), TableName("s", "t"), TableName("s", "u")
    >>> next_step("delta", ["prime"], chain, [t, u], [t, u])
    DeltaStep(purpose='full', tables=None)
    >>> next_step("delta", ["delta"], chain, [u], [t, u])
    DeltaStep(purpose='full', tables=('s.u',))
    >>> next_step("delta", ["delta"], chain, [], [t, u]) is next_step("delta", ["prime", "full"], chain, [u], [u])
    True
    >>> next_step("delta", ["delta"], None, [], [t, u]), next_step("full", ["prime"], None, [], [t, u])
    (DeltaStep(purpose='prime', tables=None), DeltaStep(purpose='full', tables=None))
    >>> next_step("full", ["full", "delta"], chain, [u], [t, u])  # a run had joined it
    DeltaStep(purpose='full', tables=('s.u',))
    >>> next_step("delta", ["delta"], chain, [u], [t, u], "compare")
    'compare'
    >>> next_step("delta", ["delta"], chain, [u], [t, u], "confirm").purpose
    'delta'
    >>> next_step("delta", ["delta"], None, [], [], "confirm").purpose
    'prime'
    """
    last = done[-1]
    if last == "full":
        return None
    if last == "prime" and mode == "full":
        return DeltaStep("full")
    if chain is None or chain.broken:
        return None if "prime" in done else DeltaStep("prime")
    if sweep == "compare":
        return "compare"
    if sweep == "confirm":
        return DeltaStep("delta")
    names, all_names = set(needing), set(whole)
    if not names:
        return None
    return DeltaStep("full", None if names >= all_names else tuple(sorted(map(str, names))))
