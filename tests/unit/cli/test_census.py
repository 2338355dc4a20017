"""`fleet check` and `fleet show`: what a person reads of what a database holds, and what scripts get of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from cases import SETTINGS, Case, make_template
from cli.account import Account
from fleet.deltas.swept_tables import KeySweep, LastSweep, SweptTable
from fleet.names import last_sweep_key
from forwarder import Traffic, port_of
from said import Fleet, typing

MORE = """
CREATE MATERIALIZED VIEW sums AS SELECT count(*) FROM orders;
CREATE TABLE prices (id integer, price numeric, place pg_lsn);
"""


def write_registry(case: Case, **entry: object) -> None:
    """A registry in ./registry that holds the case's database alone."""
    folder = Path("registry")
    folder.mkdir()
    snowflake = {name: value for name, value in vars(SETTINGS.snowflake).items() if name != "reader_role"}
    settings = {name: getattr(SETTINGS, name) for name in ("prefix", "account", "region", "landing_bucket")}
    database = {"id": case.id, "server": case.id, "name_at_source": case.id, "instance": "one", "schemas": ["public"]}
    server = {"id": case.id, "engine": "postgresql", "secret": f"fleet/server/{case.id}", "ssl_mode": "none"}
    for name, content in (
        ("settings", {**settings, "snowflake": snowflake}),
        ("servers", [server]),
        ("databases", [{**database, "onboarded": True, **entry}]),
    ):
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")


@pytest.mark.parametrize("where", [(), ("--from-here",)], ids=["through AskSource", "from here"])
def test_check_says_what_would_not_be_moved_and_which_columns_may_lose_something(
    fleet: Fleet, case: Case, where: tuple[str, ...]
) -> None:
    case.ask_source(MORE)
    write_registry(case)
    said = fleet("check", case.id, *where)
    assert said.code == 1
    lines = [line.strip() for line in said.out.splitlines()]
    assert f"{case.id}: 6 relations, 5 moved, 1 not moved." in lines
    assert "public.sums (materialized view) is not moved: DMS does not move materialized views" in lines
    assert "public.prices.price (numeric): digits after the sixth behind the point are rounded off" in lines
    assert "public.prices.place (pg_lsn) is left out: DMS does not carry it" in lines


def test_check_is_green_where_the_registry_leaves_out_what_is_not_moved(fleet: Fleet, case: Case) -> None:
    case.ask_source(MORE)
    place = {"schema": "public", "table": "prices", "accept": ["place"]}
    write_registry(case, exclude=["public.sums"], tables=[place])
    said = fleet("check", case.id)
    assert said.code == 0
    assert "public.sums (materialized view) is left out: `exclude` names it" in said.out


def test_check_gives_scripts_the_account(fleet: Fleet, case: Case) -> None:
    write_registry(case)
    document = json.loads(fleet("check", case.id, "--json").out)
    assert set(document) == {"databases", "account", "totals", "detail"}
    (checked,) = document["databases"]
    assert (checked["database"], checked["verdict"]) == (case.id, "passed")
    keys = {"of", "code", "verdict", "found", "reason", "remedy", "source"}
    assert {frozenset(one) for one in checked["checks"]} == {frozenset(keys)}
    assert document["totals"]["checks"]["passed"] == sum(one["verdict"] == "passed" for one in checked["checks"])
    detail = document["detail"]
    assert (detail["database"], detail["is_whole"]) == (case.id, True)
    assert {one["fate"] for one in detail["account"]["relations"]} == {"moved"}


def test_a_source_that_does_not_answer_is_a_sentence_with_the_next_step(fleet: Fleet, case: Case) -> None:
    write_registry(case)
    case.put_secret(password="not the password")
    for where in ((), ("--from-here",)):
        said = fleet("check", case.id, *where)
        assert said.code == 1
        refused = f"failed   SRC-LOGIN\n         {case.id}: the source refused: password authentication failed"
        assert refused in said.out
        assert "What to do: Correct the secret" in said.out


def test_show_says_what_the_last_run_found_and_before_one_what_to_do(fleet: Fleet, case: Case) -> None:
    write_registry(case)
    nothing = fleet("show", case.id)
    assert (nothing.code, f"fleet check {case.id}" in nothing.err) == (2, True)
    case.ask_source(MORE)
    case.go_through("PrepareTask")
    case.ask_source("DROP MATERIALIZED VIEW sums")
    said = fleet("show", case.id)
    assert (said.code, "public.sums (materialized view) is not moved" in said.out) == (1, True)


def test_a_database_that_is_not_in_the_registry_is_named_with_the_closest_one(fleet: Fleet, case: Case) -> None:
    write_registry(case)
    said = fleet("check", f"{case.id}x")
    assert (said.code, f"Did you mean `{case.id}`?" in said.err) == (2, True)


def test_where_deltas_are_done_each_table_has_a_way_for_its_rows_to_arrive(fleet: Fleet, case: Case) -> None:
    case.ask_source("CREATE TABLE keyless (id integer)")
    write_registry(case, deltas=True)
    lines = [line.strip() for line in fleet("check", case.id).out.splitlines()]
    assert "By deltas arrive public.customers, public.nothing, public.orders." in lines
    assert "In full, in each delta run, arrives public.keyless: it has no primary key." in lines
    assert "No delta can say up to where it reads: public.fleet_mark is not there." in lines
    assert f"The mark is one table with one row: `fleet prerequisites {case.id} --deltas`." in lines
    case.ask_source("CREATE TABLE fleet_mark (id integer PRIMARY KEY, attempt bigint)")
    assert "fleet_mark" in fleet("check", case.id).out  # as left out, and no longer as missing
    document = json.loads(fleet("check", case.id, "--json").out)["detail"]
    assert document["arrivals"]["no_mark"] == ""
    keyless = {"table": "public.keyless", "why": "it has no primary key", "in_each_run": True}
    assert keyless in document["arrivals"]["in_full"]


def test_a_table_that_cannot_keep_deleted_rows_is_named_before_the_night(fleet: Fleet, case: Case) -> None:
    case.ask_source("CREATE TABLE keyless (id integer)")
    view = {"schema": "public", "table": "totals", "deletes": "hard"}
    write_registry(case, deletes="soft", tables=[view])
    said = fleet("check", case.id)
    assert said.code == 1
    assert "public.keyless cannot keep deleted rows, as `deletes: soft` says: it has no primary key." in said.out
    case.go_through("PrepareTask")
    assert fleet("show", case.id).out.count("cannot keep deleted rows") == 1


@pytest.mark.parametrize("where", [(), ("--from-here",)], ids=["through AskSource", "from here"])
def test_a_log_from_which_no_deltas_can_begin_is_named_with_the_setting(
    fleet: Fleet, case: Case, where: tuple[str, ...]
) -> None:
    write_registry(case, deltas=True)
    assert fleet("check", case.id, *where).code == 0
    case.ask_source(f"""ALTER DATABASE "{case.id}" SET wal_sender_timeout = '5s'""")
    said = fleet("check", case.id, *where)
    assert said.code == 1
    assert (
        "Deltas cannot begin: wal_sender_timeout is 5000 ms, wanted 0 or at least 10 s: DMS fails with less."
        in said.out
    )


def test_where_no_deltas_are_done_nothing_is_said_of_them(fleet: Fleet, case: Case) -> None:
    write_registry(case)
    assert "delta" not in fleet("check", case.id).out
    assert json.loads(fleet("check", case.id, "--json").out)["detail"]["arrivals"] is None


def test_show_says_what_the_newest_key_sweep_found_and_which_keys_none_compares(fleet: Fleet, case: Case) -> None:
    case.ask_source("CREATE TABLE moments (at timestamp PRIMARY KEY)")
    write_registry(case, deltas=True)
    case.go_through("PrepareTask")
    found = SweptTable("public", "orders", 5, surplus=2, repair="deletion", is_mended=True, shown=("7", "8"))
    last = LastSweep("sweep-1", "2026-11-29T12:00:00+00:00", KeySweep((found,)))
    case.cloud.clients.records.write(last_sweep_key(case.id), last, LastSweep)
    said = fleet("show", case.id).out
    assert (
        "Run sweep-1, which ended at 2026-11-29T12:00:00+00:00, swept 1 of 1 tables, 5 keys: 1 differs and was" in said
    )
    assert "found 2 rows of public.orders that no change had removed: 7; 8. They were deleted" in said
    assert "Its keys are never compared: public.moments: its key column 'at' is of type timestamp" in said
    assert json.loads(fleet("show", case.id, "--json").out)["last_sweep"]["run"] == "sweep-1"


@pytest.fixture
def shops(case: Case) -> Iterator[list[str]]:
    """Twelve databases beside the case's, on its server."""
    names, postgres = [f"shop-{number}" for number in range(12)], case.cases.postgres
    for name in names:
        postgres.create_database(name, make_template(postgres))
    yield names
    for name in names:
        postgres.drop_database(name)


def test_all_databases_of_a_server_are_asked_with_as_many_connections_at_once_as_it_bears(
    fleet: Fleet, case: Case, shops: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    arns = case.cloud.machine_arns
    account = Account(case.cloud.clients, arns["fleet-run"], arns["database-run"], lambda _: None)
    fleet = typing(capsys, account)  # pauses of several threads at once would pass the cases' time
    traffic = Traffic()
    write_registry(case)
    folder = Path("registry")
    (server,) = yaml.safe_load((folder / "servers.yaml").read_text(encoding="utf-8"))
    (entry,) = yaml.safe_load((folder / "databases.yaml").read_text(encoding="utf-8"))
    entries = [{**entry, "id": one, "name_at_source": one, "tags": ["few"] if one < "shop-2" else []} for one in shops]
    (folder / "servers.yaml").write_text(yaml.safe_dump([{**server, "databases_at_once": 3}]), encoding="utf-8")
    (folder / "databases.yaml").write_text(yaml.safe_dump(entries), encoding="utf-8")
    with port_of(f"{case.cases.postgres.host}/.s.PGSQL.{case.cases.postgres.port}", traffic) as port:
        case.put_secret(host="127.0.0.1", port=port)
        said = fleet("check", "--all")
        assert said.code == 0
        assert "12 databases: 12 passed" in said.out
        assert "shop-11  passed" in said.out
        assert traffic.opened == 24  # the census and the facts
        assert traffic.most <= 3
        document = json.loads(fleet("check", "--tag", "few", "--json").out)
    assert [one["database"] for one in document["databases"]] == ["shop-0", "shop-1", "shop-10", "shop-11"]
    assert document["totals"]["databases"] == {"passed": 4}
    assert "detail" not in document


def test_what_is_to_be_checked_must_be_named(fleet: Fleet, case: Case) -> None:
    write_registry(case)
    assert (fleet("check").code, "give --tag or --all" in fleet("check").err) == (2, True)
    assert "no database has the tag 'x'" in fleet("check", "--tag", "x").err


def test_losses_and_long_values_are_counted_where_that_is_asked_for(fleet: Fleet, case: Case) -> None:
    case.ask_source("CREATE TABLE notes (id integer PRIMARY KEY, price numeric, body text)")
    case.ask_source("INSERT INTO notes VALUES (1, 0.1234567, repeat('x', 40000))")
    write_registry(case)
    named = fleet("check", case.id)
    assert named.code == 0
    assert f"remark   SRC-LOSSES\n         {case.id}: public.notes.price (numeric): digits after the sixth" in named.out
    for where in ((), ("--from-here",)):
        counted = fleet("check", case.id, "--count-losses", *where)
        assert counted.code == 1
        said = f"failed   SRC-LOSSES\n         {case.id}: public.notes.price: 1 values: digits after the sixth"
        assert said in counted.out
        assert f"failed   SRC-LOB-LENGTH\n         {case.id}: public.notes.body: 1 values" in counted.out
