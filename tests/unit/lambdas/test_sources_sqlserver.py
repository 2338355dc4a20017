"""What AskSource asks of a SQL Server, against answers of the documented shape: no server was reached."""

from __future__ import annotations

import pytds
import pytest

from lambdas.sources import sqlserver
from localcloud.tests.dms.engines.documented_sqlserver import DocumentedServer

NAMES = {"connection": "SourceNotAnswering", "credentials": "SourceRefused", "unknown": "SourceErred"}
SECRET = {"host": "sql.example.com", "port": 1433, "username": "dms", "password": "secret"}


def test_the_catalogue_has_lengths_in_characters_and_keys_in_their_order() -> None:
    server = DocumentedServer()
    everything, versioned, anything, view = sqlserver.ask_catalogue(
        SECRET, "Shop", ["dbo", "sales"], driver=server.connect
    )
    columns = {column.name: column for column in everything.columns}
    assert everything.key == ("Part", "Id")
    assert [columns[name].length for name in ("Fixed", "Words", "WideFixed", "WideWords", "Bytes")] == [
        5,
        50,
        5,
        40,
        20,
    ]
    assert [columns[name].length for name in ("Text", "WideText", "Blob", "Image", "Id", "Stamp")] == [None] * 6
    assert (columns["Price"].precision, columns["Price"].scale, columns["Clock"].scale) == (18, 4, None)
    assert (view.is_view, view.key, str(view.name)) == (True, (), "sales.Open orders")
    assert not versioned.is_view
    assert not anything.is_view
    assert "s.name IN (N'dbo', N'sales')" in server.asked[-1]


def test_an_encrypted_connection_is_asked_for_and_closed() -> None:
    server = DocumentedServer()
    sqlserver.ask_catalogue(SECRET, "Shop", ["dbo"], driver=server.connect)
    (login,) = server.logins
    assert (login["dsn"], login["port"], login["database"]) == ("sql.example.com", 1433, "Shop")
    assert (bool(login["cafile"]), login["validate_host"]) == (True, False)
    assert server.open == 0


@pytest.mark.parametrize(("state", "is_snapshot"), [(1, True), (0, False), (3, False)])
def test_counts_come_from_one_snapshot_where_the_database_allows_it(state: int, is_snapshot: bool) -> None:
    server = DocumentedServer({"snapshot_isolation_state": [(state,)], "[a]]b]": [(5,)], "[c]": [(7,)]})
    tables = [("dbo", "a]b"), ("dbo", "c")]
    counts = sqlserver.ask_counts(SECRET, "Shop", tables, "require", 60, lambda: True, server.connect)
    assert counts == [["dbo", "a]b", 5, ""], ["dbo", "c", 7, ""]]
    assert any("ISOLATION LEVEL SNAPSHOT" in query for query in server.asked) is is_snapshot
    assert server.asked[0] == "SET LOCK_TIMEOUT 30000"
    assert server.asked[-2].endswith("FROM [dbo].[a]]b]")


@pytest.mark.parametrize(
    ("error", "failure_class"),
    [
        (pytds.LoginError("Login failed for user 'dms'"), "credentials"),
        (pytds.OperationalError("Connection to the server was closed"), "connection"),
        (TimeoutError("timed out"), "connection"),
        (pytds.Error("You requested encryption but it is not supported by server"), "connection"),
        (pytds.ProgrammingError("Invalid object name 'dbo.gone'."), "unknown"),
    ],
)
def test_a_failure_of_the_source_has_the_class_of_its_cause(error: Exception, failure_class: str) -> None:
    failure = sqlserver.describe_failure(error)
    assert (failure.failure_class, failure.name) == (failure_class, NAMES[failure_class])
    assert error.args[0].removesuffix(".") in failure.text
