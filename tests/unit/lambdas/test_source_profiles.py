"""What a real PostgreSQL and a real MariaDB say of their tables' sizes and keys, and whether ranges made of it are even
when the rows are counted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from fleet.databases import Database, Engine
from fleet.profiles.profile import ProfileAnswer, ask_of
from fleet.profiles.spread import KeySpread, cut_evenly
from fleet.tables.catalogue import Table
from lambdas.handlers.ask_source import SPEAKERS
from lambdas.sources import mysql_profile
from localcloud.servers.mariadb import EmbeddedMariadb
from localcloud.servers.postgres import EmbeddedPostgres

ROWS = 20_000
RANGES = 4
TABLES = (
    ("skewed", "id bigint PRIMARY KEY", "CASE WHEN n <= 19000 THEN n ELSE n * 100000 END"),
    ("negative", "id integer PRIMARY KEY", "n - 15000"),
    ("days", "id date, no integer, PRIMARY KEY (id, no)", "{day}, n"),
    ("line_items", "id integer, no integer, PRIMARY KEY (id, no)", "n / 7, n"),
    ("crowded", "id integer, no integer, PRIMARY KEY (id, no)", "CASE WHEN n <= 10000 THEN 5 ELSE n END, n"),
    ("words", "id varchar(40) PRIMARY KEY", "concat('w', n)"),
)
EVEN = ("skewed", "negative", "days", "line_items")


@pytest.fixture(scope="module")
def answers(postgres: EmbeddedPostgres, mariadb: EmbeddedMariadb) -> dict[str, dict[str, ProfileAnswer]]:
    """By server, and by table: of PostgreSQL with and without statistics."""
    postgres.create_database("profiled")
    numbers = f"generate_series(1, {ROWS}) AS n"
    with postgres.connect("profiled") as connection:
        for name, columns, values in TABLES:
            connection.execute(f"CREATE TABLE {name} ({columns})")  # pyright: ignore[reportArgumentType]
            row = values.format(day="date '2020-01-01' + n / 20")
            connection.execute(f"INSERT INTO {name} SELECT {row} FROM {numbers}")  # pyright: ignore[reportArgumentType]
        connection.execute("CREATE TABLE empty (id integer PRIMARY KEY)")
    before = ask("postgresql", postgres.secret("profiled"), "profiled", "public")
    with postgres.connect("profiled", autocommit=True) as connection:
        connection.execute("ANALYZE")
    after = ask("postgresql", postgres.secret("profiled"), "profiled", "public")
    mariadb.create_database("profiled")
    for name, columns, values in TABLES:
        row = values.format(day="date '2020-01-01' + interval floor(n / 20) day").replace("n / 7", "n DIV 7")
        mariadb.execute(
            "profiled",
            f"CREATE TABLE {name} ({columns})",
            f"INSERT INTO {name} SELECT {row} FROM (SELECT CAST(seq AS SIGNED) AS n FROM seq_1_to_{ROWS}) AS numbers",
        )
    mariadb.execute("profiled", "CREATE TABLE empty (id integer PRIMARY KEY)", "ANALYZE TABLE skewed, words, days")
    walked = ask("mariadb", mariadb.secret(), "profiled", "profiled")
    return {"sampled": before, "analyzed": after, "mariadb": walked}


def ask(engine: Engine, secret: Mapping[str, Any], name: str, schema: str) -> dict[str, ProfileAnswer]:
    speaker = SPEAKERS[engine]
    census = speaker.census(secret, name, [schema], "none")
    questions = [ask_of(Database("d", "s", name, "one", (schema,)), table) for table in census.tables]
    found = speaker.profile(secret, name, questions, "none", 30, lambda: True)
    return {one.table: one for one in found}


def spread_of(answer: ProfileAnswer) -> KeySpread:
    assert answer.spread is not None
    return answer.spread


def count_ranges(boundaries: tuple[str, ...], values: list[Any]) -> list[int]:
    cuts = [type(values[0])(one) if isinstance(values[0], int) else one for one in boundaries]
    held = [0] * (len(cuts) + 1)
    for value in values:
        held[sum((value if isinstance(value, int) else str(value)) > cut for cut in cuts)] += 1
    return held


@pytest.mark.parametrize("where", ["sampled", "analyzed", "mariadb"])
def test_proposed_ranges_hold_alike_many_rows_when_they_are_counted(
    answers: dict[str, dict[str, ProfileAnswer]],
    where: str,
    postgres: EmbeddedPostgres,
) -> None:
    for name in EVEN:
        spread = spread_of(answers[where][name])
        with postgres.connect("profiled") as connection:
            values = [row[0] for row in connection.execute(f"SELECT id FROM {name}")]  # pyright: ignore
        held = count_ranges(cut_evenly(spread.steps, RANGES), values)
        assert len(held) == RANGES, (name, spread)
        assert max(held) < 1.2 * ROWS / RANGES, (name, held)


@pytest.mark.parametrize("where", ["sampled", "analyzed", "mariadb"])
def test_the_ends_of_a_key_and_the_size_of_a_table_are_said(
    answers: dict[str, dict[str, ProfileAnswer]], where: str
) -> None:
    found = answers[where]
    negative, days = spread_of(found["negative"]), spread_of(found["days"])
    assert (negative.minimum, negative.maximum) == ("-14999", "5000")
    assert (days.minimum, days.maximum) == ("2020-01-01", "2022-09-27")
    assert found["words"].spread is None
    assert (spread_of(found["empty"]).maximum, spread_of(found["empty"]).steps) == ("", ())
    assert all((found[name].size_bytes or 0) > 100_000 for name in ("skewed", "words"))


@pytest.mark.parametrize("where", ["sampled", "analyzed", "mariadb"])
def test_a_value_that_half_of_the_rows_have_is_one_step(
    answers: dict[str, dict[str, ProfileAnswer]], where: str
) -> None:
    steps = spread_of(answers[where]["crowded"]).steps
    assert steps[0].upper == "5"
    assert steps[0].rows / sum(step.rows for step in steps) == pytest.approx(0.5, abs=0.02)


def test_where_the_rows_come_from_is_said(answers: dict[str, dict[str, ProfileAnswer]]) -> None:
    by = {where: spread_of(found["skewed"]).by for where, found in answers.items()}
    assert by == {"sampled": "all rows", "analyzed": "statistics", "mariadb": "all rows"}
    assert answers["mariadb"]["skewed"].rows == ROWS


def test_a_large_table_of_mariadb_is_cut_by_the_servers_estimates_alone(
    answers: dict[str, dict[str, ProfileAnswer]],
    mariadb: EmbeddedMariadb,
    postgres: EmbeddedPostgres,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mysql_profile, "WALKED_ROWS", 0)
    found = ask("mariadb", mariadb.secret(), "profiled", "profiled")
    for name in EVEN:
        spread = spread_of(found[name])
        assert spread.by == "statistics"
        with postgres.connect("profiled") as connection:
            values = [row[0] for row in connection.execute(f"SELECT id FROM {name}")]  # pyright: ignore
        held = count_ranges(cut_evenly(spread.steps, RANGES), values)
        assert max(held) < 1.6 * ROWS / RANGES, (name, held)


def test_a_table_that_is_gone_takes_no_other_with_it(
    answers: dict[str, dict[str, ProfileAnswer]],
    postgres: EmbeddedPostgres,
    mariadb: EmbeddedMariadb,
) -> None:
    asked = [
        ask_of(Database("d", "s", "d", "one", ("s",)), Table("public", name, False, ())) for name in ("gone", "days")
    ]
    for engine, secret in (("postgresql", postgres.secret("profiled")), ("mariadb", mariadb.secret())):
        questions = asked if engine == "postgresql" else [type(one)("profiled", one.table) for one in asked]
        found = SPEAKERS[engine].profile(secret, "profiled", questions, "none", 30, lambda: True)
        assert [one.size_bytes is not None for one in found] == [False, True], engine


def test_what_one_call_has_no_time_for_is_left_to_another(
    answers: dict[str, dict[str, ProfileAnswer]],
    postgres: EmbeddedPostgres,
) -> None:
    asked = [
        ask_of(Database("d", "s", "d", "one", ("s",)), Table("public", name, False, ()))
        for name in ("days", "line_items")
    ]
    looks = iter([True, False])
    found = SPEAKERS["postgresql"].profile(
        postgres.secret("profiled"), "profiled", asked, "none", 30, lambda: next(looks)
    )
    assert [one.table for one in found] == ["days"]


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("grown", "INSERT INTO grown SELECT n * 1000 FROM generate_series(1, 5000) n"),
        ("shrunk", "DELETE FROM shrunk WHERE id < 90"),
        ("of_parts", "INSERT INTO of_parts SELECT n FROM generate_series(101, 5000) n"),
    ],
)
def test_statistics_of_a_table_that_has_changed_a_lot_since_are_not_believed(
    postgres: EmbeddedPostgres, answers: dict[str, dict[str, ProfileAnswer]], name: str, change: str
) -> None:
    assert name not in answers["analyzed"]
    parts = " PARTITION BY HASH (id)" if name == "of_parts" else ""
    with postgres.connect("profiled", autocommit=True) as connection:
        connection.execute(f"CREATE TABLE {name} (id bigint PRIMARY KEY){parts}".encode())
        if parts:
            connection.execute(
                f"CREATE TABLE one PARTITION OF {name} FOR VALUES WITH (MODULUS 1, REMAINDER 0)".encode()
            )
        connection.execute(f"INSERT INTO {name} SELECT n FROM generate_series(1, 100) n".encode())
        connection.execute(f"ANALYZE {name}".encode())
        before = spread_of(ask("postgresql", postgres.secret("profiled"), "profiled", "public")[name])
        connection.execute(change.encode())
        connection.execute("SELECT pg_stat_force_next_flush()")
        values = [row[0] for row in connection.execute(f"SELECT id FROM {name}".encode())]
    spread = spread_of(ask("postgresql", postgres.secret("profiled"), "profiled", "public")[name])
    assert (before.by, spread.by) == ("statistics", "all rows")
    held = count_ranges(cut_evenly(spread.steps, RANGES), values)
    assert max(held) <= 1.2 * len(values) / RANGES + 1, held
