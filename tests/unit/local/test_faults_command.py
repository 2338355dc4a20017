"""`fleet faults`, and what `fleet demo --break` refuses before it begins."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.commands import cli
from fleet.errors import MalformedInputError
from fleet.failures import CLASSES
from local.faults.catalogue import KINDS


def test_the_faults_are_listed_for_machines_with_what_the_night_makes_of_each() -> None:
    listed = json.loads(CliRunner().invoke(cli, ["faults", "--json"]).output)
    assert [one["name"] for one in listed] == list(KINDS)
    for one in listed:
        if one["night"]["failure_class"] is not None:
            assert one["night"]["owner"] == CLASSES[one["night"]["failure_class"]].owner


def test_the_faults_are_listed_for_a_person_with_their_parameters() -> None:
    words = CliRunner().invoke(cli, ["faults"]).output
    assert "killed-handler:STATE:EFFECT" in words
    assert "throttled-before[:OPERATION][:" in words
    assert all(name in words for name in KINDS)


@pytest.mark.parametrize("asked", ["nyc-flights=lost-sauce", "nyc-flights", "nyc-flights=killed-handler:Start:1"])
def test_a_demo_with_a_wrong_fault_is_refused_before_it_touches_anything(tmp_path: Path, asked: str) -> None:
    folder = tmp_path / "demo"
    result = CliRunner().invoke(cli, ["demo", "--folder", str(folder), "--break", asked])
    assert isinstance(result.exception, MalformedInputError)
    assert not folder.exists()
