"""What a key sweep asks of Snowflake: hashes that Python agrees with, and a deletion that a later attempt stops."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet.attempts import Attempt
from fleet.databases import SnowflakeSettings
from fleet.deltas.key_repair import delete_statements, read_statements
from fleet.deltas.key_sweep import Group, TableSweep, compare_groups, compare_keys
from fleet.deltas.key_text import NO_HASH, KeyKind, KeyPart
from fleet.tables.catalogue import TableName
from fleet.warehouse import literal, qualified, setup_statements
from snowflake_account import BUCKET, EXTERNAL_ID, Account, new_account

SNOWFLAKE = SnowflakeSettings("a", "https://a", "LOADER", "key", "LOADER", "LOAD_WH", "FLEET", "FLEET_READER")
ATTEMPT = Attempt("run", "shop", "delta", 7, "arn")
_TABLES = count(1)


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with new_account() as one:
        setup = setup_statements(SNOWFLAKE, landing_bucket=BUCKET, role_arn=one.role_arn, external_id=EXTERNAL_ID)
        one.snowflake.administer(";".join(setup))
        one.done('CREATE SCHEMA IF NOT EXISTS "FLEET"."SHOP__PUBLIC"')
        yield one


def make(account: Account, columns: dict[str, tuple[KeyKind, str]], *rows: str) -> TableSweep:
    """A table with those *rows* that attempt 5 was last applied to, and its sweep."""
    name = TableName("public", f"t{next(_TABLES)}")
    target = qualified(SNOWFLAKE, "shop", name)
    defined = ", ".join(f'"{column.upper()}" {declared}' for column, (_, declared) in columns.items())
    account.done(
        f"CREATE SCHEMA IF NOT EXISTS {target.rpartition('.')[0]}",
        f"CREATE TRANSIENT TABLE {target} ({defined})",
        *([f"INSERT INTO {target} VALUES {', '.join(rows)}"] if rows else []),
    )
    applied(account, name, 5)
    parts = tuple(KeyPart(column, kind) for column, (kind, _) in columns.items())
    return TableSweep(*name, parts, written=5)


def applied(account: Account, name: TableName, number: int) -> None:
    account.done(
        'INSERT INTO "FLEET".OPS.APPLIED (DATABASE_ID, SCHEMA_NAME, TABLE_NAME, ATTEMPT) '
        f"VALUES ('shop', {literal(name.schema)}, {literal(name.table)}, {number})"
    )


def hashes(account: Account, sweep: TableSweep) -> Counter[str]:
    listed = replace(sweep, step="keys", digits=0, suspects=(Group("", 0, 0),))
    latest, rows = account.done(*read_statements(SNOWFLAKE, ATTEMPT, listed, "hard"))
    assert latest == [{"latest": "5"}]
    return Counter(str(row["hash"]) for row in rows or ())


def groups(account: Account, sweep: TableSweep) -> list[Group]:
    _, rows = account.done(*read_statements(SNOWFLAKE, ATTEMPT, sweep, "hard"))
    found = [Group(str(row["group_of"]), int(row["key_count"] or 0), int(row["hash_sum"] or 0)) for row in rows or ()]
    return sorted(found, key=lambda one: one.prefix)


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@pytest.mark.parametrize(
    ("kind", "declared", "written", "text"),
    [
        ("number", "NUMBER(20,0)", "18446744073709551615", "18446744073709551615"),
        ("number", "NUMBER(10,0)", "-7", "-7"),
        ("text", "VARCHAR(40)", "'Äb c '", "Äb c "),
        ("padded text", "VARCHAR(40)", "'a b  '", "a b"),
        ("uuid", "VARCHAR(36)", "'0B1C2D3E-0000-4000-8000-00000000000A'", "0b1c2d3e-0000-4000-8000-00000000000a"),
        ("date", "DATE", "'0987-01-02'", "09870102"),
        ("truth", "VARCHAR(5)", "'true'", "true"),
        ("truth", "BOOLEAN", "TRUE", "true"),
    ],
)
def test_a_key_has_the_hash_of_its_text(
    account: Account, kind: KeyKind, declared: str, written: str, text: str
) -> None:
    sweep = make(account, {"k": (kind, declared)}, f"({written})")
    assert hashes(account, sweep) == Counter([md5(text)])
    assert groups(account, replace(sweep, digits=2)) == [Group(md5(text)[:2], 1, int(md5(text)[-8:], 16))]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.text("ab|\\'é", max_size=3), st.text("ab|", max_size=3)), max_size=6, unique=True))
def test_keys_of_two_texts_have_equal_hashes_only_where_both_are_equal(
    account: Account, keys: list[tuple[str, str]]
) -> None:
    columns: dict[str, tuple[KeyKind, str]] = {"a": ("text", "VARCHAR(9)"), "b": ("text", "VARCHAR(9)")}
    sweep = make(account, columns, *(f"({literal(a)}, {literal(b)})" for a, b in keys))
    expected = Counter(md5(f"{md5(a)}|{md5(b)}") for a, b in keys)
    assert hashes(account, sweep) == expected
    assert len(expected) == len(keys)


def test_a_key_with_a_null_has_no_hash_and_differs(account: Account) -> None:
    sweep = make(account, {"a": ("text", "VARCHAR(9)"), "n": ("number", "NUMBER(9,0)")}, "(NULL, 1)")
    assert hashes(account, sweep) == Counter([NO_HASH])
    assert compare_groups(sweep, [], groups(account, sweep), None).step == "keys"


def test_exactly_the_surplus_rows_are_deleted(account: Account) -> None:
    sweep = make(account, {"k": ("text", "VARCHAR(9)")}, "('a')", "('A')", "(NULL)")
    twice = [compare_keys(sweep, [md5("a")], hashes(account, sweep), None)]
    surplus = compare_keys(sweep, [md5("a")], hashes(account, sweep), twice[0])
    assert surplus.repair == "deletion"
    shown = account.done(*delete_statements(SNOWFLAKE, ATTEMPT, surplus, "hard"))[0]
    assert sorted(str(row["shown"]) for row in shown or ()) == ["", "A"]
    assert hashes(account, sweep) == Counter([md5("a")])


def test_nothing_is_deleted_where_an_attempt_was_applied_since_the_keys_were_read(account: Account) -> None:
    sweep = make(account, {"k": ("text", "VARCHAR(9)")}, "('a')")
    surplus = replace(sweep, surplus=(md5("a"),))
    applied(account, sweep.name, 6)
    failed = account.failed(*delete_statements(SNOWFLAKE, ATTEMPT, surplus, "hard"))
    assert "attempt 6 is applied, and the keys were read after attempt 5" in failed.message
    rows = account.done(f"SELECT COUNT(*) AS N FROM {qualified(SNOWFLAKE, 'shop', sweep.name)}")[0]
    assert rows == [{"n": "1"}]
