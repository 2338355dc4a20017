"""The ledger of names: an id that was given to one source is never given to another."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from fleet.databases import Database
from onboarding.name_ledger import add_names, read_names
from onboarding.nodes import RegistryFile
from onboarding.reader import find_wrong, read_registry
from registry_texts import SETTINGS

HEAD = "id,server,name_at_source,first_seen_on\n"
ENTRY = "- {id: shop, server: erp, name_at_source: Shop, instance: one, schemas: [dbo], onboarded: true}\n"
DAY = date(2026, 12, 1)

Wrong = Callable[..., list[str]]


@pytest.fixture
def wrong(tmp_path: Path) -> Wrong:
    """What is wrong with a registry of *databases* and the ledger *names*; the folder's name is left out."""
    (tmp_path / "settings.yaml").write_text(SETTINGS)
    servers = "".join(f"- {{id: {one}, engine: sqlserver, secret: x}}\n" for one in ("erp", "new"))
    (tmp_path / "servers.yaml").write_text(servers)

    def find(databases: str, names: str | bytes | None) -> list[str]:
        (tmp_path / "databases.yaml").write_text(databases)
        if names is not None:
            (tmp_path / "names.csv").write_bytes(names if isinstance(names, bytes) else names.encode())
        return [str(one).replace(f"{tmp_path}/", "") for one in find_wrong(tmp_path, {})]

    return find


def test_an_id_of_another_database_is_refused_with_both_places_and_what_to_do(wrong: Wrong) -> None:
    (found,) = wrong("# Ours.\n" + ENTRY, HEAD + "crm,erp,Crm,2026-01-01\nshop,erp,Old shop,2026-11-01\n")
    assert found == (
        "databases.yaml:2: shop: the id is for 'Shop' of server 'erp' here, and was given to 'Old shop' of server "
        "'erp' (names.csv:3, 2026-11-01), whose rows and history it names. Choose another id. Only if it is the same "
        "database, moved or renamed, change that line on purpose."
    )
    assert len(wrong(ENTRY.replace("erp", "new"), HEAD + "shop,erp,Shop,2026-11-01\n")) == 1


def test_the_same_database_and_one_whose_line_was_changed_on_purpose_are_fine(wrong: Wrong) -> None:
    assert wrong(ENTRY, HEAD + "shop,erp,Shop,2026-11-01\n") == []
    assert wrong(ENTRY.replace("erp", "new"), HEAD + "shop,new,Shop,2026-11-01\n") == []


def test_an_id_that_left_the_registry_is_still_taken(wrong: Wrong) -> None:
    names = HEAD + "crm,erp,Crm,2026-01-01\nshop,erp,Shop,2026-11-01\n"
    assert wrong(ENTRY, names) == []
    (found,) = wrong(ENTRY + ENTRY.replace("shop", "crm").replace("Shop", "Crm 2"), names)
    assert "crm: the id is for 'Crm 2'" in found


def test_a_registry_without_the_ledger_or_with_an_empty_one_is_read(wrong: Wrong, tmp_path: Path) -> None:
    assert wrong(ENTRY, None) == []
    assert wrong(ENTRY, "") == []
    assert [one.id for one in read_registry(tmp_path, {}).databases] == ["shop"]


@pytest.mark.parametrize(
    ("names", "finding"),
    [
        ("id;server;name_at_source;first_seen_on\n", "names.csv:1: the first line is 'id;server;name_at_source;first_"),
        (HEAD + "\nshop,erp,Shop\n", "names.csv:3: the line has 3 of 4 values, wanted id,server,name_at_source,first_"),
        (HEAD + "shop,,Shop,2026-12-01\n", "names.csv:2: the line has 3 of 4 values"),
        (HEAD + "<<<<<<< HEAD\nshop,erp,Shop,2026-12-01\n", "names.csv:2: the line has 1 of 4 values"),
        (
            HEAD + "shop,erp,Shop,1.12.2026\n",
            "names.csv:2: shop: `first_seen_on` is '1.12.2026', wanted a day like 2026",
        ),
        (
            HEAD + 2 * "shop,erp,Shop,2026-12-01\n",
            "names.csv:3: the id `shop` is here for the second time, first on line 2",
        ),
        (HEAD + '"sh\nop",erp,Shop\n', "names.csv:2: the line has 3 of 4 values"),
        (HEAD.encode() + b"shop,erp,\xff,2026-12-01\n", "names.csv: the file cannot be read: 'utf-8' codec"),
    ],
)
def test_what_is_wrong_with_the_ledger_is_a_finding_with_its_line(
    wrong: Wrong, names: str | bytes, finding: str
) -> None:
    (found,) = wrong(ENTRY, names)
    assert found.startswith(finding)


def test_what_is_added_is_read_again_whatever_is_in_a_name() -> None:
    odd = ["a,b", 'a"b', "a\nb", " a ", "数据", "=1+1", "'"]
    databases = [Database(f"d{number}", "erp", name, "one", ("dbo",)) for number, name in enumerate(odd)]
    file = RegistryFile("names.csv")
    found = read_names(add_names("", databases, DAY), file)
    assert not file.findings
    assert [found[one.id].name_at_source for one in databases] == odd


def test_a_line_is_added_once_and_none_is_changed_or_lost() -> None:
    shop, crm = Database("shop", "erp", "Shop", "one", ("dbo",)), Database("crm", "erp", "Crm", "one", ("dbo",))
    first = add_names("", [shop], DAY)
    both = add_names("\ufeff" + first.replace("\n", "\r\n"), [shop, crm], date(2027, 1, 2))
    assert both == HEAD + "crm,erp,Crm,2027-01-02\nshop,erp,Shop,2026-12-01\n"
    assert add_names(both, [shop], date(2028, 1, 1)) == both
    assert add_names(both, [Database("shop", "new", "Other", "one", ("dbo",))], DAY) == both
