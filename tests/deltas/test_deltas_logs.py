"""What the log of a real PostgreSQL says before a delta starts: refused, begun anew, or noted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from cases import Cases
from delta_case import DeltaCase, delta_cases
from localcloud.servers.postgres import EmbeddedPostgres
from metric_lines import lines_written


@pytest.fixture(scope="module")
def cases(postgres: EmbeddedPostgres, case_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cases]:
    with delta_cases(tmp_path_factory.mktemp("logs"), postgres, case_template) as opened:
        yield opened


@pytest.fixture
def database(cases: Cases) -> DeltaCase:
    return DeltaCase(cases)


def test_a_setting_that_is_not_as_wanted_is_refused_before_anything_starts(database: DeltaCase) -> None:
    database.change(f"""ALTER DATABASE "{database.case.id}" SET wal_sender_timeout = '5s'""")
    outcome = database.run()
    assert (outcome["outcome"], outcome["failure_name"]) == ("failed", "LogNotAsWanted")
    assert "wal_sender_timeout is 5000 ms, wanted 0 or at least 10 s" in outcome["failure_text"]
    assert database.case.ask_source(
        "SELECT count(*) FROM pg_replication_slots WHERE database = current_database()"
    ) == [(0,)]
    database.change(f"""ALTER DATABASE "{database.case.id}" RESET wal_sender_timeout""")
    assert database.run_ok() == ["prime", "full"]


def test_a_setting_that_changed_within_a_chain_breaks_it(database: DeltaCase) -> None:
    assert database.run_ok() == ["prime", "full"]
    database.change(f"""ALTER DATABASE "{database.case.id}" SET wal_sender_timeout = '5s'""")
    assert database.run()["failure_name"] == "LogNotAsWanted"
    database.change(
        f"""ALTER DATABASE "{database.case.id}" RESET wal_sender_timeout""", "UPDATE orders SET what = 'x' WHERE id = 1"
    )
    assert database.run_ok() == ["prime", "full"]
    database.change("UPDATE orders SET what = 'y' WHERE id = 1")
    assert database.run_ok() == ["delta"]


def test_a_slot_whose_log_is_cut_begins_the_chain_anew(database: DeltaCase, postgres: EmbeddedPostgres) -> None:
    assert database.run_ok() == ["prime", "full"]
    database.change("UPDATE orders SET what = 'cut off' WHERE id = 1")
    with keeping(postgres, "1MB"):
        administer(postgres, *FOUR_FILES, "CHECKPOINT")
    assert database.run_ok() == ["delta", "prime", "full"]
    assert any("wal_status is 'lost'" in gap for gap in database.case.outcome["gaps"])
    database.change("UPDATE orders SET what = 'found' WHERE id = 1")
    assert database.run_ok() == ["delta"]


def test_a_slot_that_somebody_else_has_read_from_begins_the_chain_anew(database: DeltaCase) -> None:
    assert database.run_ok() == ["prime", "full"]
    database.change(
        "UPDATE orders SET what = 'in no folder' WHERE id = 1",
        "SELECT pg_replication_slot_advance(slot_name, pg_current_wal_lsn()) FROM pg_replication_slots"
        " WHERE database = current_database()",
    )
    assert database.run_ok() == ["delta", "prime", "full"]
    assert any("somebody else has read from it" in gap for gap in database.case.outcome["gaps"])


def test_a_slot_of_somebody_elses_may_move(database: DeltaCase) -> None:
    database.change("SELECT pg_create_logical_replication_slot('others_" + database.case.id[-2:] + "', 'pgoutput')")
    assert database.run_ok() == ["prime", "full"]
    database.change(
        "UPDATE orders SET what = 'in both' WHERE id = 1",
        "SELECT pg_replication_slot_advance(slot_name, pg_current_wal_lsn()) FROM pg_replication_slots"
        " WHERE database = current_database() AND slot_name LIKE 'others%'",
    )
    assert database.run_ok() == ["delta"]
    database.change("SELECT pg_drop_replication_slot('others_" + database.case.id[-2:] + "')")


@pytest.mark.parametrize(
    ("hidden", "gap"),
    [
        ("pg_last_wal_replay_lsn()", "the source was not asked of its log (the source refused: permission denied"),
        ("pg_control_system()", "the login may not see which server it is (pg_control_system)"),
    ],
    ids=["nothing", "not all"],
)
def test_a_source_that_does_not_say_all_of_its_log_is_a_gap(database: DeltaCase, hidden: str, gap: str) -> None:
    database.change(f"REVOKE EXECUTE ON FUNCTION {hidden} FROM PUBLIC")
    assert database.run_ok() == ["prime", "full"]
    assert any(one.startswith(gap) for one in database.case.outcome["gaps"])


def test_a_mark_whose_changes_are_not_logged_is_none(database: DeltaCase) -> None:
    database.change("ALTER TABLE fleet_mark REPLICA IDENTITY NOTHING")
    with database.slot_of_another_reader():  # else the log says how far the delta has read
        database.change("UPDATE orders SET what = 'read by one of two'")
        database.run_ok()
    assert any("the source has no mark" in gap for gap in database.case.outcome["gaps"])


def test_a_table_whose_changes_come_into_the_log_again_is_loaded_in_full_first(database: DeltaCase) -> None:
    assert database.run_ok() == ["prime", "full"]
    database.change("ALTER TABLE orders REPLICA IDENTITY NOTHING", "UPDATE orders SET what = 'unseen' WHERE id = 1")
    database.run_ok()
    assert database.case.tables["orders"]["mode"] == "full"
    database.change(
        "DELETE FROM orders WHERE id = 2",
        "ALTER TABLE orders REPLICA IDENTITY DEFAULT",
        "UPDATE orders SET what = 'seen' WHERE id = 3",
    )
    database.run_ok()
    assert database.case.tables["orders"]["mode"] == "full"
    database.change("UPDATE orders SET what = 'by delta' WHERE id = 3")
    database.run_ok()
    assert database.case.tables["orders"]["mode"] == "delta"


FOUR_FILES = ("SELECT pg_logical_emit_message(true, 'x', 'x')", "SELECT pg_switch_wal()") * 4
"""What writes 64 MB of log, nearly all of it empty."""


@contextmanager
def keeping(server: EmbeddedPostgres, most: str) -> Iterator[None]:
    """A slot of the server may meanwhile keep so much of the log."""
    administer(server, f"ALTER SYSTEM SET max_slot_wal_keep_size = '{most}'", "SELECT pg_reload_conf()")
    try:
        yield
    finally:
        administer(server, "ALTER SYSTEM RESET max_slot_wal_keep_size", "SELECT pg_reload_conf()")


def administer(server: EmbeddedPostgres, *statements: str) -> None:
    for statement in statements:
        with server.connect("postgres", autocommit=True) as connection:
            connection.execute(statement.encode())


def test_a_log_that_is_soon_cut_is_said_and_sets_off_an_alarm(database: DeltaCase, postgres: EmbeddedPostgres) -> None:
    assert database.run_ok() == ["prime", "full"]
    with keeping(postgres, "100MB"), lines_written() as lines:
        administer(postgres, *FOUR_FILES)
        assert database.run_ok() == ["delta"]
    (gap,) = [one for one in database.case.outcome["gaps"] if "MB are left" in one]
    assert gap.startswith("of the 100 MB of log that max_slot_wal_keep_size lets slot ")
    (line,) = [one for one in lines if "LogsAtRisk" in one]
    assert (line["fleet"], line["LogsAtRisk"], line["database"], line["risks"]) == (
        "fleet",
        [1.0],
        database.case.id,
        gap,
    )


def test_a_full_run_loads_whatever_the_log_says(database: DeltaCase) -> None:
    database.change(f"""ALTER DATABASE "{database.case.id}" SET wal_sender_timeout = '5s'""")
    assert database.run_ok("full") == ["prime", "full"]
    (gap,) = database.case.outcome["gaps"]
    assert gap.startswith("no deltas could be begun: wal_sender_timeout is 5000 ms")
