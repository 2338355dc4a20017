"""The SQL API itself: who may ask, and how a request is submitted, sent again, looked at and cancelled."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from lambdas.clients.snowflake import Failed, KeyPairToken, Running, Succeeded
from localcloud.clock import Clock
from localcloud.snowflake.server import RESULTS_KEPT_SECONDS, Snowflake
from snowflake_account import SNOWFLAKES_USER, Account, new_account

STATEMENTS = "/api/v2/statements"


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with new_account() as one:
        yield one


def ask(account: Account, headers: dict[str, str], **body: Any) -> tuple[int, dict[str, Any]]:
    content = json.dumps({"statement": "SELECT 1", **body}).encode()
    return account.snowflake.answer("POST", STATEMENTS, {}, headers, content)


# --- who may ask


def test_a_signed_token_of_a_known_user_is_let_in(account: Account) -> None:
    assert ask(account, account.headers())[0] == 200


def test_a_token_signed_by_another_key_is_refused(account: Account) -> None:
    token = KeyPairToken(
        account.kms, account.create_key(), account="local-account", user="loader", now=account.clock.now
    )
    status, answer = ask(account, {**account.headers(), "Authorization": f"Bearer {token.token()}"})
    assert (status, answer["code"]) == (401, "390144")


def test_a_token_whose_claims_were_changed_is_refused(account: Account) -> None:
    header, claims, signature = account.token().token().split(".")
    forged = f"Bearer {header}.{claims[:-2]}{'A' if claims[-2] != 'A' else 'B'}{claims[-1]}.{signature}"
    assert ask(account, {**account.headers(), "Authorization": forged})[0] == 401


@pytest.mark.parametrize("user", ["stranger", "loader.x"])
def test_a_token_of_an_unknown_user_is_refused(account: Account, user: str) -> None:
    token = KeyPairToken(account.kms, account.key_id, account="local-account", user=user, now=account.clock.now)
    assert ask(account, {**account.headers(), "Authorization": f"Bearer {token.token()}"})[0] == 401


@pytest.mark.parametrize("shift", [timedelta(hours=-2), timedelta(hours=2)])
def test_a_token_is_refused_outside_of_its_hour(account: Account, shift: timedelta) -> None:
    token = KeyPairToken(
        account.kms,
        account.key_id,
        account="local-account",
        user="loader",
        now=lambda: account.clock.now() + shift,
    )
    assert ask(account, {**account.headers(), "Authorization": f"Bearer {token.token()}"})[0] == 401


def test_a_second_public_key_is_let_in_as_well(account: Account) -> None:
    key_id = account.create_key()
    account.snowflake.administer(f"ALTER USER LOADER SET RSA_PUBLIC_KEY_2 = '{account.public_key(key_id)}'")
    token = KeyPairToken(account.kms, key_id, account="local-account", user="loader", now=account.clock.now)
    assert ask(account, {**account.headers(), "Authorization": f"Bearer {token.token()}"})[0] == 200


def test_workload_identity_is_refused_as_not_emulated(account: Account) -> None:
    kind = {"X-Snowflake-Authorization-Token-Type": "WORKLOAD_IDENTITY_FEDERATION"}
    status, answer = ask(account, {**account.headers(), **kind})
    assert status == 401
    assert answer["message"].startswith("not emulated here: tokens of type WORKLOAD_IDENTITY_FEDERATION")


def test_a_request_without_a_token_or_a_user_agent_is_refused(account: Account) -> None:
    assert ask(account, {"User-Agent": "tests"})[0] == 401
    assert ask(account, {"Authorization": account.headers()["Authorization"]})[0] == 400


# --- how a request runs


def test_an_asynchronous_request_is_polled_to_its_results(account: Account) -> None:
    name = account.orders_table()
    handle = account.api.submit([f'INSERT INTO "{name}" (ID) VALUES (1)', "SELECT 7 AS A"], str(uuid.uuid4()))
    assert end(account, handle) == Succeeded(handle, ([{"number of rows inserted": "1"}], [{"a": "7"}]))


def test_only_the_wanted_results_are_fetched(account: Account) -> None:
    handle = account.api.submit(["SELECT 1 AS A", "SELECT 2 AS A"], str(uuid.uuid4()))
    end(account, handle)
    assert account.api.poll(handle, wanted=[1]) == Succeeded(handle, (None, [{"a": "2"}]))


def test_a_request_sent_again_runs_once(account: Account) -> None:
    name = account.orders_table()
    request_id = str(uuid.uuid4())
    statements = [f'INSERT INTO "{name}" (ID) VALUES (1)']
    first = account.api.submit(statements, request_id)
    assert account.api.submit(statements, request_id, is_resend=True) == first
    assert isinstance(end(account, first), Succeeded)
    assert account.api.submit(statements, request_id, is_resend=True) == first
    assert account.count(name) == 1


def test_a_request_that_failed_or_never_arrived_runs_when_sent_again(account: Account) -> None:
    name = account.new_name()
    request_id = str(uuid.uuid4())
    statements = [f'INSERT INTO "{name}" (ID) VALUES (1)']
    first = account.api.submit(statements, request_id, is_resend=True)
    assert isinstance(end(account, first), Failed)
    account.done(f'CREATE TABLE "{name}" ("ID" INT)')
    second = account.api.submit(statements, request_id, is_resend=True)
    assert second != first
    assert isinstance(end(account, second), Succeeded)
    assert account.count(name) == 1


def test_a_cancelled_statement_ends_as_cancelled(account: Account) -> None:
    name = account.orders_table()
    account.land_orders(name, rows=5_000)
    account.done(
        f"COPY INTO \"{name}\" FROM @RAW.OPS.LANDING/{name}/ FILE_FORMAT=(FORMAT_NAME='RAW.OPS.PARQUET') "
        "MATCH_BY_COLUMN_NAME=CASE_INSENSITIVE"
    )
    endless = f'SELECT SUM(a.ID * b.ID + c.ID) FROM "{name}" a, "{name}" b, "{name}" c'
    handle = account.api.submit([endless], str(uuid.uuid4()))
    while isinstance(progress := account.api.poll(handle), Running):
        account.api.cancel(handle)
    assert isinstance(progress, Failed)
    assert progress.code == "000604"


def test_a_statement_of_more_than_45_seconds_is_answered_by_its_handle(account: Account) -> None:
    clock = SlowClock(account.clock)
    snowflake = Snowflake(":memory:", account.stages, iam_user_arn=SNOWFLAKES_USER, clock=clock)
    snowflake.administer(f"CREATE USER LOADER RSA_PUBLIC_KEY = '{account.public_key(account.key_id)}'")
    headers = {**account.headers()}
    body = json.dumps({"statement": "SELECT 1 AS A"}).encode()
    clock.step_seconds = 45
    assert snowflake.answer("POST", STATEMENTS, {}, headers, body)[0] == 200
    clock.step_seconds = 46
    status, answer = snowflake.answer("POST", STATEMENTS, {}, headers, body)
    assert (status, answer["code"]) == (202, "333334")
    status, answer = snowflake.answer("GET", answer["statementStatusUrl"], {}, headers, b"")
    assert (status, answer["data"]) == (200, [["1"]])
    body = json.dumps({"statement": "SELECT 1 AS A", "timeout": 10}).encode()
    handle = snowflake.answer("POST", STATEMENTS, {}, headers, body)[1]["statementHandle"]
    assert snowflake.answer("GET", f"{STATEMENTS}/{handle}", {}, headers, b"")[1]["code"] == "000630"
    snowflake.close()


class SlowClock:
    """Gives the time as *clock* does, but *step_seconds* pass between two looks, whatever else is under way."""

    def __init__(self, clock: Clock) -> None:
        self.now = clock.now
        self.work = clock.work
        self.step_seconds = 0
        self._seconds = 0

    def monotonic(self) -> float:
        self._seconds += self.step_seconds
        return self._seconds


def test_an_unknown_handle_is_a_failure_and_not_a_fault(account: Account) -> None:
    assert isinstance(account.api.poll("01b2c3d4-0000-0000-0000-000000000000"), Failed)


def test_a_result_is_kept_for_a_day(account: Account) -> None:
    handle = account.api.submit(["SELECT 1"], str(uuid.uuid4()))
    assert isinstance(end(account, handle), Succeeded)
    account.clock.sleep(RESULTS_KEPT_SECONDS - 60)
    ask(account, account.headers())
    assert isinstance(end(account, handle), Succeeded)
    account.clock.sleep(120)
    ask(account, account.headers())
    assert isinstance(end(account, handle), Failed)


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"parameters": {"TIME_OUTPUT_FORMAT": "AUTO"}}, "TIME_OUTPUT_FORMAT"),
        ({"dry_run": True}, "dry_run"),
        ({"bindings": {"1": {"type": "DATE", "value": "0"}}}, "a binding of type DATE"),
        ({"statement": "$$ begin end $$"}, "$$"),
    ],
)
def test_what_a_request_may_not_say_here_is_refused_by_name(account: Account, body: dict[str, Any], named: str) -> None:
    status, answer = ask(account, account.headers(), **body)
    assert status == 422
    assert named in answer["message"]


def test_a_body_that_is_no_request_is_refused(account: Account) -> None:
    assert account.snowflake.answer("POST", STATEMENTS, {}, account.headers(), b"{}")[0] == 400
    assert account.snowflake.answer("POST", STATEMENTS, {}, account.headers(), b"not json")[0] == 400
    assert account.snowflake.answer("GET", "/api/v2/databases", {}, account.headers(), b"")[0] == 404


def end(account: Account, handle: str) -> Succeeded | Failed:
    while isinstance(progress := account.api.poll(handle), Running):
        pass
    return progress
