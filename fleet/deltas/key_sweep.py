"""The key sweep: which keys source and warehouse do not share, and what is done about it. Decisions only.

A table is compared twice, with a delta between that is known to have brought all that the source had when it was first
read. What the source changes meanwhile differs once; what differs the same way twice no change has brought or removed.
Reasons: docs/decisions/0031.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from fleet.deltas.key_text import KeyPart, KeyQuestion
from fleet.deltas.swept_tables import Repair
from fleet.tables.catalogue import TableName

KEYS_IN_A_GROUP = 5_000
"""At most, on average: a group that differs is asked for all of its keys, some 200 KB of hashes."""
_MOST_DIGITS = 4
"""65,536 groups, of which an answer takes about 2 MB; a function of AWS's answers 6 MB at most."""
MOST_LISTED = 100_000
"""Keys that are asked for of one table, and in one call: about 3.5 MB of hashes."""
MOST_SUSPECTED = 10_000
"""Keys of one table that are followed one by one. They are listed in one DELETE: 350 KB of the 1 MB that Snowflake
takes as a statement. A table of which more differ costs about as much as its full load."""


@dataclass(frozen=True)
class Group:
    """The keys whose hash begins with *prefix*: how many, and the sum of a part of their hashes."""

    prefix: str
    keys: int
    total: int


@dataclass(frozen=True)
class KeyAnswer:
    """What a source answers to a `KeyQuestion`: *groups*, or *hashes* of keys; or *why* it does not."""

    schema: str
    table: str
    groups: tuple[Group, ...] = ()
    hashes: tuple[str, ...] = ()
    why: str = ""

    @property
    def name(self) -> TableName:
        """The table's two names."""
        return TableName(self.schema, self.table)


Step = Literal["groups", "keys", "repair", "over"]


@dataclass(frozen=True)
class TableSweep:
    """How far the comparison of one table is, in one attempt. *written*: the attempt of its last row in OPS.APPLIED,
    which stays while it is compared and mended. *keys*: at the source. *suspects*: the source's groups that differ.

    *missing*: hashes of keys that Snowflake lacks; *surplus*: of those that only Snowflake has; *doubled*: of those
    that it has more than once. With *is_many* these are not listed, and *missing_keys* and *surplus_keys* are at least
    so many. *repair*: what is to be done, or was; *why*: why the table was not compared, or not mended.
    """

    schema: str
    table: str
    parts: tuple[KeyPart, ...] = ()
    written: int = 0
    step: Step = "groups"
    digits: int = 0
    handle: str = ""
    keys: int | None = None
    suspects: tuple[Group, ...] = ()
    missing: tuple[str, ...] = ()
    surplus: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()
    is_many: bool = False
    missing_keys: int = 0
    surplus_keys: int = 0
    repair: Repair = ""
    is_mended: bool = False
    shown: tuple[str, ...] = ()
    why: str = ""

    @property
    def name(self) -> TableName:
        """The table's two names."""
        return TableName(self.schema, self.table)

    @property
    def is_suspected(self) -> bool:
        """Whether the first comparison has found a difference."""
        return bool(self.missing or self.surplus or self.doubled or self.is_many) and not self.why

    @property
    def question(self) -> KeyQuestion:
        """What both sides are asked next."""
        prefixes = tuple(group.prefix for group in self.suspects) if self.step == "keys" else ()
        return KeyQuestion(self.schema, self.table, self.parts, self.digits, prefixes)

    @property
    def answer_items(self) -> int:
        """About how many groups or keys an answer has."""
        return sum(group.keys for group in self.suspects) if self.step == "keys" else 16**self.digits

    def left_out(self, why: str) -> TableSweep:
        """The same table, of which no more is to be found out."""
        return replace(self, step="over", handle="", why=why)


def choose_digits(rows: int) -> int:
    """How many hex digits name a group, so that a group of *rows* keys in all has `KEYS_IN_A_GROUP` at most.

    >>> [choose_digits(rows) for rows in (0, 5_000, 5_001, 100_000, 10**7, 10**9)]
    [0, 0, 1, 2, 3, 4]
    """
    digits = 0
    while rows > KEYS_IN_A_GROUP * 16**digits and digits < _MOST_DIGITS:
        digits += 1
    return digits


def compare_groups(
    before: TableSweep, source: Sequence[Group], warehouse: Sequence[Group], first: TableSweep | None
) -> TableSweep:
    """*before* with what its groups say. *first*: the same table after its first comparison, None while this is it.

    The keys of groups that differ are asked for next. Where those are too many, the groups themselves are followed: one
    counts if the source has not changed it between the two readings and Snowflake still has others.

    >>> t, ours, theirs = TableSweep("s", "t"), Group("", 4, 90), Group("", 3, 70)
    >>> compare_groups(t, [ours], [ours], None).step, compare_groups(t, [ours], [theirs], None).step
    ('over', 'keys')
    >>> many = [Group(f"{n:04x}", 200, n) for n in range(1_000)]
    >>> first = compare_groups(replace(t, digits=4), many, [], None)
    >>> first.step, first.is_many, first.is_suspected
    ('over', True, True)
    >>> again = compare_groups(replace(t, digits=4), many, [], first)
    >>> again.repair, again.missing_keys, compare_groups(replace(t, digits=4), [], many[:1], first).repair
    ('full load', 200000, '')
    """
    here, there = ({group.prefix: group for group in groups} for groups in (source, warehouse))
    keys = sum(group.keys for group in source)
    empty = Group("", 0, 0)
    pairs = {
        prefix: (here.get(prefix, replace(empty, prefix=prefix)), there.get(prefix, replace(empty, prefix=prefix)))
        for prefix in sorted({*here, *there})
    }
    differing = {prefix: pair for prefix, pair in pairs.items() if pair[0] != pair[1]}
    after = replace(before, keys=keys, handle="")
    if first is not None:
        return _confirm_groups(after, differing, first)
    if not differing:
        return replace(after, step="over")
    wanted = choose_digits(max(keys, sum(group.keys for group in warehouse)))
    if wanted > before.digits:  # the server's statistics had it smaller
        return replace(after, digits=wanted)
    suspects = tuple(one for one, _ in differing.values())
    listed = sum(max(one.keys, other.keys) for one, other in differing.values())
    if listed > MOST_LISTED:
        return replace(after, step="over", is_many=True, suspects=suspects)
    return replace(after, step="keys", suspects=suspects)


_TOO_BUSY = "all groups of its keys that differed were changed at the source meanwhile"


def _confirm_groups(after: TableSweep, differing: Mapping[str, tuple[Group, Group]], first: TableSweep) -> TableSweep:
    suspects = {group.prefix: group for group in first.suspects}
    left = {prefix: pair for prefix, pair in differing.items() if prefix in suspects}
    confirmed = [(ours, theirs) for prefix, (ours, theirs) in left.items() if suspects[prefix] == ours]
    return replace(
        after,
        step="over",
        is_many=bool(confirmed),
        missing_keys=sum(max(0, ours.keys - theirs.keys) for ours, theirs in confirmed),
        surplus_keys=sum(max(0, theirs.keys - ours.keys) for ours, theirs in confirmed),
        repair="full load" if confirmed else "",
        why=_TOO_BUSY if left and not confirmed else "",
    )


def compare_keys(
    before: TableSweep, source: Iterable[str], warehouse: Iterable[str], first: TableSweep | None
) -> TableSweep:
    """*before* with what the hashes of its keys say. After the second comparison it says what is to be done.

    >>> t = TableSweep("s", "t", step="keys", suspects=(Group("", 2, 9),))
    >>> first = compare_keys(t, ["a", "b"], ["b", "c", "c"], None)
    >>> first.missing, first.surplus, first.repair
    (('a',), ('c',), '')
    >>> again = compare_keys(t, ["b"], ["b", "c"], first)
    >>> again.missing, again.surplus, again.repair, again.step
    ((), ('c',), 'deletion', 'repair')
    """
    ours, theirs = set(source), Counter(warehouse)
    missing = {one for one in ours if one not in theirs}
    surplus = {one for one in theirs if one not in ours}
    doubled = {one for one, count in theirs.items() if count > 1 and one in ours}
    after = replace(before, handle="", step="over")
    if first is None:
        if len(missing) + len(surplus) + len(doubled) > MOST_SUSPECTED:
            return replace(after, is_many=True)
        return replace(after, missing=_sorted(missing), surplus=_sorted(surplus), doubled=_sorted(doubled))
    missing &= {*first.missing}
    surplus &= {*first.surplus}
    doubled &= {*first.doubled}
    found = replace(
        after,
        missing=_sorted(missing),
        surplus=_sorted(surplus),
        doubled=_sorted(doubled),
        missing_keys=len(missing),
        surplus_keys=len(surplus),
    )
    if missing or doubled:
        return replace(found, repair="full load")
    return replace(found, repair="deletion", step="repair") if surplus else found


def _sorted(hashes: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(hashes))


def again(first: TableSweep, written: int) -> TableSweep:
    """*first*, whose difference is looked at a second time: the same groups or the same keys."""
    return TableSweep(
        first.schema,
        first.table,
        first.parts,
        written,
        step="groups" if first.is_many else "keys",
        digits=first.digits,
        keys=first.keys,
        suspects=() if first.is_many else first.suspects,
    )
