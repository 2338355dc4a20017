"""docs/registry.md: what it shows is read as it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cli.main import main
from onboarding.reader import read_registry
from registry_texts import SETTINGS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/registry.md").read_text(encoding="utf-8")
FILES = re.findall(r"^```yaml\n# (\S+\.yaml).*\n((?:.*\n)*?)```", PAGE, re.MULTILINE)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in FILES:
        path = tmp_path / "mine" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text((SETTINGS if name == "settings.yaml" else f"# {name}\n") + text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "110")
    return tmp_path / "mine"


def test_the_registry_that_the_page_shows_holds_what_it_says(folder: Path) -> None:
    registry = read_registry(folder, {})
    assert {one.id: one.name_at_source for one in registry.databases} == {
        "crm-berlin": "crm-berlin", "crm-paris": "crm-paris", "crm-oslo": "CRM_OSLO",
    }  # fmt: skip
    berlin, oslo = registry.database("crm-berlin"), registry.database("crm-oslo")
    assert (berlin.server, berlin.instance, berlin.schemas) == ("erp", "one", ("dbo",))
    assert berlin.exclude == ("*.sysdiagrams", "dbo.log_*")
    assert oslo.exclude == (*berlin.exclude, "archive.*_2019")
    assert oslo.losses_of(("dbo", "contacts")) == "accept"


def test_a_family_is_explained_as_the_page_shows(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command, shown = re.findall(r"^```console\n\$ fleet (.+)\n((?:.*\n)*?)```", PAGE, re.MULTILINE)[0]
    assert folder.is_dir()
    with pytest.raises(SystemExit) as ended:
        main(command.split())
    assert not ended.value.code
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == shown.splitlines()
