"""How the local DMS reads a SQL Server, against answers of the documented shape: no server was reached."""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytds
import pytest

from localcloud.dms.engines.reader import Layout, Login, SourceTable, SourceUnreachableError, TableUnreadableError
from localcloud.dms.engines.sqlserver import SqlServerReader
from localcloud.dms.rules.mappings import Range
from localcloud.dms.type_tables.column import SourceColumn
from localcloud.tests.dms.engines.documented_sqlserver import OLD, DocumentedServer

LOGIN = Login("sql.example.com", 1433, "Shop", "dms", "secret")
BODY = "é" * 700
ROW: tuple[Any, ...] = (
    *(2**63 - 1, -(2**31), -32768, 255, True, Decimal("-99999999999999.9999"), Decimal("1.5")),
    *(Decimal("922337203685477.5807"), Decimal("-214748.3648"), 0.5, 1.7976931348623157e308),
    *(dt.date(1, 1, 1), dt.time(23, 59, 59, 999_999)),
    *(dt.datetime(9999, 12, 31, 23, 59, 59, 997_000), dt.datetime(1, 1, 1), dt.datetime(2079, 6, 6, 23, 59)),  # noqa: DTZ001
    "2024-03-31 03:30:00.1234567 +02:00",
    *("ab", "", "Ü", "😀", BODY, BODY, BODY, BODY, "<a/>"),
    *(b"\0\xff\0\0", b"", b"x" * 2000, b"y", b"\0\0\0\0\0\0\7\xd1"),
    *("6F1B1B0E-0000-4000-8000-000000000001", "/1/3/", "POINT (1 2)", "POINT (8 50)"),
)


def opened(**answers: Any) -> tuple[DocumentedServer, Any, dict[str, SourceTable]]:
    server = DocumentedServer(answers)
    source = SqlServerReader(server.connect).open(LOGIN)
    return server, source, {table.name: table for table in source.catalogue()}


def test_a_row_of_every_type_arrives_as_aws_lists_it(tmp_path: Path) -> None:
    _, source, tables = opened(**{"FROM [dbo].[Everything]": [ROW, (*ROW[:2], *[None] * (len(ROW) - 2))]})
    warnings: list[str] = []
    layout = Layout(lob_bytes=1024, warn=warnings.append)
    (file,) = source.write(tables["Everything"], layout, None, tmp_path / "out")
    source.close()
    table = pq.read_table(io.BytesIO(file.read()))
    types = {field.name: str(field.type) for field in table.schema}
    assert types == {
        "Id": "int64",
        "Part": "int32",
        "Small": "int16",
        "Tiny": "uint8",
        "Flag": "bool",
        "Price": "decimal128(18, 4)",
        "Wide": "decimal128(38, 10)",
        "Cash": "decimal128(19, 4)",
        "Change": "decimal128(10, 4)",
        "Single": "float",
        "Twice": "double",
        "Day": "date32[day]",
        "Clock": "time32[ms]",
        **dict.fromkeys(("Old", "New", "Rough"), "timestamp[us]"),
        **dict.fromkeys(("Zoned", "Fixed", "Words", "WideFixed", "WideWords", "Text", "WideText"), "string"),
        **dict.fromkeys(("OldText", "OldWideText", "Doc"), "string"),
        **dict.fromkeys(("Short", "Bytes", "Blob", "Image", "Stamp"), "binary"),
        **dict.fromkeys(("Guid", "Node", "Spot", "Place"), "string"),
    }
    first, second = table.to_pylist()
    cut = {
        "WideText": BODY[:512],
        "OldWideText": BODY[:512],
        "Blob": b"x" * 1024,
        "Clock": dt.time(23, 59, 59, 999_000),
    }
    wanted = dict(zip(types, ROW, strict=True)) | cut
    assert first == wanted
    assert set(list(second.values())[2:]) == {None}
    assert len(warnings) == 3
    assert file.rows == 2


def test_the_query_turns_into_text_what_the_driver_has_no_type_for(tmp_path: Path) -> None:
    server, source, tables = opened()
    assert source.write(tables["Everything"], Layout(lob_bytes=1024), None, tmp_path / "out") == []
    source.close()
    query = server.asked[-1]
    for part in (
        "CONVERT(nvarchar(34), [Zoned], 121) AS [Zoned]",
        "CONVERT(char(36), [Guid]) AS [Guid]",
        "LEFT([Node].ToString(), 250) AS [Node]",
        "LEFT([Spot].STAsText(), 1025) AS [Spot]",
        "LEFT([WideText], 513) AS [WideText]",
        "SUBSTRING([Blob], 1, 1025) AS [Blob]",
        "RTRIM([Fixed]) AS [Fixed]",
        "CONVERT(binary(8), [Stamp]) AS [Stamp]",
    ):
        assert part in query
    assert "NOLOCK" not in query


def test_a_range_of_two_columns_is_spelled_out(tmp_path: Path) -> None:
    server, source, tables = opened()
    source.write(tables["Everything"], Layout(), Range(("Part", "Words"), ("1", "it's"), ("9", "z")), tmp_path / "out")
    source.close()
    assert server.asked[-1].endswith(
        "WHERE [Part] IS NOT NULL AND [Words] IS NOT NULL"
        " AND ([Part] > 1 OR ([Part] = 1 AND [Words] > N'it''s'))"
        " AND ([Part] < 9 OR ([Part] = 9 AND [Words] <= N'z'))"
    )


@pytest.mark.parametrize(("column", "value"), [("Twice", "1"), ("WideText", "a"), ("gone", "1"), ("Part", "1;DROP")])
def test_a_range_that_dms_refuses_is_an_error_of_the_table(column: str, value: str, tmp_path: Path) -> None:
    _, source, tables = opened()
    with pytest.raises(TableUnreadableError):
        source.write(tables["Everything"], Layout(), Range((column,), None, (value,)), tmp_path / "out")
    source.close()


@pytest.mark.parametrize(("name", "why"), [("Versioned", "temporal"), ("Anything", "unsupported type: Any")])
def test_a_table_that_dms_does_not_support_is_an_error_of_the_table(name: str, why: str, tmp_path: Path) -> None:
    _, source, tables = opened()
    with pytest.raises(TableUnreadableError, match=why):
        source.write(tables[name], Layout(), None, tmp_path / "out")
    source.close()


@pytest.mark.parametrize("name", ["semi;colon", "it's", "back\\slash", "a--b"])
def test_a_name_that_dms_does_not_support_is_an_error_of_the_table(name: str, tmp_path: Path) -> None:
    _, source, tables = opened()
    with pytest.raises(TableUnreadableError, match="in its name"):
        source.write(replace(tables["Open orders"], name=name), Layout(), None, tmp_path / "out")
    source.close()


def test_a_table_of_more_than_1000_columns_is_an_error_of_the_table(tmp_path: Path) -> None:
    _, source, tables = opened()
    columns = tuple(SourceColumn(f"c{number}", "int") for number in range(1_001))
    with pytest.raises(TableUnreadableError, match="1001 columns: DMS supports 1000"):
        source.write(replace(tables["Open orders"], columns=columns), Layout(), None, tmp_path / "out")
    source.close()


def test_a_server_of_2012_is_asked_for_nothing_that_its_catalogue_lacks() -> None:
    server, source, _ = opened(**{"FROM sys.system_objects": [(name,) for name in OLD]})
    source.close()
    asked = " ".join(server.asked)
    later = ("graph_type", "is_memory_optimized", "temporal_type", "encryption_type")
    assert [name for name in later if name in asked] == []
    assert "is_sparse" in asked


def test_a_column_of_a_type_of_ones_own_or_newer_than_awss_list_is_left_out_with_a_warning(tmp_path: Path) -> None:
    _, source, tables = opened(**{"FROM [sales].[Open orders]": [(1,)]})
    columns = (*tables["Open orders"].columns, *(SourceColumn(name, name) for name in ("json", "vector", "clr")))
    warnings: list[str] = []
    layout = Layout(warn=warnings.append)
    (file,) = source.write(replace(tables["Open orders"], columns=columns), layout, None, tmp_path / "out")
    source.close()
    assert pq.read_table(io.BytesIO(file.read())).column_names == ["Id"]
    assert warnings == [
        f"column {name} is left out: its type {name} is not migrated" for name in ("json", "vector", "clr")
    ]


def test_half_a_surrogate_pair_is_an_error_of_the_table_in_plain_words(tmp_path: Path) -> None:
    row = tuple("a\ud800b" if value == "😀" else value for value in ROW)
    _, source, tables = opened(**{"FROM [dbo].[Everything]": [row]})
    with pytest.raises(TableUnreadableError) as caught:
        source.write(tables["Everything"], Layout(), None, tmp_path / "out")
    source.close()
    assert str(caught.value) == "dbo.Everything holds a text with half a surrogate pair, which is no character"


def test_a_view_is_read_like_a_table(tmp_path: Path) -> None:
    server, source, tables = opened(**{"FROM [sales].[Open orders]": [(1,), (2,)]})
    (file,) = source.write(tables["Open orders"], Layout(), None, tmp_path / "out")
    source.close()
    assert (tables["Open orders"].is_view, file.rows) == (True, 2)
    assert server.open == 0


def test_an_error_of_the_query_is_one_of_the_table_and_leaves_no_connection(tmp_path: Path) -> None:
    gone = pytds.ProgrammingError("Invalid object name 'dbo.gone'.")
    server, source, tables = opened(**{"FROM [dbo].[gone]": gone})
    with pytest.raises(TableUnreadableError, match="Invalid object name"):
        source.write(replace(tables["Versioned"], name="gone"), Layout(), None, tmp_path / "out")
    source.close()
    assert server.open == 0


def test_a_server_that_cannot_be_reached_says_why() -> None:
    reader = SqlServerReader(DocumentedServer(refuses=pytds.LoginError("Login failed for user 'dms'.")).connect)
    with pytest.raises(SourceUnreachableError, match="Login failed"):
        reader.check(LOGIN)
    with pytest.raises(SourceUnreachableError, match="Login failed"):
        reader.open(LOGIN)
