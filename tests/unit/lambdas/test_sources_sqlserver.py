"""What AskSource counts at a SQL Server, over the wire. **No SQL Server was ever reached**: errors have the numbers,
severities and words that Microsoft documents."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytds
import pytest

from fleet.counts import Count
from fleet.databases import SslMode
from fleet.deltas.key_sweep import Group, KeyAnswer
from fleet.deltas.key_text import KeyPart, KeyQuestion
from fleet.tables.catalogue import Table
from fleet.tables.columns import Column
from fleet.tables.losses import CountedLosses, ask_losses
from lambdas.sources import sqlserver
from tds_server import Answer, TdsServer, serve_tds

NAMES = {"connection": "SourceNotAnswering", "credentials": "SourceRefused", "unknown": "SourceErred"}
SECRET = {"host": "sql.example.com", "port": 1433, "username": "dms", "password": "secret"}
TABLES = [("dbo", "a]b"), ("dbo", "b"), ("dbo", "c")]
BEGIN = "SET TRANSACTION ISOLATION LEVEL SNAPSHOT; BEGIN TRANSACTION"
ALLOWS_SNAPSHOTS = 1


def secret_of(server: TdsServer) -> Mapping[str, Any]:
    return {"host": "127.0.0.1", "port": server.port, "username": "dms", "password": "secret"}


def count(server: TdsServer, mode: SslMode = "none") -> list[Count]:
    return sqlserver.ask_counts(secret_of(server), "Shop", TABLES, mode, 5, lambda: True)


def answering(answers: Mapping[str, Answer | list[Answer]], state: int = 0) -> Callable[[str], Answer]:
    """Answers to the queries that hold a key; of several answers each is given once, the last for ever. Else 7."""
    given = dict[str, int]()

    def answer(query: str) -> Answer:
        if "snapshot_isolation_state" in query:
            return state
        for part, one in answers.items():
            if part in query:
                if isinstance(one, list):
                    given[part] = given.get(part, -1) + 1
                    return one[min(given[part], len(one) - 1)]
                return one
        return 7

    return answer


def test_an_encrypted_connection_is_asked_for_and_closed() -> None:
    logins: list[dict[str, Any]] = []

    def refuse(**login: Any) -> Any:
        logins.append(login)
        raise pytds.LoginError("Login failed for user 'dms'.")

    with pytest.raises(pytds.LoginError):
        sqlserver.ask_census(SECRET, "Shop", ["dbo"], driver=refuse)
    (login,) = logins
    assert (login["dsn"], login["port"], login["database"]) == ("sql.example.com", 1433, "Shop")
    assert (bool(login["cafile"]), login["validate_host"]) == (True, False)


@pytest.mark.parametrize(("state", "is_snapshot"), [(1, True), (0, False), (2, False), (3, False)])
def test_counts_come_from_one_snapshot_where_the_database_allows_it(
    tmp_path: Path, state: int, is_snapshot: bool
) -> None:
    with serve_tds(tmp_path, None, answering({"[a]]b]": 5}, state)) as server:
        counts = count(server)
    assert counts == [Count("dbo", "a]b", 5), Count("dbo", "b", 7), Count("dbo", "c", 7)]
    assert (BEGIN in server.asked) is is_snapshot
    assert "SET LOCK_TIMEOUT 2500" in server.asked
    assert "SELECT COUNT_BIG(*) FROM [dbo].[a]]b]" in server.asked


REFUSED = [
    (208, 16, "Invalid object name 'dbo.b'."),
    (229, 14, "The SELECT permission was denied on the object 'b', database 'Shop', schema 'dbo'."),
    (4413, 16, "Could not use view or function 'dbo.b' because of binding errors."),
    (8134, 16, "Divide by zero error encountered."),
    (
        916,
        14,
        'The server principal "dms" is not able to access the database "Other" under the current security context.',
    ),
    (1222, 16, "Lock request time out period exceeded."),
    (1205, 13, "Transaction (Process ID 52) was deadlocked on lock resources with another process."),
]


@pytest.mark.parametrize("state", [0, ALLOWS_SNAPSHOTS])
@pytest.mark.parametrize("error", REFUSED, ids=[str(number) for number, _, _ in REFUSED])
def test_a_table_that_is_refused_fails_alone_in_the_servers_words(
    tmp_path: Path, error: tuple[int, int, str], state: int
) -> None:
    with serve_tds(tmp_path, None, answering({"[b]": error}, state)) as server:
        counts = count(server)
    assert counts == [Count("dbo", "a]b", 7), Count("dbo", "b", None, error[2]), Count("dbo", "c", 7)]
    assert server.logins == 1
    assert ("IF @@TRANCOUNT = 0 BEGIN TRANSACTION" in server.asked) is (state == ALLOWS_SNAPSHOTS)


IN_NO_SNAPSHOT = [
    (
        3952,
        16,
        "Snapshot isolation transaction failed accessing database 'Other' because snapshot isolation is not allowed in "
        "this database. Use ALTER DATABASE to allow snapshot isolation.",
    ),
    (
        3961,
        16,
        "Snapshot isolation transaction failed in database 'Shop' because the object accessed by the statement has "
        "been modified by a DDL statement in another concurrent transaction since the start of this transaction.",
    ),
    (
        41332,
        16,
        "Memory optimized tables and natively compiled modules cannot be accessed or created when the session "
        "TRANSACTION ISOLATION LEVEL is set to SNAPSHOT.",
    ),
]


@pytest.mark.parametrize("error", IN_NO_SNAPSHOT, ids=[str(number) for number, _, _ in IN_NO_SNAPSHOT])
def test_what_no_snapshot_can_answer_is_counted_without_and_the_others_stay_in_theirs(
    tmp_path: Path, error: tuple[int, int, str]
) -> None:
    with serve_tds(tmp_path, None, answering({"[b]": [error, 5]}, ALLOWS_SNAPSHOTS)) as server:
        counts = count(server)
    assert counts == [Count("dbo", "a]b", 7), Count("dbo", "b", 5), Count("dbo", "c", 7)]
    assert server.logins == 2
    assert server.asked.count(BEGIN) == 1


def test_what_fails_without_a_snapshot_too_has_the_last_words(tmp_path: Path) -> None:
    broken = (4413, 16, "Could not use view or function 'dbo.b' because of binding errors.")
    with serve_tds(tmp_path, None, answering({"[b]": [IN_NO_SNAPSHOT[0], broken]}, ALLOWS_SNAPSHOTS)) as server:
        assert count(server)[1] == Count("dbo", "b", None, broken[2])


def test_an_error_that_ends_the_connection_is_one_of_the_source(tmp_path: Path) -> None:
    fatal = (824, 24, "SQL Server detected a logical consistency-based I/O error.")
    with serve_tds(tmp_path, None, answering({"[b]": fatal}, ALLOWS_SNAPSHOTS)) as server, pytest.raises(pytds.Error):
        count(server)


SHAPES = Table(
    "dbo",
    "Shapes",
    False,
    (
        Column("Id", "int"),
        Column("At", "datetime2", scale=7),
        Column("Clock", "time", scale=7),
        Column("Body", "nvarchar"),
        Column("Mail", "nvarchar", 80, is_masked=True),
    ),
)


def test_losses_are_counted_by_one_statement_a_table(tmp_path: Path) -> None:
    asked = ask_losses("sqlserver", SHAPES, 32)
    with serve_tds(tmp_path, None, answering({"[Shapes]": [[(3, 0, 2, 12, 40_000)]]})) as server:
        counted = sqlserver.ask_losses(secret_of(server), "Shop", [asked], "none", 5, lambda: True)
    assert counted == [CountedLosses("dbo", "Shapes", (3, 0, 2, 12), longest=(40_000,))]
    assert [query for query in server.asked if "Shapes" in query] == [
        "SELECT SUM(CASE WHEN DATEPART(nanosecond, [At]) % 1000 <> 0 THEN CAST(1 AS bigint) ELSE 0 END), "
        "SUM(CASE WHEN DATEPART(nanosecond, [Clock]) % 1000000 <> 0 THEN CAST(1 AS bigint) ELSE 0 END), "
        "SUM(CASE WHEN DATALENGTH([Body]) > 32768 THEN CAST(1 AS bigint) ELSE 0 END), "
        "(SELECT COUNT_BIG(*) FROM [dbo].[Shapes] WHERE [Mail] IS NOT NULL), MAX(DATALENGTH([Body]) / 2) "
        "FROM [dbo].[Shapes]"
    ]


@pytest.mark.parametrize(
    ("answer", "values", "why"),
    [
        ([(None, None, None, 0)], (0, 0, 0, 0), ""),  # a sum over no row
        ((1222, 16, "Lock request time out period exceeded."), (), "Lock request time out period exceeded."),
    ],
)
def test_losses_of_an_empty_table_are_none_and_of_a_locked_one_unknown(
    tmp_path: Path, answer: Answer, values: tuple[int, ...], why: str
) -> None:
    asked = ask_losses("sqlserver", SHAPES, 32)
    with serve_tds(tmp_path, None, answering({"[Shapes]": [answer]})) as server:
        counted = sqlserver.ask_losses(secret_of(server), "Shop", [asked], "none", 5, lambda: True)
    assert counted == [CountedLosses("dbo", "Shapes", values, why)]


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


def test_keys_are_answered_by_groups_or_one_by_one(tmp_path: Path) -> None:
    """The statements follow Microsoft's pages; no server was ever asked them."""
    asked = KeyQuestion("dbo", "b", (KeyPart("id", "number"),), 2)
    with serve_tds(
        tmp_path, None, answering({"GROUP BY": [[("0a", 3, 9)]], "SELECT h": [[("0a1b",), ("0a2c",)]]})
    ) as server:
        answers = sqlserver.ask_keys(
            secret_of(server), "Shop", [asked, replace(asked, prefixes=("0a",))], "none", 5, lambda: True
        )
    assert answers == [
        KeyAnswer("dbo", "b", (Group("0a", 3, 9),)),
        KeyAnswer("dbo", "b", hashes=("0a1b", "0a2c")),
    ]
