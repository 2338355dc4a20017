"""The engine takes the state machines that are deployed to AWS."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from localcloud.aws import ACCOUNT, REGION
from localcloud.stepfunctions.language.definition import read_definition

FILES = sorted((Path(__file__).parents[2] / "orchestration" / "asl").glob("*.asl.json"))


def test_there_are_machines_to_take():
    assert {file.name for file in FILES} == {"database-run.asl.json", "fleet-run.asl.json"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_engine_takes_the_machine(file):
    text = re.sub(r"\$\{(\w+)\}", rf"arn:aws:lambda:{REGION}:{ACCOUNT}:function:\1", file.read_text())
    assert read_definition(text).flow.states
