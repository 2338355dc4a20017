"""Tables that keep what is deleted at the source: `soft` flags the row, `history` keeps each version of it.

Which tables can, and what becomes of one when the registry or its columns change. The SQL: `fleet/keeping_sql.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from fleet.databases import Database, Deletes, DriftPolicy, Engine
from fleet.drift import TablePlan, plan_table
from fleet.failures import Failure
from fleet.tables.catalogue import Table, TableName
from fleet.tables.columns import dms_type
from fleet.warehouse_columns import KEEPING_COLUMNS, WarehouseColumn


def why_not_kept(engine: Engine, database: Database, table: Table) -> str:
    """Why *table* cannot keep its deleted rows, in words; nothing where it can, or need not.

    A key that the registry declares is judged whether rows are kept or not: it is proved at each load.

    >>> from fleet.tables.columns import Column
    >>> shop = Database("shop", "s", "Shop", "one", ("s",), deletes="soft")
    >>> columns = (Column("id", "integer"), Column("body", "text"))
    >>> [why_not_kept("postgresql", shop, Table("s", "t", False, columns, key)) for key in ((), ("id",), ("body",))]
    ['it has no primary key', '', "its key column 'body' is a LOB, of which the end may be cut"]
    """
    if database.deletes_of(table.name) == "hard" and not table.is_key_declared:
        return ""
    if not table.key:
        return "it is a view, which has no primary key" if table.is_view else "it has no primary key"
    columns = {column.name: column for column in table.columns}
    renamed = {one.column for one in database.renames if (one.schema, one.table) == table.name}
    for name in table.key:
        dms = dms_type(engine, columns[name]) if name in columns else None
        if table.is_key_declared and name not in (renamed | columns.keys()):
            return f"it has no column {name!r}, which `key` names; case counts"
        if name in renamed:
            return f"`renames` gives its key column {name!r} another name"
        if dms is None:
            return f"its key column {name!r} is of a type that DMS does not carry"
        if dms.is_lob:
            return f"its key column {name!r} is a LOB, of which the end may be cut"
    return ""


def judge_keeping(engine: Engine, database: Database, table: Table) -> Failure | None:
    """A failure, if *table* is to keep its deleted rows and cannot: it is never loaded as if it need not. So is one
    whose declared key is none."""
    why = why_not_kept(engine, database, table)
    if not why:
        return None
    if table.is_key_declared:
        text = f"{table.name} cannot have the key that the registry declares for it: {why}. Correct `key` in `tables`."
        return Failure("mapping_empty", "DeclaredKeyUnfit", text)
    deletes = database.deletes_of(table.name)
    text = (
        f"{table.name} cannot keep deleted rows, as `deletes: {deletes}` says: {why}. "
        f"Say `deletes: hard` of it in `tables` of the registry, or give it a primary key, or declare one with `key`."
    )
    return Failure("mapping_empty", "RowsNotKept", text)


def plan_published(
    name: TableName,
    deletes: Deletes,
    wanted: Sequence[WarehouseColumn],
    present: Sequence[WarehouseColumn],
    policy: DriftPolicy,
    is_left_out: Callable[[str], bool] = lambda _: False,
) -> TablePlan:
    """`plan_table`, with the columns by which the table keeps deleted rows, and refused where these would be lost.

    A column that the registry leaves out goes at once, with all its values, whatever the *policy* and whether the table
    keeps rows or not: that is no drift. *is_left_out*: of a column's name in Snowflake.
    A table that keeps none begins with its next full load. No other way leads from one word of `deletes` to another,
    and none to a table in the place of one that keeps rows.

    >>> columns = {"ID": "NUMBER(9,0)", "_DELETED_AT": "TIMESTAMP_NTZ(6)"}
    >>> def plan(deletes, present, **types):
    ...     columns = [WarehouseColumn("ID", types.get("now", "NUMBER(9,0)"))]
    ...     there = [WarehouseColumn("ID", "NUMBER(9,0)"), *(WarehouseColumn(one, "DATE") for one in present)]
    ...     return plan_published(TableName("s", "t"), deletes, columns, there, "partial")
    >>> plan("soft", []).changes, plan("hard", []).changes
    (('column _DELETED_AT TIMESTAMP_NTZ(6) is new',), ())
    >>> plan("hard", ["_DELETED_AT"]).refused.name, plan("soft", [], now="DATE").refused.name
    ('DeletesSwitched', 'TableNotReplaced')
    >>> held = [WarehouseColumn("ID", "NUMBER(9,0)"), WarehouseColumn("PIN", "VARCHAR(4)")]
    >>> plan = plan_published(TableName("s", "t"), "hard", held[:1], held, "failed", "PIN".__eq__)
    >>> [column.name for column in plan.removed], plan.changes, plan.refused
    (['PIN'], ('column PIN is left out by the registry: it is dropped with its values',), None)
    """
    columns = (*wanted, *KEEPING_COLUMNS[deletes])
    is_ours = {column.name for way in KEEPING_COLUMNS.values() for column in way} | {column.name for column in columns}
    removed = tuple(column for column in present if column.name not in is_ours and is_left_out(column.name))
    plan = _plan(name, deletes, wanted, [column for column in present if column not in removed], policy)
    if plan.refused or not removed:
        return plan
    changes = [f"column {one.name} is left out by the registry: it is dropped with its values" for one in removed]
    return replace(plan, removed=() if plan.is_replaced else removed, changes=(*changes, *plan.changes))


def _plan(
    name: TableName,
    deletes: Deletes,
    wanted: Sequence[WarehouseColumn],
    present: Sequence[WarehouseColumn],
    policy: DriftPolicy,
) -> TablePlan:
    there = {column.name for column in present} - {column.name for column in wanted}
    ways = [way for way, columns in KEEPING_COLUMNS.items() if there & {column.name for column in columns}]
    if ways and ways != [deletes]:
        text = (
            f"{name} keeps deleted rows in Snowflake by `deletes: {ways[0]}`, and the registry says `{deletes}`. Say "
            f"`{ways[0]}` again. Or rename the table in Snowflake, or drop it, and rerun: it is then made anew."
        )
        return TablePlan(tuple(present), refused=Failure("drift", "DeletesSwitched", text))
    plan = plan_table(name, (*wanted, *KEEPING_COLUMNS[deletes]), present, policy)
    if deletes == "hard" or not plan.is_replaced:
        return plan
    text = (
        f"{name}: {'; '.join(plan.changes[:-1])}. That takes another table in the place of this one, which keeps "
        f"deleted rows (`deletes: {deletes}`). Rename it in Snowflake, where it stays as it is, and rerun: it is then "
        f"made anew. A column that is no longer at the source stays where the registry says `drift: partial`."
    )
    return replace(plan, refused=Failure("drift", "TableNotReplaced", text))
