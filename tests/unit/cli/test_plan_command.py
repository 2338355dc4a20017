"""`fleet plan`: what it shows, what it refuses, and that it needs no account."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.main import main
from fleet.pace import CALLS_PER_DATABASE
from said import Said

REGISTRY = str(Path(__file__).parents[3] / "registry")
Plan = Callable[..., Said]


@pytest.fixture
def plan(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Plan:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")

    def type_in(*arguments: str) -> Said:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(("plan", "--registry", REGISTRY, *arguments))
        said = capsys.readouterr()
        return Said(int(ended.value.code or 0), said.out, said.err)

    return type_in


def document_of(said: Said) -> dict[str, Any]:
    return json.loads(said.out)


def test_the_plan_of_the_sample_fleet_fits_a_terminal_of_eighty_columns_and_ends_with_what_decides(plan: Plan) -> None:
    said = plan()
    assert said.code == 0
    lines = said.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert any(line.startswith("instance one: 8 databases, 4 at once") for line in lines)
    assert any("dms.r6i.large: 2 processors, 16 tables at once" in line for line in lines)
    assert lines[-4:] == [
        "15 databases, 2 instances: 0:20:00",
        "What decides it: instance one.",
        "No order needs less.",
        "How long each takes: 15 assumed (~: not measured).",
    ]


def test_for_a_program_it_says_the_same_with_every_database_in_its_lane(plan: Plan) -> None:
    found = document_of(plan("--json"))
    assert sum(len(lane["databases"]) for lane in found["lanes"]) == found["databases"] == 15
    assert {"offset", "starts_at", "ends_at", "seconds", "estimate"} <= set(found["lanes"][0]["databases"][0])
    assert found["decided_by"] == {"kind": "instance", "name": "one"}
    assert found["bounds"][0] == {**found["decided_by"], "seconds": found["least_seconds"]}
    assert [one["server"] for one in found["servers"]] == ["embedded"]
    endpoints, requests = found["quotas"][0], found["quotas"][-1]
    assert (endpoints["what"], endpoints["used"]) == ("endpoints per replication instance", 16)
    assert requests["used"] == 15 * CALLS_PER_DATABASE
    assert len({one["what"] for one in found["quotas"]}) == len(found["quotas"]) == 6


def test_it_is_narrowed_as_a_run_is_while_quotas_are_the_whole_fleets(plan: Plan) -> None:
    found = document_of(plan("--databases", "nyc-flights,tpch-orders", "--json"))
    assert [one["database"] for one in found["lanes"][0]["databases"]] == ["nyc-flights", "tpch-orders"]
    assert found["quotas"][0]["used"] == 16
    assert [one["database"] for one in document_of(plan("--tags", "aviation", "--json"))["lanes"][0]["databases"]] == [
        "nyc-flights"
    ]
    assert "has the tag 'aviatoin'" in plan("--tags", "aviatoin").err


def test_measures_of_a_file_decide_order_and_width(plan: Plan, tmp_path: Path) -> None:
    file = tmp_path / "measures.json"
    file.write_text(
        json.dumps(
            {"odd-names": {"seconds": 900, "loads": 2, "lob_columns": [1]}, "nyc-flights": {"seconds": 60, "loads": 1}}
        )
    )
    lane = document_of(plan("--measures", str(file), "--json"))["lanes"][0]
    assert lane["databases"][0]["database"] == "odd-names"
    assert [one["estimate"] for one in lane["databases"][:2]] == ["measured", "assumed"]


def test_what_if_says_whether_a_larger_fleet_on_more_instances_fits_a_window(plan: Plan) -> None:
    said = plan("--what-if", "databases=+60", "--what-if", "instances=6,window=20m")
    assert said.code == 1
    assert "75 databases, 6 instances: " in said.out
    assert "It does not fit into 0:20:00: " in said.out
    said = plan("--what-if", "databases=+60,instances=6,window=5h")
    assert said.code == 0
    assert said.out.splitlines()[-1] == "It fits into 5:00:00."
    found = document_of(plan("--what-if", "window=15m", "--json"))
    assert not found["window"]["fits"]
    assert {one["ends_at"] for one in found["window"]["too_late"]} == {1200}


def test_a_fleet_that_the_quotas_do_not_hold_is_a_finding(plan: Plan) -> None:
    said = plan("--what-if", "databases=+100")
    assert said.code == 1
    assert "DMS refuses 116 endpoints per replication instance (instance 'one'): 16 too many." in said.out


def test_a_delta_is_planned_over_the_databases_that_do_deltas(plan: Plan) -> None:
    planned = document_of(plan("--mode", "delta", "--json"))
    found = {one["database"] for lane in planned["lanes"] for one in lane["databases"]}
    assert found == {"baseball-teams", "odd-names", "type-museum", "vega-economy"}


def test_a_database_in_quarantine_takes_no_time_and_is_named(plan: Plan, tmp_path: Path) -> None:
    for file in Path(REGISTRY).glob("*.yaml"):
        (tmp_path / file.name).write_text(file.read_text())
    path = tmp_path / "databases.yaml"
    held = "- id: nyc-flights\n  quarantined: {reason: it moves, by: Ada, until: 2999-12-31}\n"
    path.write_text(path.read_text().replace("- id: nyc-flights\n", held))
    found = document_of(plan("--json", "--registry", str(tmp_path)))
    assert (found["databases"], found["quotas"][0]["used"]) == (14, 16)
    assert found["quarantined"] == [
        {"database": "nyc-flights", "reason": "it moves", "by": "Ada", "until": "2999-12-31"}
    ]
    said = plan("--registry", str(tmp_path), "--databases", "nyc-flights")
    assert "Quarantined until 2999-12-31 (UTC): nyc-flights, by Ada: it moves" in said.out
    assert plan("--registry", str(tmp_path), "--databases", "nyc-flights").code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--what-if", "instnces=6"), "Did you mean `instances`?"),
        (("--mode", "delta", "--tags", "aviation"), "none is onboarded and does deltas with one of the tags aviation"),
        (("--mode", "delta", "--databases", "nyc-flights"), "database 'nyc-flights' does no deltas."),
        (("--measured", "--measures", "x"), "--measured and --measures are both there."),
        (("--measures", REGISTRY + "/settings.yaml"), 'Wanted {"DATABASE": '),
        (("--measures", "not-there.json"), "not-there.json"),
        (("--measured",), "AWS cannot be reached"),
    ],
)
def test_what_it_cannot_do_is_one_sentence(
    plan: Plan, arguments: tuple[str, ...], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "nobody")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    said = plan(*arguments)
    assert (said.code, said.out) == (2, "")
    assert words in said.err
    assert len(said.err.splitlines()) == 1


def test_owners_priorities_and_blackouts_are_shown(plan: Plan, tmp_path: Path) -> None:
    folder = tmp_path / "registry"
    shutil.copytree(REGISTRY, folder)
    servers, databases = folder / "servers.yaml", folder / "databases.yaml"
    window = '{starts: "07:00", ends: "12:00"}'
    servers.write_text(servers.read_text(encoding="utf-8") + f"  blackouts: [{window}]\n", encoding="utf-8")
    text = databases.read_text(encoding="utf-8")
    named = text.replace("- id: vega-nature\n", "- id: vega-nature\n  owner: team-vega\n  priority: 3\n")
    databases.write_text(named, encoding="utf-8")
    at = ("--registry", str(folder), "--databases", "vega-nature,tpcds-store", "--what-if", "window=1h", "--at")
    said = plan(*at, "2026-12-01T11:00+01:00")
    assert said.code == 1
    lines = [" ".join(line.split()) for line in said.out.splitlines()]
    assert "priority, where it is not 0: vega-nature 3" in lines
    assert "vega-nature ends at 2:10:00 (owner of the database: team-vega)" in lines
    words = " ".join(lines)
    assert "vega-nature waits until 2026-12-01T12:00:00+00:00 for the end of 07:00 to 12:00 UTC" in words
    lane = document_of(plan(*at, "2026-12-01T13:00+00:00", "--json"))["lanes"][0]["databases"]
    assert [(one["database"], one["database_owner"], one["priority"], one["blackout"]) for one in lane] == [
        ("vega-nature", "team-vega", 3, None),
        ("tpcds-store", "", 0, None),
    ]
    assert plan("--at", "2026-12-01T13:00").code == 2
