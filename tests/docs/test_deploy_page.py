"""docs/deploy.md and the pipelines beside it: what they tell somebody to type can be typed, and does what they say."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from documented_commands import ROOT, commands_of_page, commands_of_script, why_unknown

from fleet.stack_settings import StackSettings
from fleet.warehouse import setup_statements
from onboarding.flags import PREFIX, flag_name, read_flags
from onboarding.reader import read_registry
from orchestration.terraform import OLDEST

DOCS = ROOT / "docs"
PAGE = (DOCS / "deploy.md").read_text(encoding="utf-8")
PIPELINES = sorted((DOCS / "pipelines").glob("*.yml"))
STATE_BUCKET = "fleet-states-123456789012"


def scripts(value: Any) -> Iterator[str]:
    """What a pipeline hands to a shell, wherever in it."""
    if isinstance(value, dict):
        yield from (text for key, text in value.items() if key in {"run", "script", "inlineScript"})
        for one in value.values():
            yield from scripts(one)
    elif isinstance(value, list):
        for one in value:
            yield from scripts(one)


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_every_command_of_the_page_exists_with_its_options() -> None:
    commands = commands_of_page(PAGE)
    assert {"fleet deploy --plan-only", "make setup", "python main.py", "fleet destroy"} <= set(commands)
    assert [(one, why) for one in commands if (why := why_unknown(one))] == []


@pytest.mark.parametrize("file", PIPELINES, ids=lambda file: file.name)
def test_every_command_of_a_pipeline_exists_with_its_options(file: Path) -> None:
    found = [line for text in scripts(yaml.safe_load(file.read_text())) for line in commands_of_script(text)]
    assert found == ["make setup", "fleet deploy --plan-only", "make setup", "fleet deploy --yes"]
    assert [(one, why) for one in found if (why := why_unknown(one))] == []


@pytest.mark.parametrize("file", PIPELINES, ids=lambda file: file.name)
def test_every_flag_of_a_pipeline_is_one_that_the_registry_reads(file: Path) -> None:
    named = set(re.findall(r"FLEET_[A-Z_]+", file.read_text(encoding="utf-8")))
    assert PREFIX in named
    # The roles' names are the pipeline's own affair and never reach a command.
    assert named - {PREFIX} <= {"FLEET_PLAN_ROLE", "FLEET_DEPLOY_ROLE"}


def test_the_flags_at_github_reach_the_commands_as_the_registry_reads_them(tmp_path: Path) -> None:
    steps = [step for job in yaml.safe_load(PIPELINES[1].read_text())["jobs"].values() for step in job["steps"]]
    prefixes = {match for step in steps for match in re.findall(r'startswith\("(.*?)"\)', step.get("run", ""))}
    assert prefixes == {PREFIX}
    assert sum(step.get("name") == "Flags" for step in steps) == 2


@pytest.mark.parametrize("file", PIPELINES, ids=lambda file: file.name)
def test_a_pipeline_stores_no_key_and_applies_only_what_was_merged(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert not re.search(r"(?i)secret_access_key|access_key_id|password", text)
    applies = text.index("deploy --yes")
    assert re.search(r"environment: (fleet-)?production", text[:applies])
    assert re.search(r"== 'push'|refs/heads/main", text[:applies])


def test_a_plan_with_changes_does_not_fail_a_pipeline_and_a_failed_one_does(tmp_path: Path) -> None:
    for file in PIPELINES:
        (script,) = [text for text in scripts(yaml.safe_load(file.read_text())) if "--plan-only" in text]
        program = tmp_path / ".venv/bin/fleet"
        program.parent.mkdir(parents=True, exist_ok=True)
        for code, is_fine in ((0, True), (1, True), (2, False), (3, False)):
            program.write_text(f"#!/bin/sh\nexit {code}\n", encoding="utf-8")
            program.chmod(0o755)
            # Both systems run a script so.
            done = subprocess.run(["bash", "-e", "-c", script], cwd=tmp_path, check=False)  # noqa: S603, S607
            assert (done.returncode == 0) == is_fine, (file.name, code)


def test_the_flag_that_the_page_shows_is_the_one_that_is_read() -> None:
    assert f"`{flag_name('erp-sales')}=true` for the database `erp-sales`" in PAGE
    assert read_flags({"FLEET_ONBOARD_ERP_SALES": "true"}, ["erp-sales"]) == ({"erp-sales": True}, [])


def test_the_settings_that_the_page_shows_are_read(tmp_path: Path) -> None:
    sample = yaml.safe_load((ROOT / "registry/settings.yaml").read_text(encoding="utf-8"))
    shown = [yaml.safe_load(text) for text in blocks("yaml")]
    stack = {key: value for one in shown for key, value in one["stack"].items()}
    merged = {**sample, **shown[0], "stack": stack}
    (tmp_path / "settings.yaml").write_text(yaml.safe_dump(merged), encoding="utf-8")
    for name in ("servers.yaml", "families.yaml", "databases.yaml"):
        (tmp_path / name).write_bytes((ROOT / "registry" / name).read_bytes())
    read = read_registry(tmp_path, {}).settings
    assert read.stack.state_bucket == STATE_BUCKET
    assert read.stack.snowflake_trust.external_id == "fleet-0001"
    assert read.stack.network != StackSettings().network


def test_the_sql_for_snowflake_begins_with_what_the_local_cloud_is_set_up_with() -> None:
    settings = read_registry(ROOT / "registry", {}).settings
    role = f"arn:aws:iam::{settings.account}:role/{settings.prefix}-snowflake-read"
    statements = setup_statements(
        settings.snowflake, landing_bucket=settings.landing_bucket, role_arn=role, external_id="fleet-0001"
    )
    (sql,) = blocks("sql")
    assert sql.startswith("".join(f"{statement};\n" for statement in statements))


def test_the_page_names_the_oldest_terraform_that_is_taken() -> None:
    assert f"| Terraform | {'.'.join(map(str, OLDEST))} or newer |" in PAGE
