"""What made an `ok` untrue on PostgreSQL, each kind with the outcome and the sentence that are right."""

from __future__ import annotations

import pytest

from cases import Case
from fleet.databases import TableRules
from truth import READER, Truth, try_on_postgresql

T = "CREATE TABLE t (id integer PRIMARY KEY); INSERT INTO t VALUES (1), (2);"
READ_T = f"{T} GRANT SELECT ON t TO {READER};"

RELATIONS = [
    Truth("all of it", T, "ok"),
    Truth(
        "a table that the login may not read",
        f"{READ_T} CREATE TABLE secret (id integer);",
        "partial",
        ("public.secret (table) is not moved: the login may not SELECT from it",),
        as_reader=True,
    ),
    Truth(
        "the same, left out by the registry",
        f"{READ_T} CREATE TABLE secret (id integer);",
        "ok",
        ("public.secret (table) is left out: `exclude` names it",),
        as_reader=True,
        registry={"exclude": ("public.secret",)},
    ),
    Truth(
        "grants on some columns",
        f"{READ_T} CREATE TABLE half (a integer, b integer, c integer); GRANT SELECT (a) ON half TO {READER};",
        "partial",
        ("public.half (table) is not moved: the login may not SELECT b, c of it",),
        as_reader=True,
    ),
    Truth(
        "a schema without USAGE",
        f"{READ_T} CREATE SCHEMA closed; CREATE TABLE closed.t (id integer); GRANT SELECT ON closed.t TO {READER};",
        "partial",
        ("closed.t (table) is not moved: the login has no USAGE on schema closed",),
        as_reader=True,
        registry={"schemas": ("public", "closed")},
    ),
    Truth(
        "a table without columns",
        f"{T} CREATE TABLE none ();",
        "partial",
        ("public.none (table) is not moved: it has",),
    ),
    Truth(
        "a materialised view",
        f"{T} CREATE MATERIALIZED VIEW sums AS SELECT count(*) FROM t;",
        "partial",
        ("public.sums (materialized view) is not moved: DMS does not move materialized views",),
    ),
    Truth(
        "a partitioned table on two levels",
        """CREATE TABLE p (id integer, at date) PARTITION BY RANGE (at);
        CREATE TABLE "P_2025" PARTITION OF p FOR VALUES FROM ('2025-01-01') TO ('2026-01-01') PARTITION BY LIST (id);
        CREATE TABLE p_2025_1 PARTITION OF "P_2025" FOR VALUES IN (1);
        CREATE TABLE p_2026 PARTITION OF p FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
        INSERT INTO p VALUES (1, '2025-05-05'), (2, '2026-05-05');""",
        "ok",
        ("public.p_2025_1 (table) arrives with its parent: its rows arrive in public.P_2025",),
        rows={"SELECT ID FROM {schema}.P": [[1], [2]]},
    ),
    Truth(
        "partitions in another schema",
        """DROP SCHEMA IF EXISTS parts CASCADE; CREATE SCHEMA parts; CREATE TABLE p (id integer) PARTITION BY LIST (id);
        CREATE TABLE parts.one PARTITION OF p FOR VALUES IN (1); INSERT INTO p VALUES (1);""",
        "ok",
        rows={"SELECT ID FROM {schema}.P": [[1]]},
    ),
    Truth(
        "rows hidden by row security",
        f"""{READ_T} CREATE TABLE mine (id integer, of text); INSERT INTO mine VALUES (1, 'a'), (2, 'b');
        ALTER TABLE mine ENABLE ROW LEVEL SECURITY; GRANT SELECT ON mine TO {READER};""",
        "partial",
        ("public.mine (table) is not moved: row security hides rows of it from the login",),
        as_reader=True,
    ),
    Truth(
        "a schema that is not there",
        T,
        "partial",
        ("schema Public is not there: `schemas` names it, and the source has no such schema. Did you mean `public`?",),
        registry={"schemas": ("public", "Public")},
    ),
    Truth(
        "a table that is gone since the last run",
        f"{T} CREATE TABLE u (id integer); INSERT INTO u VALUES (7);",
        "partial",
        ("public.u (table) is gone: it was moved before and is not there any more",),
        next_night="DROP TABLE u",
    ),
    Truth(
        "a table that is new since the last run",
        T,
        "ok",
        ("since the last run: public.u is new",),
        next_night="CREATE TABLE u (id integer)",
    ),
]

VALUES = [
    Truth(
        "digits of a numeric without precision",
        "CREATE TABLE t (id integer, n numeric); INSERT INTO t VALUES (1, 0.0000001234), (2, 1.5), (3, NULL);",
        "partial",
        ("public.t.n: 1 of 3 values: digits after the sixth behind the point are rounded off",),
    ),
    Truth(
        "the same, accepted for the column",
        "CREATE TABLE t (id integer, n numeric); INSERT INTO t VALUES (1, 0.0000001234);",
        "ok",
        ("public.t.n: 1 of 1 values: digits after the sixth behind the point are rounded off (accepted)",),
        registry={"tables": (TableRules("public", "t", accept=("n",)),)},
    ),
    Truth(
        "the same, not allowed",
        f"{T} CREATE TABLE u (id integer, n numeric); INSERT INTO u VALUES (1, 0.0000001234);",
        "partial",
        ("public.u is withheld: 1 of 1 values of n",),
        registry={"losses": "failed"},
    ),
    Truth("nothing lost", "CREATE TABLE t (id integer, n numeric); INSERT INTO t VALUES (1, 1.5);", "ok"),
    Truth(
        "a long text without a length",
        "CREATE TABLE t (id integer, v varchar); INSERT INTO t VALUES (1, repeat('x', 8001)), (2, 'y');",
        "partial",
        ("public.t.v: 1 of 2 values: characters after the 8,000th are cut off",),
    ),
    Truth(
        "a large object",
        "CREATE TABLE t (id integer, v text); INSERT INTO t VALUES (1, repeat('x', 16385)), (2, repeat('y', 16384));",
        "partial",
        ("public.t.v: 1 of 2 values: characters after the 16,384th are cut off (lob_max_kilobytes)",),
    ),
    Truth(
        "times with an offset and microseconds",
        """CREATE TABLE t (id integer, a timetz, b time);
        INSERT INTO t VALUES (1, '10:00:00+05:30', '10:00:00.123456'), (2, '10:00:00+00', '10:00:00.123');""",
        "partial",
        ("public.t.a: 1 of 2 values: the offset", "public.t.b: 1 of 2 values: digits after the third of a second"),
    ),
]

MEANWHILE = [
    Truth(
        "rows that come while DMS reads",
        T,
        "ok",
        before_start="INSERT INTO t VALUES (3)",
        after_load="INSERT INTO t VALUES (4)",
        rows={"SELECT ID FROM {schema}.T": [[1], [2], [3]]},
    ),
    Truth(
        "a table dropped before the load",
        f"{T} CREATE TABLE u (id integer);",
        "partial",
        ("public.u: ",),
        never_says=("SourceLost",),
        before_start="DROP TABLE u",
        rows={"SELECT ID FROM {schema}.T": [[1], [2]]},
    ),
    Truth(
        "a view that errors",
        f"{T} CREATE VIEW broken AS SELECT 1 / (id - 1) AS x FROM t;",
        "partial",
        ("public.broken: DMS reports",),
        rows={"SELECT ID FROM {schema}.T": [[1], [2]]},
    ),
]


@pytest.mark.parametrize("truth", [*RELATIONS, *VALUES, *MEANWHILE], ids=str)
def test_an_outcome_is_true(truth: Truth, case: Case) -> None:
    try_on_postgresql(truth, case)
