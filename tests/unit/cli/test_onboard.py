"""`fleet onboard` and `fleet offboard`."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from onboarding.reader import read_registry
from registry_texts import SETTINGS
from said import Fleet, typing

ENTRY = (
    "- id: {id}\n  server: {server}\n  name_at_source: {id}\n  instance: one\n  schemas: [public]\n  tags: [{tag}]\n"
)
SERVER = "- {{id: {id}, engine: postgresql, secret: fleet/server/{id}}}\n"


@pytest.fixture
def fleet(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Fleet:
    """The command in a folder with a registry of four databases, none of them onboarded."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "registry"
    folder.mkdir()
    (folder / "settings.yaml").write_text(SETTINGS)
    (folder / "servers.yaml").write_text("".join(SERVER.format(id=one) for one in ("east", "west")))
    entries = (("shop", "east", "sales"), ("crm", "east", "sales"), ("erp", "west", "books"), ("hr", "west", "people"))
    (folder / "databases.yaml").write_text(
        "# Ours.\n" + "".join(ENTRY.format(id=one, server=server, tag=tag) for one, server, tag in entries)
    )
    return typing(capsys)


def onboarded() -> set[str]:
    return {one.id for one in read_registry(Path("registry"), {}).databases if one.onboarded}


def test_databases_are_chosen_by_name_tag_server_and_file(fleet: Fleet) -> None:
    Path("wave.csv").write_text("server,ID\nwest,hr\n\nwest, erp \n")
    for words, expected in (
        (("shop",), {"shop"}),
        (("--tag", "sales"), {"shop", "crm"}),
        (("--from", "wave.csv"), {"shop", "crm", "hr", "erp"}),
    ):
        assert fleet("onboard", *words, "--yes").code == 0
        assert onboarded() == expected
    assert fleet("offboard", "--server", "west", "crm", "--yes").code == 0
    assert onboarded() == {"shop"}


def test_a_file_of_a_spreadsheet_with_semicolons_is_read(fleet: Fleet) -> None:
    Path("wave.csv").write_bytes("\ufeffServer;ID;Größe\r\nwest;hr;1,5\r\n;;\r\nwest;erp;2\r\n".encode())
    assert fleet("onboard", "--from", "wave.csv", "--yes").code == 0
    assert onboarded() == {"hr", "erp"}


def test_the_change_is_shown_and_what_was_so_before_is_counted(fleet: Fleet) -> None:
    fleet("onboard", "shop", "--yes")
    said = fleet("onboard", "shop", "crm", "--yes")
    assert "+  onboarded: true" in said.out
    assert "Now onboarded: crm. Before already: 1." in said.out
    assert Path("registry/databases.yaml").read_text().startswith("# Ours.\n- id: shop\n  onboarded: true\n")
    again = fleet("onboard", "shop", "crm", "--json")
    assert json.loads(again.out) == {"changed": [], "unchanged": ["crm", "shop"], "overruled": []}


def test_a_variable_that_says_otherwise_is_named(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLEET_ONBOARD_CRM", "false")
    said = fleet("onboard", "crm", "--yes")
    assert "crm: the variable FLEET_ONBOARD_CRM says otherwise here, and wins over the file." in said.err
    assert onboarded() == {"crm"}


def test_without_a_terminal_nothing_is_written_unless_it_is_wanted(fleet: Fleet) -> None:
    before = Path("registry/databases.yaml").read_text()
    said = fleet("onboard", "shop")
    assert (said.code, "+  onboarded: true" in said.out) == (2, True)
    assert "there is no terminal to ask on, and nothing was written. Add --yes." in said.err
    assert Path("registry/databases.yaml").read_text() == before


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "no database is named. Name some, or give --tag, --server or --from."),
        (("shopp", "crn"), "the registry has no database 'crn', 'shopp'. Did you mean `crm`?"),
        (("--tag", "sale"), "no database has the tag 'sale'. Did you mean `sales`?"),
        (("--server", "north"), "no database has the server 'north'. Known: `east`, `west`."),
        (("--from", "empty.csv"), "empty.csv names no database. Write one id on each line."),
        (("--from", "none.csv"), "none.csv: No such file or directory."),
    ],
)
def test_what_cannot_be_chosen_is_said_and_nothing_is_written(fleet: Fleet, words: tuple[str, ...], says: str) -> None:
    Path("empty.csv").write_text("id\n\n")
    said = fleet("onboard", *words, "--yes")
    assert said.code == 2
    assert says in said.err
    assert onboarded() == set()


def test_more_than_an_instance_bears_is_refused_before_anything_is_written(fleet: Fleet) -> None:
    entries = "".join(ENTRY.format(id=f"db-{number}", server="east", tag="x") for number in range(60))
    Path("registry/databases.yaml").write_text(entries)
    said = fleet("onboard", "--server", "east", "--yes")
    assert said.code == 2
    assert "endpoints" in said.err
    assert onboarded() == set()


def names() -> list[str]:
    """The ledger of names, without the day of each line, which is today's."""
    lines = Path("registry/names.csv").read_text().splitlines()
    return [line.rpartition(",")[0] for line in lines]


def test_a_database_that_takes_part_gets_its_line_in_the_ledger_of_names_and_keeps_it(fleet: Fleet) -> None:
    said = fleet("onboard", "shop", "--yes")
    assert re.search(r"^\+shop,east,shop,20\d\d-\d\d-\d\d$", said.out, re.MULTILINE)
    fleet("onboard", "hr", "--yes")
    fleet("offboard", "shop", "--yes")
    assert names() == ["id,server,name_at_source", "hr,west,hr", "shop,east,shop"]


def test_databases_that_were_onboarded_by_hand_or_by_a_variable_get_their_line_with_the_next_change(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    databases = Path("registry/databases.yaml")
    databases.write_text(databases.read_text().replace("- id: erp", "- id: erp\n  onboarded: true"))
    monkeypatch.setenv("FLEET_ONBOARD_CRM", "true")
    assert fleet("onboard", "erp").code == 2  # nobody is there to be asked
    said = fleet("onboard", "erp", "--yes")
    assert "Now onboarded: none more. Before already: 1." in said.out
    assert names() == ["id,server,name_at_source", "crm,east,crm", "erp,west,erp"]


def test_an_id_that_was_given_to_another_database_is_not_onboarded(fleet: Fleet) -> None:
    fleet("onboard", "shop", "--yes")
    fleet("offboard", "shop", "--yes")
    databases = Path("registry/databases.yaml")
    before = databases.read_text().replace("name_at_source: shop", "name_at_source: shop_2")
    databases.write_text(before)
    said = fleet("onboard", "shop", "--yes")
    assert (said.code, "was given to 'shop' of server 'east'" in said.err) == (2, True)
    assert databases.read_text() == before


def test_offboarding_says_what_stays_and_where(fleet: Fleet) -> None:
    fleet("onboard", "shop", "--yes")
    said = fleet("offboard", "shop", "--yes")
    assert said.out.partition("Stays:\n")[2].splitlines()[:4] == [
        "  rows      in Snowflake, database FLEET: SHOP__PUBLIC",
        "  files     s3://fleet-landing/shop/, until they are 14 days old",
        "  history   in the ledger fleet-ledger, and the pages of its runs in s3://fleet-control-123456789012/",
        "  id        names.csv: never given to another database",
    ]
    assert "Stays:" not in fleet("offboard", "shop", "--yes").out


def test_databases_in_several_files_are_found_where_they_are(fleet: Fleet) -> None:
    registry = Path("registry")
    (registry / "databases").mkdir()
    _, *entries = (registry / "databases.yaml").read_text().split("- id:")
    for number, entry in enumerate(entries):
        (registry / "databases" / f"{number}.yaml").write_text(f"- id:{entry}")
    (registry / "databases.yaml").unlink()
    assert fleet("onboard", "shop", "hr", "--yes").code == 0
    assert onboarded() == {"shop", "hr"}
    assert "onboarded" not in (registry / "databases" / "1.yaml").read_text()


def test_a_file_that_lies_elsewhere_is_changed_there_and_keeps_its_mode(fleet: Fleet) -> None:
    databases, elsewhere = Path("registry/databases.yaml"), Path("elsewhere.yaml")
    databases.rename(elsewhere)
    elsewhere.chmod(0o640)
    databases.symlink_to(elsewhere.absolute())
    assert fleet("onboard", "shop", "--yes").code == 0
    assert databases.is_symlink()
    assert "onboarded: true" in elsewhere.read_text()
    assert elsewhere.stat().st_mode & 0o777 == 0o640


def test_a_file_that_is_read_only_stays_as_it_is_with_all_others(fleet: Fleet) -> None:
    Path("registry/names.csv").write_text("id,server,name_at_source,first_seen_on\n")
    Path("registry/names.csv").chmod(0o444)
    before = Path("registry/databases.yaml").read_text()
    said = fleet("onboard", "shop", "--yes")
    assert said.code == 2
    assert "registry/names.csv is read-only, and nothing was written. Make it writable" in said.err
    assert Path("registry/databases.yaml").read_text() == before
