"""Deltas from a terminal: a run in mode `delta`, what it says, and what of it is run again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

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


def test_a_run_in_mode_delta_has_a_name_of_its_own_and_counts_changes(fleet: Fleet, cases: Cases) -> None:
    database = DeltaCase(cases)
    database.run_ok()
    database.change("UPDATE orders SET what = 'first' WHERE id = 1", "DELETE FROM orders WHERE id = 2")
    code, out, err = fleet("run", "--mode", "delta", "--databases", database.case.id, "--json")
    assert code == 0, err
    document = json.loads(out)
    assert document["run"].startswith("delta-20")
    assert document["totals"]["arrived"]["changes_applied"]["rows"] == 2
    database.assert_equal()
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
