"""The folder of DuckDB files that the warehouse leaves behind."""

from __future__ import annotations

from pathlib import Path

import duckdb

from snowflake_account import copy, new_account


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
        assert account.failed(f'ALTER TABLE "{name}" ALTER "NAME" SET DATA TYPE VARCHAR(9)').code == "002023"
        assert account.count(name) == 150
