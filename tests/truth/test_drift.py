"""A source's table changes between two runs: what readers see afterwards, who may read it, and what the outcome says.

One database for each policy, with the same tables; each table changes in its own way.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest

from cases import Case, Cases
from fleet.databases import DriftPolicy, Rename
from fleet.names import warehouse_schema
from localcloud.servers.postgres import EmbeddedPostgres
from localcloud.snowflake.errors import SnowflakeError

DATABASES: Mapping[DriftPolicy, str] = {"partial": "case-40", "accept": "case-41", "failed": "case-42"}
RENAMING = "case-43"


@dataclass(frozen=True)
class Change:
    """*before* and *after*: statements on the table `{t}`. *was*: the row of the first run, as readers see it.

    *sees*: the same after the second run, in the columns of *types*. *says*: words of the changes. *misses*: readers
    may miss something.
    """

    before: str
    after: str
    was: tuple[str | None, ...]
    sees: tuple[str | None, ...]
    types: Mapping[str, str]
    says: tuple[str, ...] = ()
    misses: bool = False


REPLACED = "the table was replaced: its grants were kept, every stream on it is stale"
CHANGES = {
    "more_digits": Change(
        "CREATE TABLE {t} (id int, price numeric(10,2)); INSERT INTO {t} VALUES (1, 1.12)",
        "ALTER TABLE {t} ALTER price TYPE numeric(12,6); UPDATE {t} SET price = 1.123456",
        ("1", "1.12"),
        ("1", "1.123456"),
        {"ID": "NUMBER", "PRICE": "NUMBER(12,6)"},
        ("column PRICE was NUMBER(10,2) and is NUMBER(12,6)", REPLACED),
        misses=True,
    ),
    "day_to_moment": Change(
        "CREATE TABLE {t} (id int, at date); INSERT INTO {t} VALUES (1, '2026-11-30')",
        "ALTER TABLE {t} ALTER at TYPE timestamp; UPDATE {t} SET at = '2026-11-30 13:14:15.123456'",
        ("1", "2026-11-30"),
        ("1", "2026-11-30 13:14:15.123456"),
        {"ID": "NUMBER", "AT": "TIMESTAMP_NTZ(6)"},
        ("column AT was DATE and is TIMESTAMP_NTZ(6)", REPLACED),
        misses=True,
    ),
    "number_to_text": Change(
        "CREATE TABLE {t} (id int, code int); INSERT INTO {t} VALUES (1, 7)",
        "ALTER TABLE {t} ALTER code TYPE text; UPDATE {t} SET code = '007'",
        ("1", "7"),
        ("1", "007"),
        {"ID": "NUMBER", "CODE": "VARCHAR"},
        ("column CODE was NUMBER(10,0) and is VARCHAR(16777216)", REPLACED),
        misses=True,
    ),
    "text_to_number": Change(
        "CREATE TABLE {t} (id int, code varchar(9)); INSERT INTO {t} VALUES (1, 'seven')",
        "ALTER TABLE {t} ALTER code TYPE int USING 7",
        ("1", "seven"),
        ("1", "7"),
        {"ID": "NUMBER", "CODE": "NUMBER(10,0)"},
        ("column CODE was VARCHAR(9) and is NUMBER(10,0)", REPLACED),
        misses=True,
    ),
    "dropped": Change(
        "CREATE TABLE {t} (id int, note varchar(9)); INSERT INTO {t} VALUES (1, 'kept?')",
        "ALTER TABLE {t} DROP note",
        ("1", "kept?"),
        ("1", None),
        {"ID": "NUMBER", "NOTE": "VARCHAR(9)"},
        ("column NOTE (VARCHAR(9)) is no longer at the source",),
        misses=True,
    ),
    "renamed": Change(
        "CREATE TABLE {t} (id int, old varchar(9)); INSERT INTO {t} VALUES (1, 'x')",
        "ALTER TABLE {t} RENAME old TO new",
        ("1", "x"),
        ("1", None, "x"),
        {"ID": "NUMBER", "OLD": "VARCHAR(9)", "NEW": "VARCHAR(9)"},
        ("column NEW VARCHAR(9) is new", "column OLD (VARCHAR(9)) is no longer at the source"),
        misses=True,
    ),
    "renamed_by_case": Change(
        "CREATE TABLE {t} (id int, \"Name\" varchar(9)); INSERT INTO {t} VALUES (1, 'x')",
        'ALTER TABLE {t} RENAME "Name" TO name',
        ("1", "x"),
        ("1", "x"),
        {"ID": "NUMBER", "NAME": "VARCHAR(9)"},
        ("column NAME VARCHAR(9) is new", "it is dropped from the table", REPLACED),
        misses=True,
    ),
    "added": Change(
        "CREATE TABLE {t} (id int); INSERT INTO {t} VALUES (1)",
        "ALTER TABLE {t} ADD at timestamp DEFAULT '2026-11-30 10:00', ADD note varchar(20) DEFAULT 'new'",
        ("1",),
        ("1", "2026-11-30 10:00:00", "new"),
        {"ID": "NUMBER", "AT": "TIMESTAMP_NTZ(6)", "NOTE": "VARCHAR(20)"},
        ("column AT TIMESTAMP_NTZ(6) is new", "column NOTE VARCHAR(20) is new"),
    ),
    "longer_text": Change(
        "CREATE TABLE {t} (id int, name varchar(5)); INSERT INTO {t} VALUES (1, 'short')",
        "ALTER TABLE {t} ALTER name TYPE varchar(50); UPDATE {t} SET name = 'much longer than it was'",
        ("1", "short"),
        ("1", "much longer than it was"),
        {"ID": "NUMBER", "NAME": "VARCHAR(50)"},
        ("column NAME grows from VARCHAR(5) to VARCHAR(50)",),
    ),
    "wider_number": Change(
        "CREATE TABLE {t} (id int, price numeric(10,2), n smallint); INSERT INTO {t} VALUES (1, 1.12, 2)",
        "ALTER TABLE {t} ALTER price TYPE numeric(14,2), ALTER n TYPE bigint; UPDATE {t} SET n = 3000000000",
        ("1", "1.12", "2"),
        ("1", "1.12", "3000000000"),
        {"ID": "NUMBER", "PRICE": "NUMBER(14,2)", "N": "NUMBER(19,0)"},
        ("column PRICE grows from NUMBER(10,2) to NUMBER(14,2)", "column N grows from NUMBER(5,0) to NUMBER(19,0)"),
    ),
    "narrower": Change(
        "CREATE TABLE {t} (id int, name varchar(50), price numeric(12,6)); INSERT INTO {t} VALUES (1, 'x', 1.5)",
        "ALTER TABLE {t} ALTER name TYPE varchar(5), ALTER price TYPE numeric(8,2)",
        ("1", "x", "1.500000"),
        ("1", "x", "1.500000"),
        {"ID": "NUMBER", "NAME": "VARCHAR(50)", "PRICE": "NUMBER(12,6)"},
    ),
    "emptied": Change(
        "CREATE TABLE {t} (id int, n int); INSERT INTO {t} VALUES (1, 2)",
        "DELETE FROM {t}; ALTER TABLE {t} ALTER n TYPE text, ADD more int",
        ("1", "2"),
        (),
        {"ID": "NUMBER", "N": "VARCHAR", "MORE": "NUMBER(10,0)"},
        ("column N was NUMBER(10,0) and is VARCHAR(16777216)", "column MORE NUMBER(10,0) is new", REPLACED),
        misses=True,
    ),
}
GONE_ONCE_ACCEPTED = {"dropped": "NOTE", "renamed": "OLD"}


@pytest.fixture(scope="module")
def cases(postgres: EmbeddedPostgres, case_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cases]:
    """Databases of which some have another policy, or columns that DMS renames."""
    changed = {
        **{name: {"drift": policy} for policy, name in DATABASES.items() if policy != "partial"},
        RENAMING: {
            "renames": (Rename("public", "moved", "op", "operation"), Rename("public", "moved", "_row", "row_no"))
        },
    }
    with Cases(tmp_path_factory.mktemp("drift"), postgres, case_template, changed=changed) as made:
        yield made


def statements(database: Case, of: str) -> str:
    return ";".join(getattr(change, of).format(t=table) for table, change in CHANGES.items())


def drift(cases: Cases, name: str) -> Case:
    """The database *name* after a run, the changes, and a second run."""
    case = cases.take(name)
    case.ask_source("DROP VIEW totals; DROP TABLE orders, customers, nothing")
    case.ask_source(statements(case, "before"))
    case.go_through("ReleaseDatabase")
    assert case.outcome["outcome"] == "ok"
    schema = warehouse_schema(case.id, "public")
    case.cloud.snowflake.administer("CREATE ROLE IF NOT EXISTS ANALYST; GRANT ROLE ANALYST TO ROLE SYSADMIN")
    case.cloud.snowflake.administer("GRANT USAGE ON DATABASE FLEET TO ROLE ANALYST")
    case.cloud.snowflake.administer(f'GRANT USAGE ON SCHEMA FLEET."{schema}" TO ROLE ANALYST', role="FLEET_LOADER")
    for table in CHANGES:
        place = f'FLEET."{schema}"."{table.upper()}"'
        case.cloud.snowflake.administer(f"GRANT SELECT ON TABLE {place} TO ROLE ANALYST", role="FLEET_LOADER")
    case.ask_warehouse(f'CREATE STREAM FLEET.OPS."{case.id} prices" ON TABLE FLEET."{schema}"."MORE_DIGITS"')
    case.ask_source(statements(case, "after"))
    case.next_night(f"second-{case.id}")
    case.go_through("ReleaseDatabase")
    return case


@pytest.fixture(scope="module")
def drifted(cases: Cases) -> Mapping[DriftPolicy, Case]:
    """The databases after both runs, by their policy."""
    return {policy: drift(cases, name) for policy, name in DATABASES.items()}


def types(case: Case, table: str) -> dict[str, str]:
    """The source's columns in Snowflake, in order, with their types."""
    rows = case.cloud.snowflake.administer(
        f'DESCRIBE TABLE FLEET."{warehouse_schema(case.id, "public")}"."{table.upper()}"'
    )[0].rows
    return {str(row[0]): str(row[1]) for row in rows if not str(row[0]).startswith("_")}


def read(case: Case, table: str, columns: list[str], role: str = "ANALYST") -> list[tuple[str | None, ...]]:
    """What *role* sees in *columns*, as text."""
    shown = ", ".join(f'"{column}"' for column in columns)
    place = f'FLEET."{warehouse_schema(case.id, "public")}"."{table.upper()}"'
    (result,) = case.cloud.snowflake.administer(f"SELECT {shown} FROM {place}", role=role, warehouse="FLEET_LOADING")
    return [tuple(None if value is None else str(value) for value in row) for row in result.rows]


@pytest.mark.parametrize("table", CHANGES)
def test_readers_see_the_new_rows_whole_and_the_outcome_names_what_changed(
    drifted: Mapping[DriftPolicy, Case], table: str
) -> None:
    case, change = drifted["partial"], CHANGES[table]
    found = types(case, table)
    assert set(found) == set(change.types)
    assert all(found[name].startswith(kind) for name, kind in change.types.items()), found
    assert read(case, table, list(change.types)) == ([change.sees] if change.sees else [])
    said = case.tables[table]
    assert all(any(words in one for one in said["changes"]) for words in change.says), said["changes"]
    assert bool(said["changes"]) == bool(change.says)
    assert said["failure"] is None
    assert (said["drift"] or {}).get("name") == ("TableDrifted" if change.misses else None)


@pytest.mark.parametrize("table", CHANGES)
def test_what_the_registry_accepts_is_followed_and_green(drifted: Mapping[DriftPolicy, Case], table: str) -> None:
    case, change = drifted["accept"], CHANGES[table]
    columns = [name for name in change.types if name != GONE_ONCE_ACCEPTED.get(table)]
    assert sorted(types(case, table)) == sorted(columns)
    seen = tuple(value for name, value in zip(change.types, change.sees, strict=False) if name in columns)
    assert read(case, table, columns) == ([seen] if change.sees else [])
    said = case.tables[table]
    assert (said["failure"], said["drift"]) == (None, None)
    assert all(any(words in one for one in said["changes"]) for words in change.says), said["changes"]


@pytest.mark.parametrize("table", CHANGES)
def test_what_the_registry_refuses_is_withheld_and_readers_see_the_old_rows(
    drifted: Mapping[DriftPolicy, Case], table: str
) -> None:
    case, change = drifted["failed"], CHANGES[table]
    said = case.tables[table]
    if not change.misses:
        assert (said["failure"], read(case, table, list(change.types))) == (None, [change.sees])
        return
    assert said["failure"]["name"] == "DriftWithheld"
    assert "readers see the last load's rows" in said["failure"]["text"]
    assert read(case, table, list(types(case, table))) == [change.was]


def test_the_outcome_of_the_database_is_that_of_its_policy(drifted: Mapping[DriftPolicy, Case]) -> None:
    ends = {policy: (case.outcome["outcome"], case.outcome["failure_class"]) for policy, case in drifted.items()}
    assert ends == {"partial": ("partial", "drift"), "accept": ("ok", None), "failed": ("partial", "drift")}


def test_the_fleets_readers_may_read_what_was_replaced_and_strangers_may_not(
    drifted: Mapping[DriftPolicy, Case],
) -> None:
    case = drifted["partial"]
    assert read(case, "more_digits", ["PRICE"], role="FLEET_READER") == [("1.123456",)]
    with pytest.raises(SnowflakeError, match="not authorized"):
        read(case, "more_digits", ["PRICE"], role="PUBLIC")


def test_a_stream_on_a_table_that_is_replaced_is_named(drifted: Mapping[DriftPolicy, Case]) -> None:
    case = drifted["partial"]
    assert f"streams that are stale: FLEET.OPS.{case.id} prices" in case.tables["more_digits"]["changes"]
    assert not [one for one in case.tables["day_to_moment"]["changes"] if "that are stale" in one]


def test_no_run_looks_at_a_table_twice_and_a_column_that_is_gone_is_named_at_each(
    drifted: Mapping[DriftPolicy, Case],
) -> None:
    case = drifted["partial"]
    schema, run = warehouse_schema(case.id, "public"), case.run
    case.next_night(f"third-{case.id}")
    try:
        case.go_through("ReleaseDatabase")
        loads = json.loads(case.read_control(f"runs/{case.run}/{case.id}/{case.attempt['number']:06d}/loads.json"))
        assert [load["table"] for load in loads if load["must_look"]] == []
        red = {name for name, table in case.tables.items() if table["drift"]}
        assert red == {"dropped", "renamed"}
        assert "it is said at each run" in case.tables["dropped"]["drift"]["text"].lower()
        assert len(case.warehouse_rows("added")) == 1, schema
    finally:
        case.run = run


def test_a_load_that_fails_after_drift_leaves_readers_the_old_rows(cases: Cases) -> None:
    case = cases.take()
    case.ask_source(CHANGES["number_to_text"].before.format(t="codes"))
    case.ask_source(CHANGES["longer_text"].before.format(t="names"))
    case.go_through("ReleaseDatabase")
    case.ask_source(CHANGES["number_to_text"].after.format(t="codes"))
    case.ask_source(CHANGES["longer_text"].after.format(t="names"))
    for table in ("codes", "names"):
        case.ask_warehouse(
            "INSERT INTO OPS.APPLIED SELECT DATABASE_ID, SCHEMA_NAME, TABLE_NAME, 9, RUN, MODE, ROW_COUNT, APPLIED_AT "
            f"FROM OPS.APPLIED WHERE DATABASE_ID = '{case.id}' AND TABLE_NAME = '{table}'"
        )
    case.next_night(f"second-{case.id}")
    case.go_through("ReleaseDatabase")
    for table in ("codes", "names"):
        assert "attempt 9 is applied already, this is attempt 2" in case.tables[table]["failure"]["text"]
    assert read(case, "codes", ["ID", "CODE"], role="FLEET_READER") == [CHANGES["number_to_text"].was]
    assert types(case, "codes")["CODE"] == "NUMBER(10,0)"
    assert read(case, "names", ["ID", "NAME"], role="FLEET_READER") == [CHANGES["longer_text"].was]
    places = case.ask_warehouse("SELECT TABLE_NAME FROM FLEET.INFORMATION_SCHEMA.TABLES")
    assert not [name for (name,) in places if "__FLEET_" in name]


def test_columns_that_snowflake_cannot_keep_apart_are_refused_or_arrive_under_the_name_that_the_registry_gives(
    cases: Cases,
) -> None:
    case = cases.take(RENAMING)
    case.ask_source(
        "CREATE TABLE moved (id int, op varchar(9), _row int); INSERT INTO moved VALUES (1, 'mine', 7);"
        "CREATE TABLE clashing (id int, op varchar(9)); INSERT INTO clashing VALUES (1, 'mine');"
        "CREATE TABLE own (id int, _row int); INSERT INTO own VALUES (1, 7)"
    )
    case.go_through("ReleaseDatabase")
    assert case.tables["moved"]["failure"] is None
    seen = read(case, "moved", ["ID", "OPERATION", "ROW_NO", "_ROW"], role="FLEET_READER")
    assert seen == [("1", "mine", "7", "1")]
    failures = {name: table["failure"] for name, table in case.tables.items() if table["failure"]}
    assert "column 'op' has the name of our own column 'Op'" in failures["clashing"]["text"]
    assert {name: failure["name"] for name, failure in failures.items()} == {
        "clashing": "ColumnsClash",
        "own": "ColumnsClash",
    }
