"""Where each value that holds for a database comes from."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.commands import cli
from fleet.databases import Database, Quarantine, Server
from fleet.errors import UnknownDatabaseError
from onboarding.explained import Effective, explain
from registry_texts import SETTINGS

DATABASES = """\
- &base
  id: shop
  server: east
  name_at_source: Shop
  instance: one
  schemas: [public]
  row_tolerance: 3
  deletes: soft
  tables:
    - {schema: public, table: orders, losses: accept, accept: [note]}
    - {schema: public, table: clicks, deletes: hard}
- <<: *base
  id: crm
  name_at_source: CRM
  losses: failed
  quarantined: {reason: it moves, by: Ada, until: 2026-12-24}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "settings.yaml").write_text(SETTINGS + "databases: {drift: accept}\nprofile: {lob_max_kilobytes: 64}\n")
    (tmp_path / "servers.yaml").write_text("- {id: east, engine: postgresql, secret: fleet/server/east}\n")
    (tmp_path / "databases.yaml").write_text(DATABASES)
    return tmp_path


def values(folder: Path, database: str, of: str = "database", **environment: str) -> dict[str, tuple[object, str]]:
    found: tuple[Effective, ...] = explain(folder, environment, database)
    return {one.field: (one.value, one.source.replace(f"{folder}/", "")) for one in found if one.of == of}


def test_a_value_is_the_nearest_one_and_says_where_it_is(folder: Path) -> None:
    shop = values(folder, "shop")
    last = SETTINGS.count("\n") + 1
    assert shop["row_tolerance"] == (3, "databases.yaml:7")
    assert shop["drift"] == ("accept", f"settings.yaml:{last}")
    assert shop["lob_max_kilobytes"] == (64, f"settings.yaml:{last + 1}")
    assert shop["losses"] == ("partial", "default")
    assert shop["views"] == (True, "default")
    crm = values(folder, "crm")
    assert crm["losses"] == ("failed", "databases.yaml:15")
    assert crm["quarantined"] == (Quarantine("it moves", "Ada", "2026-12-24"), "databases.yaml:16")
    assert shop["quarantined"] == (None, "default")


def test_what_is_merged_comes_from_where_it_is_written(folder: Path) -> None:
    crm = values(folder, "crm")
    assert (crm["row_tolerance"], crm["id"]) == ((3, "databases.yaml:7"), ("crm", "databases.yaml:13"))


def test_a_table_has_its_own_word_and_else_its_databases(folder: Path) -> None:
    orders, clicks = (values(folder, "crm", f"public.{name}") for name in ("orders", "clicks"))
    assert orders["losses"] == ("accept", "databases.yaml:10")
    assert orders["accept"] == (("note",), "databases.yaml:10")
    assert orders["deletes"] == ("soft", "databases.yaml:8")
    assert clicks["losses"] == ("failed", "databases.yaml:15")
    assert clicks["deletes"] == ("hard", "databases.yaml:11")
    assert clicks["row_tolerance"] == (3, "databases.yaml:7")


def test_a_variable_wins_over_the_file_and_is_named(folder: Path) -> None:
    assert values(folder, "shop")["onboarded"] == (False, "default")
    shop = values(folder, "shop", FLEET_ONBOARD_SHOP="true")
    assert shop["onboarded"] == (True, "environment: FLEET_ONBOARD_SHOP")


def test_no_field_is_left_out(folder: Path) -> None:
    assert values(folder, "shop").keys() == {one.name for one in fields(Database)} - {"tables"}
    assert values(folder, "shop", "server").keys() == {one.name for one in fields(Server)}
    assert values(folder, "shop", "server")["ssl_mode"] == ("require", "default")
    assert values(folder, "shop")["commit_rate"] == (10_000, "default")
    assert values(folder, "shop", "profile")["deltas_end"] == ("at_time", "default")


def test_a_database_that_is_not_there_is_named(folder: Path) -> None:
    with pytest.raises(UnknownDatabaseError, match="'shopp' is not in the registry"):
        explain(folder, {}, "shopp")


def test_a_servers_settings_of_endpoints_are_shown_as_the_registry_spells_them(folder: Path) -> None:
    line = "- {id: east, engine: postgresql, secret: east, endpoint_settings: {CaptureDdls: false}}\n"
    (folder / "servers.yaml").write_text(line)
    assert values(folder, "shop", "server")["endpoint_settings"][1] == "servers.yaml:1"
    assert "CaptureDdls: false" in CliRunner().invoke(cli, ["explain", "shop", "--registry", str(folder)]).output
