"""What a person on call types, and what comes back: run, status, rerun, stop, report."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest

from cases import Case, Cases
from cli.account import Account
from cli.commands import cli
from cli.main import main
from said import Fleet


@pytest.fixture(scope="module")
def red(cases: Cases) -> Case:
    """The bad database of a run of two that ended red; the cause is gone since."""
    bad, good = cases.take(), cases.take()
    bad.ask_source("UPDATE orders SET amount = 'NaN' WHERE id = 1")
    cases.run_night("red", databases=[bad.id, good.id])
    bad.ask_source("UPDATE orders SET amount = 1.5 WHERE id = 1")
    bad.run = "red"
    return bad


# run


def test_run_starts_a_run_waits_for_its_end_and_exits_0_when_it_is_green(fleet: Fleet, case: Case) -> None:
    said = fleet("run", "--run", "by-hand", "--databases", f" {case.id} ,")
    assert said.code == 0
    assert f"  {case.id} ok" in said.out
    assert said.out.rstrip().endswith("Run by-hand ended SUCCEEDED. Its page: `fleet report by-hand`.")


def test_run_joins_a_run_that_runs_and_refuses_it_another_input(fleet: Fleet, case: Case) -> None:
    assert fleet("run", "--run", "joined", "--databases", case.id, "--no-wait").code == 0
    refused = fleet("run", "--run", "joined", "--databases", "case-20")
    assert refused.code == 2
    assert refused.err.startswith("Error: run 'joined' runs with another input")
    said = fleet("run", "--run", "joined", "--databases", case.id, "--json")
    assert said.code == 0
    assert "Run joined: joined" in said.err
    assert json.loads(said.out)["status"] == "SUCCEEDED"


def test_a_run_that_ended_is_not_started_again_and_says_what_to_do(fleet: Fleet, red: Case) -> None:
    said = fleet("run", "--run", "red")
    assert (said.code, said.out) == (2, "")
    assert said.err == (
        "Error: run 'red' has ended FAILED. Run again what failed with `fleet rerun red`, or name another --run.\n"
    )


def executions(cases: Cases) -> set[str]:
    """The names of all runs that were ever started."""
    machines = cases.cloud.aws.client("stepfunctions")
    pages = machines.get_paginator("list_executions").paginate(stateMachineArn=cases.cloud.machine_arns["fleet-run"])
    return {one["name"] for page in pages for one in page["executions"]}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--databases", ""], "Invalid value for '--databases': '' names none."),
        (["--databases", " , "], "Invalid value for '--databases': ' , ' names none."),
        (["--tags", ""], "Invalid value for '--tags': '' names none."),
        (["--run", ""], "Invalid value for '--run': it is empty."),
        (["--databases", "case-99"], "database 'case-99' is not in the registry (20 databases). Did you mean `case-"),
        (["--tags", "finance"], "no database of the registry has the tag 'finance'."),
    ],
)
def test_a_run_over_nothing_or_over_what_the_account_does_not_know_is_not_started(
    fleet: Fleet, cases: Cases, arguments: list[str], words: str
) -> None:
    before = executions(cases)
    said = fleet("run", *arguments, "--no-wait")
    assert (said.code, said.out) == (2, "")
    assert words in said.err
    assert executions(cases) == before


def test_a_run_that_was_refused_at_its_plan_says_why_in_the_refusals_words(fleet: Fleet, cases: Cases) -> None:
    cases.run_night("typo", databases=["case-99"])  # as the console or a schedule starts one
    again = fleet("run", "--run", "typo")
    assert again.err == "Error: run 'typo' has ended FAILED. It never began: name another --run.\n"
    status = fleet("status", "typo")
    assert status.code == 1
    assert "run typo: FAILED; no database\nUnknownDatabaseError: " in status.out


def test_run_without_waiting_says_where_to_look_and_is_found_there_at_once(fleet: Fleet, case: Case) -> None:
    said = fleet("run", "--run", "started", "--databases", case.id, "--no-wait")
    assert (said.code, said.out.splitlines()[-1]) == (0, "Look at it with `fleet status started`.")
    status = fleet("status", "started")
    assert status.code == 0
    assert status.out.splitlines()[-1].startswith("run started: RUNNING; ")  # how far it is by now, nobody knows


def test_run_says_for_machines_what_it_started(fleet: Fleet, case: Case) -> None:
    said = fleet("run", "--run", "machine", "--databases", case.id, "--no-wait", "--json")
    answered = json.loads(said.out)
    assert (answered["run"], answered["how"]) == ("machine", "started")
    assert answered["arn"].endswith(":execution:fleet-fleet-run:machine")


# status


def test_status_lists_the_last_runs_newest_first(fleet: Fleet, red: Case) -> None:
    said = fleet("status", "--json")
    listed = json.loads(said.out)
    assert said.code == 0
    assert {"run": "red", "status": "FAILED"}.items() <= next(one for one in listed if one["run"] == "red").items()
    assert "red  " in fleet("status").out


def test_status_of_a_run_names_each_database_with_its_end_and_exits_1_on_a_red_one(fleet: Fleet, red: Case) -> None:
    said = fleet("status", "red")
    assert said.code == 1
    assert f"{red.id:32} partial    table_error: " in said.out
    assert "run red: FAILED; 1 ok, 1 partial" in said.out
    answered = json.loads(fleet("status", "red", "--json").out)
    assert (answered["run"], answered["status"]) == ("red", "FAILED")
    assert {one["word"] for one in answered["databases"]} == {"ok", "partial"}


def test_status_narrowed_to_an_owner_that_no_database_has_says_which_there_are(fleet: Fleet, red: Case) -> None:
    said = fleet("status", "red", "--owner", "nobody")
    assert (said.code, said.out) == (2, "")
    assert said.err == ("Error: no database of the run has the owner nobody. Their tags: none. Their owners: none.\n")
    assert fleet("status", "--owner", "nobody").code == 2


def test_status_exits_1_where_a_run_that_is_over_left_a_database_without_an_outcome(fleet: Fleet, case: Case) -> None:
    case.plan()
    said = fleet("status", case.run)
    assert (said.code, said.out.splitlines()[-1]) == (1, f"run {case.run}: forgotten; 1 waiting")


# rerun


def test_rerun_runs_again_what_failed_and_leaves_a_link(fleet: Fleet, red: Case) -> None:
    said = fleet("rerun", "red", "--run", "red-again", "--json")
    assert said.code == 0
    (database,) = json.loads(said.out)["databases"]
    assert (database["database"], database["outcome"]) == (red.id, "ok")
    assert "rerun by red-again" in fleet("status", "red").out
    again = fleet("status", "red-again")
    assert (again.code, "a rerun of red" in again.out) == (0, True)


def test_rerun_of_a_run_that_goes_on_starts_nothing_and_says_what_to_do(fleet: Fleet, cases: Cases, case: Case) -> None:
    case.cloud.faults.add(case.id, "task-stuck")
    fleet("run", "--run", "goes-on", "--databases", case.id, "--no-wait")
    case.time.pass_seconds(60)
    before = executions(cases)
    said = fleet("rerun", "goes-on", "--run", "too-early")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("Error: run goes-on goes on: ")
    assert "Wait until it has ended (`fleet status goes-on`), or end it (`fleet stop goes-on`)." in said.err
    assert executions(cases) == before
    fleet("stop", "goes-on")


def test_rerun_of_a_run_that_was_all_ok_starts_nothing_and_exits_0(fleet: Fleet, cases: Cases, case: Case) -> None:
    fleet("run", "--run", "all-ok", "--databases", case.id)
    before = executions(cases)
    said = fleet("rerun", "all-ok")
    assert said.code == 0
    assert said.out == "Nothing was started: run all-ok leaves nothing to run again: 1 of 1 databases ended ok.\n"
    answered = json.loads(fleet("rerun", "all-ok", "--json").out)
    assert (answered["run"], answered["how"], answered["rerun_of"]) == (None, "nothing to do", "all-ok")
    assert executions(cases) == before


def test_rerun_of_failed_databases_where_only_tables_failed_starts_nothing_and_exits_1(
    fleet: Fleet, cases: Cases, red: Case
) -> None:
    before = executions(cases)
    said = fleet("rerun", "red", "--what", "failed-databases")
    assert (said.code, "1 partial. For the failed tables of partial ones ask for `failed-tables`" in said.out) == (
        1,
        True,
    )
    assert executions(cases) == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["rerun", "red", "--databases", ""], "'' names none."),
        (["rerun", "red", "--databases", "case-99"], "database 'case-99' is not one of run red, which had 2."),
        (["rerun", "redd"], "run 'redd' is not in the ledger. Did you mean `red`?"),
        (["stop", "red", "--reason", ""], "Invalid value for '--reason': it is empty."),
    ],
)
def test_a_rerun_or_stop_of_what_is_not_there_starts_nothing(
    fleet: Fleet, cases: Cases, red: Case, arguments: list[str], words: str
) -> None:
    before = executions(cases)
    said = fleet(*arguments)
    assert (said.code, said.out, words in said.err) == (2, "", True), said.err
    assert executions(cases) == before


def test_rerun_passes_on_what_is_to_be_run_again(fleet: Fleet, cases: Cases, red: Case) -> None:
    fleet("rerun", "red", "--run", "passes-on", "--what", "failed-tables", "--databases", red.id, "--no-wait")
    arn = "arn:aws:states:eu-central-1:123456789012:execution:fleet-fleet-run:passes-on"
    given = {"rerun_of": "red", "what": "failed-tables", "databases": [red.id]}
    assert json.loads(cases.describe(arn)["input"]) == given


# stop


def test_stop_ends_a_run_in_good_order_in_the_words_it_is_given(fleet: Fleet, cases: Cases, case: Case) -> None:
    case.cloud.faults.add(case.id, "task-stuck")
    fleet("run", "--run", "to-stop", "--databases", case.id, "--no-wait")
    cases.time.pass_seconds(200)
    said = fleet("stop", "to-stop", "--reason", "maintenance")
    assert said.code == 0
    assert said.out.endswith("Run to-stop has ended: 1 failed.\n")
    status = fleet("status", "to-stop")
    assert (status.code, "failed     cancelled: maintenance" in status.out) == (1, True)


def test_stop_says_to_a_program_what_was_asked_and_how_the_run_and_each_database_ended(
    fleet: Fleet, case: Case
) -> None:
    case.cloud.faults.add(case.id, "task-stuck")
    fleet("run", "--run", "to-stop-json", "--databases", case.id, "--no-wait")
    case.time.pass_seconds(120)
    said = fleet("stop", "to-stop-json", "--json")
    document = json.loads(said.out)
    (database,) = document.pop("databases")
    assert (said.code, document) == (0, {"run": "to-stop-json", "asked": True, "status": "FAILED"})
    assert (database["database"], database["word"], database["is_red"]) == (case.id, "failed", True)
    again = fleet("stop", "to-stop-json", "--json")
    assert (again.code, json.loads(again.out)["asked"]) == (0, False)
    assert "has ended already" in again.err


def test_report_says_to_a_program_where_the_page_lies(fleet: Fleet, red: Case) -> None:
    said = fleet("report", red.run, "--no-open", "--json")
    assert (said.code, json.loads(said.out)) == (0, {"run": "red", "page": "red.html"})


def command_of(name: str) -> click.Command:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    return command


def test_every_command_of_the_night_speaks_json() -> None:
    for name in ("run", "status", "rerun", "stop", "report"):
        assert any("--json" in one.opts for one in command_of(name).params), name


def test_stop_of_a_run_that_ended_says_so_and_changes_nothing(fleet: Fleet, red: Case) -> None:
    before = red.items("RUN#red")
    said = fleet("stop", "red")
    assert (said.code, said.out) == (0, "Run red has ended already; nothing was stopped.\n")
    assert red.items("RUN#red") == before


def test_stop_of_a_run_that_is_being_planned_says_to_ask_again(fleet: Fleet, case: Case) -> None:
    fleet("run", "--run", "fresh", "--databases", case.id, "--no-wait")
    case.time.pass_seconds(1)
    key = {"pk": {"S": "RUN#fresh"}, "sk": {"S": "RUN"}}
    case.cloud.aws.client("dynamodb").delete_item(TableName="fleet-ledger", Key=key)  # PlanRun writes it last
    said = fleet("stop", "fresh")
    assert (said.code, said.err) == (2, "Error: run 'fresh' is being planned. Ask again in a minute.\n")


# report


def test_report_leaves_the_page_of_the_night_as_a_file(fleet: Fleet, red: Case) -> None:
    said = fleet("report", "red", "--no-open")
    assert (said.code, said.out) == (0, "red.html\n")
    page = Path("red.html").read_text()
    assert page.lower().startswith("<!doctype html>")
    assert red.id in page
    assert fleet("report", "red", "--to", "another.html", "--no-open").out == "another.html\n"
    assert Path("another.html").read_text() == page


@pytest.mark.parametrize(
    ("to", "words"),
    [
        ("nowhere/night.html", "nowhere/night.html: No such file or directory. Make the folder first"),
        (".", "Is a directory. Name a file"),
        ("afile/night.html", "afile/night.html: Not a directory."),
        ("/dev/full", "No space left on device. Make room"),
        ("/proc/night.html", "/proc/night.html: "),
        ("", "Invalid value for '--to': it is empty."),
    ],
)
def test_a_page_that_cannot_be_written_is_one_sentence_with_the_next_step(
    fleet: Fleet, red: Case, to: str, words: str
) -> None:
    Path("afile").touch()
    said = fleet("report", "red", "--to", to, "--no-open")
    assert (said.code, said.out) == (2, "")
    assert words in said.err


def test_report_of_a_run_that_has_not_closed_says_when_there_will_be_one(fleet: Fleet, case: Case) -> None:
    case.plan("unclosed")
    said = fleet("report", "unclosed", "--no-open")
    assert (said.code, list(Path().iterdir())) == (2, [])
    assert said.err.startswith("Error: run 'unclosed' has no page yet: it is written when the run closes.")


# Whatever is typed


COMMANDS = cli.list_commands(click.Context(cli))


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_every_command_gives_examples_to_copy(fleet: Fleet, command: str) -> None:
    said = fleet(command, "--help")
    assert said.code == 0
    assert "\n  fleet " in said.out.partition("Examples:")[2].replace("    fleet", "  fleet")


@pytest.mark.parametrize("command", ["status", "rerun", "stop", "report"])
@pytest.mark.parametrize(
    ("name", "words"), [("no such run!", "run id 'no such run!' is malformed"), ("never-was", "'never-was' is not in")]
)
def test_a_wrong_run_is_reported_in_one_sentence_and_exits_2(fleet: Fleet, command: str, name: str, words: str) -> None:
    said = fleet(command, name)
    assert (said.code, said.out, len(said.err.splitlines())) == (2, "", 1)
    assert words in said.err


@pytest.mark.parametrize(
    "arguments", [["run", "--run", "under_scores"], ["runn"], ["rerun"], ["rerun", "red", "--what", "all"], ["--what"]]
)
def test_wrong_usage_exits_2_without_a_traceback(fleet: Fleet, arguments: list[str]) -> None:
    said = fleet(*arguments)
    assert (said.code, said.out) == (2, "")
    assert "Error: " in said.err


def test_a_watcher_who_leaves_while_a_run_goes_on_reads_that_it_does(
    cases: Cases, case: Case, capsys: pytest.CaptureFixture[str]
) -> None:
    def leave(_: float) -> None:
        raise KeyboardInterrupt

    arns = cases.cloud.machine_arns
    account = Account(cases.cloud.clients, arns["fleet-run"], arns["database-run"], leave)
    with pytest.raises(SystemExit) as ended:
        main(["run", "--run", "left", "--databases", case.id], account)
    assert ended.value.code == 130
    assert "Run left goes on without you." in capsys.readouterr().out


def test_every_command_of_the_night_takes_the_registrys_folder(fleet: Fleet) -> None:
    for name in ("run", "status", "rerun", "stop", "report"):
        options = [one for one in command_of(name).params if isinstance(one, click.Option)]
        assert any("--registry" in one.opts for one in options), name
