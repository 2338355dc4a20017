"""A fleet as it might be: with more databases, on another number of instances; and the window it must fit into."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from fleet.databases import Database
from fleet.errors import MalformedInputError
from fleet.measures import Measured, estimate
from fleet.quota_use import ENDPOINTS_PER_DATABASE
from fleet.quotas import DMS_ENDPOINTS_PER_INSTANCE
from fleet.spelling import did_you_mean

MOST = 10_000
"""Databases or instances that may be asked for: more than any quota holds."""
_BY_INSTANCE = DMS_ENDPOINTS_PER_INSTANCE.value // ENDPOINTS_PER_DATABASE
_WANTED: Mapping[str, str] = {
    "databases": f"databases=+60 (how many more, at most {MOST:,})",
    "instances": f"instances=6 (how many there are, at most {MOST:,})",
    "window": "window=5h or window=4h30m",
}


@dataclass(frozen=True)
class WhatIf:
    """*databases*: how many more; *instances*: how many there are, else as many as now; *window_seconds*: for a run."""

    databases: int = 0
    instances: int | None = None
    window_seconds: int | None = None


def read_what_if(words: Sequence[str]) -> WhatIf:
    """What *words* ask for, each a change or several by comma.

    Raises:
        MalformedInputError: A key is unknown or comes twice, or its value is none.

    >>> read_what_if(["databases=+60,instances=6", "window=4h30m"])
    WhatIf(databases=60, instances=6, window_seconds=16200)
    >>> read_what_if(["instance=6"])
    Traceback (most recent call last):
    fleet.errors.MalformedInputError: --what-if knows no 'instance'. Did you mean `instances`?
    """
    found: dict[str, int] = {}
    for word in (part.strip() for text in words for part in text.split(",")):
        key, _, value = word.partition("=")
        if key not in _WANTED:
            raise MalformedInputError(f"--what-if knows no {key!r}.", remedy=did_you_mean(key, _WANTED))
        if key in found:
            raise MalformedInputError(f"--what-if has {key!r} twice.", remedy="Give it once.")
        number = _read_value(key, value)
        if number is None:
            raise MalformedInputError(f"--what-if has {word!r}.", remedy=f"Wanted as in {_WANTED[key]}.")
        found[key] = number
    return WhatIf(found.get("databases", 0), found.get("instances"), found.get("window"))


def _read_value(key: str, value: str) -> int | None:
    """The number that *value* says, windows in seconds; None where it says none that may be."""
    if key == "window":
        match = re.fullmatch(r"(?=\d)(?:(\d{1,5})h)?(?:(\d{1,5})m)?", value)
        seconds = (
            sum(int(part or 0) * unit for part, unit in zip(match.groups(), (3600, 60), strict=True)) if match else 0
        )
        return seconds or None
    match = re.fullmatch(r"\+(\d{1,5})" if key == "databases" else r"(\d{1,5})", value)
    return int(match[1]) if match and 1 <= int(match[1]) <= MOST else None


def change(
    what_if: WhatIf, databases: Sequence[Database], measures: Mapping[str, Measured]
) -> tuple[tuple[Database, ...], Mapping[str, Measured]]:
    """*databases* and *measures* as *what_if* has them.

    New databases are like those that are there, in turn, on the servers of those, each on the instance that has fewest.
    For another number of instances all databases are dealt out anew: the longest first, each to the instance that has
    least to do and room for its endpoints.
    """
    changed, seen = list(databases), dict(measures)
    held = Counter(one.instance for one in databases)
    taken = {one.id for one in databases}
    names = (name for number in range(1, 2 * MOST) if (name := f"new-{number:03}") not in taken)
    for number, name in zip(range(what_if.databases), names, strict=False):
        like = databases[number % len(databases)]
        instance = min(sorted(held), key=lambda one: held[one])
        held[instance] += 1
        changed.append(replace(like, id=name, instance=instance))
        if like.id in measures:
            seen[name] = measures[like.id]
    if what_if.instances is not None:
        changed = _deal_out(changed, seen, what_if.instances)
    return tuple(changed), seen


def _deal_out(databases: Sequence[Database], measures: Mapping[str, Measured], count: int) -> list[Database]:
    existing = sorted({one.instance for one in databases})
    added = (name for number in range(1, 2 * MOST) if (name := f"new-{number:03}") not in existing)
    names = [*existing[:count], *(name for _, name in zip(range(count - len(existing)), added, strict=False))]
    seconds = estimate(databases, measures).seconds
    loads, held = defaultdict[str, float](float), Counter[str]()
    dealt: list[Database] = []
    for one in sorted(databases, key=lambda one: (-seconds[one.id], one.id)):
        name = min(names, key=lambda name: (held[name] >= _BY_INSTANCE, loads[name], name))
        loads[name] += seconds[one.id]
        held[name] += 1
        dealt.append(replace(one, instance=name))
    return sorted(dealt, key=lambda one: one.id)
