"""`fleet check registry`, as a person and a pull request see it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from registry_texts import SETTINGS
from said import Fleet, typing

DATABASES = """\
- {id: shop, server: east, name_at_source: Shop, instance: one, schemas: [public], onboarded: true}
- {id: crm, server: west, name_at_source: CRM, instance: one, shemas: [public], row_tolerance: -1}
"""


@pytest.fixture
def fleet(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Fleet:
    """The command in a folder with a registry, in which three things are wrong."""
    monkeypatch.chdir(tmp_path)
    for variable in ("GITHUB_ACTIONS", "TF_BUILD"):
        monkeypatch.delenv(variable, raising=False)
    folder = tmp_path / "registry"
    folder.mkdir()
    (folder / "settings.yaml").write_text(SETTINGS)
    (folder / "servers.yaml").write_text("- {id: east, engine: postgresql, secret: fleet/server/east}\n")
    (folder / "databases.yaml").write_text(DATABASES)
    return typing(capsys)


def mend() -> None:
    text = DATABASES.replace("shemas", "schemas").replace("-1", "1").replace("west", "east")
    Path("registry/databases.yaml").write_text(text)


def test_all_that_is_wrong_is_said_with_file_and_line_and_a_right_one_is_counted(fleet: Fleet) -> None:
    said = fleet("check", "registry")
    assert said.code == 1
    assert [line.partition(": ")[0] for line in said.out.splitlines() if "yaml:" in line] == [
        "registry/databases.yaml:2"
    ] * said.out.count("yaml:")
    assert "has no key `shemas`. Did you mean `schemas`?" in said.out
    assert "`row_tolerance` is -1, wanted 0 or more" in said.out
    assert "::error" not in said.out + said.err
    mend()
    said = fleet("check", "registry")
    assert (said.code, said.out) == (0, "registry: 2 databases on 1 server, 1 onboarded. Nothing is to be mended.\n")


def test_a_program_gets_the_findings(fleet: Fleet) -> None:
    said = fleet("check", "registry", "--json")
    document = json.loads(said.out)
    assert (said.code, document["is_right"]) == (1, False)
    assert {(one["file"], one["line"]) for one in document["findings"]} == {("registry/databases.yaml", 2)}
    mend()
    assert json.loads(fleet("check", "registry", "--json").out) == {"findings": [], "remarks": [], "is_right": True}


@pytest.mark.parametrize(
    ("variable", "value", "line"),
    [
        ("GITHUB_ACTIONS", "true", "::error file=registry/databases.yaml,line=2::crm has no key `shemas`. Did you"),
        (
            "TF_BUILD",
            "True",
            "##vso[task.logissue type=error;sourcepath=registry/databases.yaml;linenumber=2]crm has no key `shemas`",
        ),
    ],
)
def test_a_pull_request_shows_them_beside_their_lines(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, line: str
) -> None:
    monkeypatch.setenv(variable, value)
    monkeypatch.setenv("FLEET_ONBOARD_NOBODY", "100% sure\nor not")
    said = fleet("check", "registry")
    assert any(one.startswith(line) for one in said.out.splitlines())
    Path("registry/databases.yaml").write_text(DATABASES.splitlines()[0])
    (found,) = [one for one in fleet("check", "registry").out.splitlines() if one.startswith(line[:2])]
    assert "environment: FLEET_ONBOARD_NOBODY: matches no database" in found


def test_a_quarantine_that_is_over_is_remarked_on_and_refuses_nothing(fleet: Fleet) -> None:
    mend()
    path = Path("registry/databases.yaml")
    held = "quarantined: {{reason: it moves, by: Ada, until: {}}}, {}"
    text = path.read_text().replace("row_tolerance", held.format("2001-02-03", "row_tolerance"))
    path.write_text(text.replace("onboarded", held.format("2999-12-31", "onboarded")))
    said = fleet("check", "registry")
    remark = "crm: `quarantined` ended on 2001-02-03, and the database is in runs again. Remove it."
    assert (said.code, said.out.splitlines()[1:]) == (0, [f"Remark: {remark}"])
    assert json.loads(fleet("check", "registry", "--json").out) == {
        "findings": [],
        "remarks": [remark],
        "is_right": True,
    }


def test_no_database_is_called_so(fleet: Fleet) -> None:
    mend()
    path = Path("registry/databases.yaml")
    path.write_text(path.read_text().replace("id: crm", "id: registry"))
    said = fleet("check", "registry")
    assert said.code == 1
    assert "`id` is 'registry'" in said.out


def test_a_folder_that_is_not_there_is_one_sentence(fleet: Fleet) -> None:
    said = fleet("check", "registry", "--registry", "elsewhere")
    assert (said.code, "there is no registry in" in said.err) == (2, True)


def test_a_database_that_is_onboarded_without_its_line_in_the_ledger_of_names_is_named(fleet: Fleet) -> None:
    mend()
    assert "No names.csv yet" in fleet("check", "registry").err
    ledger = Path("registry/names.csv")
    ledger.write_text("id,server,name_at_source,first_seen_on\n")
    said = fleet("check", "registry")
    assert said.code == 1
    wanted = (
        "registry/databases.yaml:1: shop: it is onboarded, and names.csv has no line for it. Run `fleet onboard shop`"
    )
    assert wanted in said.out
    assert fleet("onboard", "shop", "--yes").code == 0
    said = fleet("check", "registry")
    assert (said.code, said.err) == (0, "")
