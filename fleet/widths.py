"""How many databases at once: on an instance by what its class has, at a server by what it is said to bear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from fleet.databases import Server, Settings, TaskProfile
from fleet.dms.instance_classes import INSTANCE_CLASSES
from fleet.measures import Measured
from fleet.quotas import SFN_INLINE_MAP_AT_ONCE
from fleet.server_places import count_connections, count_places
from fleet.stack_settings import Replication

TABLE_LOADS_PER_PROCESSOR = 8
"""Our choice. AWS gives no number for an instance: it loads 8 tables of a task at once by default, on its smallest
classes too, which have 2 processors, and says to avoid more than 8 a task (documented). A load waits for its source and
for S3 about half of its time or more (assumed), so that two such tasks keep 2 processors busy.
Source: https://docs.aws.amazon.com/dms/latest/userguide/CHAP_BestPractices.SizingReplicationInstance.html (2026-11-30).
"""
MEMORY_SHARE_OF_LONG_VALUES = 0.75
"""Our choice: the rest of an instance's memory is for its engine and for rows without long values."""
_LOADS_UNKNOWN_SHARE = 0.5


@dataclass(frozen=True)
class Demand:
    """What one database takes while it is loaded. *loads*: tables at once."""

    loads: int
    long_value_bytes: int


@dataclass(frozen=True)
class Width:
    """How many databases at once, of an instance or a server, and what decided it. *text*: the same for people."""

    of: Literal["instance", "server"]
    name: str
    at_once: int
    by: Literal["processors", "memory", "limit", "databases", "connections"]
    text: str


def demand_of(measured: Measured | None, profile: TaskProfile, tables: int | None = None) -> Demand:
    """What a database takes. *tables*: how many of its tables a narrowed run moves.

    Nothing is known of it before its first whole load. Then it counts at an instance as half of `tables_at_once`, each
    with one column of long values, so that a first run is not absurdly narrow: most tables of most databases are small,
    and load only at the beginning.

    >>> demand_of(Measured(60, loads=2, lob_columns=(1,)), TaskProfile())
    Demand(loads=2, long_value_bytes=327680000)
    >>> demand_of(None, TaskProfile())
    Demand(loads=4, long_value_bytes=1310720000)
    """
    at_most = profile.tables_at_once if measured is None else min(measured.loads, profile.tables_at_once)
    if tables is not None:
        at_most = min(at_most, tables)
    if measured is None:
        loads = max(1, round(min(at_most, profile.tables_at_once * _LOADS_UNKNOWN_SHARE)))
        columns = loads
    else:
        loads = max(1, at_most)
        columns = sum(measured.lob_columns[:loads])
    return Demand(loads, columns * bytes_of_a_column(profile))


def bytes_of_a_column(profile: TaskProfile) -> int:
    """What DMS takes in advance for a column of long values of a table that it loads: LobMaxSize for each row of a
    commit.

    Source: https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.LOBSupport.html (2026-11-30): "multiplying the
    Max LOB size (k) value by the Commit rate, and the product is multiplied by the number of LOB columns". An older
    page (CHAP_Monitoring) has 1,000 rows there in place of the commit rate.
    """
    return profile.lob_max_kilobytes * 1024 * profile.commit_rate


def class_of(instance: str, replication: Replication) -> str:
    """The class of *instance*."""
    return next((size.instance_class for size in replication.sizes if size.id == instance), replication.instance_class)


def choose_instance_width(instance: str, demands: Sequence[Demand], settings: Settings) -> Width:
    """How many databases on *instance* at once: as many as its class bears of those that take most, so that whichever
    come together, it bears them; one at least, `databases_at_once` at most.
    """
    limits = settings.limits
    most = min(limits.databases_at_once, SFN_INLINE_MAP_AT_ONCE.value)
    name = class_of(instance, settings.stack.replication)
    found = INSTANCE_CLASSES.get(name)
    if found is None:
        return Width("instance", instance, most, "limit", f"limits.databases_at_once; class {name} is not known here")
    loads = found.processors * TABLE_LOADS_PER_PROCESSOR
    memory = int(found.memory_bytes * MEMORY_SHARE_OF_LONG_VALUES)
    by_processors = _count_heaviest([one.loads for one in demands], loads)
    by_memory = _count_heaviest([one.long_value_bytes for one in demands], memory)
    if min(by_processors, by_memory) >= min(most, len(demands)):
        return Width("instance", instance, most, "limit", "limits.databases_at_once")
    fewest = max(1, min(by_processors, by_memory))  # what not even one fits into gets one, and says what is short
    if by_processors <= by_memory:
        text = f"{name}: {found.processors} processors, {loads} tables at once"
        return Width("instance", instance, fewest, "processors", text)
    text = (
        f"{name}: {memory / 1024**3:,.0f} GB for long values, of which a column takes "
        f"{bytes_of_a_column(settings.profile) / 1024**2:,.0f} MB (lob_max_kilobytes x commit_rate), "
        "unless its database has another limit"
    )
    return Width("instance", instance, fewest, "memory", text)


def choose_server_width(server: Server, profile: TaskProfile) -> Width:
    """How many databases of *server* at once, as ClaimDatabase keeps it.

    >>> choose_server_width(Server("s", "postgresql", "secret", connections_at_once=60), TaskProfile())
    Width(of='server', name='s', at_once=2, by='connections', text='connections_at_once 60, 26 for each')
    """
    places = count_places(server, profile)
    if places < server.databases_at_once:
        text = f"connections_at_once {server.connections_at_once:,}, {count_connections(profile)} for each"
        return Width("server", server.id, places, "connections", text)
    return Width("server", server.id, places, "databases", "databases_at_once")


def _count_heaviest(amounts: Sequence[int], room: int) -> int:
    """How many of the heaviest *amounts* fit into *room* together.

    >>> _count_heaviest([1, 5, 4], 9), _count_heaviest([1, 5, 4], 10), _count_heaviest([11], 10)
    (2, 3, 0)
    """
    total = 0
    for count, amount in enumerate(sorted(amounts, reverse=True)):
        total += amount
        if total > room:
            return count
    return len(amounts)


def limit_of(widths: Sequence[Width], of: Literal["instance", "server"]) -> Mapping[str, int]:
    """How many at once, by name."""
    return {width.name: width.at_once for width in widths if width.of == of}
