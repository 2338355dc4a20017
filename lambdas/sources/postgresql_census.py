"""What a PostgreSQL source is asked for everything under some schemas, and what its answer says of each relation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from fleet.spelling import list_some
from fleet.tables.catalogue import RelationKind, Table, TableName
from fleet.tables.columns import Column

# A domain counts as what it is over, to any depth, with the nearest modifier. The names of PostgreSQL's own types are
# those of `format_type`; an extension's are its own, whatever schema it was put into. A partition belongs to the
# nearest of its ancestors that is under the schemas asked for. A schema that an asked one, read as a pattern, would
# match comes too: DMS reads names in that way. An estimate of zero rows is none: an old server says it of what it never
# analysed. A parent's estimate leaves its children out. TRUNCATE, and what writes a table anew, gives it another file.
# A column that is dropped and added again writes nothing, but dropped columns are counted with the others. Nor does
# a value of an enum that gets another name, so that a table goes by the names of its enums' values too.
# An update or delete has the old key in the log by the table's replica identity; a key that is deferrable is none.
# Source: PostgreSQL's manual, "System Catalogs" (pg_class, pg_attribute, pg_type, pg_inherits), "Access Privilege
# Inquiry Functions" and "ALTER TABLE" (REPLICA IDENTITY); a scale is 11 bits with a sign
# (src/backend/utils/adt/numeric.c, numeric_typmod_scale).
CENSUS = """
WITH RECURSIVE domain(oid, base, modifier) AS (
  SELECT oid, typbasetype, typtypmod FROM pg_type WHERE typtype = 'd'
  UNION ALL
  SELECT d.oid, t.typbasetype, CASE WHEN d.modifier = -1 THEN t.typtypmod ELSE d.modifier END
  FROM domain d JOIN pg_type t ON t.oid = d.base WHERE t.typtype = 'd'
), resolved(oid, base, modifier) AS (
  SELECT d.oid, d.base, d.modifier FROM domain d JOIN pg_type t ON t.oid = d.base WHERE t.typtype <> 'd'
), ancestor(oid, parent, depth) AS (
  SELECT i.inhrelid, i.inhparent, 1 FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
  WHERE (to_jsonb(c) ->> 'relispartition')::boolean  -- before version 10 there is none
  UNION ALL
  SELECT a.oid, i.inhparent, a.depth + 1 FROM ancestor a JOIN pg_inherits i ON i.inhrelid = a.parent
), labels(relation, digest) AS (
  SELECT a.attrelid, md5(string_agg(v.enumlabel, ',' ORDER BY a.attnum, v.enumsortorder))
  FROM pg_attribute a
  LEFT JOIN resolved r ON r.oid = a.atttypid
  JOIN pg_type t ON t.oid = coalesce(r.base, a.atttypid)
  JOIN pg_enum v ON v.enumtypid IN (t.oid, t.typelem)
  WHERE a.attnum > 0 AND NOT a.attisdropped GROUP BY a.attrelid
)
SELECT n.nspname, c.relname, c.relkind::text, p.nspname, p.relname,
       CASE WHEN NOT has_schema_privilege(n.oid, 'USAGE') THEN 'schema'
            WHEN c.relkind IN ('r', 'p') AND row_security_active(c.oid) THEN 'rows'
            WHEN has_table_privilege(c.oid, 'SELECT') THEN ''
            WHEN has_any_column_privilege(c.oid, 'SELECT') THEN 'columns' ELSE 'relation' END,
       CASE WHEN c.reltuples > 0 AND NOT (c.relkind = 'r' AND c.relhassubclass) THEN c.reltuples::bigint END,
       a.attname, has_column_privilege(c.oid, a.attnum, 'SELECT'),
       CASE WHEN e.oid IS NOT NULL THEN 'array' WHEN t.typtype = 'e' THEN 'enum' WHEN t.typtype = 'c' THEN 'composite'
            WHEN t.typnamespace = 'pg_catalog'::regnamespace THEN format_type(t.oid, NULL) ELSE t.typname END,
       CASE WHEN m.modifier > 4 AND t.typname IN ('varchar', 'bpchar') THEN m.modifier - 4
            WHEN m.modifier > 0 AND t.typname IN ('bit', 'varbit') THEN m.modifier END,
       CASE WHEN t.typname = 'numeric' AND m.modifier > 4 THEN ((m.modifier - 4) >> 16) & 65535 END,
       CASE WHEN t.typname = 'numeric' AND m.modifier > 4 THEN (((m.modifier - 4) & 2047) # 1024) - 1024 END,
       NOT a.attnotnull,
       array_position(k.conkey, a.attnum),
       format_type(a.atttypid, a.atttypmod),
       concat_ws('/', c.oid, c.relfilenode, c.relnatts, l.digest),
       array_remove(ARRAY[
         CASE WHEN c.relpersistence = 'u' THEN 'unlogged' END,
         CASE WHEN c.relkind = 'r' AND c.relhassubclass AND EXISTS (SELECT FROM pg_inherits h WHERE h.inhparent = c.oid)
              THEN 'parent' END,
         CASE WHEN c.relreplident = 'n' THEN 'nothing'
              WHEN c.relreplident = 'd' AND k.condeferrable THEN 'deferrable'
              WHEN c.relreplident = 'i' AND NOT EXISTS (
                SELECT FROM pg_index x WHERE x.indrelid = c.oid AND x.indisreplident AND k.conkey <@ x.indkey::int2[]
              ) THEN 'index' END
       ], NULL)
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN resolved r ON r.oid = a.atttypid
LEFT JOIN pg_type t ON t.oid = coalesce(r.base, a.atttypid)
LEFT JOIN pg_type e ON e.oid = t.typelem AND e.typarray = t.oid
LEFT JOIN LATERAL (SELECT coalesce(r.modifier, a.atttypmod) AS modifier) m ON true
LEFT JOIN labels l ON l.relation = c.oid
LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'p'
LEFT JOIN LATERAL (
  SELECT pn.nspname, pc.relname FROM ancestor u
  JOIN pg_class pc ON pc.oid = u.parent JOIN pg_namespace pn ON pn.oid = pc.relnamespace
  WHERE u.oid = c.oid AND pn.nspname = ANY(:schemas) ORDER BY u.depth LIMIT 1
) p ON true
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
  AND EXISTS (SELECT FROM unnest(CAST(:schemas AS text[])) s(pattern) WHERE n.nspname LIKE s.pattern ESCAPE '')
ORDER BY n.nspname, c.relname, a.attnum
"""
SCHEMAS = "SELECT nspname FROM pg_namespace WHERE nspname = ANY(:schemas) ORDER BY nspname"
_NO_KEY = "its updates and deletes have no key in the log"
_DELTA_BARS = {
    "unlogged": "it is unlogged, so that nothing of it is in the log",
    "parent": "other tables inherit from it, and DMS reports changes of their rows under their own names",
    "nothing": f"{_NO_KEY} (REPLICA IDENTITY NOTHING)",
    "deferrable": f"{_NO_KEY}: the primary key is deferrable",
    "index": f"{_NO_KEY} (REPLICA IDENTITY USING INDEX, without the key's columns)",
}
_KINDS: Mapping[str, RelationKind] = {
    "r": "table",
    "p": "partitioned table",
    "v": "view",
    "m": "materialized view",
    "f": "foreign table",
}


def read_tables(rows: Iterable[Sequence[Any]]) -> Iterator[Table]:
    """The relations, from the rows that `CENSUS` gives: a row a column, and one for a relation without any."""
    for (schema, table), group in groupby(rows, key=lambda row: (row[0], row[1])):
        found = [_Row(*row) for row in group]
        first, columns = found[0], [row for row in found if row.column is not None]
        key = sorted((row for row in columns if row.key_place is not None), key=lambda row: row.key_place)
        yield Table(
            schema,
            table,
            first.kind in {"v", "m"},
            tuple(
                Column(row.column, row.type, row.length, row.precision, row.scale, row.is_nullable, row.declared)
                for row in columns
            ),
            tuple(row.column for row in key),
            _KINDS[first.kind],
            TableName(first.parent_schema, first.parent) if first.parent_schema and first.parent else None,
            _describe_bar(first, columns),
            first.rows,
            incarnation=first.incarnation,
            delta_bars=tuple(_DELTA_BARS[bar] for bar in first.delta_bars) if first.kind == "r" else (),
            barred_by="rows" if first.bar == "rows" else "",
        )


class _Row(NamedTuple):
    """One column of one relation, or a relation without any, as `CENSUS` gives it."""

    schema: str
    table: str
    kind: str
    parent_schema: str | None
    parent: str | None
    bar: str
    rows: int | None
    column: Any
    is_readable: bool | None
    type: Any
    length: int | None
    precision: int | None
    scale: int | None
    is_nullable: Any
    key_place: Any
    declared: Any
    incarnation: str
    delta_bars: Sequence[str]


def _describe_bar(relation: _Row, columns: Sequence[_Row]) -> str:
    """Why the login does not see all of *relation*, with the right that it lacks."""
    match relation.bar:
        case "schema":
            return f"the login has no USAGE on schema {relation.schema}"
        case "relation":
            return "the login may not SELECT from it"
        case "rows":
            return "row security may hide rows of it from the login, which needs BYPASSRLS"
        case "columns":
            hidden = [row.column for row in columns if not row.is_readable]
            why = f"the login may not SELECT {list_some(hidden)} of it, and DMS reads all columns or none"
            return why if hidden else ""
        case _:
            return ""
