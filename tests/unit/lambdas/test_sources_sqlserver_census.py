"""The census of a SQL Server and what the account makes of it, over the wire. **No SQL Server was ever reached**: the
answers have the shapes that Microsoft documents (`tests/sqlserver_answers.py`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlglot
import sqlglot.errors

from fleet.databases import Database
from fleet.tables.account import take_account
from fleet.tables.catalogue import Census, Table
from lambdas.sources import sqlserver
from sqlserver_answers import ID, SINCE, Server, Sys, Thing
from tds_server import serve_tds

SHOP = Database("shop", "s", "Shop", "one", ("dbo",))


def ask(folder: Path, server: Server, asked: list[str] | None = None, schemas: tuple[str, ...] = ("dbo",)) -> Census:
    with serve_tds(folder, None, server.answer) as serving:
        secret = {"host": "127.0.0.1", "port": serving.port, "username": "dms", "password": "secret"}
        census = sqlserver.ask_census(secret, "Shop", schemas, "none")
        if asked is not None:
            asked += serving.asked
        return census


def text(name: str, kind: str = "nvarchar", max_length: int = 80, **more: Any) -> Sys:
    return Sys(name, kind, max_length, **more)


WIDE = [Sys(f"C{number}") for number in range(1_001)]
RELATIONS: list[tuple[str, Thing, str, str, str]] = [
    # what it is, how the catalogue has it, its kind, what becomes of it, the sentence that a person reads
    ("a table", Thing("T"), "table", "moved", ""),
    ("a heap without a key", Thing("T", [Sys("Id")]), "table", "moved", ""),
    ("a view", Thing("V", type="V", rows=None), "view", "moved", ""),
    ("an indexed view", Thing("V", type="V", rows=5), "view", "moved", ""),
    ("an external table", Thing("T", is_external=1, rows=None), "external table", "moved", ""),
    ("an external table by its own type", Thing("T", type="ET", rows=None), "external table", "moved", ""),
    ("a name with a bracket and a dot", Thing("a]b.c"), "table", "moved", ""),
    ("a computed column", Thing("T", [ID, Sys("Twice", is_computed=1)]), "table", "moved", ""),
    ("a rowversion", Thing("T", [ID, Sys("V", "timestamp", 8)]), "table", "moved", ""),
    ("1,000 columns", Thing("T", WIDE[:1_000]), "table", "moved", ""),
    (
        "more than 1,000 columns",
        Thing("T", WIDE),
        "table",
        "not moved",
        "it has 1,001 columns, and DMS moves at most 1,000 of a table",
    ),
    (
        "a table in memory",
        Thing("T", in_memory=1),
        "memory-optimized table",
        "not moved",
        "DMS does not move memory-optimized tables",
    ),
    (
        "a temporal table",
        Thing("T", temporal=2),
        "system-versioned table",
        "not moved",
        "DMS does not move temporal tables",
    ),
    (
        "its history",
        Thing("T", temporal=1),
        "history table",
        "not moved",
        "DMS does not move temporal tables, and this one holds the history of one",
    ),
    (
        "a columnstore",
        Thing("T", has_columnstore=1),
        "table",
        "not moved",
        "DMS does not move tables with a columnstore index",
    ),
    (
        "a sparse column",
        Thing("T", [ID, Sys("S", is_sparse=1)]),
        "table",
        "not moved",
        "DMS does not move tables with sparse columns",
    ),
    (
        "an encrypted column",
        Thing("T", [ID, text("S", "varbinary", 64, encryption=2)]),
        "table",
        "not moved",
        "DMS does not move tables with encrypted columns",
    ),
    (
        "a sql_variant",
        Thing("T", [ID, Sys("Any", "sql_variant", 8_016)]),
        "table",
        "not moved",
        "DMS does not move tables with a column of type sql_variant, which Any is",
    ),
    *(
        ("a forbidden name", Thing(name), "table", "not moved", f"DMS does not move what has {what} in its name")
        for name, what in [
            ("a\\b", r"'\\'"),
            ("a--b", "'--'"),
            ("a\nb", r"'\n'"),
            ('a"b', "'\"'"),
            ("a\bb", r"'\x08'"),
            ("a\rb", r"'\r'"),
            ("o'clock", '"\'"'),
            ("a\tb", r"'\t'"),
            ("a;b", "';'"),
        ]
    ),
    (
        "no right on it",
        Thing("T", [Sys("Id", may_select=0)], may_select=0),
        "table",
        "not moved",
        "the login may not SELECT from it",
    ),
    (
        "a right on some columns",
        Thing("T", [ID, text("Pay", may_select=0)], may_select=0),
        "table",
        "not moved",
        "the login may not SELECT Pay of it, and DMS reads all columns or none",
    ),
    (
        "a right on the table that is denied on a column",
        Thing("T", [ID, text("Pay", may_select=0)]),
        "table",
        "not moved",
        "the login may not SELECT Pay of it, and DMS reads all columns or none",
    ),
    ("a right on each column", Thing("T", [ID, text("Pay")], may_select=0), "table", "moved", ""),
    ("a right that the server cannot say", Thing("T", [ID, text("Pay", may_select=None)]), "table", "moved", ""),
    ("a policy that shows the login all", Thing("T", hides=0), "table", "moved", ""),
    (
        "a policy that hides rows",
        Thing("T", hides=2),
        "table",
        "not moved",
        "row-level security (dbo.Filter) shows the login 10 of 12 rows of it: the policy must let it see them all",
    ),
    (
        "a policy on a view",
        Thing("V", type="V", rows=None, hides=2),
        "view",
        "not moved",
        "row-level security (dbo.Filter) may hide rows of it from the login, and the server has no count of its own",
    ),
    (
        "no column that DMS carries",
        Thing("T", [Sys("Doc", "json", -1)]),
        "table",
        "not moved",
        "DMS carries none of its columns",
    ),
]


@pytest.mark.parametrize(
    ("thing", "kind", "fate", "why"), [row[1:] for row in RELATIONS], ids=[row[0] for row in RELATIONS]
)
def test_what_is_there_is_moved_or_named_with_the_reason(
    tmp_path: Path, thing: Thing, kind: str, fate: str, why: str
) -> None:
    census = ask(tmp_path, Server([thing]))
    (table,) = census.tables
    (accounted,) = take_account("sqlserver", SHOP, census, None).relations
    assert (table.kind, accounted.kind, accounted.fate, accounted.why) == (kind, kind, fate, why)
    assert (table.rows_estimated, table.is_view) == (thing.rows, thing.type == "V")


def test_what_is_in_a_schema_with_a_forbidden_name_is_not_moved(tmp_path: Path) -> None:
    census = ask(tmp_path, Server([Thing("T", schema="it's")], schemas=["it's"]), schemas=("it's",))
    (accounted,) = take_account("sqlserver", Database("s", "s", "S", "o", ("it's",)), census, None).relations
    assert accounted.why == 'DMS does not move what is in a schema with "\'" in its name'


DECLARED = [
    # the catalogue's row, the type that DMS is asked for, length, precision, scale, and how people write it
    (Sys("C", "bigint", 8, 19), "bigint", None, None, None, "bigint"),
    (Sys("C", "decimal", 17, 38, 38), "decimal", None, 38, 38, "decimal(38,38)"),
    (Sys("C", "numeric", 9, 18, 0), "numeric", None, 18, 0, "numeric(18,0)"),
    (Sys("C", "money", 8, 19, 4), "money", None, None, None, "money"),
    (Sys("C", "real", 4, 24), "real", None, None, None, "real"),  # what float(24) is in the catalogue
    (Sys("C", "float", 8, 53), "float", None, None, None, "float"),
    (Sys("C", "datetime", 8, 23, 3), "datetime", None, None, None, "datetime"),
    (Sys("C", "datetime2", 8, 27, 7), "datetime2", None, None, 7, "datetime2(7)"),
    (Sys("C", "time", 3, 8, 0), "time", None, None, 0, "time(0)"),
    (Sys("C", "datetimeoffset", 10, 34, 7), "datetimeoffset", None, None, 7, "datetimeoffset(7)"),
    (Sys("C", "char", 5), "char", 5, None, None, "char(5)"),
    (Sys("C", "nvarchar", 80), "nvarchar", 40, None, None, "nvarchar(40)"),
    (Sys("C", "nvarchar", -1), "nvarchar", None, None, None, "nvarchar(max)"),
    (Sys("C", "varbinary", -1), "varbinary", None, None, None, "varbinary(max)"),
    (Sys("C", "text", 16), "text", None, None, None, "text"),
    (Sys("C", "xml", -1), "xml", None, None, None, "xml"),
    (Sys("C", "nvarchar", 40, alias="dbo.Phone"), "nvarchar", 20, None, None, "dbo.Phone (nvarchar(20))"),
    (Sys("C", "clr", -1, alias="dbo.Point3"), "clr", None, None, None, "dbo.Point3 (clr)"),
    (Sys("C", "geography", -1), "geography", None, None, None, "geography"),
    (Sys("C", "hierarchyid", 892), "hierarchyid", None, None, None, "hierarchyid"),
    (Sys("C", "json", -1), "json", None, None, None, "json"),
    (Sys("C", "vector", 20), "vector", None, None, None, "vector"),
]


@pytest.mark.parametrize(("given", "kind", "length", "precision", "scale", "declared"), DECLARED)
def test_a_column_has_its_base_type_with_modifiers_and_the_words_of_its_people(
    tmp_path: Path, given: Sys, kind: str, length: int | None, precision: int | None, scale: int | None, declared: str
) -> None:
    (column,) = ask(tmp_path, Server([Thing("T", [given])])).tables[0].columns
    assert (column.type_name, column.length, column.precision, column.scale) == (kind, length, precision, scale)
    assert (column.declared, column.is_nullable) == (declared, True)


def test_keys_are_in_their_own_order_and_relations_in_that_of_their_names(tmp_path: Path) -> None:
    parts = [Sys("Id", key_place=2, is_nullable=0), Sys("Part", key_place=1, is_nullable=0)]
    census = ask(tmp_path, Server([Thing("Orders", parts), Thing("View", type="V")]))
    assert [str(table.name) for table in census.tables] == ["dbo.Orders", "dbo.View"]
    assert census.tables[0].key == ("Part", "Id")
    assert [column.is_nullable for column in census.tables[0].columns] == [False, False]


def test_a_schema_that_is_not_there_is_named_and_one_of_another_case_is_another(tmp_path: Path) -> None:
    things = [Thing("T"), Thing("T", schema="Sales")]  # as a server whose names have no case answers
    census = ask(tmp_path, Server(things, schemas=["dbo", "Sales"]), schemas=("dbo", "sales"))
    database = Database("shop", "s", "Shop", "one", ("dbo", "sales"))
    assert census.schemas == ("dbo",)
    moved, missing = take_account("sqlserver", database, census, None).relations
    assert (str(moved.name), moved.fate) == ("dbo.T", "moved")
    assert (missing.name, missing.fate) == ("schema sales", "not there")


@pytest.mark.parametrize(
    ("thing", "bars"),
    [
        (Thing("T"), ()),
        (
            Thing("T", is_published=0),
            ("it is neither published nor enabled for MS-CDC, so that the log does not have its updates",),
        ),
        (Thing("T", [ID, Sys("Twice", is_computed=1)]), ("changes of its computed column Twice are not captured",)),
        (Thing("V", type="V", is_published=0, columns=[Sys("Twice", is_computed=1)]), ()),
    ],
    ids=["published", "not published", "a computed column", "a view"],
)
def test_what_keeps_changes_out_of_the_log_is_named(tmp_path: Path, thing: Thing, bars: tuple[str, ...]) -> None:
    (table,) = ask(tmp_path, Server([thing])).tables
    assert table.delta_bars == bars


def test_a_table_made_anew_is_another_by_its_id_and_time_of_creation(tmp_path: Path) -> None:
    asked: list[str] = []
    (table,) = ask(tmp_path, Server([Thing("T", made="7/2026-11-30T12:00:00.123")]), asked).tables
    assert table.incarnation == "7/2026-11-30T12:00:00.123"
    assert any("o.object_id" in query and "o.create_date" in query for query in asked)


ALL = ("CONNECT", "SELECT", "UNMASK", "VIEW DEFINITION")
MASKED = text("Mail", is_masked=1)
BLIND = "tables and views of schema dbo on which the login has no right are not seen: it lacks VIEW DEFINITION"
BLIND_DATABASE = (
    "masks and security policies that change what the login reads may not be seen: it lacks VIEW DEFINITION on the "
    "database"
)
MASKS = (
    "views and computed columns that read masked columns have masks for values, and nobody counts them: the login "
    "lacks UNMASK on the database"
)
GAPS = [
    ("sees all", Server([Thing("T")]), ()),
    ("an old server", Server([Thing("T")], version=2012, rights=("CONNECT", "VIEW DEFINITION")), ()),
    ("a schema is hidden", Server([Thing("T")], blind=["dbo"]), (BLIND,)),
    ("db_datareader only", Server([Thing("T")], blind=["dbo"], rights=("SELECT",)), (BLIND, BLIND_DATABASE)),
    ("masks and no view", Server([Thing("T", [ID, MASKED])], rights=("VIEW DEFINITION",)), ()),
    ("masks", Server([Thing("T", [ID, MASKED]), Thing("V", type="V")], rights=("VIEW DEFINITION",)), (MASKS,)),
    ("masks and UNMASK", Server([Thing("T", [ID, MASKED]), Thing("V", type="V")], rights=ALL), ()),
    (
        "masks and a computed column",
        Server([Thing("T", [ID, MASKED, Sys("C", is_computed=1)])], rights=("VIEW DEFINITION",)),
        (MASKS,),
    ),
    (
        "hidden rows and a view",
        Server([Thing("T", hides=2), Thing("V", type="V")]),
        ("views may lack rows that row-level security hides from the login: it is on dbo.T",),
    ),
    (
        "a policy in a schema that is not asked for",
        Server([Thing("V", type="V"), Thing("Base", schema="own", hides=2)]),
        ("views may lack rows that row-level security hides from the login: it is on own.Base",),
    ),
    ("a policy that shows all, and a view", Server([Thing("T", hides=0), Thing("V", type="V")]), ()),
]


@pytest.mark.parametrize(("server", "gaps"), [row[1:] for row in GAPS], ids=[row[0] for row in GAPS])
def test_what_the_login_may_be_kept_from_seeing_is_a_gap(tmp_path: Path, server: Server, gaps: tuple[str, ...]) -> None:
    assert ask(tmp_path, server).gaps == gaps


def test_rows_that_could_not_be_counted_bar_the_table_in_the_servers_words(tmp_path: Path) -> None:
    refused = (8134, 16, "Divide by zero error encountered.")
    census = ask(tmp_path, Server([Thing("T", hides=2)], counted={"FROM [dbo].[T]": refused}))
    assert census.tables[0].barred == (
        "row-level security (dbo.Filter) may hide rows of it from the login, which were not counted: Divide by zero "
        "error encountered."
    )


def test_rows_of_an_open_transaction_are_counted_again_before_a_policy_is_blamed(tmp_path: Path) -> None:
    server = Server([Thing("T", hides=0)])
    counts = iter([11, 12])
    with serve_tds(
        tmp_path,
        None,
        lambda asked: next(counts) if "[dbo].[T]" in asked and "COUNT_BIG" in asked else server.answer(asked),
    ) as serving:
        secret = {"host": "127.0.0.1", "port": serving.port, "username": "dms", "password": "secret"}
        assert sqlserver.ask_census(secret, "Shop", ["dbo"], "none").tables[0].barred == ""


def test_no_table_is_counted_once_the_time_for_that_is_over(tmp_path: Path) -> None:
    times = iter([0.0, 1.0, 61.0])
    server = Server([Thing("A", hides=0), Thing("B", hides=0)])
    with serve_tds(tmp_path, None, server.answer) as serving:
        secret = {"host": "127.0.0.1", "port": serving.port, "username": "dms", "password": "secret"}
        census = sqlserver.ask_census(secret, "Shop", ["dbo"], "none", clock=lambda: next(times))
    assert [bool(table.barred) for table in census.tables] == [False, True]
    assert census.tables[1].barred.endswith("were not counted: no time was left for that")


@pytest.mark.parametrize("version", [2012, 2014, 2016, 2017, 2022])
def test_no_query_names_what_the_catalogue_of_the_servers_version_lacks(tmp_path: Path, version: int) -> None:
    asked: list[str] = []
    census = ask(tmp_path, Server([Thing("T", [ID, text("Words")])], version=version), asked)
    assert [isinstance(table, Table) for table in census.tables] == [True]
    later = [name.partition(".")[2] for name, since in SINCE.items() if since > version]
    assert not [(column, query) for column in later for query in asked if f".{column}" in query]
    assert any("UNMASK" in query for query in asked) is (version >= 2016)
    assert any("sys.security_predicates" in query for query in asked) is (version >= 2016)


def test_every_query_is_one_statement_that_only_reads(tmp_path: Path) -> None:
    asked: list[str] = []
    ask(tmp_path, Server([Thing("T", [ID, MASKED], hides=0)], schemas=["dbo", "it's"], rights=()), asked)
    read = [query for query in asked if not query.startswith(("use ", "SET LOCK_TIMEOUT"))]
    assert len(read) == 11
    for query in read:
        (statement,) = sqlglot.parse(query, dialect="tsql", error_level=sqlglot.errors.ErrorLevel.RAISE)
        assert isinstance(statement, sqlglot.exp.Select)
