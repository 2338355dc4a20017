"""What made an `ok` untrue on MariaDB, each kind with the outcome and the sentence that are right."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from localcloud.servers.mariadb import EmbeddedMariadb
from mariadb_cases import MariadbCases, try_on_mariadb
from truths import READER, Truth

T = "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (2);"
READ_ALL = f"GRANT SELECT ON * TO {READER}@localhost;"
READ_T = f"{T} GRANT SELECT ON t TO {READER}@localhost;"
WHOLE = {"SELECT ID FROM {schema}.T": [[1], [2]]}
INVALID = "SET sql_mode = 'ALLOW_INVALID_DATES';"
BROKEN = "references invalid table(s) or column(s) or function(s)"

RELATIONS = [
    Truth("all of it", T, "ok", rows=WHOLE),
    Truth("all of it, by a login with a right on the schema alone", T + READ_ALL, "ok", as_reader=True, rows=WHOLE),
    Truth(
        "a login that is granted single tables",
        f"{READ_T} CREATE TABLE secret (id int);",
        "partial",
        (".? (hidden relations) is not moved: the login may SELECT from single tables of it only",),
        as_reader=True,
        rows=WHOLE,
    ),
    Truth(
        "a table that the login sees and may not read",
        f"{READ_T} CREATE TABLE inbox (id int); GRANT INSERT ON inbox TO {READER}@localhost;",
        "partial",
        (".inbox (table) is not moved: the login may not SELECT from it",),
        as_reader=True,
    ),
    Truth(
        "columns hidden by column grants",
        f"{READ_T} CREATE TABLE half (a int, b int, c int); GRANT SELECT (a, b) ON half TO {READER}@localhost;",
        "partial",
        (".half (table) is not moved: the login may SELECT only a, b of it, and other columns are hidden from it",),
        as_reader=True,
        rows=WHOLE,
    ),
    Truth(
        "columns seen and not granted",
        f"{READ_T} CREATE TABLE half (a int, b int); GRANT SELECT (a), INSERT ON half TO {READER}@localhost;",
        "partial",
        (".half (table) is not moved: the login may not SELECT b of it, and DMS reads all columns or none",),
        as_reader=True,
    ),
    Truth(
        "what DMS does not move of MariaDB",
        f"{T} CREATE VIEW seen AS SELECT id FROM t; CREATE SEQUENCE numbers; "
        "CREATE TABLE kept (id int) WITH SYSTEM VERSIONING;",
        "partial",
        (
            ".seen (view) is not moved: DMS does not move views of MariaDB",
            ".numbers (sequence) is not moved: DMS does not move sequences",
            ".kept (system-versioned table) is not moved: DMS does not move system-versioned tables of MariaDB",
        ),
        rows=WHOLE,
    ),
    Truth(
        "views left out by the registry, a broken one among them",
        f"{T} CREATE TABLE gone (id int); CREATE VIEW broken AS SELECT id FROM gone; DROP TABLE gone;",
        "ok",
        (".broken (view) is left out: `views: false`",),
        never_says=(BROKEN,),
        registry={"views": False},
        rows=WHOLE,
    ),
    Truth(
        "names with signs that DMS does not support",
        f"{T} CREATE TABLE `it's` (id int); CREATE TABLE u (`a``b` int);",
        "partial",
        (
            ".it's (table) is not moved: DMS supports neither ` nor ' in a name, as in it's",
            ".u (table) is not moved: DMS supports neither ` nor ' in a name, as in a`b",
        ),
        rows=WHOLE,
    ),
    Truth(
        "names that need quotes",
        'CREATE TABLE `5% of.all "x"` (`a b` int, `' + "c" * 64 + '` int); INSERT INTO `5% of.all "x"` VALUES (1, 2);',
        "ok",
        rows={'SELECT "a b", "' + "C" * 64 + '" FROM {schema}."5% of.all ""x"""': [[1, 2]]},
    ),
    Truth(
        "partitions are one table",
        "CREATE TABLE p (id int, region int) PARTITION BY LIST (region) "
        "(PARTITION n VALUES IN (1), PARTITION s VALUES IN (2)); INSERT INTO p VALUES (1, 1), (2, 2);",
        "ok",
        rows={"SELECT ID FROM {schema}.P": [[1], [2]]},
    ),
    Truth(
        "a schema that is there in other letters",
        T,
        "partial",
        (
            "schema CASE-",
            "is not there: `schemas` names it, and the source shows the login no such",
            "schema. Known: `case-",
        ),
        registry={"schemas": ("{id}", "{ID}")},
        rows=WHOLE,
    ),
    Truth(
        "a table that is gone since the last run",
        f"{T} CREATE TABLE u (id int); INSERT INTO u VALUES (7);",
        "partial",
        (".u (table) is gone: it was moved before and is not there any more",),
        next_night="DROP TABLE u",
        rows=WHOLE,
    ),
]

COLUMNS = [
    Truth(
        "types that no page of AWS lists",
        "CREATE TABLE t (id int, a uuid, b inet4, c inet6); INSERT INTO t VALUES (1, uuid(), '192.0.2.1', '::1');",
        "partial",
        (
            ".t.a is left out: DMS does not carry uuid",
            ".t.b is left out: DMS does not carry inet4",
            ".t.c is left out: DMS does not carry inet6",
        ),
        rows={"SELECT ID FROM {schema}.T": [[1]]},
    ),
    Truth(
        "the same, accepted",
        "CREATE TABLE t (id int, a uuid); INSERT INTO t VALUES (1, uuid());",
        "ok",
        (".t.a is left out: DMS does not carry uuid (accepted)",),
        registry={"losses": "accept"},
    ),
    Truth(
        "an invisible column",
        "CREATE TABLE t (id int, secret int INVISIBLE, next int AS (id + 1)); "
        "INSERT INTO t (id, secret) VALUES (1, 5);",
        "partial",
        (".t.secret is left out: DMS does not carry int(11) invisible",),
        rows={"SELECT ID, NEXT FROM {schema}.T": [[1, 2]]},
    ),
    Truth(
        "nothing but columns that DMS does not carry",
        f"{T} CREATE TABLE u (a uuid, b inet6);",
        "partial",
        (".u (table) is not moved: DMS carries none of its columns",),
        rows=WHOLE,
    ),
]

VALUES = [
    Truth(
        "dates that are zero, half zero, or in no calendar",
        f"{INVALID} CREATE TABLE t (id int, due date NOT NULL, at datetime(6), seen timestamp NULL); "
        "INSERT INTO t VALUES (1, '2024-02-29', '2024-00-01', '2024-01-01'), (2, 0, '2024-02-30', 0), "
        "(3, '0000-01-01', '9999-12-31 23:59:59.999999', NULL);",
        "partial",
        (
            ".t.due: 1 of 3 values: dates that are zero, or not in the calendar, arrive as NULL",
            ".t.at: 2 of 3 values: dates that are zero",
            ".t.seen: 1 of 3 values: dates that are zero",
        ),
        rows={"SELECT ID FROM {schema}.T WHERE DUE IS NULL": [[2]]},
    ),
    Truth(
        "a zero date in a key",
        f"{INVALID} CREATE TABLE t (day date, id int, PRIMARY KEY (day, id)); INSERT INTO t VALUES (0, 1), (0, 2);",
        "partial",
        (".t.day: 2 of 2 values: dates that are zero",),
        rows={"SELECT DAY, ID FROM {schema}.T": [[None, 1], [None, 2]]},
    ),
    Truth(
        "long texts and blobs",
        "CREATE TABLE t (id int, a mediumtext, b longblob, c json, d text); INSERT INTO t VALUES "
        "(1, repeat('x', 16384), repeat('x', 32768), '1', repeat('é', 32767)), "
        "(2, concat('x', repeat('😀', 8192)), repeat('x', 32769), concat('\"', repeat('x', 16384), '\"'), '');",
        "partial",
        (
            ".t.a: 1 of 2 values: characters after the 16,384th are cut off (lob_max_kilobytes)",
            ".t.b: 1 of 2 values: bytes after the 32,768th are cut off (lob_max_kilobytes)",
            ".t.c: 1 of 2 values: characters after the 16,384th",
        ),
        never_says=(".t.d",),
    ),
    Truth(
        "characters that Unicode does not have",
        "CREATE TABLE t (id int, a varchar(9) CHARACTER SET sjis); "
        "INSERT INTO t VALUES (1, _sjis x'FCFC'), (2, '?'), (3, _sjis x'8160');",
        "partial",
        (".t.a: 1 of 3 values: characters that Unicode does not have arrive as ?",),
    ),
    Truth(
        "values at every end of what arrives",
        "CREATE TABLE t (a decimal(65, 30), b decimal(38, 38), c float, d double, e time(6), f bit(64), g year, "
        "h tinyint(1), i bigint unsigned, j enum('a', 'b'), k set('x', 'y'), l char(3), m date, n varchar(5)); "
        "INSERT INTO t VALUES ('-99999999999999999999999999999999999.999999999999999999999999999999', "
        "'-0.99999999999999999999999999999999999999', 0.1, -1.7976931348623157e308, '-838:59:59.999999', ~0, 0, -1, "
        "18446744073709551615, 'a', 'x,y', 'a ', '0001-01-01', 'a\0b');",
        "ok",
        rows={
            "SELECT A, B, D, E, G, H, I, J, K, L, N FROM {schema}.T": [
                [
                    "-99999999999999999999999999999999999.999999999999999999999999999999",
                    "-.99999999999999999999999999999999999999",  # more places than a NUMBER of Snowflake's has
                    -1.7976931348623157e308,
                    "-838:59:59.999999",
                    0,
                    -1,
                    18446744073709551615,
                    "a",
                    "x,y",
                    "a",
                    "a\0b",
                ]
            ]
        },
    ),
    Truth(
        "half a surrogate pair, which the server takes and UTF-8 does not have",
        f"{T} CREATE TABLE u (id int, v varchar(5)); INSERT INTO u VALUES (1, _utf8mb4 x'EDA080');",
        "partial",
        (".u: Snowflake answers ", "is not valid UTF8"),
        rows=WHOLE,
    ),
    Truth(
        "a loss that the registry does not allow",
        f"{T} {INVALID} CREATE TABLE u (id int, due date); INSERT INTO u VALUES (1, 0);",
        "partial",
        (".u is withheld: 1 of 1 values of due",),
        registry={"losses": "failed"},
        rows=WHOLE,
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
        f"{T} CREATE TABLE u (id int); INSERT INTO u VALUES (1);",
        "partial",
        (".u: ",),
        never_says=("SourceLost", "did not answer"),
        before_start="DROP TABLE u",
        rows=WHOLE,
    ),
    Truth(
        "a table dropped after the load, before it is counted",
        f"{T} CREATE TABLE u (id int); INSERT INTO u VALUES (1);",
        "ok",
        ("doesn't exist",),
        never_says=("SourceLost", "did not answer"),
        after_load="DROP TABLE u",
        rows=WHOLE,
    ),
    Truth(
        "a right withdrawn after the load",
        f"{T} {READ_ALL}",
        "ok",
        ("SELECT command denied to user",),
        never_says=("SourceLost", "did not answer"),
        as_reader=True,
        after_load=f"REVOKE SELECT ON * FROM {READER}@localhost; GRANT INSERT ON * TO {READER}@localhost",
    ),
]


# The same server, taken for a MySQL: DMS moves its views.
VIEWS = [
    Truth(
        "views, one of which errs when it is read, one whose base is gone, one without its definer",
        f"{T} CREATE VIEW doubled AS SELECT id * 2 AS twice FROM t; "
        "CREATE VIEW erring AS SELECT (SELECT id FROM t) AS x FROM t; "
        "CREATE TABLE base (id int); CREATE VIEW broken AS SELECT id FROM base; DROP TABLE base; "
        "CREATE OR REPLACE USER passing@localhost; GRANT SELECT ON * TO passing@localhost; "
        "CREATE DEFINER = passing@localhost VIEW orphan AS SELECT id FROM t; DROP USER passing@localhost;",
        "partial",
        (
            ".broken (view) is not moved: View '",
            BROKEN,
            ".erring: DMS reports 'Table error' after 0 rows; the task's log says: Subquery returns more than 1 row",
            ".orphan: DMS reports 'Table error' after 0 rows; the task's log says: ",
            "Access denied for user",
        ),
        never_says=("SourceLost", "did not answer"),
        rows={**WHOLE, "SELECT TWICE FROM {schema}.DOUBLED": [[2], [4]]},
    ),
    Truth(
        "views of which all are sound",
        f"{T} CREATE VIEW doubled AS SELECT id * 2 AS twice FROM t;",
        "ok",
        rows={**WHOLE, "SELECT TWICE FROM {schema}.DOUBLED": [[2], [4]]},
    ),
]


@pytest.fixture(scope="module")
def mariadb_cases(mariadb: EmbeddedMariadb, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariadbCases]:
    with MariadbCases(tmp_path_factory.mktemp("mariadb cases"), mariadb) as opened:
        yield opened


@pytest.mark.parametrize("truth", [*RELATIONS, *COLUMNS, *VALUES, *MEANWHILE], ids=str)
def test_an_outcome_is_true(truth: Truth, mariadb_cases: MariadbCases) -> None:
    try_on_mariadb(truth, mariadb_cases.take())


@pytest.mark.parametrize("truth", VIEWS, ids=str)
def test_an_outcome_with_views_is_true(truth: Truth, mariadb_cases: MariadbCases) -> None:
    try_on_mariadb(truth, mariadb_cases.take_mysql())
