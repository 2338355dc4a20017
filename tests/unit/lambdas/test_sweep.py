"""The sweep: what it finds however much has happened since, and the schedule that calls it."""

from __future__ import annotations

import json

from cases import Case, Cases

RULE = "fleet-recorder"


def test_the_sweep_closes_a_dead_run_however_many_have_died_since(cases: Cases, case: Case) -> None:
    machines, events = cases.cloud.aws.client("stepfunctions"), cases.cloud.aws.client("events")
    events.disable_rule(Name=RULE)
    case.run = f"night-{case.id}"
    case.cloud.faults.add(case.id, "task-stuck")
    cases.execute("fleet-run", case.run, {"mode": "full", "databases": [case.id]})
    cases.time.pass_seconds(200)
    execution = f"arn:aws:states:eu-central-1:123456789012:execution:fleet-fleet-run:{case.run}"
    machines.stop_execution(executionArn=execution)
    for number in range(30):
        cases.execute("fleet-run", f"since-{number}", {"mode": "full", "databases": [case.id]})
        machines.stop_execution(executionArn=execution.replace(case.run, f"since-{number}"))
    cases.time.pass_seconds(700)
    assert cases.invoke("Sweep", {"fleet_run": cases.cloud.machine_arns["fleet-run"]})["runs"] >= 1
    assert case.cloud.clients.ledger.run(case.run).closed_at
    assert case.outcome["failure_class"] == "cancelled"


def test_the_sweep_is_on_a_schedule_with_an_input_that_it_takes(cases: Cases) -> None:
    schedule = cases.cloud.aws.client("scheduler").get_schedule(Name="fleet-sweep", GroupName="fleet")
    assert (schedule["State"], schedule["ScheduleExpression"]) == ("ENABLED", "rate(15 minutes)")
    assert schedule["Target"]["Arn"].endswith(":function:fleet-sweep")
    assert cases.invoke("Sweep", json.loads(schedule["Target"]["Input"])).keys() == {"databases", "runs", "overdue"}


def test_deploying_again_leaves_one_schedule(cases: Cases) -> None:
    cases.cloud.deploy(cases.registry)
    schedules = cases.cloud.aws.client("scheduler").list_schedules()["Schedules"]
    assert [one["Name"] for one in schedules] == ["fleet-sweep"]
