"""registry/schema: what an editor knows of the registry's files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from schema_files import REGISTRY, files

SCHEMAS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (REGISTRY / "schema").glob("*.json")}
ENTRY = {"id": "shop", "server": "east", "name_at_source": "Shop", "instance": "one", "schemas": ["public"]}


def wrong(name: str, document: Any) -> list[str]:
    return [one.message for one in jsonschema.Draft202012Validator(SCHEMAS[name]).iter_errors(document)]


def test_the_schemas_are_those_of_the_code() -> None:
    assert {path: path.read_text(encoding="utf-8") for path in files()} == files(), "make docs"


@pytest.mark.parametrize("name", ["databases", "families", "servers", "settings"])
def test_the_sample_registry_is_right_and_names_its_schema(name: str) -> None:
    text = (REGISTRY / f"{name}.yaml").read_text(encoding="utf-8")
    assert text.startswith(f"# yaml-language-server: $schema=schema/{name}.json\n")
    assert wrong(name, yaml.safe_load(text)) == []


def test_each_key_of_an_entry_is_explained() -> None:
    for name, of in (("databases", "Database"), ("servers", "Server")):
        keys = SCHEMAS[name]["$defs"][of]["properties"]
        assert [key for key, schema in keys.items() if not schema.get("description")] == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"shemas": ["public"]}, "'shemas' was unexpected"),
        ({"losses": "acept"}, "'acept' is not one of ['accept', 'partial', 'failed']"),
        ({"onboarded": "yes"}, "'yes' is not of type 'boolean'"),
        ({"drift": None}, "None is not one of"),
        ({"tables": [{"schema": "s", "table": "t", "accept": "c"}]}, "'c' is not of type 'array'"),
    ],
)
def test_an_editor_sees_what_is_wrong(change: dict[str, object], says: str) -> None:
    assert wrong("databases", [ENTRY]) == []
    assert any(says in message for message in wrong("databases", [{**ENTRY, **change}]))


def test_a_new_registry_brings_its_schemas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cli.main import main

    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    with pytest.raises(SystemExit) as ended:
        main(["init", "mysql://reader:x@localhost:1/crm", "--registry", str(tmp_path / "mine")])
    assert not ended.value.code
    assert {path.name for path in (tmp_path / "mine" / "schema").iterdir()} == {path.name for path in files()}
