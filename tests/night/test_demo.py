"""`fleet demo` as a person starts it: a full run, changes at the sources, a delta run, and a comparison."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cli.demo_runs import is_green

SIZE = ("--databases", "2", "--tables", "3")


def _demo(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  our own program
        [Path(sys.executable).with_name("fleet"), "demo", *SIZE, "--folder", folder, "--json", *arguments],
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_a_demo_ends_with_a_delta_whose_tables_equal_their_sources_but_where_faults_were_asked_for(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "demo"
    whole = _demo(folder)
    assert whole.returncode == 0, whole.stderr[-2_000:]
    document = json.loads(whole.stdout)
    assert json.loads((folder / "report.json").read_text()) == document
    changed = [table for one in document["changes"] for table in one["tables"]]
    assert len(document["changes"]) == 2
    assert min(sum(table[kind] for table in changed) for kind in ("inserted", "updated", "deleted")) > 0
    assert (document["status"], document["delta"]["status"]) == ("SUCCEEDED", "SUCCEEDED")
    assert document["delta"]["run"].startswith("delta-")
    applied = document["delta"]["totals"]["arrived"]["changes_applied"]["rows"]
    assert applied == sum(table[kind] for table in changed for kind in ("inserted", "updated", "deleted"))
    assert document["comparison"] == {"databases": 2, "tables": 6, "equal": 6, "different": []}
    assert "6 of 6 tables of 2 databases equal their sources" in whole.stderr
    assert document["delta"]["run"] in (folder / "report-delta.html").read_text()
    assert document["run"] in (folder / "report.html").read_text()

    broken = _demo(folder, "--break", "fleet-0001=lost-source")
    assert broken.returncode == 1
    assert "fleet-0001: 3 tables" in broken.stderr  # built anew: its rows had changed
    assert "Faults were asked for: the night is the full run alone" in broken.stderr
    document = json.loads(broken.stdout)
    assert {"changes", "delta", "comparison"} & document.keys() == set()
    assert [(one["database"], one["outcome"]) for one in document["databases"]] == [
        ("fleet-0001", "failed"),
        ("fleet-0002", "ok"),
    ]
    assert not (folder / "report-delta.html").exists()


@pytest.mark.parametrize(
    ("status", "delta", "equal", "green"),
    [
        ("SUCCEEDED", "SUCCEEDED", 6, True),
        ("FAILED", "SUCCEEDED", 6, False),
        ("SUCCEEDED", "FAILED", 6, False),
        ("SUCCEEDED", "SUCCEEDED", 5, False),
    ],
)
def test_a_demo_is_green_only_where_both_runs_are_and_all_tables_are_equal(
    status: str, delta: str, equal: int, green: bool
) -> None:
    comparison = {"tables": 6, "equal": equal}
    assert is_green({"status": status, "delta": {"status": delta}, "comparison": comparison}) is green
    assert is_green({"status": status}) is (status == "SUCCEEDED")
