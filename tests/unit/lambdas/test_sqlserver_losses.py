"""What a column of SQL Server loses, the statement that counts it, and the sentence that a person reads.

**No SQL Server was ever reached**: the statements follow Microsoft's manual, and are held against a grammar of T-SQL.
"""

from __future__ import annotations

import pytest
import sqlglot
import sqlglot.errors
from sqlglot import exp

from fleet.tables.catalogue import Table
from fleet.tables.columns import Column, dms_type, find_losses
from fleet.tables.losses import CountedLosses, ask_losses, describe, find_column_losses
from lambdas.sources.sqlserver_losses import condition, losses_statement

SEVENTH = "the seventh digit of a second is cut off"
THIRD = "digits after the third of a second are cut off"
CHARACTERS = "characters after the 16,384th are cut off (lob_max_kilobytes)"
MORE_CHARACTERS = "characters after the 32,768th are cut off (lob_max_kilobytes)"
BYTES = "bytes after the 32,768th are cut off (lob_max_kilobytes)"
MASK = "the login has no UNMASK and reads a mask in its place"
HEIGHTS = "heights and measures of its points are dropped"
WIDE = "DATALENGTH(CONVERT(nvarchar(max), [c])) > "
LOSSES: list[tuple[Column, list[tuple[str, str]]]] = [
    # the column, and for each loss the condition that counts it and how it is said
    *((Column("c", name), []) for name in ("bigint", "int", "smallint", "tinyint", "bit", "real", "float", "money")),
    *((Column("c", name), []) for name in ("smallmoney", "date", "datetime", "smalldatetime", "uniqueidentifier")),
    (Column("c", "decimal", precision=38, scale=38), []),
    (Column("c", "datetimeoffset", scale=7), []),
    (Column("c", "timestamp"), []),
    (Column("c", "char", 5), []),
    (Column("c", "nchar", 5), []),
    (Column("c", "varchar", 8_000), []),
    (Column("c", "nvarchar", 4_000), []),
    (Column("c", "varbinary", 8_000), []),
    (Column("c", "datetime2", scale=6), []),
    (Column("c", "datetime2", scale=7), [("DATEPART(nanosecond, [c]) % 1000 <> 0", SEVENTH)]),
    (Column("c", "time", scale=3), []),
    (Column("c", "time", scale=4), [("DATEPART(nanosecond, [c]) % 1000000 <> 0", THIRD)]),
    (Column("c", "time", scale=7), [("DATEPART(nanosecond, [c]) % 1000000 <> 0", THIRD)]),
    (Column("c", "nvarchar"), [("DATALENGTH([c]) > 32768", CHARACTERS)]),
    (Column("c", "ntext"), [("DATALENGTH([c]) > 32768", CHARACTERS)]),
    (Column("c", "xml"), [(f"{WIDE}32768", CHARACTERS)]),
    # A text of a code page: as many bytes as characters or more, and a character counts in units of UTF-16.
    (Column("c", "varchar"), [(f"DATALENGTH([c]) > 32768 AND {WIDE}65536", MORE_CHARACTERS)]),
    (Column("c", "text"), [(f"DATALENGTH([c]) > 32768 AND {WIDE}65536", MORE_CHARACTERS)]),
    (Column("c", "varbinary"), [("DATALENGTH([c]) > 32768", BYTES)]),
    (Column("c", "image"), [("DATALENGTH([c]) > 32768", BYTES)]),
    (Column("c", "hierarchyid"), [("LEN([c].ToString()) > 250", "characters after the 250th are cut off")]),
    *(
        (
            Column("c", name),
            [
                (f"[c].STSrid <> {default}", f"its spatial reference system becomes {default}"),
                ("([c].HasZ = 1 OR [c].HasM = 1)", HEIGHTS),
                ("DATALENGTH([c].STAsText()) > 65536", MORE_CHARACTERS),
            ],
        )
        for name, default in (("geometry", 0), ("geography", 4326))
    ),
    *(
        (Column("c", name, is_masked=True), [("[c] IS NOT NULL", MASK)])
        for name in ("int", "nvarchar", "datetime2", "geography")
    ),
    *((Column("c", name), []) for name in ("json", "vector", "clr", "sql_variant")),  # which are left out
]  # fmt: skip


@pytest.mark.parametrize(("column", "wanted"), LOSSES)
def test_a_loss_has_words_and_a_condition_that_counts_it(column: Column, wanted: list[tuple[str, str]]) -> None:
    table = Table("s", "t", False, (column,))
    asked = ask_losses("sqlserver", table, 32)
    assert [(condition(one), one.loss.how) for one in asked.asked] == wanted
    assert not asked.asked or dms_type("sqlserver", column)


ALL = Table("da.ta", "a]b", False, tuple(column for column, wanted in LOSSES if wanted))


def test_a_statement_counts_in_one_pass_and_runs_on_2012() -> None:
    written = losses_statement(ask_losses("sqlserver", ALL, 32))
    assert written.endswith(" FROM [da.ta].[a]]b]")
    assert "FILTER" not in written
    assert "STRING_AGG" not in written
    (statement,) = sqlglot.parse(written, dialect="tsql", error_level=sqlglot.errors.ErrorLevel.RAISE)
    assert isinstance(statement, exp.Select)
    asked = ask_losses("sqlserver", ALL, 32)
    counts, longest = statement.expressions[: len(asked.asked)], statement.expressions[len(asked.asked) :]
    assert len(counts) == len(asked.asked)
    assert [type(one) for one in longest] == [exp.Max] * len(asked.long)
    for count in counts:
        if isinstance(count, exp.Subquery):  # of a masked column, from which nothing may be computed
            assert count.find(exp.Sum) is None
            continue
        assert isinstance(count, exp.Sum)
        case = count.this
        assert isinstance(case, exp.Case)
        assert case.args["ifs"][0].args["true"].sql("tsql") == "CAST(1 AS BIGINT)"


def test_nothing_of_a_masked_column_is_computed_outside_of_a_condition() -> None:
    masked = Table("s", "t", False, (Column("m", "nvarchar", is_masked=True), Column("at", "datetime2", scale=7)))
    assert losses_statement(ask_losses("sqlserver", masked, 32)) == (
        "SELECT (SELECT COUNT_BIG(*) FROM [s].[t] WHERE [m] IS NOT NULL), "
        "SUM(CASE WHEN DATEPART(nanosecond, [at]) % 1000 <> 0 THEN CAST(1 AS bigint) ELSE 0 END) FROM [s].[t]"
    )


SAID = [
    (Column("at", "datetime2", scale=7), (3,), "3 of 12 values of at: the seventh digit of a second is cut off"),
    (
        Column("mail", "nvarchar", 80, is_masked=True),
        (12,),
        f"12 of 12 values of mail: {MASK}",
    ),
    (
        Column("place", "geography"),
        (1, 0, 0),
        "1 of 12 values of place: its spatial reference system becomes 4326",
    ),
    (Column("doc", "json", declared="json"), (), "column doc is left out: DMS does not carry json"),
    (Column("dots", "vector", declared="vector"), (), "column dots is left out: DMS does not carry vector"),
    (
        Column("at", "clr", declared="dbo.Point3 (clr)"),
        (),
        "column at is left out: DMS does not carry dbo.Point3 (clr)",
    ),
    (Column("at", "datetime2", scale=7), (0,), ""),
]


@pytest.mark.parametrize(("column", "values", "sentence"), SAID)
def test_a_person_reads_how_many_values_of_which_column_are_lost(
    column: Column, values: tuple[int, ...], sentence: str
) -> None:
    table = Table("s", "t", False, (column,))
    asked = ask_losses("sqlserver", table, 32)
    counted = CountedLosses("s", "t", values) if asked.asked else None
    assert describe(find_column_losses("sqlserver", table, 12, asked, counted), 12) == sentence


@pytest.mark.parametrize("kilobytes", [1, 32, 100 * 1024])
def test_the_limit_of_long_values_is_in_characters_or_bytes(kilobytes: int) -> None:
    most = {kind: find_losses("sqlserver", Column("c", kind), kilobytes)[0].bound for kind in ("nvarchar", "varbinary")}
    assert most == {"nvarchar": kilobytes * 512, "varbinary": kilobytes * 1024}
