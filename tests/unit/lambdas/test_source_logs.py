"""What sources say of their logs, and what is made of it: a real PostgreSQL, a real MariaDB, and a SQL Server that
answers as Microsoft documents (**none was ever reached**)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from fleet.databases import Engine
from fleet.deltas.logs import Slot, SourceLog, judge_log
from lambdas.clients.records import adapter
from lambdas.sources import logs, mysql
from localcloud.servers.mariadb import EmbeddedMariadb
from localcloud.servers.postgres import EmbeddedPostgres
from tds_server import Answer, serve_tds

NAME = "source_logs"
SOME = "checkpoint:V1#1#x#0"


@pytest.fixture(scope="module")
def postgresql_source(postgres: EmbeddedPostgres) -> Iterator[EmbeddedPostgres]:
    postgres.create_database(NAME)
    yield postgres
    with postgres.connect(NAME) as connection:
        connection.execute(
            "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = 'source_logs'"
        )


def ask_postgresql(server: EmbeddedPostgres, **secret: str) -> SourceLog:
    return logs.ask_postgresql_log({**server.secret(NAME), **secret}, NAME, "none")


def run(server: EmbeddedPostgres, *statements: str) -> None:
    """Each statement in a transaction of its own."""
    for statement in statements:
        with server.connect(NAME) as connection:
            connection.autocommit = True
            connection.execute(statement.encode())


def test_postgresql_says_its_level_its_place_and_who_keeps_its_log(postgresql_source: EmbeddedPostgres) -> None:
    before = ask_postgresql(postgresql_source)
    assert (before.settings["wal_level"], before.slots, before.unseen) == ("logical", (), ())
    assert before.server.isdecimal()
    run(postgresql_source, "SELECT pg_create_logical_replication_slot('kept', 'pgoutput')")
    (slot,) = ask_postgresql(postgresql_source).slots
    assert (slot.name, slot.is_active, slot.status) == ("kept", False, "reserved")
    high, low = (slot.confirmed.split("/"), ask_postgresql(postgresql_source).newest.split("/"))
    assert [int(part, 16) for part in high] <= [int(part, 16) for part in low]
    assert judge_log("postgresql", ask_postgresql(postgresql_source), SOME) is None


def test_a_slot_whose_log_postgresql_has_cut_is_lost(postgresql_source: EmbeddedPostgres) -> None:
    run(postgresql_source, "SELECT pg_create_logical_replication_slot('cut', 'pgoutput')")
    run(postgresql_source, "SELECT pg_drop_replication_slot('kept')")
    cut_the_log(postgresql_source)
    log = ask_postgresql(postgresql_source)
    failure = judge_log("postgresql", log, SOME)
    assert failure is not None
    assert (failure.failure_class, failure.name) == ("source_log_gone", "SlotLost")
    assert "slot cut needs is gone (wal_status is 'lost')" in failure.text
    assert judge_log("postgresql", log, "") is None  # a chain that begins makes a slot of its own


def cut_the_log(server: EmbeddedPostgres) -> None:
    """Let every slot of the server lose its log."""
    run(server, "ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'", "SELECT pg_reload_conf()")
    run(
        server,
        *["CREATE TABLE IF NOT EXISTS written ()", "SELECT pg_switch_wal()", "DROP TABLE written"] * 3,
        "CHECKPOINT",
    )
    run(server, "ALTER SYSTEM RESET max_slot_wal_keep_size", "SELECT pg_reload_conf()")


def test_a_database_without_any_slot_has_nobody_who_kept_its_log() -> None:
    failure = judge_log("postgresql", SourceLog({"wal_level": "logical"}), SOME)
    assert failure is not None
    assert failure.name == "SlotGone"


@pytest.mark.parametrize(
    ("engine", "settings", "says"),
    [
        ("postgresql", {"wal_level": "replica"}, "wal_level is 'replica', wanted 'logical'"),
        (
            "postgresql",
            {"wal_level": "logical", "wal_sender_timeout": "5000"},
            "wal_sender_timeout is 5000 ms, wanted 0 or",
        ),
        ("postgresql", {"wal_level": "logical", "wal_sender_timeout": "0"}, ""),
        ("postgresql", {"wal_level": "logical", "wal_sender_timeout": "60000"}, ""),
        ("mysql", {"log_bin": "OFF", "binlog_format": "ROW"}, "log_bin is 'OFF', wanted 'ON'"),
        ("mysql", {"log_bin": "ON", "binlog_row_image": "MINIMAL"}, "binlog_row_image is 'MINIMAL', wanted 'FULL'"),
        (
            "mysql",
            {"binlog_row_value_options": "PARTIAL_JSON"},
            "binlog_row_value_options is 'PARTIAL_JSON', wanted ''",
        ),
        ("mysql", {"binlog_transaction_compression": "ON"}, "binlog_transaction_compression is 'ON', wanted 'OFF'"),
        ("mariadb", {"log_bin_compress": "ON"}, "log_bin_compress is 'ON', wanted 'OFF'"),
        ("mariadb", {"read_only": "ON", "log_slave_updates": "OFF"}, "log_slave_updates is 'OFF', wanted 'ON'"),
        ("mariadb", {"read_only": "OFF", "log_slave_updates": "OFF"}, ""),
        ("sqlserver", {"recovery_model": "SIMPLE"}, "recovery_model is 'SIMPLE', wanted 'FULL' or 'BULK_LOGGED'"),
        ("sqlserver", {"recovery_model": "FULL", "has_log_backup": "0"}, "has_log_backup is '0', wanted '1'"),
        ("sqlserver", {"is_published": "0", "is_cdc_enabled": "0"}, "neither published nor enabled for MS-CDC"),
        ("sqlserver", {"is_published": "1", "is_cdc_enabled": "0"}, ""),
        ("sqlserver", {"accelerated_database_recovery": "1"}, "accelerated_database_recovery is '1', wanted '0'"),
        ("sqlserver", {"delayed_durability": "ALLOWED"}, "delayed_durability is 'ALLOWED', wanted 'DISABLED'"),
        ("sqlserver", {}, ""),
    ],
)
def test_a_setting_that_keeps_changes_out_of_the_log_is_named_with_what_is_wanted(
    engine: Engine, settings: Mapping[str, str], says: str
) -> None:
    failure = judge_log(engine, SourceLog(settings), "")
    assert says in (failure.text if failure else "")
    assert (failure is None) is (not says)


def test_a_slot_that_still_keeps_the_log_may_be_ours() -> None:
    slots = (Slot("theirs", True, "0/1", "lost"), Slot("ours", False, "0/1", "extended"))
    assert judge_log("postgresql", SourceLog(slots=slots), SOME) is None


def test_mariadb_says_its_format_and_the_files_of_its_log(mariadb: EmbeddedMariadb) -> None:
    log = logs.ask_mysql_log(mariadb.secret(), "mysql", "none")
    assert [log.settings[name] for name in ("log_bin", "binlog_format", "binlog_row_image")] == ["ON", "ROW", "FULL"]
    assert (log.oldest.startswith("mysql-bin."), log.newest.startswith("mysql-bin."), log.unseen) == (True, True, ())
    assert (log.settings["binlog_do_db"], log.settings["binlog_ignore_db"]) == ("", "")
    assert log.server
    assert log.size_bytes
    assert judge_log("mariadb", log, f"checkpoint:V1#1#{log.newest}:-1#0") is None


def test_a_file_of_the_log_that_mariadb_has_deleted_is_missed(mariadb: EmbeddedMariadb) -> None:
    checkpoint = f"checkpoint:V1#1#{logs.ask_mysql_log(mariadb.secret(), 'mysql', 'none').newest}:-1#0"
    mariadb.execute(None, "FLUSH BINARY LOGS")
    log = logs.ask_mysql_log(mariadb.secret(), "mysql", "none")
    assert judge_log("mariadb", log, checkpoint) is None
    newest = log.newest.partition(":")[0]
    for _ in range(1000):  # a file is kept until InnoDB needs it no more for a recovery
        mariadb.execute(None, f"PURGE BINARY LOGS TO '{newest}'")
        log = logs.ask_mysql_log(mariadb.secret(), "mysql", "none")
        if log.oldest.startswith(newest):
            break
    failure = judge_log("mariadb", log, checkpoint)
    assert failure is not None
    assert (failure.failure_class, failure.name) == ("source_log_gone", "LogCut")


def test_a_login_without_the_right_sees_settings_and_no_files(mariadb: EmbeddedMariadb) -> None:
    mariadb.execute(None, "CREATE USER log_stranger@localhost IDENTIFIED BY 'x'")
    secret = {**mariadb.secret(), "username": "log_stranger", "password": "x"}
    log = logs.ask_mysql_log(secret, "information_schema", "none")
    assert (log.settings["log_bin"], log.oldest) == ("ON", "")
    assert log.unseen == ("the files of the binary log are hidden from the login, which lacks REPLICATION CLIENT",)


# Source: the pages that `lambdas/sources/logs.py` names. The values are invented, in the shapes of those pages.
DATABASES = ["FULL", "LOG_BACKUP", "0", "1"]
GUID = "2C0A5C4B-0E4B-4E0E-9C0B-6F3D1B1E8A11"
STATS = ("37:120:1", "41:88:3", "2026-11-30T12:00:00", 1_048_576)
DENIED: Answer = (300, 14, "VIEW DATABASE STATE permission was denied in database 'Shop'.")


def answering(version: int, **answers: Answer) -> Callable[[str], Answer]:
    """A server of *version*. *answers*: in place of its own, to what holds a word."""
    late = {2014: "delayed_durability_desc", 2019: "is_accelerated_database_recovery_on"}
    known = [("databases", column) for since, column in late.items() if since <= version]
    stats = [("dm_db_log_stats", "database_id")] if version >= 2016 else []

    def answer(query: str) -> Answer:
        for word, given in answers.items():
            if word in query:
                return given
        if "sys.system_objects" in query:
            return [*known, *stats]
        if "FROM sys.databases" in query:
            more = [value for column, value in (("is_accel", "0"), ("delayed", "DISABLED")) if column in query]
            return [(*DATABASES, *more)]
        if "database_recovery_status" in query:
            return [(GUID, 1)]
        if "fn_cdc_get_max_lsn" in query:
            return [("0x0000002900000058000B",)]
        if "backupset" in query:
            return [("2026-11-30T12:05:00",)]
        if "dm_tran_database_transactions" in query:
            return [("2026-11-30T11:58:30",)]
        assert "sys.dm_db_log_stats(DB_ID())" in query
        return [STATS]

    return answer


def ask_sqlserver(folder: Path, answer: Callable[[str], Answer]) -> SourceLog:
    with serve_tds(folder, None, answer) as serving:
        secret = {"host": "127.0.0.1", "port": serving.port, "username": "dms", "password": "secret"}
        return logs.ask_sqlserver_log(secret, "Shop", "none")


def test_a_sql_server_says_its_recovery_model_where_its_log_begins_and_when_it_was_backed_up(tmp_path: Path) -> None:
    log = ask_sqlserver(tmp_path, answering(2022))
    assert log == SourceLog(
        {
            "recovery_model": "FULL",
            "log_reuse_wait": "LOG_BACKUP",
            "is_published": "0",
            "is_cdc_enabled": "1",
            "accelerated_database_recovery": "0",
            "delayed_durability": "DISABLED",
            "has_log_backup": "1",
            "cdc_max_lsn": "0x0000002900000058000B",
        },
        GUID,
        "37:120:1",
        "41:88:3",
        1_048_576,
        backed_up_at="2026-11-30T12:05:00",
        open_since="2026-11-30T11:58:30+00:00",
    )
    assert judge_log("sqlserver", log, SOME) is None


@pytest.mark.parametrize("version", [2012, 2014])
def test_an_old_sql_server_is_asked_for_what_it_has(tmp_path: Path, version: int) -> None:
    log = ask_sqlserver(tmp_path, answering(version))
    assert (log.oldest, log.unseen, "accelerated_database_recovery" in log.settings) == ("", (), False)
    assert ("delayed_durability" in log.settings) is (version == 2014)
    assert judge_log("sqlserver", log, SOME) is None


def test_a_sql_server_without_open_transactions_says_so(tmp_path: Path) -> None:
    log = ask_sqlserver(tmp_path, answering(2022, dm_tran_database_transactions=[("",)]))
    assert (log.open_since, log.unseen) == ("", ())


def test_what_a_sql_server_hides_is_said_and_no_failure(tmp_path: Path) -> None:
    hidden: dict[str, Answer] = {"sys.dm_db_log_stats(": DENIED, "database_recovery_status": [], "backupset": DENIED}
    hidden["dm_tran_database_transactions"] = (300, 14, "VIEW SERVER STATE permission was denied on object 'server'.")
    log = ask_sqlserver(tmp_path, answering(2022, **hidden))
    assert log.unseen[0] == "which server it is and whether its log is backed up is hidden from the login"
    assert log.unseen[-2] == "when its log was last backed up is hidden from the login"
    assert log.unseen[-1] == "which transactions are open is hidden from the login"
    assert log.open_since == ""
    assert judge_log("sqlserver", log, SOME) is None


def test_a_log_goes_through_json_unchanged() -> None:
    log = SourceLog(
        {"wal_level": "logical"}, "7", "a", "b", 9, (Slot("s", True, "0/1", "reserved", 5),), "now", ("x",), "then"
    )
    kind = adapter(SourceLog)
    assert kind.validate_python(kind.dump_python(log, mode="json")) == log


def test_settings_that_mariadb_lacks_are_not_there(mariadb: EmbeddedMariadb) -> None:
    log = logs.ask_mysql_log(mariadb.secret(), "mysql", "none")
    assert "binlog_row_value_options" not in log.settings
    with mysql.connect(mariadb.secret(), ssl_mode="none") as connection:
        assert "mariadb" in connection.get_server_info().lower()
