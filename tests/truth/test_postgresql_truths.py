"""What made an `ok` untrue on PostgreSQL, each kind with the outcome and the sentence that are right."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cases import Case
from fleet.databases import TableRules
from truths import READER, Truth, try_on_postgresql

CASE_COUNT = 48
T = "CREATE TABLE t (id integer PRIMARY KEY); INSERT INTO t VALUES (1), (2);"
READ_T = f"{T} GRANT SELECT ON t TO {READER};"
HIDDEN = f"""CREATE TABLE mine (id integer, of text); INSERT INTO mine VALUES (1, 'a'), (2, 'b');
ALTER TABLE mine ENABLE ROW LEVEL SECURITY; GRANT SELECT ON mine TO {READER};"""

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
        ("public.p_2025_1: rows arrive in public.P_2025",),
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
        f"{READ_T} {HIDDEN}",
        "partial",
        ("public.mine (table) is not moved: row security may hide rows of it from the login, which needs BYPASSRLS",),
        as_reader=True,
    ),
    Truth(
        "a view that shows what row security leaves",
        f"""{READ_T} {HIDDEN} CREATE VIEW few WITH (security_invoker) AS SELECT * FROM mine;
        GRANT SELECT ON few TO {READER};""",
        "partial",
        (
            'public.few (view) is not moved: query would be affected by row-level security policy for table "mine"',
            "public.mine (table) is not moved: row security may hide rows of it",
        ),
        as_reader=True,
    ),
    Truth(
        "a view whose function reads what row security leaves",
        f"""{READ_T} {HIDDEN} CREATE FUNCTION few() RETURNS SETOF integer LANGUAGE plpgsql AS
        'BEGIN RETURN QUERY SELECT id FROM mine; END'; CREATE VIEW hiding AS SELECT few() AS id;
        GRANT SELECT ON hiding TO {READER};""",
        "partial",
        ("public.hiding: the source does not show all of its rows: query would be affected by row-level security",),
        as_reader=True,
        registry={"exclude": ("public.mine",)},
    ),
    Truth(
        "grants on all columns, one by one",
        f"{READ_T} CREATE TABLE duo (a integer, b integer); GRANT SELECT (a, b) ON duo TO {READER};",
        "ok",
        never_says=("not moved",),
        as_reader=True,
    ),
    Truth(
        "an array and no key",
        f"{T} CREATE TABLE tagged (tags text[]); CREATE VIEW tags AS SELECT * FROM tagged;",
        "partial",
        (
            "public.tagged (table) is not moved: DMS does not move a table with an array (tags) and without a primary "
            "key",
        ),
    ),
    Truth(
        "a partition whose parent may not be read",
        f"""{READ_T} CREATE TABLE p (id integer) PARTITION BY LIST (id); CREATE TABLE p_1 PARTITION OF p FOR VALUES
        IN (1); INSERT INTO p VALUES (1); GRANT SELECT ON p_1 TO {READER};""",
        "partial",
        ("public.p (partitioned table) is not moved: the login may not SELECT from it",),
        as_reader=True,
        rows={"SELECT ID FROM {schema}.P_1": [[1]]},
    ),
    Truth(
        "a parent, a schema between that is not asked for, and its partition",
        """CREATE TABLE p (id integer, k integer) PARTITION BY LIST (id); DROP SCHEMA IF EXISTS between CASCADE;
        CREATE SCHEMA between; CREATE TABLE between.middle PARTITION OF p FOR VALUES IN (1) PARTITION BY LIST (k);
        CREATE TABLE leaf PARTITION OF between.middle FOR VALUES IN (2); INSERT INTO p VALUES (1, 2);""",
        "ok",
        ("public.leaf: rows arrive in public.p",),
        rows={"SELECT ID, K FROM {schema}.P": [[1, 2]]},
    ),
    Truth(
        "a parent by inheritance, whose rows are its children's too",
        """CREATE TABLE p (id integer); CREATE TABLE c () INHERITS (p);
        INSERT INTO p VALUES (1); INSERT INTO c VALUES (2);""",
        "ok",
        rows={"SELECT ID FROM {schema}.P ORDER BY ID": [[1], [2]], "SELECT ID FROM {schema}.C": [[2]]},
    ),
    Truth(
        "a name that is a pattern of another one's",
        """CREATE TABLE order_lines (id integer); CREATE TABLE orderxlines (id integer);
        INSERT INTO order_lines VALUES (1);""",
        "ok",
        ("public.orderxlines (table) is left out: `exclude` names it",),
        registry={"exclude": ("public.orderxlines",)},
        rows={"SELECT ID FROM {schema}.ORDER_LINES": [[1]]},
    ),
    Truth(
        "a schema that is not there",
        T,
        "partial",
        ("schema Public is not there: `schemas` names it, and the source shows the login no such schema. Did",),
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
        "entries of the registry that name nothing",
        T,
        "ok",
        (
            "`exclude` names public.T, which the source's login does not see. Did you mean public.t?",
            "`tables` names public.t and accepts losses of column 'ID', which it has not",
        ),
        registry={"exclude": ("public.T",), "tables": (TableRules("public", "t", accept=("ID",)),)},
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
        ("public.t.v: 1 of 2 values: what is after the 8,000th byte is cut off",),
    ),
    Truth(
        "a long text without a length, by its bytes",
        "CREATE TABLE t (id integer, v varchar); INSERT INTO t VALUES (1, repeat('é', 4001)), (2, repeat('é', 4000));",
        "partial",
        ("public.t.v: 1 of 2 values: what is after the 8,000th byte is cut off",),
    ),
    Truth(
        "types whose modifier a view's expression has lost",
        """CREATE TABLE t (id integer, s char(2), b bit varying(5)); INSERT INTO t VALUES (1, 'NY', '10101');
        CREATE VIEW v AS SELECT max(s) AS s, b || B'' AS b FROM t GROUP BY b;""",
        "ok",
        rows={"SELECT S, B FROM {schema}.V": [["NY", "10101"]]},
    ),
    Truth(
        "domains over domains",
        """DROP DOMAIN IF EXISTS exact CASCADE; CREATE DOMAIN exact AS numeric(30,15); CREATE DOMAIN price AS exact;
        CREATE TYPE mood AS ENUM ('glad'); CREATE DOMAIN feeling AS mood; CREATE DOMAIN list AS integer[];
        CREATE TABLE t (id integer PRIMARY KEY, p price, f feeling, l list);
        INSERT INTO t VALUES (1, 0.123456789012345, 'glad', '{1,2}');""",
        "ok",
        rows={"SELECT P, F, L FROM {schema}.T": [[Decimal("0.123456789012345"), "glad", "{1,2}"]]},
    ),
    Truth(
        "scales that no decimal has",
        "CREATE TABLE t (id integer, h numeric(5,-2), s numeric(3,5)); INSERT INTO t VALUES (1, 9999900, 0.00999);",
        "ok",
        rows={"SELECT H, S FROM {schema}.T": [[Decimal(9_999_900), Decimal("0.00999")]]},
    ),
    Truth(
        "a number that is none",
        f"{T} CREATE TABLE u (id integer, n numeric(5,2)); INSERT INTO u VALUES (1, 'NaN');",
        "partial",
        ("NaN does not fit into the DECIMAL(5,2) of column n",),
        rows={"SELECT ID FROM {schema}.T": [[1], [2]]},
    ),
    Truth(
        "types that no page lists",
        """CREATE TABLE t (id integer, o oid, r daterange, m macaddr8, n name);
        INSERT INTO t VALUES (1, 5, '[2020-01-01,2021-01-01)', '08:00:2b:01:02:03:04:05', 'n');""",
        "partial",
        tuple(f"public.t.{name} is left out" for name in "ormn"),
    ),
    Truth(
        "a column of nothing but such a type",
        f"{T} CREATE TABLE u (o oid);",
        "partial",
        ("public.u (table) is not moved: DMS carries none of its columns",),
    ),
    Truth(
        "points in time without an end",
        """CREATE TABLE t (id integer, d date, a timestamptz);
        INSERT INTO t VALUES (1, 'infinity', '294276-12-31 23:59:59.999999+00'),
        (2, '2024-02-29', '0001-01-01 00:00+01'), (3, '9999-12-31', '9999-12-31 23:59:59.999999+00');""",
        "partial",
        ("public.t.d: 1 of 3 values: points in time", "public.t.a: 2 of 3 values: points in time"),
    ),
    Truth(
        "the end of a day",
        "CREATE TABLE t (id integer, a time); INSERT INTO t VALUES (1, '24:00'), (2, '23:59');",
        "partial",
        ("public.t.a: 1 of 2 values: 24:00 becomes another time",),
    ),
    Truth(
        "a large object of characters that count twice",
        "CREATE TABLE t (id integer, v text); INSERT INTO t VALUES (1, repeat('😀', 8193)), (2, repeat('😀', 8192));",
        "partial",
        (
            "public.t.v: 1 of 2 values: characters after the 16,384th are cut off (lob_max_kilobytes)",
            "would keep the longest",
        ),
    ),
    Truth(
        "a large object",
        "CREATE TABLE t (id integer, v text); INSERT INTO t VALUES (1, repeat('x', 16385)), (2, repeat('y', 16384));",
        "partial",
        (
            "public.t.v: 1 of 2 values: characters after the 16,384th are cut off (lob_max_kilobytes)",
            "would keep the longest",
        ),
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
        ("public.broken: DMS reports 'Table error' after 0 rows; the task's log says: division by zero.",),
        rows={"SELECT ID FROM {schema}.T": [[1], [2]]},
    ),
]


@pytest.mark.parametrize("truth", [*RELATIONS, *VALUES, *MEANWHILE], ids=str)
def test_an_outcome_is_true(truth: Truth, case: Case) -> None:
    try_on_postgresql(truth, case)
