"""Deltas from a terminal: a run in mode `delta`, what it says, and what of it is run again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cases import Cases
from cli.account import Account
from cli.main import main
from delta_case import DeltaCase, delta_cases
from localcloud.servers.postgres import EmbeddedPostgres

Fleet = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def cases(postgres: EmbeddedPostgres, case_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cases]:
    with delta_cases(tmp_path_factory.mktemp("delta-commands"), postgres, case_template) as opened:
        yield opened


@pytest.fixture
def fleet(cases: Cases, capsys: pytest.CaptureFixture[str]) -> Fleet:
    """The command `fleet` over that cloud: exit code, what it wrote, what it said on stderr."""
    arns = cases.cloud.machine_arns
    account = Account(cases.cloud.clients, arns["fleet-run"], arns["database-run"], cases.time.pass_seconds)

    def type_in(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(arguments, account)
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return type_in


def test_a_run_in_mode_delta_has_a_name_of_its_own_and_counts_changes(fleet: Fleet, shared: DeltaCase) -> None:
    shared.change("UPDATE orders SET what = 'first' WHERE id = 1", "DELETE FROM orders WHERE id = 2")
    code, out, err = fleet("run", "--mode", "delta", "--databases", shared.case.id, "--json")
    assert code == 0, err
    document = json.loads(out)
    assert document["run"].startswith("delta-20")
    assert document["totals"]["arrived"]["changes_applied"]["rows"] == 2
    shared.assert_equal()
    code, out, _ = fleet("report", document["run"], "--no-open", "--to", "/dev/null")
    assert code == 0


def test_a_run_in_mode_delta_of_what_does_none_is_not_started(fleet: Fleet, cases: Cases) -> None:
    code, out, err = fleet("run", "--mode", "delta", "--databases", "case-01")
    assert (code, out) == (2, "")
    assert "database 'case-01' does no deltas." in err


def test_a_delta_that_ended_partial_is_run_again_as_a_delta_of_all_tables(fleet: Fleet, cases: Cases) -> None:
    database = DeltaCase(cases)
    database.run_ok()
    database.change("UPDATE orders SET amount = 'NaN' WHERE id = 1")
    outcome = database.run()
    assert outcome["outcome"] == "partial", outcome
    database.change("UPDATE orders SET amount = 2 WHERE id = 1")
    code, out, err = fleet("rerun", database.case.run, "--run", f"{database.case.run}-again", "--json")
    assert code == 0, out + err
    database.assert_equal()


def test_a_sweep_from_a_terminal_says_what_it_found_and_so_do_status_and_page(
    fleet: Fleet, shared: DeltaCase, tmp_path: Path
) -> None:
    case = shared.case
    count = case.ask_source("SELECT (SELECT count(*) FROM orders) + (SELECT count(*) FROM customers)")[0][0]
    case.ask_warehouse(f'INSERT INTO {case.warehouse_schema}.ORDERS ("ID") VALUES (70)')
    code, out, err = fleet("sweep", case.id, "--json")
    assert code == 0, err
    document = json.loads(out)
    assert document["run"].startswith("sweep-20")
    swept = {one["table"]: one for one in document["databases"][0]["sweep"]["tables"]}
    assert (swept["orders"]["surplus"], swept["orders"]["is_mended"], swept["orders"]["shown"]) == (1, True, ["70"])
    shared.assert_equal()
    code, out, _ = fleet("status", document["run"])
    assert code == 0
    assert f"swept 3 of 3 tables, {count} keys: 1 differs and was mended" in out
    code, out, _ = fleet("report", document["run"], "--no-open", "--to", str(tmp_path / "page.html"))
    assert "no change had removed: 70. They were deleted" in (tmp_path / "page.html").read_text()


def test_a_sweep_of_a_table_that_is_not_there_is_not_started(fleet: Fleet, shared: DeltaCase) -> None:
    code, out, err = fleet("sweep", shared.case.id, "--table", "public.order")
    assert (code, out) == (2, "")
    assert "no run has loaded a table 'public.order'" in err
    assert "Did you mean `public.orders`?" in err
