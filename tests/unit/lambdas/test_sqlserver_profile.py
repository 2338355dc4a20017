"""How a SQL Server is asked of its tables and keys, over the wire. **No SQL Server was ever reached**: the answers are
what Microsoft documents."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleet.profiles.profile import ProfileQuestion
from fleet.profiles.spread import KeySpread, KeyStep
from lambdas.sources import sqlserver_profile
from tds_server import Answer, serve_tds

ASKED = ProfileQuestion("dbo", "a]b", "{Id}", "number", leads_key=True, is_unique=True)


@pytest.mark.parametrize(
    ("histogram", "steps", "why"),
    [
        ([(1, "1", 1), (1, "500", 499), (1, "900", 250), (5, "7", 900)], ["1", "500", "900"], ""),
        ([(1, None, 0)], [], "its column has no statistics; `CREATE STATISTICS` or a query makes them"),
    ],
)
def test_the_first_histogram_of_the_column_says_how_the_rows_lie(
    tmp_path: Path, histogram: list[tuple[int, str | None, int]], steps: list[str], why: str
) -> None:
    def answer(query: str) -> Answer:
        if "snapshot_isolation_state" in query:
            return 0
        if "dm_db_partition_stats" in query:
            assert "OBJECT_ID(N'[dbo].[a]]b]')" in query
            return 81920
        if "dm_db_stats_histogram" in query:
            assert "c.name = N'{Id}'" in query
            return list(histogram)
        assert query == (
            "SELECT CONVERT(nvarchar(60), MIN([{Id}]), 121), CONVERT(nvarchar(60), MAX([{Id}]), 121) FROM [dbo].[a]]b]"
        )
        return [("1", "900")]

    with serve_tds(tmp_path, None, answer) as server:
        secret = {"host": "127.0.0.1", "port": server.port, "username": "dms", "password": "secret"}
        (found,) = sqlserver_profile.ask_profile(secret, "Shop", [ASKED], "none", 30, lambda: True)
    assert (found.size_bytes, found.why) == (81920, "")
    rows = {upper: float(count) for _, upper, count in reversed(histogram)}
    expected = tuple(KeyStep(one, rows[one]) for one in steps)
    assert found.spread == KeySpread("{Id}", "number", "1", "900", expected, why=why)


def test_a_login_without_the_right_to_sizes_is_said_and_takes_nothing_with_it(tmp_path: Path) -> None:
    def answer(query: str) -> Answer:
        if "dm_db_partition_stats" in query:
            return 262, 14, "VIEW DATABASE STATE permission denied in database 'Shop'."
        return 0

    with serve_tds(tmp_path, None, answer) as server:
        secret = {"host": "127.0.0.1", "port": server.port, "username": "dms", "password": "secret"}
        (found,) = sqlserver_profile.ask_profile(secret, "Shop", [ASKED], "none", 30, lambda: True)
    assert found.size_bytes is None
    assert "VIEW DATABASE STATE permission denied" in found.why
