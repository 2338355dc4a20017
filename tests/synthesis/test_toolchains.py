"""The stacks under CDKTF's continuation, and under checkov's eyes: two tools that `make toolchains` installs apart."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from left_out import toolchain
from synthesised import ROOT, Stacks

OURS = ("fleet", "onboarding", "orchestration", "registry", "main.py")


@pytest.fixture
def cdktn() -> Path:
    """The Python that has CDKTF's continuation instead of CDKTF."""
    return toolchain("cdktn/bin/python")


@pytest.fixture
def checkov() -> Path:
    """The program checkov."""
    return toolchain("checkov/bin/checkov")


def run(*command: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20"}
    return subprocess.run(  # noqa: S603  our own programs
        list(map(str, command)), cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def the_one_line_move(folder: Path) -> None:
    """A copy of what synthesises, with the command run on it that toolchain.py names."""
    for name in OURS:
        source = ROOT / name
        shutil.copytree(source, folder / name) if source.is_dir() else shutil.copy(source, folder)
    file = folder / "orchestration" / "constructs" / "toolchain.py"
    (command,) = re.findall(r"^ +sed -i '(.+)' toolchain\.py$", file.read_text(encoding="utf-8"), re.MULTILINE)
    done = run("sed", "-i", command, file, folder=folder)
    assert done.returncode == 0, done.stderr


def test_the_continuation_of_cdktf_writes_the_same_stacks_after_the_one_line_move(
    cdktn: Path, sample: Stacks, tmp_path: Path
) -> None:
    the_one_line_move(tmp_path)
    package = sample["pipeline"].folder / "functions.zip"
    done = run(cdktn, "main.py", "--output", tmp_path / "out", "--package", package, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    moved = Stacks(tmp_path / "out")
    assert moved.all.keys() == sample.all.keys()
    for name, stack in moved.all.items():
        before, after = sample[name].document, stack.document
        assert (before["//"]["metadata"].pop("version"), after["//"]["metadata"].pop("version")) == ("0.21.0", "0.24.0")
        providers = [one["terraform"]["required_providers"]["aws"] for one in (before, after)]
        # The same address, written out.
        assert [one.pop("source") for one in providers] == ["aws", "hashicorp/aws"]
        assert before == after, name


def test_no_other_module_names_the_toolchain() -> None:
    names = re.compile(r"^\s*(from|import) (cdktf|cdktn|constructs|jsii)\b|cdkt[fn]_\w*provider_aws", re.MULTILINE)
    files = [
        file for folder in ("orchestration", "cli", "fleet", "onboarding") for file in (ROOT / folder).rglob("*.py")
    ]
    naming = [str(file.relative_to(ROOT)) for file in files if names.search(file.read_text(encoding="utf-8"))]
    assert naming == ["orchestration/constructs/toolchain.py"]


def test_what_checkov_finds_is_what_the_audit_gives_reasons_for(checkov: Path, sample: Stacks, tmp_path: Path) -> None:
    for stack in sample.all.values():
        # checkov 3.3 cannot read a block that holds a plain text, as `terraform` does; it checks nothing in it.
        document = {key: value for key, value in stack.document.items() if key != "terraform"}
        file = tmp_path / stack.name / "cdk.tf.json"
        file.parent.mkdir()
        file.write_text(json.dumps(document, indent=1), encoding="utf-8")
    arguments = ("--framework", "terraform_json", "--skip-download", "--quiet", "--compact", "-o", "json")
    answered: dict[str, Any] = json.loads(run(checkov, "-d", tmp_path, *arguments, folder=tmp_path).stdout)
    assert answered["summary"]["parsing_errors"] == 0
    assert answered["summary"]["passed"] > 300
    found = {one["check_id"] for one in answered["results"]["failed_checks"]}
    table = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")
    reasons = dict(re.findall(r"^\| (CKV\w+) \| `\S+` \| (.+) \|$", table, re.MULTILINE))
    assert found == reasons.keys()
