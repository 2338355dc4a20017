"""The account of a database: everything under the schemas that it is asked for, and what becomes of it in a run.

Nothing is left out in silence. What is neither moved nor left out by the registry makes the outcome `partial`, until
the cause is gone or the registry leaves it out (`docs/decisions/0027-nothing-is-left-out-in-silence.md`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from fleet.databases import Database, Engine
from fleet.failures import Failure
from fleet.names import MARK_TABLE
from fleet.spelling import did_you_mean, list_some
from fleet.tables.catalogue import Census, RelationKind, Table, TableName
from fleet.tables.columns import Column
from fleet.tables.losses import columns_left_out
from fleet.tables.patterns import any_matches
from fleet.tables.registry_columns import by_registry, why_not_without
from fleet.tables.registry_entries import judge_entries
from fleet.tables.relations import why_not_moved

Fate = Literal["moved", "with its parent", "left out", "not moved", "gone", "not there"]
"""What becomes of a relation. `left out`: by the registry; `not moved`: by DMS or the login; `not there`: a name that
the registry has and the source has not."""
_IS_MISSING = frozenset({"not moved", "gone", "not there"})


@dataclass(frozen=True)
class Accounted:
    """One relation's account. *table* is empty where a whole schema is meant. *why*: where it is not simply moved.

    *owner*: who can change that. *is_new*: the run before did not see it.
    """

    schema: str
    table: str
    kind: RelationKind | Literal["schema"]
    fate: Fate
    why: str = ""
    owner: str = ""
    is_new: bool = False

    @property
    def is_missing(self) -> bool:
        """Whether it should have come and does not."""
        return self.fate in _IS_MISSING

    @property
    def name(self) -> str:
        """As a person writes it."""
        return f"{self.schema}.{self.table}" if self.table else f"schema {self.schema}"


@dataclass(frozen=True)
class DatabaseAccount:
    """All relations of a database in order of name, and *changes*: what is not as in the run before, in words.

    *remarks*: what the registry says and nothing follows from, in words. *columns_left_out*: columns of what is moved
    that the registry leaves out, each as `schema.table.column`.
    """

    relations: tuple[Accounted, ...] = ()
    changes: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    columns_left_out: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[Accounted, ...]:
        """What should have come and does not."""
        return tuple(one for one in self.relations if one.is_missing)

    @property
    def names(self) -> tuple[TableName, ...]:
        """All relations that the source has."""
        gone: tuple[Fate, ...] = ("gone", "not there")
        return tuple(TableName(one.schema, one.table) for one in self.relations if one.fate not in gone)

    @property
    def is_complete(self) -> bool:
        """Whether all of it is moved, or left out by the registry."""
        return not self.missing


NOTHING_ACCOUNTED = DatabaseAccount()


def take_account(engine: Engine, database: Database, census: Census, previous: Census | None) -> DatabaseAccount:
    """What becomes of everything under *database*'s schemas. *previous*: the census of the run before."""
    there = {table.name: table for table in census.tables}
    before = {table.name for table in previous.tables} if previous else there.keys()
    relations = [_account_of(engine, database, table, there, before) for table in census.tables]
    relations += [Accounted(name.schema, name.table, "table", "gone", _WHY_GONE, "source team") for name in census.gone]
    relations += [_missing_schema(schema, census) for schema in database.schemas if schema not in census.schemas]
    return DatabaseAccount(
        tuple(sorted(relations, key=lambda one: (one.schema, one.table))),
        tuple(_describe_changes(previous, census)) if previous else (),
        judge_entries(replace(database, schemas=census.schemas), census.tables),
        tuple(
            f"{table.name}.{column}"
            for table in census.tables
            if find_fate(engine, database, table, there)[0] == "moved"
            for column in by_registry(database, table).left_out
        )
        if database.exclude_columns
        else (),
    )


def find_fate(
    engine: Engine, database: Database, table: Table, there: Mapping[TableName, Table]
) -> tuple[Fate, str, str]:
    """What becomes of *table*, why where it is not moved, and who can change that. *there*: all relations by name."""
    if table.schema not in database.schemas:
        return "left out", "`schemas` does not name its schema", "fleet team"
    if why := _why_left_out(database, table.name):
        return "left out", why, "fleet team"
    if table.table == MARK_TABLE:
        return "left out", "it is the fleet's own mark", "fleet team"
    if table.is_view and not database.views:
        return "left out", "`views: false`", "fleet team"
    parent = there.get(table.part_of) if table.part_of else None
    if parent is not None and parent.schema in database.schemas:
        fate, why, owner = find_fate(engine, database, parent, there)
        if fate in {"moved", "with its parent"}:
            return "with its parent", f"rows arrive in {parent.name}", ""
        if fate == "left out":
            return fate, why, owner
    if why := why_not_moved(engine, table):
        return "not moved", why, "nobody: leave it out with `exclude`"
    if table.barred:
        return "not moved", table.barred, "source team"
    if not table.columns:
        return "not moved", "it has no column", "source team"
    taken = by_registry(database, table)
    if why := why_not_without(taken):
        return ("not moved", why, _TO_EXCLUDE) if taken.columns else ("left out", why, "fleet team")
    if len(columns_left_out(engine, taken)) == len(taken.columns):
        return "not moved", "DMS carries none of its columns", "nobody: leave it out with `exclude`"
    return "moved", "", ""


def select_tables(
    engine: Engine, database: Database, census: Census, only: Sequence[str] | None
) -> tuple[Table, ...] | Failure:
    """The tables and views that a full load of *database* moves, in the census's order, with the registry's columns.

    *only*: exact `schema.table` names, where the run's input narrows the load. A name that is not moved, or a selection
    of nothing, is a failure: a load that silently moves less than asked is worse than none.
    """
    there = {table.name: table for table in census.tables}
    fates = {table.name: find_fate(engine, database, table, there) for table in census.tables}
    selected = tuple(by_registry(database, table) for table in census.tables if fates[table.name][0] == "moved")
    if only is not None:
        wanted = set(only)
        names = {str(table.name) for table in selected}
        if unknown := sorted(wanted - names):
            why = next((f"{fate}: {why}" for name, (fate, why, _) in fates.items() if str(name) == unknown[0]), "")
            return Failure(
                "mapping_empty",
                "TableNotSelected",
                f"{database.id} has no table {unknown[0]!r} to move"
                f"{f', it is {why}' if why else f' ({len(selected)} tables and views are selected)'}. "
                f"Name tables as schema.table, exactly as the source does. {did_you_mean(unknown[0], names)}".strip(),
            )
        selected = tuple(table for table in selected if str(table.name) in wanted)
    if not selected:
        return Failure(
            "mapping_empty", "NothingSelected", f"{database.id} selects no table: {_why_nothing(database, fates)}"
        )
    return selected


def remember(engine: Engine, database: Database, census: Census, previous: Census | None) -> Census:
    """*census* with what is gone: what *previous* had to move or knew as gone, and what is not there now.

    What the registry leaves out is forgotten.
    """
    if previous is None:
        return census
    there = {table.name for table in census.tables}
    before = {table.name: table for table in previous.tables}
    moved = {name for name, table in before.items() if find_fate(engine, database, table, before)[0] == "moved"}
    known = {*previous.gone, *moved}
    gone = sorted(
        name
        for name in known
        if name not in there and name.schema in database.schemas and not _why_left_out(database, name)
    )
    return replace(census, gone=tuple(gone))


def describe_missing(account: DatabaseAccount) -> Failure | None:
    """The failure that speaks for all that is missing; None where nothing is.

    >>> why = "DMS does not move materialized views"
    >>> sums = Accounted("s", "sums", "materialized view", "not moved", why, "nobody")
    >>> describe_missing(DatabaseAccount((sums,))).text
    '1 relation is not moved: s.sums (DMS does not move materialized views). Mend that, or leave it out with `exclude`.'
    """
    missing = account.missing
    if not missing:
        return None
    named = list_some([f"{one.name} ({one.why})" for one in missing], by="; ")
    count = "1 relation is" if len(missing) == 1 else f"{len(missing):,} relations are"
    text = f"{count} not moved: {named}. Mend that, or leave it out with `exclude`."
    return Failure("not_moved", "RelationsNotMoved", text)


_TO_EXCLUDE = "fleet team: leave the table out with `exclude`, or keep the column"
_WHY_GONE = "it was moved before and is not there any more; Snowflake has its last rows"


def _why_left_out(database: Database, name: TableName) -> str:
    """Why *database*'s entry leaves the relation of that *name* out, or nothing."""
    if database.include and not any_matches(database.include, str(name)):
        return "`include` does not name it"
    return "`exclude` names it" if any_matches(database.exclude, str(name)) else ""


def _account_of(
    engine: Engine,
    database: Database,
    table: Table,
    there: Mapping[TableName, Table],
    before: Collection[TableName],
) -> Accounted:
    fate, why, owner = find_fate(engine, database, table, there)
    return Accounted(table.schema, table.table, table.kind, fate, why, owner, is_new=table.name not in before)


def _missing_schema(schema: str, census: Census) -> Accounted:
    meant = did_you_mean(schema, census.schemas) if census.schemas else ""
    why = f"`schemas` names it, and the source shows the login no such schema. {meant}".strip().rstrip(".")
    return Accounted(schema, "", "schema", "not there", why, "fleet team")


def _why_nothing(database: Database, fates: Mapping[TableName, tuple[Fate, str, str]]) -> str:
    if not fates:
        schemas = ", ".join(database.schemas) or "(none)"
        return (
            f"the source's user sees no table or view in schemas {schemas}. Check the grants, and `schemas` in the "
            "registry."
        )
    named = list_some([f"{name}: {why}" for name, (_, why, _) in fates.items()], by="; ")
    return (
        f"of {len(fates)} relations none is moved ({named}). Check the grants, `exclude` and `views` in the registry."
    )


def _describe_changes(previous: Census, census: Census) -> list[str]:
    """What is new, and what has other columns than in the run before."""
    before = {table.name: table for table in previous.tables}
    changes: list[str] = []
    for table in census.tables:
        old = before.get(table.name)
        if old is None:
            changes.append(f"{table.name} is new")
            continue
        were, are = ({column.name: column for column in one.columns} for one in (old, table))
        changes += [f"{table.name} has a new column {name}" for name in are if name not in were]
        changes += [f"{table.name} has lost its column {name}" for name in were if name not in are]
        changes += [
            f"{table.name}: column {name} was {_say_type(were[name])} and is {_say_type(column)}"
            for name, column in are.items()
            if name in were and _say_type(were[name]) != _say_type(column)
        ]
    return changes


def _say_type(column: Column) -> str:
    digits = ",".join(str(one) for one in (column.length, column.precision, column.scale) if one is not None)
    return column.declared or (f"{column.type_name}({digits})" if digits else column.type_name)
