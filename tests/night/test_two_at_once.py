"""Two at once: executions and runs that want one database work on it in turn, or say why they did not."""

from __future__ import annotations

import json
import re

from cases import Case, Cases, refused
from test_rerun import BAD, GOOD, message, partial


def test_two_runs_over_one_database_work_it_one_after_the_other(cases: Cases, case: Case) -> None:
    first = cases.execute("fleet-run", f"one-{case.id}", {"mode": "full", "databases": [case.id]})
    second = cases.execute("fleet-run", f"two-{case.id}", {"mode": "full", "databases": [case.id]})
    ends = [cases.time.until(one)["status"] for one in (first, second)]
    assert ends == ["SUCCEEDED", "SUCCEEDED"]
    outcomes = [cases.cloud.clients.ledger.outcome(f"{name}-{case.id}", case.id) for name in ("one", "two")]
    assert [one.outcome for one in outcomes] == ["ok", "ok"]
    assert {one.attempt for one in outcomes} == {1, 2}


def test_a_run_that_waits_longer_than_the_setting_for_another_runs_database_skips_it(cases: Cases, case: Case) -> None:
    case.cloud.faults.add(case.id, "task-stuck")
    cases.execute("fleet-run", f"one-{case.id}", {"mode": "full", "databases": [case.id]})
    cases.time.pass_seconds(60)
    second = cases.run_night(f"two-{case.id}", databases=[case.id])
    assert re.search(rf"RunNotOkError.*1 of 1 .*: {case.id} \(cancelled\)", f"{second['error']} {message(second)}")
    case.run = f"two-{case.id}"
    assert (case.outcome["outcome"], case.outcome["failure_name"]) == ("skipped", "Claimed")
    assert "waited 9" in case.outcome["failure_text"]
    assert cases.cloud.clients.ledger.claim(case.id).number == 1


def test_a_run_whose_database_another_run_held_is_green_once_that_one_has_copied_it_whole(
    cases: Cases, case: Case
) -> None:
    case.run = f"one-{case.id}"
    case.claim(execution=cases.start_sleeper(f"holder-of-{case.id}"))
    second = cases.run_night(f"two-{case.id}", databases=[case.id])
    assert second["status"] == "FAILED"
    case.go_through("ReleaseDatabase")
    assert case.outcome["outcome"] == "ok"
    case.run = f"two-{case.id}"
    arn = f"arn:aws:states:eu-central-1:123456789012:execution:fleet-fleet-run:{case.run}"
    again = cases.redrive(arn)
    assert (again["status"], json.loads(again["output"])["outcomes"]) == ("SUCCEEDED", {"skipped": 1})
    page = case.read_control(f"runs/{case.run}/report.html").decode()
    assert f"Attempt 1 of run one-{case.id} copied it whole and ended ok at" in page


def test_a_copy_of_some_tables_or_of_before_the_run_does_not_stand_for_its_own(cases: Cases, case: Case) -> None:
    case.run = f"before-{case.id}"
    assert cases.run_night(case.run, databases=[case.id])["status"] == "SUCCEEDED"
    cases.time.pass_seconds(60)
    case.attempt = {}
    holder = cases.start_sleeper(f"holder-of-{case.id}")
    case.run = f"holding-{case.id}"
    case.claim(execution=holder, tables=["public.orders"])
    second = cases.run_night(f"two-{case.id}", databases=[case.id])
    assert second["status"] == "FAILED"
    case.go_through("ReleaseDatabase")
    with refused("RunNotOkError", rf"1 of 1 .* {case.id} \(cancelled\)"):
        cases.invoke("CloseRun", {"run": f"two-{case.id}"})


def test_a_second_execution_of_the_same_run_waits_and_adopts_the_first_ones_outcome(cases: Cases, case: Case) -> None:
    case.plan()
    content = {"run": case.run, "database": case.id, "mode": "full"}
    first = cases.execute("database-run", f"first-{case.id}", content)
    cases.time.pass_seconds(60)
    second = cases.execute("database-run", f"second-{case.id}", content)
    assert [cases.time.until(one)["status"] for one in (first, second)] == ["SUCCEEDED", "SUCCEEDED"]
    assert case.outcome["execution"].endswith(f":first-{case.id}")
    assert cases.cloud.clients.ledger.claim(case.id).number == 1


def test_a_second_execution_that_adopts_a_red_outcome_is_red_too(cases: Cases, case: Case) -> None:
    case.ask_source(BAD)
    case.plan()
    content = {"run": case.run, "database": case.id, "mode": "full"}
    first = cases.execute("database-run", f"first-{case.id}", content)
    cases.time.pass_seconds(60)
    second = cases.execute("database-run", f"second-{case.id}", content)
    assert [cases.time.until(one)["error"] for one in (first, second)] == ["DatabaseNotOkError"] * 2
    assert (case.outcome["outcome"], int(case.outcome["attempt"])) == ("partial", 1)


def test_an_attempt_narrowed_to_some_tables_is_not_ok_for_the_whole_and_a_waiting_whole_one_does_its_own(
    cases: Cases, case: Case
) -> None:
    case.plan()
    content = {"run": case.run, "database": case.id, "mode": "full"}
    narrowed = cases.execute("database-run", f"narrowed-{case.id}", {**content, "tables": ["public.orders"]})
    cases.time.pass_seconds(60)
    whole = cases.execute("database-run", f"whole-{case.id}", content)
    assert cases.time.until(narrowed)["error"] == "DatabaseNotOkError"
    assert (case.outcome["outcome"], int(case.outcome["attempt"])) == ("partial", 1)
    seen = {name: table["failure"] and table["failure"]["name"] for name, table in case.tables.items()}
    assert seen == {"orders": None, **dict.fromkeys(("customers", "nothing", "totals"), "TableNotAsked")}
    assert cases.time.until(whole)["status"] == "SUCCEEDED"
    assert (case.outcome["outcome"], int(case.outcome["attempt"])) == ("ok", 2)
    assert len(case.tables) == 4


def test_a_narrowed_attempt_that_failed_says_why_and_not_what_it_was_not_asked_for(cases: Cases, case: Case) -> None:
    case.ask_source(BAD)
    case.plan()
    content = {"run": case.run, "database": case.id, "mode": "full", "tables": ["public.orders"]}
    cases.time.until(cases.execute("database-run", f"narrowed-{case.id}", content))
    assert [case.outcome[name] for name in ("outcome", "failure_class")] == ["failed", "table_error"]
    assert case.outcome["failure_text"].startswith("public.orders: ")


def test_an_attempt_at_all_tables_by_their_names_is_the_whole(cases: Cases, case: Case) -> None:
    case.plan()
    tables = [f"public.{name}" for name in ("orders", "customers", "nothing", "totals")]
    content = {"run": case.run, "database": case.id, "mode": "full", "tables": tables}
    ended = cases.time.until(cases.execute("database-run", f"named-{case.id}", content))
    assert (ended["status"], case.outcome["outcome"], len(case.tables)) == ("SUCCEEDED", "ok", 4)


def test_a_redriven_execution_waits_as_long_for_another_run_as_it_did_at_first(cases: Cases, case: Case) -> None:
    partial(cases, case)
    case.ask_source(GOOD)
    cases.time.pass_seconds(7200)
    another = cases.execute("fleet-run", f"another-{case.id}", {"mode": "full", "databases": [case.id]})
    cases.time.pass_seconds(60)
    arn = f"arn:aws:states:eu-central-1:123456789012:execution:fleet-database-run:first-{case.id}"
    assert cases.redrive(arn)["status"] == "SUCCEEDED"
    assert cases.time.until(another)["status"] == "SUCCEEDED"
    assert (case.outcome["outcome"], int(case.outcome["attempt"])) == ("ok", 3)
