"""Which databases the input of a run asks for: by name, by tag, or by how an old run ended.

The command line asks these functions before it starts a run, and PlanRun asks them again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from fleet.databases import Database, Mode, Registry
from fleet.errors import (
    EmptyRegistryError,
    MalformedInputError,
    NothingToRerunError,
    RunNotOverError,
    UnknownDatabaseError,
)
from fleet.spelling import did_you_mean

What = Literal["failed-databases", "failed-tables"]
RUNNING = "RUNNING"
"""The status of an execution that goes on, in Step Functions' word."""


def require_names(narrowing: str, names: Sequence[str] | None) -> None:
    """Refuse a *narrowing* that is there and names nothing: read as "all", an unset variable moves the whole fleet.

    Raises:
        MalformedInputError: *names* is empty, or each of them is.

    >>> require_names("tags", [" "])
    Traceback (most recent call last):
    fleet.errors.MalformedInputError: `tags` names none. Name one, or leave the field out for all of them.
    """
    if not any(name.strip() for name in names or ()):
        raise MalformedInputError(
            f"`{narrowing}` names none.", remedy="Name one, or leave the field out for all of them."
        )


def require_deltas(database: Database, tables: Sequence[str] | None) -> None:
    """Refuse a delta of a *database* that takes none, or of some *tables* alone.

    Raises:
        MalformedInputError: It has no `deltas: true`, or *tables* narrow it.

    >>> require_deltas(Database("shop", "s", "Shop", "one", ("public",)), None)
    Traceback (most recent call last):
    fleet.errors.MalformedInputError: database 'shop' does no deltas. Set `deltas: true` in the registry and \
deploy, or run it in mode 'full'.
    """
    if not database.deltas:
        raise MalformedInputError(
            f"database {database.id!r} does no deltas.",
            remedy="Set `deltas: true` in the registry and deploy, or run it in mode 'full'.",
        )
    if tables is not None:
        raise MalformedInputError(
            "`tables` cannot narrow a delta: its task reads one log for all of them.",
            remedy="Leave `tables` out, or load them in mode 'full'.",
        )


def choose_sweep(mode: Mode, asked: bool | tuple[str, ...] | None) -> tuple[str, ...] | None:
    """The tables whose keys a run of *mode* compares, all of them if empty; None where it compares none.

    Raises:
        MalformedInputError: It is no delta, or the list names none.

    >>> choose_sweep("delta", True), choose_sweep("delta", ("s.t",)), choose_sweep("full", False)
    ((), ('s.t',), None)
    >>> choose_sweep("full", True)
    Traceback (most recent call last):
    fleet.errors.MalformedInputError: a run of mode 'full' cannot sweep keys: it loads all rows anew. Leave `sweep` \
out, or give `mode` 'delta'.
    """
    if asked is None or asked is False:
        return None
    if mode != "delta":
        raise MalformedInputError(
            f"a run of mode {mode!r} cannot sweep keys: it loads all rows anew.",
            remedy="Leave `sweep` out, or give `mode` 'delta'.",
        )
    if asked is True:
        return ()
    require_names("sweep", asked)
    return tuple(dict.fromkeys(asked))


def choose_databases(
    registry: Registry, databases: Sequence[str] | None, tags: Sequence[str] | None, mode: Mode = "full"
) -> tuple[Database, ...]:
    """The onboarded databases that a run's input asks for; all of them where both *databases* and *tags* are None.

    In *mode* `delta` those that do deltas; one that is named and does none is refused.

    Raises:
        EmptyRegistryError: The registry holds none.
        UnknownDatabaseError: A name is not in the registry.
        MalformedInputError: A narrowing names none, a tag is unknown, a database is not onboarded, or nothing is left.
    """
    if not registry.databases:
        raise EmptyRegistryError(
            "the registry holds no database.", remedy="Add one to registry/databases.yaml, and deploy."
        )
    chosen = [database for database in registry.databases if database.onboarded]
    if databases is not None:
        require_names("databases", databases)
        chosen = [registry.database(database_id) for database_id in dict.fromkeys(databases)]
        if idle := [database.id for database in chosen if not database.onboarded]:
            raise MalformedInputError(
                f"database {idle[0]!r} is not onboarded.", remedy="Set `onboarded: true` in the registry and deploy."
            )
        if mode == "delta":
            for database in chosen:
                require_deltas(database, None)
    if tags is not None:
        require_names("tags", tags)
        known = {tag for database in registry.databases for tag in database.tags}
        if unknown := [tag for tag in tags if tag not in known]:
            raise MalformedInputError(
                f"no database of the registry has the tag {unknown[0]!r}.",
                remedy=did_you_mean(unknown[0], known) if known else "The registry gives no tags at all.",
            )
        chosen = [database for database in chosen if set(tags) & set(database.tags)]
    if mode == "delta":
        chosen = [database for database in chosen if database.deltas]
    if not chosen:
        does_deltas = " and does deltas" if mode == "delta" else ""
        raise MalformedInputError(
            f"the run would move nothing: {len(registry.databases)} databases are in the registry, none is onboarded"
            f"{does_deltas}{' with one of the tags ' + ', '.join(tags) if tags else ''}.",
            remedy="Onboard one, or ask for others.",
        )
    return tuple(chosen)


@dataclass(frozen=True)
class OldRun:
    """A run that is to be run again. *status*: of its execution. *words*: outcomes by database; without one it failed.

    *tables*: what the run itself narrowed a database to. *failed_tables*: of its `partial` ones.
    """

    run: str
    mode: Mode
    status: str
    databases: Sequence[str]
    words: Mapping[str, str]
    failed_tables: Mapping[str, Sequence[str]] = field(default_factory=dict)
    tables: Mapping[str, Sequence[str]] = field(default_factory=dict)


def choose_rerun(
    old: OldRun, what: What = "failed-databases", only: Sequence[str] | None = None
) -> dict[str, tuple[str, ...] | None]:
    """The databases of *old* to run again, each with the tables to narrow it to, or None for all of its tables.

    *only*: databases to choose from, else all of *old*. A database that *old* had narrowed stays as narrow. Nothing of
    one in quarantine failed.

    Raises:
        RunNotOverError: *old* goes on.
        MalformedInputError: *only* names none.
        UnknownDatabaseError: A name in *only* is none of *old*.
        NothingToRerunError: Nothing is left to do.

    >>> old = OldRun("r", "full", "FAILED", "abcd", {"a": "ok", "b": "partial", "c": "failed"}, {"b": ["s.t"]})
    >>> choose_rerun(old)
    {'c': None, 'd': None}
    >>> choose_rerun(old, "failed-tables")
    {'b': ('s.t',), 'c': None, 'd': None}
    >>> choose_rerun(OldRun("r", "full", "FAILED", "ab", {"a": "quarantined", "b": "failed"}))
    {'b': None}
    >>> choose_rerun(OldRun("r", "full", "FAILED", "c", {"c": "failed"}, tables={"c": ["s.t"]}))
    {'c': ('s.t',)}
    """
    if old.status == RUNNING:
        raise RunNotOverError(
            f"run {old.run} goes on: what it has not done yet would be done twice.",
            remedy=f"Wait until it has ended (`fleet status {old.run}`), or end it (`fleet stop {old.run}`).",
        )
    wanted = set(old.databases)
    if only is not None:
        require_names("databases", only)
        if unknown := [name for name in only if name not in wanted]:
            raise UnknownDatabaseError(
                f"database {unknown[0]!r} is not one of run {old.run}, which had {len(wanted)}.",
                remedy=did_you_mean(unknown[0], wanted),
            )
        wanted &= set(only)
    again: dict[str, tuple[str, ...] | None] = {}
    for database in [name for name in old.databases if name in wanted]:
        word = old.words.get(database)
        whole = tuple(old.tables[database]) if database in old.tables else None
        if word == "partial":
            if what == "failed-tables":
                again[database] = tuple(old.failed_tables.get(database, ())) or whole
        elif word not in {"ok", "quarantined"}:
            again[database] = whole
    if not again:
        raise _nothing_left(old, sorted(wanted))
    return again


def _nothing_left(old: OldRun, wanted: Sequence[str]) -> NothingToRerunError:
    partial, quarantined = (sum(old.words.get(name) == word for name in wanted) for word in ("partial", "quarantined"))
    return NothingToRerunError(
        f"run {old.run} leaves nothing to run again: {len(wanted) - partial - quarantined} of {len(wanted)} databases "
        f"ended ok{f', {partial} partial' if partial else ''}{f', {quarantined} quarantined' if quarantined else ''}.",
        remedy="For the failed tables of partial ones ask for `failed-tables`." if partial else "",
    )
