"""The stand-in in a process of its own answers as it does in ours."""

from __future__ import annotations

import os
import shutil
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from lambdas.clients.snowflake import Running
from localcloud.aws import LocalAws
from localcloud.clock import Clock
from localcloud.process_rpc import ProcessEndedError
from localcloud.snowflake.process import SnowflakeProcess
from snowflake_account import Account, copy, full_load


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    with Clock("frozen") as clock, LocalAws() as aws:
        opened = Account(clock, aws, tmp_path / "warehouse", make=SnowflakeProcess)
        try:
            yield opened
        finally:
            opened.snowflake.close()


def test_a_load_reads_what_lies_in_this_process_and_its_files_are_left_behind(account: Account, tmp_path: Path) -> None:
    name = account.orders_table()
    account.land_orders(name)
    account.done(*full_load(name, 150))
    account.snowflake.begin_close()
    account.snowflake.close()
    with duckdb.connect(str(tmp_path / "warehouse" / "RAW.duckdb"), read_only=True) as connection:
        assert connection.execute(f'SELECT count(*) FROM "SHOP__PUBLIC"."{name}"').fetchall() == [(150,)]


def test_what_many_requests_left_is_in_the_files_before_they_are_closed(account: Account, tmp_path: Path) -> None:
    name = account.orders_table()
    account.land_orders(name)
    account.done(*full_load(name, 150))
    found: list[tuple[int]] = []
    while not found:  # until its requests are many
        handles = [account.api.submit(["SELECT 1"], str(uuid.uuid4())) for _ in range(100)]
        while isinstance(account.api.poll(handles[-1]), Running):
            pass
        copied = shutil.copy(tmp_path / "warehouse" / "RAW.duckdb", tmp_path)
        with duckdb.connect(str(copied), read_only=True) as connection:
            query = f"SELECT estimated_size FROM duckdb_tables() WHERE table_name = '{name}'"
            found = connection.execute(query).fetchall()
    assert found == [(150,)]


def test_a_refusal_of_ours_is_the_statements_failure(account: Account) -> None:
    name = account.orders_table()
    account.land_orders(name)
    failed = account.failed(copy(name, "FILES=('there-is-none.parquet')"))
    assert (failed.code, "was not found" in failed.cause) == ("091016", True)


def test_no_wait_is_skipped_while_a_request_is_under_way_there(account: Account) -> None:
    name = account.orders_table()
    account.land_orders(name, rows=5_000)
    account.done(copy(name, ""))
    endless = f'SELECT SUM(a.ID * b.ID + c.ID) FROM "{name}" a, "{name}" b, "{name}" c'
    handle = account.api.submit([endless], str(uuid.uuid4()))
    assert not account.clock.is_idle()
    while isinstance(account.api.poll(handle), Running):
        account.api.cancel(handle)
    account.clock.sleep(1)  # returns only when nothing is under way any more, for this clock moves by skipping alone
    assert account.clock.is_idle()


def test_a_process_that_was_killed_is_reported_and_holds_nothing_up(account: Account) -> None:
    os.kill(account.snowflake.pid, signal.SIGKILL)
    with pytest.raises(ProcessEndedError, match="The Snowflake stand-in: its process has ended"):
        account.api.submit(["SELECT 1"], str(uuid.uuid4()))
    assert account.clock.is_idle()
