"""What made an `ok` untrue on SQL Server, each kind with the outcome and the sentence that are right.

**No SQL Server was ever reached**: `sqlserver_truth.py` says what answers in its place.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlserver_truth import SqlServerTruth, try_on_sqlserver

from fleet.databases import TableRules
from sqlserver_answers import ID, Server, Sys, Thing

T = Thing("T")
AT = Sys("At", "datetime2", 8, 27, 7)
MAIL = Sys("Mail", "nvarchar", 80, is_masked=1)
NO_UNMASK = ("CONNECT", "SELECT", "VIEW DEFINITION")
LOCKED = (1222, 16, "Lock request time out period exceeded.")
BROKEN = (4413, 16, "Could not use view or function 'dbo.Broken' because of binding errors.")

TRUTHS = [
    SqlServerTruth("all of it", Server([T, Thing("V", type="V", rows=None)]), "ok", never_says=("not",)),
    SqlServerTruth("a table without a row", Server([Thing("T", [ID, AT], rows=0)]), "ok"),
    SqlServerTruth(
        "a temporal table and its history",
        Server([T, Thing("Now", temporal=2), Thing("Then", temporal=1)]),
        "partial",
        (
            "2 relations are not moved",
            "dbo.Now (system-versioned table) is not moved: DMS does not move temporal tables",
            "dbo.Then (history table) is not moved: DMS does not move temporal tables, and this one holds the history",
        ),
    ),
    SqlServerTruth(
        "the same, left out by the registry",
        Server([T, Thing("Now", temporal=2)]),
        "ok",
        ("dbo.Now (system-versioned table) is left out: `exclude` names it",),
        registry={"exclude": ("dbo.Now",)},
    ),
    SqlServerTruth(
        "nothing but what DMS does not move",
        Server([Thing("Memory", in_memory=1)]),
        "failed",
        (
            "shop selects no table",
            "dbo.Memory (memory-optimized table) is not moved: DMS does not move memory-optimized tables",
        ),
    ),
    SqlServerTruth(
        "a sql_variant",
        Server([T, Thing("U", [ID, Sys("Any", "sql_variant", 8_016)])]),
        "partial",
        ("dbo.U (table) is not moved: DMS does not move tables with a column of type sql_variant, which Any is",),
    ),
    SqlServerTruth(
        "a table that the login may not read",
        Server([T, Thing("Pay", [Sys("Id", may_select=0)], may_select=0)]),
        "partial",
        ("dbo.Pay (table) is not moved: the login may not SELECT from it",),
    ),
    SqlServerTruth(
        "a login that may read all tables and sees no more",
        Server([T], blind=["dbo"], rights=("SELECT", "UNMASK")),
        "ok",
        (
            "tables and views of schema dbo on which the login has no right are not seen: it lacks VIEW DEFINITION",
            "masks and security policies that change what the login reads may not be seen",
        ),
    ),
    SqlServerTruth(
        "rows hidden by a security policy",
        Server([T, Thing("Mine", hides=5)]),
        "partial",
        ("dbo.Mine (table) is not moved: row-level security (dbo.Filter) shows the login 7 of 12 rows of it",),
    ),
    SqlServerTruth("a policy that shows the login all rows", Server([Thing("Mine", hides=0)]), "ok"),
    SqlServerTruth(
        "a broken view",
        Server([T, Thing("Broken", type="V", rows=None)], counted={"[dbo].[Broken]": BROKEN}),
        "partial",
        ("dbo.Broken: Could not use view or function 'dbo.Broken' because of binding errors.",),
        ("dbo.T",),
    ),
    SqlServerTruth(
        "the seventh digit of a second",
        Server([Thing("T", [ID, AT])], counted={"SUM(CASE": [(3,)]}),
        "partial",
        ("dbo.T.At: 3 of 12 values: the seventh digit of a second is cut off",),
    ),
    SqlServerTruth("nothing lost", Server([Thing("T", [ID, AT])], counted={"SUM(CASE": [(0,)]}), "ok"),
    SqlServerTruth(
        "the same, accepted for the column",
        Server([Thing("T", [ID, AT])], counted={"SUM(CASE": [(3,)]}),
        "ok",
        ("dbo.T.At: 3 of 12 values: the seventh digit of a second is cut off (accepted)",),
        registry={"tables": (TableRules("dbo", "T", accept=("At",)),)},
    ),
    SqlServerTruth(
        "the same, not allowed",
        Server([T, Thing("U", [ID, AT])], counted={"SUM(CASE": [(3,)]}),
        "partial",
        ("dbo.U is withheld: 3 of 12 values of At: the seventh digit of a second is cut off",),
        registry={"losses": "failed"},
    ),
    SqlServerTruth(
        "losses that nobody could count",
        Server([Thing("T", [ID, AT])], counted={"SUM(CASE": LOCKED}),
        "ok",
        ("values that may be lost were not counted (Lock request time out period exceeded.): dbo.T.At",),
    ),
    SqlServerTruth(
        "masks that the login reads in place of values",
        Server([Thing("T", [ID, MAIL])], rights=NO_UNMASK, counted={"[Mail] IS NOT NULL": [(12,)]}),
        "partial",
        ("dbo.T.Mail: 12 of 12 values: the login has no UNMASK and reads a mask in its place",),
    ),
    SqlServerTruth(
        "a view in a schema of its own, over masked columns",
        Server([Thing("V", type="V", rows=None), Thing("T", [ID, MAIL], schema="own")], rights=NO_UNMASK),
        "ok",
        ("views and computed columns that read masked columns have masks for values, and nobody counts them",),
    ),
    *(
        SqlServerTruth(
            f"a column of type {kind}",
            Server([Thing("T", [ID, Sys("C", kind, -1, alias=alias)])]),
            "partial",
            (f"dbo.T.C is left out: DMS does not carry {said}",),
        )
        for kind, alias, said in [
            ("json", None, "json"),
            ("vector", None, "vector"),
            ("clr", "dbo.Point3", "dbo.Point3 (clr)"),
        ]
    ),
    SqlServerTruth(
        "a spatial reference system that is not the default, heights, and a long shape",
        Server([Thing("T", [ID, Sys("Place", "geography", -1)])], counted={"STSrid": [(2, 1, 0)]}),
        "partial",
        (
            "dbo.T.Place: 2 of 12 values: its spatial reference system becomes 4326",
            "dbo.T.Place: 1 of 12 values: heights and measures of its points are dropped",
        ),
        ("lob_max_kilobytes",),
    ),
    SqlServerTruth(
        "a schema that is not there",
        Server([T]),
        "partial",
        ("schema DBO is not there: `schemas` names it, and the source shows the login no such schema",),
        registry={"schemas": ("dbo", "DBO")},
    ),
]


@pytest.mark.parametrize("truth", TRUTHS, ids=str)
def test_a_run_of_sqlserver_names_what_does_not_arrive(truth: SqlServerTruth, tmp_path: Path) -> None:
    try_on_sqlserver(truth, tmp_path)
