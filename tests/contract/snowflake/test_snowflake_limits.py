"""An account that takes only so many requests."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from fleet.errors import ThrottledError
from localcloud.aws import LocalAws
from localcloud.clock import Clock
from localcloud.snowflake.server import Snowflake
from snowflake_account import Account


@contextmanager
def account_of(most_under_way: int) -> Iterator[Account]:
    with Clock("frozen") as clock, LocalAws() as aws:
        opened = Account(clock, aws, make=partial(Snowflake, most_under_way=most_under_way))
        try:
            yield opened
        finally:
            opened.snowflake.close()


def test_a_request_beyond_what_the_account_has_under_way_is_refused_with_429_and_not_run() -> None:
    with account_of(0) as account:
        with pytest.raises(ThrottledError, match="429"):
            account.api.submit(['CREATE TABLE "RAW"."SHOP__PUBLIC"."T" (A NUMBER)'], str(uuid.uuid4()))
        assert account.post({"statement": "SELECT 1"})["code"] == "390505"
        query = "SELECT COUNT(*) FROM RAW.INFORMATION_SCHEMA.TABLES WHERE TABLE_NAME = 'T'"
        (found,) = account.snowflake.administer(query, warehouse="LOAD_WH")
        assert found.rows == [(0,)]


def test_a_request_that_has_ended_leaves_room_for_the_next() -> None:
    with account_of(1) as account:
        assert [account.rows("SELECT 1 AS N") for _ in range(3)] == [[{"n": "1"}]] * 3
        account.failed("SELECT * FROM NOWHERE")
        assert account.rows("SELECT 1 AS N") == [{"n": "1"}]
