"""The folder of DuckDB files that the warehouse leaves behind."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb

from snowflake_account import Account, copy, full_load, new_account


def _left_behind(warehouse: Path, copied: Path) -> duckdb.DuckDBPyConnection:
    """The files of the database as a process that ends now, in whatever way, would leave them behind."""
    shutil.copytree(warehouse, copied)
    return duckdb.connect(str(copied / "RAW.duckdb"), read_only=True)


def _load(account: Account) -> str:
    name = account.orders_table()
    account.land_orders(name)
    account.done(*full_load(name, 150))
    return name


def test_the_warehouse_is_read_by_plain_names_and_opens_again_with_its_memory(tmp_path: Path) -> None:
    folder = tmp_path / "warehouse"
    with new_account(str(folder)) as account:
        name = account.orders_table()
        account.land_orders(name)
        account.done(copy(name, ""))
        account.snowflake.close()
        with duckdb.connect(str(folder / "RAW.duckdb"), read_only=True) as connection:
            assert connection.execute(f'SELECT count(*) FROM "SHOP__PUBLIC"."{name}"').fetchall() == [(150,)]
            assert connection.execute(f'SELECT count(*) FROM "RAW"."SHOP__PUBLIC"."{name}"').fetchall() == [(150,)]
        account.reopen(str(folder))
        assert account.done(copy(name, "")) == [[{"status": "Copy executed with 0 files processed."}]]
        assert account.failed(f'ALTER TABLE "{name}" ALTER "NAME" SET DATA TYPE VARCHAR(9)').code == "040050"
        assert account.count(name) == 150


def test_what_was_brought_into_the_files_is_there_though_the_process_then_ends(tmp_path: Path) -> None:
    folder = tmp_path / "warehouse"
    with new_account(str(folder)) as account:
        early = _load(account)
        assert account.snowflake.checkpoint()
        late = _load(account)
        with _left_behind(folder, tmp_path / "early") as connection:
            tables = connection.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'SHOP__PUBLIC'")
            assert tables.fetchall() == [(early,)]
            assert connection.execute(f'SELECT count(*) FROM "SHOP__PUBLIC"."{early}"').fetchall() == [(150,)]
        account.snowflake.finish()
        assert sorted(path.name for path in folder.iterdir()) == ["RAW.duckdb", "_account.duckdb"]
        with _left_behind(folder, tmp_path / "late") as connection:
            assert connection.execute(f'SELECT count(*) FROM "SHOP__PUBLIC"."{late}"').fetchall() == [(150,)]
            loads = connection.execute("SELECT ROW_COUNT, LOADED_AT > TIMESTAMP '2000-01-01' FROM \"_snowflake\".LOADS")
            assert loads.fetchall() == [(150, True)] * 2
            columns = connection.execute('SELECT COLUMNS FROM "_snowflake".DEFINITIONS WHERE TABLE_NAME = ?', [late])
            assert json.loads(columns.fetchall()[0][0])[1] == ["NAME", True, None, ["VARCHAR", None, None, 40]]


def test_what_is_written_after_a_checkpoint_is_there_when_the_files_are_opened_again(tmp_path: Path) -> None:
    folder = tmp_path / "warehouse"
    with new_account(str(folder)) as account:
        name = _load(account)
        account.done(f'INSERT INTO "{name}" ("ID") VALUES (1000)', f'DELETE FROM "{name}" WHERE "ID" = 1000')
        account.snowflake.checkpoint()
        account.done(f'DELETE FROM "{name}" WHERE "ID" > 10', f'ALTER TABLE "{name}" ADD COLUMN "MORE" VARCHAR(9)')
        account.snowflake.checkpoint()
        account.done(f"""INSERT INTO "{name}" ("ID", "MORE") VALUES (1000, 'x')""")
        kept = account.count(name)
        account.snowflake.close()
        account.reopen(str(folder))
        assert account.count(name) == kept
        account.done(f"""INSERT INTO "{name}" ("ID", "MORE") VALUES (1001, 'y')""")
        assert account.count(name) == kept + 1
